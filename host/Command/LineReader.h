//===- LineReader.h - Lines that users write --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_LINEREADER_H
#define DLAVM_HOST_COMMAND_LINEREADER_H

#include "host/Command/Interrupts.h"

#include <memory>
#include <string>

namespace dlavm::host {

/// Reads lines from standard input.
class LineReader {
public:
  enum class Result { Line, End, Interrupted };

  virtual ~LineReader() = default;

  /// A line editor with history where standard input and output are a terminal;
  /// else it prints nothing and reads lines as they are. The history is kept in
  /// the file \p name in the directory for the user's state of programs.
  static std::unique_ptr<LineReader> open(Interrupts &interrupts,
                                          const std::string &name);

  /// Reads a line, without its end.
  virtual Result read(const char *prompt, std::string &line) = 0;
  virtual bool isInteractive() const = 0;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_LINEREADER_H
