//===- TextTokens.h - Between text and token ids ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_TEXTTOKENS_H
#define DLAVM_LIB_TOOL_TEXTTOKENS_H

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace dlavm {

/// The tokenizer of a checkpoint or of a packed driver: host::Tokenizer without
/// exceptions.
class TextTokens {
public:
  static llvm::Expected<TextTokens> open(llvm::StringRef model);
  TextTokens(TextTokens &&);
  ~TextTokens();

  /// Special tokens that are written out are such. The first text of a context
  /// gets what the tokenizer puts in front of one.
  llvm::Expected<std::vector<int32_t>> encode(llvm::StringRef text,
                                              bool isFirst) const;
  /// One more than the last id.
  int32_t getSize() const;

  /// The text that a token adds to those before, whole characters only.
  llvm::Expected<std::string> add(int32_t id);
  /// What waits for the rest of a character; another text begins.
  llvm::Expected<std::string> finish();

private:
  struct Impl;
  explicit TextTokens(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_TEXTTOKENS_H
