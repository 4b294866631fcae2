//===- GGUFArchitectures.h - Models that GGUF files have --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECKPOINT_GGUFARCHITECTURES_H
#define DLAVM_LIB_CHECKPOINT_GGUFARCHITECTURES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace dlavm {

/// What is called so in a GGUF file, and so in a directory.
struct GGUFNames {
  llvm::StringLiteral here;
  llvm::StringLiteral there;
};

struct GGUFArchitecture {
  /// `general.architecture`, and `model_type`.
  llvm::StringLiteral name, modelType;
  /// Where models of several types have one name, a tensor of this one.
  llvm::StringLiteral mark;
  /// The keys of sizes.
  llvm::ArrayRef<GGUFNames> keys;
  /// Without ".weight" and ".bias", the first list without "blk.N." as well.
  llvm::StringLiteral layerPrefix;
  llvm::ArrayRef<GGUFNames> layerTensors, otherTensors;
  /// Whether the rows of queries and keys have rotary pairs side by side, but
  /// half a head apart in a directory.
  bool pairsRows = false;
};

/// Those that are supported. Of several of one name, which come one after the
/// other, the first whose mark a file has is the right one.
llvm::ArrayRef<GGUFArchitecture> getGGUFArchitectures();

} // namespace dlavm

#endif // DLAVM_LIB_CHECKPOINT_GGUFARCHITECTURES_H
