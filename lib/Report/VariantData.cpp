//===- VariantData.cpp - What a pass changes, for the page ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VariantData.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "ProgramData.h"

#include <limits>

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

static int64_t getArena(ModuleOp csb, const DeviceInfo &device) {
  int64_t begin = std::numeric_limits<int64_t>::max(), end = 0;
  for (auto buffer : csb.getOps<csb::BufferOp>()) {
    if (buffer.getSpace() != device.getMapMemory().name ||
        buffer.getLive().empty())
      continue;
    begin = std::min<int64_t>(begin, buffer.getAddress());
    end = std::max(end, buffer.getEnd());
  }
  return std::max<int64_t>(end - begin, 0);
}

FailureOr<json::Value> dlavm::makeVariantData(const Report &report) {
  auto getProgram = [&](ModuleOp csb, ModuleOp unpacked) {
    return makeProgramData(csb, unpacked, getEntries(csb), /*driver=*/"");
  };
  ModuleOp csb = *report.levels.csb;
  FailureOr<json::Value> program =
      getProgram(csb, report.levels.unpacked.get());
  if (failed(program))
    return failure();
  const int64_t arena = getArena(csb, report.device);
  json::Array passes;
  for (const PassVariant &variant : report.variants) {
    json::Object entry{{"pass", variant.pass},
                       {"isInDriver", variant.isInDriver}};
    if (!variant.csb) {
      entry["message"] = variant.message;
      passes.push_back(std::move(entry));
      continue;
    }
    FailureOr<json::Value> other =
        getProgram(*variant.csb, variant.unpacked.get());
    if (failed(other))
      return failure();
    entry["arena"] = getArena(*variant.csb, report.device);
    if (*other != *program)
      entry["program"] = std::move(*other);
    passes.push_back(std::move(entry));
  }
  return json::Value(
      json::Object{{"arena", arena}, {"passes", std::move(passes)}});
}
