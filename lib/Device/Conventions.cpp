//===- Conventions.cpp - What a register document leaves open -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Conventions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace dlavm;

std::string dlavm::getAllowedValues(const Parameter &convention) {
  return llvm::join(
      llvm::map_range(convention.allowed,
                      [](int64_t value) { return std::to_string(value); }),
      " or ");
}

std::optional<std::string> dlavm::checkConventions(const DeviceInfo &device) {
  for (const Parameter &parameter : device.getParameters())
    if (!parameter.allowed.empty() &&
        !llvm::is_contained(parameter.allowed, parameter.value))
      return ("the parameter " + parameter.name + " of " + device.getName() +
              " is " + llvm::Twine(parameter.value) + ", but must be " +
              getAllowedValues(parameter))
          .str();
  return std::nullopt;
}
