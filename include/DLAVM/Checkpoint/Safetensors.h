//===- Safetensors.h - The file format safetensors ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A file is the length of its header, 8 bytes little-endian; the header, a JSON
// object that maps each tensor's name to {"dtype", "shape", "data_offsets"} and
// `__metadata__` to strings; and the data, which the tensors cover without
// holes or overlaps.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_SAFETENSORS_H
#define DLAVM_CHECKPOINT_SAFETENSORS_H

#include "DLAVM/Checkpoint/TensorSource.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace dlavm {

/// A tensor of a file, of any element type.
struct StoredTensor {
  std::string name;
  /// As the file spells it: "F32", "I8".
  std::string type;
  llvm::SmallVector<int64_t, 2> shape;
  llvm::ArrayRef<uint8_t> bytes;
};

struct SafetensorsContent {
  /// In the order of their bytes.
  std::vector<StoredTensor> tensors;
  /// `__metadata__`, sorted by key.
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Checks everything that the header of \p file says: its length, each entry,
/// that no key comes twice, and that the tensors cover the data. The sizes of
/// element types that are not known are not checked. Errors start with \p path.
llvm::Expected<SafetensorsContent> parseSafetensors(llvm::StringRef file,
                                                    llvm::StringRef path);

/// A tensor to write.
struct TensorDeclaration {
  std::string name;
  llvm::SmallVector<int64_t, 2> shape;
};

/// Writes a file whose tensors have one element type, one after the other. \p
/// fill gives elements \p first and up of tensor number \p tensor, in pieces
/// and in order, so that no tensor is in memory as a whole; where it returns
/// false, the file ends there.
void writeSafetensors(llvm::raw_ostream &os,
                      llvm::ArrayRef<TensorDeclaration> tensors,
                      ElementType type,
                      llvm::function_ref<bool(size_t tensor, int64_t first,
                                              llvm::MutableArrayRef<float> out)>
                          fill);

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_SAFETENSORS_H
