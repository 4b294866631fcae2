//===- Program.cpp - A program of host commands ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/Program.h"

#include "host/Command/Command.h"
#include "host/Command/CommandLine.h"
#include "host/Command/CommandNames.h"
#include "host/Command/ProgramHelp.h"
#include "host/Device/SimulatorKind.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

//===----------------------------------------------------------------------===//
// The commands
//===----------------------------------------------------------------------===//

const std::vector<Command> &dlavm::host::getCommands() {
  static const std::vector<Command> commands = {
      {kChatName.name, kChatName.description, addChatCommand},
      {kDoctorName.name, kDoctorName.description, addDoctorCommand},
      {kServeName.name, kServeName.description, addServeCommand},
      {kTokenizeName.name, kTokenizeName.description, addTokenizeCommand},
  };
  return commands;
}

//===----------------------------------------------------------------------===//
// What they share
//===----------------------------------------------------------------------===//

void dlavm::host::addDeviceOption(CLI::App &command,
                                  const CommandContext &context,
                                  std::string &on) {
  std::string text = "the device to run on:";
  for (const DeviceKind &kind : context.devices)
    text += "\n" + kind.form + ": " + kind.description;
  on = context.defaultDevice;
  CLI::Option *option =
      command.add_option("--on", on, text)->type_name("DEVICE");
  if (!on.empty())
    option->capture_default_str();
}

void dlavm::host::addGenerationConfigOption(CLI::App &command,
                                            std::string &choice) {
  command
      .add_option("--generation-config", choice,
                  "the file that says how tokens are chosen where nobody says "
                  "otherwise; by default, generation_config.json of DIR, if it "
                  "is there; none takes no file")
      ->type_name("FILE|none");
}

OpenedDirectory dlavm::host::openDirectory(const std::string &directory,
                                           const std::string &on,
                                           const CommandContext &context) {
  if (on.empty()) {
    std::string forms;
    for (const DeviceKind &kind : context.devices)
      forms += (forms.empty() ? "" : " or ") + ("--on=" + kind.form);
    throw Error("give the device to run on" +
                (forms.empty() ? std::string() : ": " + forms));
  }
  return openDirectory(directory, on, context.devices);
}

void dlavm::host::printNote(const std::string &message) {
  std::cerr << "note: " << message << std::endl;
}
void dlavm::host::printWarning(const std::string &message) {
  std::cerr << "warning: " << message << std::endl;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static int fail(const std::string &message) {
  std::cout.flush();
  std::cerr << "error: " << message << std::endl;
  return 1;
}

/// Whoever closed the pipe has read enough; all else is said.
static int finish(int code) {
  errno = 0;
  if (std::cout.flush() && std::fflush(stdout) == 0)
    return code;
  const int why = errno;
  std::cout.clear();
  if (why != EPIPE)
    fail(std::string("cannot write to standard output") +
         (why ? std::string(": ") + std::strerror(why) : ""));
  return 1;
}

static const char kDescription[] = "runs drivers of DLAVM";

static void addCommands(CLI::App &app, const Program &program,
                        CommandContext &context) {
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  for (const Command &command : program.commands) {
    CLI::App &added = *app.add_subcommand(command.name, command.description);
    command.add(added, context);
    requireValues(added, context);
  }
}

/// What helps where an argument that begins with a dash is no option.
static std::string describeDashes(const CLI::App &command) {
  const std::vector<std::string> left = command.remaining();
  std::string operand;
  for (const CLI::Option *option : command.get_options())
    if (option->get_positional() && option->count() == 0)
      operand = option->get_name(/*positional=*/true);
  return left.empty() || left.front()[0] != '-' || operand.empty()
             ? ""
             : "; if it is the " + operand + ", write -- before it";
}

static int run(int argc, const char *const *argv, const Program &program) {
  CLI::App app(kDescription, program.name);
  app.set_version_flag("--version", program.version);
  app.require_subcommand(1);
  CommandContext context{program.devices, program.defaultDevice, {}, {}};
  addCommands(app, program, context);
  std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  const CLI::App *command = findCommand(app, args);
  try {
    if (command)
      args = separateEmptyValues(*command, args);
    std::reverse(args.begin(), args.end());
    app.parse(std::move(args));
  } catch (const CLI::Success &help) {
    app.exit(help, std::cout, std::cerr);
    return finish(0);
  } catch (const CLI::ParseError &error) {
    if (!command)
      return fail("give a command; " + program.name +
                  " --help lists them, and " + program.name +
                  " COMMAND --help explains one");
    return fail(std::string(error.what()) + describeDashes(*command) + "; " +
                program.name + " " + command->get_name() +
                " --help explains it");
  }
  return finish(context.run());
}

int dlavm::host::runProgram(int argc, const char *const *argv,
                            const Program &program) noexcept {
  try {
    return run(argc, argv, program);
  } catch (const std::bad_alloc &) {
    return fail("out of memory");
  } catch (const std::exception &error) {
    return fail(error.what());
  }
}

ProgramHelp dlavm::host::describeProgram(const Program &program) {
  CLI::App app;
  CommandContext context{program.devices, program.defaultDevice, {}, {}};
  addCommands(app, program, context);
  ProgramHelp help{program.name, kDescription, program.version, {}};
  for (const CLI::App *command : app.get_subcommands({})) {
    CommandHelp &described = help.commands.emplace_back();
    described.name = command->get_name();
    described.description = command->get_description();
    for (const CLI::Option *option : command->get_options()) {
      if (option == command->get_help_ptr())
        continue;
      OptionHelp one;
      one.description = option->get_description();
      one.isRequired = option->get_required();
      one.mayRepeat = option->get_items_expected_max() > 1;
      if (option->get_positional()) {
        one.name = option->get_name(/*positional=*/true);
        described.operands.push_back(std::move(one));
        continue;
      }
      one.name = option->get_lnames().empty()
                     ? "-" + option->get_snames().front()
                     : "--" + option->get_lnames().front();
      if (option->get_type_size_max() > 0)
        one.value = option->get_type_name();
      described.options.push_back(std::move(one));
    }
  }
  return help;
}

Program dlavm::host::getHostProgram() {
  Program program;
  program.name = "dlavm-host";
  program.version = "DLAVM " DLAVM_HOST_VERSION;
  program.devices = getHostDeviceKinds();
  return program;
}

void dlavm::host::initProgram() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) == -1)
      // In the wrong direction, so that using it remains an error.
      (void)!open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}
