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
#include "HostCommands.h"

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

bool dlavm::checkMaxNewTokens(int64_t count) {
  if (count < 1)
    failUsage("--max-new-tokens=" + Twine(count) + " must be at least 1");
  return count >= 1;
}

bool dlavm::checkValue(const cl::opt<std::string, true> &option) {
  const bool isMissing =
      option.getNumOccurrences() > 0 && option.getValue().empty();
  if (isMissing)
    failUsage("--" + option.ArgStr + "= has no value");
  return !isMissing;
}

/// LLVM takes the last value of an option that comes twice. The user may have
/// meant both.
static bool checkOccurrences() {
  for (cl::SubCommand *command : cl::getRegisteredSubcommands()) {
    if (!*command)
      continue;
    for (const auto &[name, option] : cl::getRegisteredOptions(*command)) {
      const cl::NumOccurrencesFlag flag = option->getNumOccurrencesFlag();
      if ((flag == cl::Optional || flag == cl::Required) &&
          option->getNumOccurrences() > 1) {
        failUsage((name.size() > 1 ? "--" : "-") + name + " is given " +
                  Twine(option->getNumOccurrences()) + " times; give it once");
        return false;
      }
    }
  }
  return true;
}

int main(int argc, char **argv) {
  InitTool init(argc, argv);
  if (argc > 1 && isHostCommand(argv[1]))
    return runHostCommand(argc, argv);
  registerAllDevices();
  // For --help.
  std::vector<std::unique_ptr<cl::SubCommand>> hostCommands;
  for (auto [name, description] : getHostCommands())
    hostCommands.push_back(std::make_unique<cl::SubCommand>(name, description));
  cl::ParseCommandLineOptions(
      argc, argv,
      "DLAVM: from a large language model to the driver source that runs it "
      "on an FPGA accelerator\n");
  if (!checkOccurrences())
    return 1;
  if (std::optional<int> code = runModelCommand())
    return *code;
  if (std::optional<int> code = runDriverCommand())
    return *code;
  return failUsage("give a command; dlavm --help lists them, and dlavm COMMAND "
                   "--help explains one");
}
