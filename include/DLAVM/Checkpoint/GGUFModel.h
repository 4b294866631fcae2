//===- GGUFModel.h - A model in GGUF files --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_GGUFMODEL_H
#define DLAVM_CHECKPOINT_GGUFMODEL_H

#include "DLAVM/Checkpoint/GGUF.h"
#include "DLAVM/Checkpoint/Tensor.h"

#include "llvm/Support/MemoryBuffer.h"

namespace dlavm {

/// What a GGUF file, or several that it is split into, would be as a directory
/// in the Hugging Face layout.
struct GGUFModel {
  /// A tensor under its name in a directory.
  struct Tensor {
    std::string name;
    GGUFTensorInfo stored;
    llvm::StringRef file;
    /// Where the rows of each of so many heads are in another order than in a
    /// directory; 0 for others. See GGUFTensor.
    int64_t pairedHeads = 0;

    /// Fails if the encoding is not supported.
    llvm::Expected<std::shared_ptr<const dlavm::Tensor>> open() const;
  };

  /// Whether \p path is a GGUF file, or is called like one.
  static bool isModel(llvm::StringRef path);
  /// Maps the files, of which \p path is the first, and translates what they
  /// say. Models that cannot be described as a directory are refused. Errors
  /// name the file.
  static llvm::Expected<GGUFModel> open(llvm::StringRef path);
  /// The files of the model whose first file is \p path, itself included.
  static std::vector<std::string> getFiles(llvm::StringRef path);
  /// What to do where \p directory has a GGUF file in place of what is missing;
  /// empty where it has none.
  static std::string explainDirectory(llvm::StringRef directory);

  /// What config.json would say. Metadata that nothing is known of has its own
  /// key.
  llvm::json::Object config;
  /// `general.name`; may be empty.
  std::string name;
  /// The tokens that end a text.
  std::vector<int32_t> endTokens;
  std::vector<Tensor> tensors;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> files;
};

/// A tensor in an encoding of GGUF.
class GGUFTensor : public Tensor {
public:
  /// The encoding must be supported. Where there are \p pairedHeads, the rows
  /// of a head (the elements of a vector) are read in the order of directories,
  /// halves, though the file has them in pairs: row i is row 2i of the file,
  /// and the one half a head behind it row 2i + 1.
  GGUFTensor(const GGUFEncoding &encoding, llvm::ArrayRef<int64_t> shape,
             llvm::ArrayRef<uint8_t> bytes, int64_t pairedHeads,
             llvm::StringRef origin)
      : Tensor(shape, origin), encoding(encoding), bytes(bytes),
        pairedHeads(pairedHeads) {}

  void readRow(int64_t row, llvm::MutableArrayRef<double> out) const override;
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const override;
  bool fitsFloat() const override { return encoding.fitsFloat; }
  bool hasCodes() const override;
  void readCodes(int64_t row, llvm::MutableArrayRef<int8_t> codes,
                 llvm::MutableArrayRef<float> scales) const override;

private:
  template <typename T>
  void read(int64_t row, llvm::MutableArrayRef<T> out,
            void (*decode)(const uint8_t *, int64_t, T *)) const;
  const uint8_t *getBlocks(int64_t row) const;
  /// The place in the file of row or element \p index.
  int64_t getStored(int64_t index) const;

  const GGUFEncoding &encoding;
  llvm::ArrayRef<uint8_t> bytes;
  int64_t pairedHeads;
};

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_GGUFMODEL_H
