//===- dlavm-help.cpp - Manual pages and completion of shells -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs while DLAVM is built: what the options of dlavm and dlavm-host say of
// themselves becomes the files that an installation has for man and shells.

#include "Commands.h"
#include "HostCommands.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"

using namespace dlavm;
using namespace llvm;
using host::CommandHelp;
using host::OptionHelp;
using host::ProgramHelp;

static bool mayRepeat(const cl::Option &option) {
  const cl::NumOccurrencesFlag flag = option.getNumOccurrencesFlag();
  return flag == cl::ZeroOrMore || flag == cl::OneOrMore;
}

/// "DIR", "[OTHER]" or "[NAME...]".
static OptionHelp describeOperand(const cl::Option &option) {
  OptionHelp help;
  StringRef name = option.HelpStr;
  help.isRequired = !name.consume_front("[");
  name.consume_back("]");
  name.consume_back("...");
  help.name = name.str();
  help.mayRepeat = mayRepeat(option);
  return help;
}

static OptionHelp describeOption(const cl::Option &option) {
  OptionHelp help;
  help.name = ((option.ArgStr.size() > 1 ? "--" : "-") + option.ArgStr).str();
  help.description = option.HelpStr.str();
  help.isRequired = option.getNumOccurrencesFlag() == cl::Required;
  help.mayRepeat = mayRepeat(option);
  if (option.getValueExpectedFlag() != cl::ValueRequired)
    return help;
  const auto named = getNamedOptions().find(&option);
  if (named != getNamedOptions().end()) {
    const cl::generic_parser_base &parser = *named->second;
    for (unsigned i = 0; i < parser.getNumOptions(); ++i)
      help.values.emplace_back(parser.getOption(i), parser.getDescription(i));
  } else if (option.ValueStr.empty()) {
    report_fatal_error("--" + option.ArgStr + " has no name for its value");
  } else if (option.ValueStr.contains('|')) {
    for (StringRef value : split(option.ValueStr, '|'))
      help.values.emplace_back(value, "");
  }
  help.value = option.ValueStr.str();
  if (help.value.empty())
    for (const auto &value : help.values)
      help.value += (help.value.empty() ? "" : "|") + value.first;
  return help;
}

static CommandHelp describe(cl::SubCommand &command) {
  CommandHelp help;
  help.name = command.getName().str();
  help.description = command.getDescription().str();
  for (const cl::Option *option : command.PositionalOpts)
    help.operands.push_back(describeOperand(*option));
  // Others are of LLVM's libraries.
  for (const auto &[name, option] : cl::getRegisteredOptions(command))
    if (option->Subs.contains(&command) && option->ArgStr == name)
      help.options.push_back(describeOption(*option));
  sort(help.options, [](const OptionHelp &left, const OptionHelp &right) {
    return left.name < right.name;
  });
  return help;
}

int main(int argc, char **argv) {
  if (argc != 2)
    return failUsage("dlavm-help DIRECTORY writes the files into it");
  ProgramHelp help = describeHostCommands();
  help.description = kDescription;
  for (cl::SubCommand *command : cl::getRegisteredSubcommands())
    if (command != &cl::SubCommand::getTopLevel() &&
        command != &cl::SubCommand::getAll())
      help.commands.push_back(describe(*command));
  return writeHelpFiles(help, argv[1]) &&
                 writeHelpFiles(describeHostProgram(), argv[1])
             ? 0
             : 1;
}
