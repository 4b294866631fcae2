//===- TokenOutput.h - Tokens on stdout, logits in a file -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_TOKENOUTPUT_H
#define DLAVM_LIB_TOOL_TOKENOUTPUT_H

#include "DLAVM/Session/Session.h"
#include "TextTokens.h"

#include <string>

namespace dlavm {

/// Prints answers, a line of tokens or a text for each, and keeps their logits
/// for a file: a line for each token with the token and its logits.
class TokenOutput {
public:
  /// Keeps no logits if the name is empty. With \p text, answers are text.
  explicit TokenOutput(llvm::StringRef logitsFile, TextTokens *text = nullptr)
      : logitsFile(logitsFile), text(text) {}

  /// The answer that follows continues this prompt.
  void begin(llvm::ArrayRef<int32_t> prompt);
  /// False once nothing can be printed; main() says why, or writeLogits.
  bool add(const NextToken &next);
  /// Ends the line of an answer, so that an error goes to one of its own.
  void endAnswer();
  /// Writes the file, unless a token had no text: that is the error then.
  llvm::Error writeLogits() const;

private:
  /// Keeps why there is no text.
  std::string take(llvm::Expected<std::string> decoded);

  std::string logitsFile;
  TextTokens *text;
  std::string logits, failure;
  bool isInLine = false;
};

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_TOKENOUTPUT_H
