//===- Doctor.cpp - dlavm doctor ------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Doctor/Doctor.h"

#include "host/Command/Command.h"

#include <iostream>

using namespace dlavm::host;

void dlavm::host::addDoctorCommand(CLI::App &app, CommandContext &context) {
  const auto options = std::make_shared<DoctorOptions>();
  app.add_option(
      "DIR", options->directory,
      "the directory of a driver, which dlavm compile and dlavm pack "
      "wrote");
  addDeviceOption(app, context, options->on);
  app.add_option("--tolerance", options->tolerance,
                 "the relative error that a task may have")
      ->check([](const std::string &text) -> std::string {
        // What is no number is in no range; CLI::Range takes it.
        double value = -1;
        return CLI::detail::lexical_cast(text, value) && value >= 0 &&
                       value <= 1
                   ? ""
                   : text + " is not between 0 and 1";
      })
      ->capture_default_str();
  app.callback([options, &context] {
    context.run = [options, &context] {
      if (options->on.empty())
        throw Error("give the device to examine: --on=xdma:/dev/xdma0");
      return examine(*options, context.devices, std::cout) ? 0 : 1;
    };
  });
}
