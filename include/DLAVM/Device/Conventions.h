//===- Conventions.h - What a register document leaves open ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_CONVENTIONS_H
#define DLAVM_DEVICE_CONVENTIONS_H

#include "DLAVM/Device/DeviceInfo.h"

#include <optional>
#include <string>

namespace dlavm {

/// Says which parameter of \p device chooses between conventions
/// (docs/Numerics.md) and has a value that stands for none of them, and which
/// values there are. Whoever computes what the device computes asks this first.
std::optional<std::string> checkConventions(const DeviceInfo &device);

/// The values that a convention may have: "0 or 1".
std::string getAllowedValues(const Parameter &convention);

} // namespace dlavm

#endif // DLAVM_DEVICE_CONVENTIONS_H
