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

void TokenOutput::begin(ArrayRef<int32_t> prompt) {
  if (text)
    for (int32_t id : prompt)
      text->add(id);
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
    outs() << text->add(next.id);
  else
    outs() << (isInLine ? " " : "") << next.id;
  outs().flush();
  isInLine = true;
  return !outs().has_error();
}

void TokenOutput::endAnswer() {
  if (text)
    outs() << text->finish();
  if (isInLine)
    outs() << "\n";
  outs().flush();
  isInLine = false;
}

Error TokenOutput::writeLogits() const {
  return logitsFile.empty() ? Error::success()
                            : writeOutputFile(logitsFile, logits);
}
