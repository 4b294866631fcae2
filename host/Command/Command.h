//===- Command.h - Commands of a host ------------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_COMMAND_H
#define DLAVM_HOST_COMMAND_COMMAND_H

// A command is a file host/Command/NAME.cpp with a function addNameCommand,
// which is declared and listed in Program.cpp. Failures are exceptions of type
// dlavm::Error, which Program.cpp prints.

#include "host/Command/Program.h"
#include "host/Driver/OpenedDirectory.h"

#include <CLI/CLI.hpp>

#include <charconv>
#include <limits>

namespace dlavm::host {

/// Takes decimal numbers that \p T holds. CLI11 alone takes 010 for 8, and the
/// nearest for what is too large.
template <typename T> std::string checkDecimal(const std::string &text) {
  const char *begin = text.data(), *end = begin + text.size();
  T value = 0;
  const auto [stop, problem] = std::from_chars(begin, end, value);
  const size_t digits = text.find_first_not_of('-');
  const bool isOctal = digits + 1 < text.size() && text[digits] == '0';
  if (problem == std::errc() && stop == end && !isOctal)
    return "";
  return text + " is no decimal number from " +
         std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max());
}

/// Takes what is a number from its first to its last letter.
std::string checkNumber(const std::string &text);

void addChatCommand(CLI::App &command, CommandContext &context);
void addDoctorCommand(CLI::App &command, CommandContext &context);
void addServeCommand(CLI::App &command, CommandContext &context);
void addTokenizeCommand(CLI::App &command, CommandContext &context);

/// Adds the option --on, which sets \p on.
void addDeviceOption(CLI::App &command, const CommandContext &context,
                     std::string &on);

/// Adds the option --generation-config, which sets \p choice.
void addGenerationConfigOption(CLI::App &command, std::string &choice);

/// openDirectory on the device that --on names; says what is missing if it
/// names none and there is no default.
OpenedDirectory openDirectory(const std::string &directory,
                              const std::string &on,
                              const CommandContext &context);

/// Prints a line to standard error: "note: ..." or "warning: ...".
void printNote(const std::string &message);
void printWarning(const std::string &message);

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_COMMAND_H
