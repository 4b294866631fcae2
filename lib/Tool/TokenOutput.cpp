//===- TokenOutput.cpp - Tokens on stdout, logits in a file ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenOutput.h"
#include "DLAVM/Support/OutputFiles.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

std::string TokenOutput::take(Expected<std::string> decoded) {
  if (decoded)
    return std::move(*decoded);
  failure = toString(decoded.takeError());
  return "";
}

void TokenOutput::begin(ArrayRef<int32_t> prompt) {
  if (text)
    for (int32_t id : prompt)
      take(text->add(id));
}

bool TokenOutput::add(const NextToken &next) {
  if (!logitsFile.empty()) {
    raw_string_ostream os(logits);
    os << next.id;
    for (double logit : next.logits)
      os << " " << format("%.17g", logit);
    os << "\n";
  }
  if (text)
    outs() << take(text->add(next.id));
  else
    outs() << (isInLine ? " " : "") << next.id;
  outs().flush();
  isInLine = true;
  return failure.empty() && !outs().has_error();
}

void TokenOutput::endAnswer() {
  if (text)
    outs() << take(text->finish());
  if (isInLine)
    outs() << "\n";
  outs().flush();
  isInLine = false;
}

Error TokenOutput::writeLogits() const {
  if (!failure.empty())
    return createStringError(failure);
  return logitsFile.empty() ? Error::success()
                            : writeOutputFile(logitsFile, logits);
}
