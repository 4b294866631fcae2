//===- ProgressLine.cpp - How far a command is ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/ProgressLine.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// Goes to the begin of the line and empties it.
static constexpr StringLiteral kClearLine = "\r\x1b[K";

ProgressLine::ProgressLine(StringRef what, int64_t total, const Twine &quantity)
    : what(what), quantity(quantity.str()), total(total),
      isShown(total > 0 && sys::Process::StandardErrIsDisplayed()) {
  update(0);
}

ProgressLine::~ProgressLine() {
  if (isShown)
    errs() << kClearLine;
}

void ProgressLine::update(int64_t done) {
  const Clock::time_point now = Clock::now();
  if (!isShown || now - last < std::chrono::milliseconds(200))
    return;
  last = now;
  errs() << kClearLine
         << formatv("{0}: {1:P0} of {2}", what,
                    static_cast<double>(done) / static_cast<double>(total),
                    quantity);
}
