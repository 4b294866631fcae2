//===- PlanRegions.cpp - The plan of a csb module -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Run/PlanRegions.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

using namespace dlavm;

mlir::FailureOr<std::vector<PlanRegion>>
dlavm::getPlanRegions(mlir::ModuleOp module, const DeviceInfo &device) {
  std::vector<PlanRegion> regions;
  auto check = [&](auto op) -> llvm::LogicalResult {
    if (device.getMemory(op.getSpace()))
      return llvm::success();
    return op.emitOpError("lies in '")
           << op.getSpace() << "', which is no memory of " << device.getName();
  };
  for (auto object : module.getOps<csb::ObjectOp>()) {
    if (failed(check(object)))
      return llvm::failure();
    PlanRegion region;
    region.name = object.getSymName().str();
    region.memory = object.getSpace().str();
    region.begin = object.getAddress();
    region.end = object.getAddress() + object.getBytes();
    region.layerStride = object.getStride();
    region.layers = object.getLayers().value_or(0);
    region.kind = object.getKind() == "instructions" ? "instructions"
                  : object.getFile()                 ? "parameter"
                                                     : "cache";
    regions.push_back(std::move(region));
  }
  for (auto buffer : module.getOps<csb::BufferOp>()) {
    if (failed(check(buffer)))
      return llvm::failure();
    PlanRegion region;
    region.name = buffer.getSymName().str();
    region.memory = buffer.getSpace().str();
    region.begin = buffer.getAddress();
    region.end = buffer.getAddress() + buffer.getBytes();
    region.kind = buffer.getInput() ? "input" : "buffer";
    regions.push_back(std::move(region));
  }
  return regions;
}
