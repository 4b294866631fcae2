//===- Quantization.h - How a checkpoint is quantized ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_QUANTIZATION_H
#define DLAVM_CHECKPOINT_QUANTIZATION_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <optional>
#include <string>

namespace dlavm {

/// What `quantization_config` says of the matrices of a checkpoint. Those that
/// it leaves in floating point are known by their tensors.
struct Quantization {
  enum class Format {
    /// INT4 codes packed along the inputs: qweight, qzeros, scales, g_idx.
    GPTQ,
    /// INT4 codes packed along the outputs: qweight, qzeros, scales.
    AWQ,
    /// INT4 codes of compressed-tensors: weight_packed, weight_scale, ...
    PackQuantized,
    /// 8-bit floating point: weight, and weight_scale_inv or weight_scale.
    FP8,
  };
  Format format = Format::GPTQ;
  /// The inputs that share a scale, 0 where all of an output do. Modules may
  /// differ where there are several.
  llvm::SmallVector<int64_t, 2> groupSizes;
  /// Of GPTQ: version 1 stores zero points less 1.
  bool storesZerosLessOne = false;
  /// Whether all zero points are in the middle of the codes, where the format
  /// stores them all the same.
  bool isSymmetric = false;
  /// Whether groups are other inputs than neighbours.
  bool hasScatteredGroups = false;
  /// Of FP8: outputs and inputs that share a scale, where blocks do.
  std::optional<std::pair<int64_t, int64_t>> block;
};

/// Reads the `quantization_config` of \p file. Fails, naming file, key and
/// value, where it is a method that is not read.
llvm::Expected<Quantization> parseQuantization(const llvm::json::Value &config,
                                               llvm::StringRef file);

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_QUANTIZATION_H
