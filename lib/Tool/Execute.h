//===- Execute.h - dlavm check --execute ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_EXECUTE_H
#define DLAVM_TOOL_EXECUTE_H

#include "DLAVM/Compare/Execution.h"
#include "OpenedDriver.h"
#include "OpenedModel.h"

namespace dlavm {

/// What running a driver on a device found.
struct ExecutionReport {
  std::vector<Finding> findings;
  int64_t calls = 0;
  /// Calls that were left out because they would take long.
  int64_t leftOut = 0;
};

/// Calls in a row; the first starts a new history.
using CallSequence = std::vector<CallShape>;

/// Packs random parameters, loads them with the driver's own load_parameters,
/// runs the sequences on the simulator with all of its checks, or on the card
/// that \p on names, and compares every result with \p model in the reference
/// interpreter; \p tolerance is that of Comparison. Without \p sequences it
/// chooses some: short ones, lengths at which tasks are cut into slices, and
/// the largest context, as far as they do not take long.
llvm::Expected<ExecutionReport>
executeDriver(const OpenedDriver &driver, OpenedModel model,
              std::vector<CallSequence> sequences, llvm::StringRef on,
              double tolerance);

} // namespace dlavm

#endif // DLAVM_TOOL_EXECUTE_H
