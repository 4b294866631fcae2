//===- TokenizerFiles.h - The files of a checkpoint's tokenizer -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_TOKENIZERFILES_H
#define DLAVM_HOST_TOKENIZER_TOKENIZERFILES_H

#include <string>
#include <vector>

namespace dlavm::host {

/// The files that a tokenizer and chats need, without the checkpoint.
struct TokenizerFiles {
  struct File {
    std::string name, content;
  };
  std::vector<File> files;
  /// Which files of the checkpoint they are copies of.
  std::vector<std::string> sources;
  /// One more than the tokenizer's last id; 0 if there is none.
  int32_t size = 0;
  /// Why there is no tokenizer that can be used; empty if there is one.
  std::string problem;
  /// What is wrong with a file, so that none of them may be used; else empty.
  std::string damage;
};

/// Reads those of a directory, or makes tokenizer.gguf of the metadata of a
/// GGUF file. Does not throw: a model can be used without tokenizer.
TokenizerFiles collectTokenizerFiles(const std::string &checkpoint) noexcept;

/// The names that such files may have.
const std::vector<std::string> &getTokenizerFileNames();

/// A tokenizer.json for models with random weights, of up to \p size tokens:
/// \p special, then one for each byte, then pairs of letters.
std::string makeByteTokenizer(const std::vector<std::string> &special,
                              size_t size);

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_TOKENIZERFILES_H
