//===- StartTime.h - How long a start takes ---------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_STARTTIME_H
#define DLAVM_DEVICE_STARTTIME_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm {

/// Bytes that a start moves between the chip and a memory of the device, all
/// ports together.
struct MovedBytes {
  const Memory *memory;
  double bytes;
  /// Weights of a product, which Rates::weightEfficiency slows down.
  bool isWeight;
};

/// Seconds of a start: those of its slowest memory, and of the matrix unit,
/// which work side by side.
struct StartTime {
  double memory = 0, compute = 0;
  double get() const { return memory > compute ? memory : compute; }
};

/// The one model of times: dlavm estimate asks it about what a driver does, and
/// passes about what they could do. \p cycles are those of the matrix unit.
StartTime getStartTime(llvm::ArrayRef<MovedBytes> moved, double cycles,
                       const Rates &rates, const DeviceInfo &device);

} // namespace dlavm

#endif // DLAVM_DEVICE_STARTTIME_H
