//===- GGUF.h - The file format GGUF --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file, all of it little-endian, is "GGUF", a version, the numbers of tensors
// and of metadata; the metadata, pairs of a key and a value of some type; for
// each tensor its name, dimensions (the fastest first), encoding and offset;
// and from the next multiple of the alignment on, the data.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_GGUF_H
#define DLAVM_CHECKPOINT_GGUF_H

#include "DLAVM/Checkpoint/GGUFEncoding.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// A value of the metadata.
struct GGUFValue {
  /// A number of FP32 is the decimal with the fewest digits that rounds to it,
  /// as that is what somebody has written: 1e-06, and not 9.99999997e-07. Null
  /// for arrays.
  llvm::json::Value scalar = nullptr;
  /// The elements of an array, which are skipped.
  std::optional<uint64_t> count;
};

struct GGUFTensorInfo {
  std::string name;
  /// Never null.
  const GGUFEncoding *encoding = nullptr;
  /// [rows, columns]: the dimensions of the file in the opposite order.
  llvm::SmallVector<int64_t, 2> shape;
  llvm::ArrayRef<uint8_t> bytes;
};

struct GGUFContent {
  llvm::StringMap<GGUFValue> metadata;
  /// In the order of their bytes.
  std::vector<GGUFTensorInfo> tensors;

  /// The scalar at \p key; null if there is none.
  const llvm::json::Value *find(llvm::StringRef key) const;
  const GGUFTensorInfo *findTensor(llvm::StringRef name) const;
};

/// Whether a file begins as one of GGUF does.
bool isGGUF(llvm::StringRef content);

/// Checks everything that precedes the data of \p file: versions 2 and 3, that
/// no key and no tensor comes twice, encodings, that rows are whole blocks,
/// that the tensors lie in the data, aligned, without holes and overlaps.
/// Errors start with \p path.
llvm::Expected<GGUFContent> parseGGUF(llvm::StringRef file,
                                      llvm::StringRef path);

/// The decimal with the fewest digits that rounds to \p number.
double getShortestDecimal(float number);

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_GGUF_H
