//===- Findings.h - How commands print findings -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_FINDINGS_H
#define DLAVM_TOOL_FINDINGS_H

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Plan/DriverPlan.h"

namespace dlavm {

/// Prints a finding on stdout: what is wrong, then call, task with the op that
/// it computes, register and buffer.
void printFinding(const Finding &finding, const DriverPlan &plan);

/// The names of the driver's tasks, each once: "query, key, value".
std::string listTasks(const DriverPlan &plan);

} // namespace dlavm

#endif // DLAVM_TOOL_FINDINGS_H
