//===- WorkBuilder.h - Puts the work of starts together ---------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_WORKBUILDER_H
#define DLAVM_DEVICE_WORKBUILDER_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm {

/// Puts the work of starts together from registers, for the functions
/// TaskSupport::work of the families.
class WorkBuilder {
public:
  WorkBuilder(const RegisterTable &registers, const DeviceInfo &device)
      : registers(registers), device(device) {}

  Formula operator[](llvm::StringRef reg) const {
    return Formula(registers.get(reg));
  }
  /// Bytes that move through an address register.
  void add(llvm::StringRef reg, Formula bytes) {
    work.traffic.push_back({&registers.get(reg), bytes});
  }
  /// A product whose matrix unit takes \p tin inputs and \p tout outputs a
  /// cycle, in \p cycles cycles.
  void multiply(Formula rows, Formula inputs, Formula outputs, int64_t tin,
                int64_t tout, double cycles) {
    work.operations = 2 * rows * inputs * outputs;
    work.cycles = rows * ceilDiv(inputs, tin) * ceilDiv(outputs, tout) * cycles;
  }

  TaskWork work;

protected:
  const RegisterTable &registers;
  const DeviceInfo &device;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_WORKBUILDER_H
