//===- LeftOut.h - Tensors that a model leaves out --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_LEFTOUT_H
#define DLAVM_LIB_IMPORT_LEFTOUT_H

#include "DLAVM/Checkpoint/Safetensors.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/GlobPattern.h"

namespace dlavm {

/// The tensors of a checkpoint that are no parameters of the model, and why it
/// is right all the same.
class LeftOut {
public:
  /// Layers from \p firstLayer on, \p count of them, predict further tokens.
  /// Their tensors start with \p layerPrefix, which has `{layer}`.
  LeftOut(llvm::StringRef layerPrefix, int64_t firstLayer, int64_t count)
      : layerPrefix(layerPrefix), firstLayer(firstLayer), count(count) {}

  /// Leaves out what the glob \p patterns match. Emits an error at \p module if
  /// one is none.
  mlir::LogicalResult ignore(mlir::ModuleOp module,
                             llvm::ArrayRef<std::string> patterns);
  /// Whether the model leaves out \p tensor of this name.
  bool add(llvm::StringRef name, const StoredTensor &tensor);
  /// Warns of what was left out, but for tables that models compute themselves.
  void report(mlir::ModuleOp module, llvm::StringRef path);

private:
  struct Group {
    std::string first;
    int64_t count = 0;
  };
  void addTo(llvm::StringRef reason, llvm::StringRef name);
  /// Whether the tensor \p name is part of a layer that predicts further
  /// tokens.
  bool isPrediction(llvm::StringRef name) const;

  std::string layerPrefix;
  int64_t firstLayer, count;
  std::vector<llvm::GlobPattern> patterns;
  llvm::MapVector<llvm::StringRef, Group> groups;
};

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_LEFTOUT_H
