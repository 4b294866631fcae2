//===- Doctor.h - Is it the card, the driver or the weights? ----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DOCTOR_DOCTOR_H
#define DLAVM_HOST_DOCTOR_DOCTOR_H

#include "host/Driver/DeviceKind.h"

#include <ostream>

namespace dlavm::host {

struct DoctorOptions {
  /// As --on= has it: "xdma:/dev/xdma0".
  std::string on;
  /// The directory of a driver; without it little is known of the card.
  std::string directory;
  /// The relative error that a task may have where the simulator is exact.
  double tolerance = 0.01;
};

/// Examines a card from its nodes to the tasks of a driver, which are compared
/// with a device of \p kinds that is named "simulator", if there is one.
/// Overwrites the memory of the card. Prints a line for each check as soon as
/// it is done, and what to do where it fails. Returns whether all passed.
/// Throws dlavm::Error if the options make no sense.
bool examine(const DoctorOptions &options, const std::vector<DeviceKind> &kinds,
             std::ostream &os);

} // namespace dlavm::host

#endif // DLAVM_HOST_DOCTOR_DOCTOR_H
