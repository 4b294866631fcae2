//===- EstimatedTimes.h - How long calls of a driver take -------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_ESTIMATEDTIMES_H
#define DLAVM_TOOL_ESTIMATEDTIMES_H

#include "DLAVM/Estimate/Estimate.h"
#include "DLAVM/Tool/Tool.h"
#include "OpenedDriver.h"

namespace dlavm {

/// Estimates a call: of `decode` where it is one of a single token and the
/// driver has that, of `run` elsewhere. Fails where the driver does, and where
/// the call takes no time. The device must have rates.
llvm::Expected<CallEstimate> estimateCall(OpenedDriver &driver, int64_t seq,
                                          int64_t past,
                                          const TimeOptions &times);

/// What --pcie-latency and --measured say of a driver: how much longer each
/// task was measured to take than it is modelled to. Fails where the table is
/// none of this driver. The device must have rates.
llvm::Expected<TimeOptions> readTimes(OpenedDriver &driver,
                                      const EstimatedCall &command);

} // namespace dlavm

#endif // DLAVM_TOOL_ESTIMATEDTIMES_H
