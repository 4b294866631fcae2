//===- ProgramSymbols.h - Symbols of the csb program --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_ACCELTOCSB_PROGRAMSYMBOLS_H
#define DLAVM_CONVERSION_ACCELTOCSB_PROGRAMSYMBOLS_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include <map>

namespace dlavm {

/// What the program needs to know of an object.
struct ObjectInfo {
  int64_t address;
  int64_t stride;
  int64_t layers;
  /// Symbol of the constant that is the distance between layers.
  mlir::FlatSymbolRefAttr strideSymbol;
};

/// Declares buffers, objects, constants and register tables of a csb program,
/// each once, at the start of the module.
class ProgramSymbols {
public:
  ProgramSymbols(mlir::ModuleOp module, const DeviceInfo &device);

  /// Replaces every `llm.parameter` by a `csb.parameter`, in a module of their
  /// own, because buffers, functions and register tables may have their names.
  void convertParameters();
  /// What an `llm.parameter` said, for the fingerprint.
  llvm::StringRef getParameterText(mlir::SymbolRefAttr parameter) const {
    return parameterTexts.at(parameter.getLeafReference());
  }
  /// A parameter, after they were converted; null where there is none of this
  /// name.
  mlir::SymbolRefAttr getParameter(mlir::FlatSymbolRefAttr parameter);

  /// Replaces every `accel.object` by a `csb.object`. Emits an error at one
  /// that has no address, or is made of what is no parameter.
  llvm::LogicalResult convertObjects();

  /// The `csb.buffer` of a placed buffer. Emits an error and returns null where
  /// it has no address.
  mlir::FlatSymbolRefAttr getBuffer(accel::BufferOp buffer);
  /// A `csb.buffer` that no task writes.
  csb::BufferOp addBuffer(llvm::StringRef name, const Memory &memory,
                          int64_t address, int64_t bytes,
                          llvm::ArrayRef<int64_t> live, bool isInput,
                          mlir::IntegerAttr slice = {});
  bool isOnChip(mlir::Value map) const {
    return accel::isOnChip(map, device);
  }
  const ObjectInfo &getObject(mlir::FlatSymbolRefAttr object) const {
    return objects.at(object.getValue().str());
  }
  void addTable(const RegisterTable &table);
  /// The `csb.constant` of this value, called \p name if it is new.
  mlir::FlatSymbolRefAttr getConstant(llvm::StringRef name, int64_t value);

  /// The ports that rows of maps lie in.
  int64_t getMapPorts() const { return device.getMapMemory().ports; }
  /// The most layers that an object has.
  int64_t getMaxLayers() const { return maxLayers; }
  mlir::SymbolTable &getTable() { return symbols; }

private:
  mlir::FlatSymbolRefAttr getStride(accel::ObjectOp object);
  mlir::FailureOr<mlir::ArrayAttr> getSources(accel::ObjectOp object);
  void insert(mlir::Operation *symbol);

  mlir::ModuleOp module;
  const DeviceInfo &device;
  mlir::SymbolTable symbols;
  std::map<std::string, ObjectInfo> objects;
  /// By name, address and whether they lie on the chip.
  std::map<std::tuple<std::string, int64_t, bool>, mlir::FlatSymbolRefAttr>
      buffers;
  std::map<std::pair<std::string, int64_t>, mlir::FlatSymbolRefAttr> constants;
  mlir::Operation *last = nullptr;
  /// Where the parameters are; null if there are none.
  mlir::ModuleOp parameters;
  llvm::DenseMap<mlir::StringAttr, std::string> parameterTexts;
  int64_t maxLayers = 1;
};

} // namespace dlavm

#endif // DLAVM_CONVERSION_ACCELTOCSB_PROGRAMSYMBOLS_H
