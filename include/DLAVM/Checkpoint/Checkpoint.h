//===- Checkpoint.h - Hugging Face checkpoints ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_CHECKPOINT_H
#define DLAVM_CHECKPOINT_CHECKPOINT_H

#include "DLAVM/Checkpoint/GGUFModel.h"
#include "DLAVM/Checkpoint/Safetensors.h"
#include "DLAVM/Checkpoint/TensorSource.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <vector>

namespace dlavm {

/// The tensors of a directory in the Hugging Face layout: `model.safetensors`,
/// or the files that `model.safetensors.index.json` names, or without both all
/// `*.safetensors`; or those of a GGUF file, under the names that they have in
/// such a directory. Files are mapped into memory, never read as a whole.
class Checkpoint : public TensorSource {
public:
  /// A tensor, of any element type, and its file.
  struct Entry {
    StoredTensor tensor;
    llvm::StringRef file;
    /// Of a quantized matrix, of which `tensor` has the codes only.
    std::shared_ptr<const Tensor> quantized = {};
  };

  /// Maps the files and checks every header: offsets, sizes, element types,
  /// overlaps, and that the index and the files agree. Tied embeddings resolve
  /// in both directions: through `__metadata__`, which may name a tensor that
  /// is the same as another, and through `tie_word_embeddings` of config.json.
  /// Its `quantization_config` says what quantized matrices are made of; each
  /// is one tensor X.weight here. Errors name the file and the tensor. \p path
  /// is the directory or the GGUF file, the first of several.
  static llvm::Expected<std::unique_ptr<Checkpoint>> open(llvm::StringRef path);

  /// True if a directory has tensors at all, and not only a config.json, also
  /// where they are in a format that open() refuses; and for GGUF files.
  static bool hasTensors(llvm::StringRef path);

  /// The files of a checkpoint that somebody may read: *.json and *.safetensors
  /// of a directory; \p path itself if it is none, and the other files that a
  /// GGUF file is split into.
  static std::vector<std::string> getInputFiles(llvm::StringRef path);

  llvm::Expected<std::shared_ptr<const Tensor>>
  getTensor(llvm::StringRef name) override;
  bool contains(llvm::StringRef name) const { return !resolve(name).empty(); }

  /// The stored tensor that \p name means, itself or the one that it is tied
  /// to; empty if there is none.
  llvm::StringRef resolve(llvm::StringRef name) const;
  /// The names of the stored tensors, sorted.
  std::vector<llvm::StringRef> getTensorNames() const;
  /// The stored tensor \p name, which must be one.
  const Entry &getStored(llvm::StringRef name) const {
    return tensors.find(name)->second;
  }
  /// What a user wants to know of how the tensors were read.
  llvm::ArrayRef<std::string> getNotes() const { return notes; }
  /// The file, or the index of several, or the directory.
  llvm::StringRef getPath() const { return path; }

  /// The name of the output layer's tensor for that of the embedding, and the
  /// other way round; empty for other tensors.
  static llvm::StringRef getTiedName(llvm::StringRef name);

private:
  explicit Checkpoint(llvm::StringRef directory) : directory(directory) {}

  llvm::Error openDirectory();
  llvm::Error openGGUF();
  llvm::Error openFiles();
  llvm::Error openFile(llvm::StringRef name);
  llvm::Error openIndex(const llvm::json::Object &index);
  /// Gives tensors the names that a model expects.
  llvm::Error unwrapNames();
  llvm::Error joinQuantizedTensors(const llvm::json::Object &config);
  llvm::Error resolveMetadata();
  llvm::Error tieEmbeddings(const llvm::json::Object &config);
  std::string getFile(llvm::StringRef name) const;

  std::string directory, path;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> files;
  llvm::StringMap<Entry> tensors;
  std::vector<std::string> notes;
  /// The same where they are those of a GGUF file.
  llvm::StringMap<GGUFModel::Tensor> ggufTensors;
  /// What `__metadata__` of all files says.
  std::vector<std::pair<std::string, std::string>> metadata;
  /// Names that are no stored tensor, with the one that they mean.
  llvm::StringMap<std::string> aliases;
};

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_CHECKPOINT_H
