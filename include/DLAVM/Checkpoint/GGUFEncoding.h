//===- GGUFEncoding.h - How GGUF files encode matrices --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_GGUFENCODING_H
#define DLAVM_CHECKPOINT_GGUFENCODING_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace dlavm {

/// An encoding of elements in blocks, of which a row has a whole number. Plain
/// numbers are blocks of one element.
struct GGUFEncoding {
  /// The number that stands for it in files.
  uint32_t id = 0;
  /// As llama.cpp spells it: "Q4_K".
  llvm::StringLiteral name;
  /// Elements and bytes of a block.
  int64_t elements = 0;
  int64_t bytes = 0;
  /// Decode \p count blocks. In FP64 values are exact: the products and sums of
  /// what a block stores need fewer than 53 bits. In FP32 they are those
  /// rounded once. Null for encodings that are not supported.
  void (*decodeFloats)(const uint8_t *blocks, int64_t count,
                       float *out) = nullptr;
  void (*decodeDoubles)(const uint8_t *blocks, int64_t count,
                        double *out) = nullptr;
  /// Whether FP32 holds all values exactly.
  bool fitsFloat = false;

  bool isSupported() const { return decodeFloats; }
};

/// The encoding of this number; null if it is not known.
const GGUFEncoding *lookupGGUFEncoding(uint32_t id);

/// The codes, -8 to 7, of \p count blocks of Q4_0, and the scale of each.
void decodeQ4_0Codes(const uint8_t *blocks, int64_t count, int8_t *codes,
                     float *scales);

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_GGUFENCODING_H
