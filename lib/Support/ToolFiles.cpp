//===- ToolFiles.cpp - Tools from one file to another ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/ToolFiles.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/OutputFiles.h"

#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

static int fail(const Twine &message) {
  WithColor::error() << message << "\n";
  return 1;
}

int dlavm::runOnFile(
    StringRef input, StringRef output,
    function_ref<bool(std::unique_ptr<MemoryBuffer>, raw_ostream &)> run) {
  if (Error error = checkOutputs({output.str()}, {input.str()}))
    return fail(toString(std::move(error)));
  if (Error error = checkOutputFile(output))
    return fail(toString(std::move(error)));
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readModuleFileOrStdin(input);
  if (!buffer)
    return fail((input == "-" ? "standard input" : input) +
                ": cannot be read: " + toString(buffer.takeError()));
  std::string text;
  raw_string_ostream os(text);
  const bool isDone = run(std::move(*buffer), os);
  // Chunks before one that fails are for people.
  if (isDone || output == "-")
    if (Error error = writeOutputFile(output, text))
      return fail(toString(std::move(error)));
  return isDone ? 0 : 1;
}
