//===- DeviceKind.h - What --on= means ------------------------ -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_DEVICEKIND_H
#define DLAVM_HOST_DRIVER_DEVICEKIND_H

#include "dlavm_runtime.h"
#include "host/Driver/Plan.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dlavm::host {

/// A kind of device that drivers run on. A program says which ones it has.
struct DeviceKind {
  /// What "--on=NAME" or "--on=NAME:ARGUMENTS" names it by.
  std::string name;
  /// How it is written and what it is, for a list: "xdma:PATH", "a board ...".
  std::string form, description;
  /// Opens the device for a driver of this plan; \p arguments may be empty.
  /// Throws dlavm::Error.
  std::function<std::unique_ptr<Device>(const std::string &arguments,
                                        const Plan &plan)>
      open;
};

/// Opens what \p on names: a kind, and after a colon its arguments. Throws
/// dlavm::Error, which lists the kinds, if there is no such kind.
std::unique_ptr<Device> openDevice(const std::vector<DeviceKind> &kinds,
                                   const std::string &on, const Plan &plan);

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_DEVICEKIND_H
