//===- Findings.cpp - How commands print findings -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Findings.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

std::string dlavm::listTasks(const DriverPlan &plan) {
  // A function that is called twice has its tasks twice.
  llvm::StringSet<> seen;
  std::string names;
  ListSeparator separator;
  for (const PlanTask &task : plan.tasks)
    if (seen.insert(task.name).second)
      names += std::string(StringRef(separator)) + task.name;
  return names;
}

void dlavm::printFinding(const Finding &finding, const DriverPlan &plan) {
  raw_ostream &os = outs();
  WithColor::error(os) << finding.message << "\n";
  os << "  call: " << finding.seq << " tokens after " << finding.past << "\n";
  if (!finding.task.empty()) {
    os << "  task: " << finding.task;
    if (finding.layer >= 0)
      os << " of layer " << finding.layer;
    os << " (start " << finding.start << " of the run)\n";
    for (const PlanTask &task : plan.tasks)
      if (task.name == finding.task) {
        os << "  op: " << task.computes << "\n";
        break;
      }
  }
  if (!finding.reg.empty())
    os << "  register: " << finding.reg << "\n";
  if (!finding.buffer.empty())
    os << "  buffer: " << finding.buffer << "\n";
  if (finding.count > 1)
    os << "  found " << finding.count << " times; this is the first\n";
  os << "\n";
}
