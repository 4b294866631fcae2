//===- dlavm.cpp - From a model to a driver that is proven ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Support/InitTool.h"

#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

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

int main(int argc, char **argv) {
  InitTool init(argc, argv);
  registerAllDevices();
  cl::ParseCommandLineOptions(
      argc, argv,
      "DLAVM: from a large language model to the driver source that runs it "
      "on an FPGA accelerator\n");
  if (std::optional<int> code = runModelCommand())
    return *code;
  if (std::optional<int> code = runDriverCommand())
    return *code;
  return failUsage("give a command: compile, pack, check, run, trace, "
                   "interpret, make-model or devices; dlavm COMMAND --help "
                   "explains it");
}
