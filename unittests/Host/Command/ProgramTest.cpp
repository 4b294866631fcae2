//===- ProgramTest.cpp - Programs of host commands ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/Command.h"

#include "gtest/gtest.h"

#include <iostream>

using namespace dlavm::host;

namespace {

std::string directory, on, text;
std::vector<std::string> stops;
bool isQuiet = false;
double part = 0;

void addTestCommand(CLI::App &command, CommandContext &context) {
  command.add_option("DIR", directory, "the directory")->required();
  addDeviceOption(command, context, on);
  context.mayBeEmpty.push_back(command.add_option("--text", text, "a text"));
  command.add_option("--stop", stops, "a text that ends something")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command.add_option("--part", part, "a part")->check(checkNumber);
  command.add_option("-o", part, "another one");
  command.add_flag("--quiet", isQuiet, "says nothing");
  command.callback([&context] {
    context.run = [&context] {
      std::cout << directory << " on " << on << "\n";
      if (directory == "throw")
        throw dlavm::Error("that is no directory");
      if (directory == "open")
        openDirectory(directory, on, context);
      return directory == "fail" ? 1 : 0;
    };
  });
}

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(std::vector<const char *> arguments,
            const std::string &defaultDevice = "") {
  Program program;
  program.name = "dlavm-test";
  program.version = "version 7";
  program.defaultDevice = defaultDevice;
  program.commands = {{"test", "does nothing", addTestCommand}};
  for (const char *name : {"one", "two"})
    program.devices.push_back({name, std::string(name) + ":PATH", "a board",
                               [](const std::string &, const Plan &) {
                                 return std::make_unique<dlavm::NullDevice>();
                               }});
  arguments.insert(arguments.begin(), "dlavm-test");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code =
      runProgram(static_cast<int>(arguments.size()), arguments.data(), program);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

void expect(const Outcome &outcome, int code, const std::string &out,
            const std::string &err) {
  EXPECT_EQ(outcome.code, code);
  EXPECT_EQ(outcome.out, out);
  EXPECT_EQ(outcome.err, err);
}

TEST(ProgramTest, Commands) {
  expect(run({"test", "here", "--on=one:/dev/x"}), 0, "here on one:/dev/x\n",
         "");
  expect(run({"test", "here"}, "two"), 0, "here on two\n", "");
  expect(run({"test", "fail"}), 1, "fail on \n", "");
  expect(run({"test", "throw"}), 1, "throw on \n",
         "error: that is no directory\n");
  expect(run({"test", "open"}), 1, "open on \n",
         "error: give the device to run on: --on=one:PATH or --on=two:PATH\n");
}

TEST(ProgramTest, CommandLines) {
  expect(run({}), 1, "",
         "error: give a command; dlavm-test --help lists them, and dlavm-test "
         "COMMAND --help explains one\n");
  expect(run({"tests"}), 1, "",
         "error: give a command; dlavm-test --help lists them, and dlavm-test "
         "COMMAND --help explains one\n");
  expect(run({"test"}), 1, "",
         "error: DIR is required; dlavm-test test --help explains it\n");
  expect(run({"test", "here", "--off=one"}), 1, "",
         "error: The following argument was not expected: --off=one; "
         "dlavm-test test --help explains it\n");
  expect(run({"--version"}), 0, "version 7\n", "");
  const Outcome twice = run({"test", "here", "--on=one", "--on=two"});
  EXPECT_EQ(twice.code, 1);
  EXPECT_NE(twice.err.find("--on"), std::string::npos) << twice.err;
  const Outcome help = run({"test", "--help"}, "two");
  EXPECT_EQ(help.code, 0);
  for (const char *part : {"does nothing", "--on DEVICE", "one:PATH: a board",
                           "two:PATH: a board"})
    EXPECT_NE(help.out.find(part), std::string::npos) << help.out;
}

/// A value that is empty takes nothing from what comes next.
TEST(ProgramTest, EmptyValues) {
  const std::string help = "; dlavm-test test --help explains it\n";
  text = "before";
  expect(run({"test", "here", "--text=", "--on=one"}), 0, "here on one\n", "");
  EXPECT_EQ(text, "");
  for (const std::vector<const char *> &last :
       {std::vector<const char *>{"--on="},
        {"--on=", "--text=x"},
        {"--on", ""}}) {
    std::vector<const char *> arguments = {"test", "here"};
    arguments.insert(arguments.end(), last.begin(), last.end());
    expect(run(arguments), 1, "", "error: --on= has no value" + help);
  }
  expect(run({"test", "here", "--stop=a", "--stop=", "--text=x"}), 1, "",
         "error: --stop= has no value" + help);
  expect(run({"test", "here", "--part=", "--text=x"}), 1, "",
         "error: --part= has no value" + help);
  expect(run({"test", "here", "-o", ""}), 1, "",
         "error: -o has no value" + help);
  expect(run({"test", "here", "--quiet="}), 1, "",
         "error: --quiet= has no value" + help);
  expect(run({"test", ""}), 1, "", "error: DIR is empty" + help);
  expect(run({"test", "here", "--off="}), 1, "",
         "error: The following argument was not expected: --off=" + help);
  // What is itself a value, or an operand.
  expect(run({"test", "here", "--text", "--on="}), 0, "here on \n", "");
  EXPECT_EQ(text, "--on=");
  expect(run({"test", "--", "--on="}), 0, "--on= on \n", "");
}

TEST(ProgramTest, Values) {
  const std::string help = "; dlavm-test test --help explains it\n";
  expect(run({"test", "here", "--part=-.5e1", "--quiet=false"}), 0,
         "here on \n", "");
  EXPECT_EQ(part, -5);
  for (const std::string value : {"abc", "0.5x", "0x10", " 1", "1,5"})
    expect(run({"test", "here", ("--part=" + value).c_str()}), 1, "",
           "error: --part: expected a decimal number such as 0.5, found " +
               value + help);
  expect(run({"test", "here", "--quiet=yes"}), 1, "",
         "error: --quiet: expected true or false, found yes" + help);
}

} // namespace
