//===- DeviceKind.cpp - What --on= means ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/DeviceKind.h"

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;

std::unique_ptr<Device>
dlavm::host::openDevice(const std::vector<DeviceKind> &kinds,
                        const std::string &on, const Plan &plan) {
  const size_t colon = on.find(':');
  const std::string name = on.substr(0, colon);
  std::string forms;
  for (const DeviceKind &kind : kinds) {
    if (kind.name == name)
      return kind.open(colon == std::string::npos ? "" : on.substr(colon + 1),
                       plan);
    forms += (forms.empty() ? "" : ", ") + kind.form;
  }
  throw Error("--on=" + on + " names no device of this program; " +
              (forms.empty() ? "it has none" : "there are " + forms));
}
