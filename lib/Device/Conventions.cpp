//===- Conventions.cpp - What a register document leaves open -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Conventions.h"

using namespace dlavm;

std::optional<std::string> dlavm::checkConventions(const Device &device) {
  // The table of unknowns in docs/Numerics.md has a row for each.
  static constexpr struct {
    llvm::StringLiteral name;
    int64_t values[2];
  } conventions[] = {{"Linear_Accumulator_Bits", {64, 32}},
                     {"Weight_Code_8", {0, -8}},
                     {"Activation_Beyond_Table", {0, 1}},
                     {"Argmax_Tie", {0, 1}},
                     {"Softmax_Bits", {32, 64}}};
  for (const Parameter &parameter : device.getParameters())
    for (const auto &[name, values] : conventions)
      if (parameter.name == name && parameter.value != values[0] &&
          parameter.value != values[1])
        return "the parameter " + parameter.name + " of " + device.getName() +
               " is " + std::to_string(parameter.value) + ", but must be " +
               std::to_string(values[0]) + " or " + std::to_string(values[1]);
  return std::nullopt;
}
