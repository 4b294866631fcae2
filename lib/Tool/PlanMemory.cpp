//===- PlanMemory.cpp - dlavm plan ----------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/MemoryPlan/BufferFile.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// Why there is no plan, and what to do.
static std::string describeFailure(const MemoryPlan &plan, int64_t capacity) {
  std::string text;
  raw_string_ostream os(text);
  if (plan.status == MemoryPlan::Status::Infeasible)
    os << "there is no plan within " << capacity
       << " bytes; the buffers take at least " << plan.lowerBound;
  else
    os << "no plan within " << capacity << " bytes was found in " << plan.nodes
       << " steps of the search, though there may be one; allow more with "
          "--max-nodes or give a larger capacity";
  os << " (the best plan that was found takes " << plan.arena << ")";
  return text;
}

int dlavm::runPlan(const PlanCommand &command) {
  Expected<std::unique_ptr<llvm::MemoryBuffer>> text =
      readTextFile(command.file);
  if (!text)
    return reportError(command.file + ": " + toString(text.takeError()));
  Expected<BufferFile> file = parseBufferFile((*text)->getBuffer());
  if (!file)
    return reportError(command.file + ":" + toString(file.takeError()));
  const MemoryPlan plan =
      planMemory(file->buffers, {command.capacity, command.maxNodes});
  if (plan.status != MemoryPlan::Status::Found)
    return reportError(describeFailure(plan, *command.capacity));
  outs() << "id,lower,upper,size,offset\n";
  for (size_t i = 0; i < file->buffers.size(); ++i) {
    const PlannedBuffer &buffer = file->buffers[i];
    outs() << file->ids[i] << "," << buffer.live[0].lower << ","
           << buffer.live[0].upper << "," << buffer.size << ","
           << plan.offsets[i] << "\n";
  }
  errs() << file->buffers.size() << " buffers in " << plan.arena
         << " bytes; lower bound " << plan.lowerBound << ", ratio "
         << format("%.3f", plan.getRatio()) << ", "
         << (plan.isOptimal ? "optimal" : "perhaps not optimal") << "; "
         << plan.nodes << " steps of the search\n";
  return 0;
}
