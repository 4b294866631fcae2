//===- OpenedDriver.h - A driver that a command works on ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_OPENEDDRIVER_H
#define DLAVM_TOOL_OPENEDDRIVER_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Driver/DriverLibrary.h"
#include "DLAVM/Plan/Instructions.h"
#include "DLAVM/Support/OutputDirectory.h"

namespace dlavm {

/// The device that a plan names. Fails if there is none.
llvm::Expected<const DeviceInfo *> findDevice(const DriverPlan &plan);

/// Refuses a call that no driver of the plan takes.
llvm::Error checkCall(const DriverPlan &plan, int64_t seq, int64_t past);

/// All files of a driver and its packed parameters.
std::vector<std::string> getFiles(llvm::StringRef directory,
                                  const DriverPlan &plan);

/// The plan of a directory that `dlavm compile` wrote.
struct OpenedPlan {
  /// Says whether what else is read there still belongs to it.
  InputDirectory input;
  DriverPlan plan;

  static llvm::Expected<OpenedPlan> open(llvm::StringRef directory);
};

/// What `dlavm compile` wrote, ready to run.
struct OpenedDriver : OpenedPlan {
  const DeviceInfo *device;
  std::unique_ptr<DriverLibrary> library;
  /// As the plan has them.
  std::optional<Instructions> instructions;

  /// Lets decode run without load_parameters: the driver has its instructions,
  /// if there are any, and so has \p consumer.
  template <typename Consumer>
  llvm::Error loadInstructions(Consumer &consumer) {
    if (!instructions)
      return llvm::Error::success();
    consumer.load(*instructions);
    return library->keepInstructions(instructions->bytes);
  }

  /// Reads the plan, looks its device up and compiles the driver. Fails if what
  /// was read since the plan belongs to another one.
  static llvm::Expected<OpenedDriver> open(llvm::StringRef directory);
  /// The same, with the plan of the directory.
  static llvm::Expected<OpenedDriver> open(llvm::StringRef directory,
                                           OpenedPlan plan);
};

} // namespace dlavm

#endif // DLAVM_TOOL_OPENEDDRIVER_H
