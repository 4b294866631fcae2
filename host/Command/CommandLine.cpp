//===- CommandLine.cpp - What CLI11 does not do as we want it -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/CommandLine.h"

#include "host/Command/Command.h"

#include <algorithm>

using namespace dlavm::host;

static bool isFlag(const CLI::Option &option) {
  return option.get_items_expected_max() == 0;
}

std::string dlavm::host::checkNumber(const std::string &text) {
  const char *begin = text.data(), *end = begin + text.size();
  double value = 0;
  const auto [stop, problem] = std::from_chars(begin, end, value);
  // What is too large is out of the range of each option, which says so.
  return problem != std::errc::invalid_argument && stop == end
             ? ""
             : "expected a decimal number such as 0.5, found " + text;
}

const CLI::App *dlavm::host::findCommand(const CLI::App &app,
                                         const std::vector<std::string> &args) {
  const std::vector<const CLI::App *> commands = app.get_subcommands({});
  for (const std::string &arg : args)
    for (const CLI::App *command : commands)
      if (command->get_name() == arg)
        return command;
  return nullptr;
}

std::vector<std::string>
dlavm::host::separateEmptyValues(const CLI::App &command,
                                 const std::vector<std::string> &args) {
  std::vector<std::string> result;
  bool isOver = false, isValue = false;
  for (const std::string &arg : args) {
    isOver |= arg == "--" && !isValue;
    const CLI::Option *option = nullptr;
    if (!isOver && !isValue && arg.size() > 1 && arg[0] == '-')
      option = command.get_option_no_throw(arg.substr(0, arg.find('=')));
    const bool hasSign = arg.find('=') != std::string::npos;
    // CLI11 takes the next argument for the value.
    if (option && arg.substr(0, 2) == "--" && arg.back() == '=' &&
        arg.find('=') + 1 == arg.size()) {
      if (isFlag(*option))
        throw CLI::ArgumentMismatch(arg + " has no value");
      result.push_back(arg.substr(0, arg.size() - 1));
      result.emplace_back();
    } else {
      result.push_back(arg);
    }
    isValue = option && !isFlag(*option) && !hasSign;
  }
  return result;
}

void dlavm::host::requireValues(CLI::App &command,
                                const CommandContext &context) {
  for (CLI::Option *option : command.get_options()) {
    const std::vector<const CLI::Option *> &exempt = context.mayBeEmpty;
    if (std::find(exempt.begin(), exempt.end(), option) != exempt.end())
      continue;
    if (isFlag(*option)) {
      option->check([](const std::string &text) {
        return text == "true" || text == "false"
                   ? ""
                   : "expected true or false, found " + text;
      });
      continue;
    }
    std::string message = option->get_name() + " is empty";
    if (!option->get_lnames().empty())
      message = "--" + option->get_lnames().front() + "= has no value";
    else if (!option->get_snames().empty())
      message = option->get_name() + " has no value";
    // Before the checks of the command, unlike one that check() adds. CLI11
    // puts the name before a ValidationError.
    option->transform([message](std::string text) {
      if (text.empty())
        throw CLI::ArgumentMismatch(message);
      return text;
    });
  }
}
