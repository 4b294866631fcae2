//===- TokenFile.h - Files of token ids -------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_TOKENFILE_H
#define DLAVM_LIB_TOOL_TOKENFILE_H

#include "DLAVM/Tool/Tool.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dlavm {

class Interpreter;

/// The sequences of a file. One of token ids has one in a line, with commas or
/// white space between the ids; empty lines are none. A text is cut into
/// sequences.
struct TokenFile {
  struct Sequence {
    /// The line where it begins, from 1 on.
    int64_t line;
    std::vector<int32_t> ids;
  };

  /// Reads a file. Errors name the line; a file without sequences is one.
  /// A text is read with the tokenizer of \p model, a checkpoint or packed
  /// driver; each of its sequences begins with what that puts in front of one.
  static llvm::Expected<TokenFile> read(const TokenInput &input,
                                        llvm::StringRef model);

  /// An error at a sequence.
  llvm::Error fail(const Sequence &sequence, const llvm::Twine &message) const;
  /// Fails at a sequence that has less than \p least tokens or more than the
  /// context of \p maxTokens, or an id that the model does not have.
  llvm::Error check(int64_t least, int64_t maxTokens, Interpreter &model) const;
  /// The tokens of the longest sequence.
  int64_t getLongest() const;

  std::string path;
  bool isText = false;
  std::vector<Sequence> sequences;
};

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_TOKENFILE_H
