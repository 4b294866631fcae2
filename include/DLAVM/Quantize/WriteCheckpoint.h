//===- WriteCheckpoint.h - Checkpoints with INT4 weights --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_QUANTIZE_WRITECHECKPOINT_H
#define DLAVM_QUANTIZE_WRITECHECKPOINT_H

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Quantize/GPTQ.h"

namespace llvm {
class raw_fd_ostream;
} // namespace llvm

namespace dlavm {

/// A model.safetensors in the format `pack-quantized` of compressed-tensors. A
/// matrix NAME.weight becomes NAME.weight_packed (I32, eight values plus 8 in a
/// word, the first one lowest, each row by itself), NAME.weight_scale (F16
/// [rows, groups of 128 inputs]) and NAME.weight_shape. All other tensors are
/// copied.
class QuantizedCheckpoint {
public:
  /// \p quantized are tensors of \p original that are to be rounded, \p
  /// embedding is the one that must not. Where one of them is the same tensor,
  /// the output layer gets its own. Fails if one of them is no matrix, or is
  /// not called NAME.weight.
  static llvm::Expected<QuantizedCheckpoint>
  create(const Checkpoint &original, llvm::ArrayRef<std::string> quantized,
         llvm::StringRef embedding);

  /// Writes the header and the tensors that are copied.
  void begin(llvm::raw_fd_ostream &os) const;
  /// Writes one of the others, in any order.
  void write(llvm::raw_fd_ostream &os, llvm::StringRef tensor,
             const QuantizedMatrix &matrix) const;

private:
  struct Entry {
    std::string name, type;
    llvm::SmallVector<int64_t, 2> shape;
    int64_t bytes;
    /// Of what is copied.
    llvm::ArrayRef<uint8_t> content = {};
    /// From the beginning of the file.
    int64_t offset = 0;
  };

  void place();
  void writeEntry(llvm::raw_fd_ostream &os, llvm::StringRef name,
                  llvm::ArrayRef<uint8_t> bytes) const;

  std::string getOutputName(llvm::StringRef tensor) const;

  std::string embedding, header;
  std::vector<Entry> entries;
};

/// The text of config.json of such a checkpoint, from that of the original.
std::string makeQuantizedConfig(llvm::json::Object config,
                                llvm::ArrayRef<std::string> ignored);

} // namespace dlavm

#endif // DLAVM_QUANTIZE_WRITECHECKPOINT_H
