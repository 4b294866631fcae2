//===- Commands.cpp - What command lines have in common -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

const char dlavm::kDescription[] =
    "from a large language model to the driver source that runs it on an FPGA "
    "accelerator";

std::map<const cl::Option *, const cl::generic_parser_base *> &
dlavm::getNamedOptions() {
  // Options are there before main.
  static std::map<const cl::Option *, const cl::generic_parser_base *> options;
  return options;
}

int dlavm::failUsage(const Twine &message) {
  WithColor::error(errs()) << message << "\n";
  return 1;
}

std::optional<std::vector<int32_t>> dlavm::parseIds(StringRef text) {
  std::vector<int32_t> ids;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    int32_t id = 0;
    if (part.trim().getAsInteger(10, id) || id < 0) {
      failUsage("--ids=" + text + ": '" + part +
                "' is no token id; write --ids=1,80,147");
      return std::nullopt;
    }
    ids.push_back(id);
  }
  return ids;
}

bool dlavm::checkThreads(unsigned threads) {
  constexpr unsigned kMaxThreads = 1024;
  if (threads > kMaxThreads)
    failUsage("--threads=" + Twine(threads) + " must be at most " +
              Twine(kMaxThreads) + "; 0 takes all of the machine");
  return threads <= kMaxThreads;
}

bool dlavm::checkMaxNewTokens(int64_t count) {
  if (count < 1)
    failUsage("--max-new-tokens=" + Twine(count) + " must be at least 1");
  return count >= 1;
}

bool dlavm::checkValue(const cl::opt<std::string, true> &option) {
  const bool isMissing =
      option.getNumOccurrences() > 0 && option.getValue().empty();
  if (isMissing)
    failUsage((option.ArgStr.size() == 1 ? "-" + option.ArgStr
                                         : "--" + option.ArgStr + "=") +
              " has no value");
  return !isMissing;
}
