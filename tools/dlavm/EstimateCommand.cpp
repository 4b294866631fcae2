//===- EstimateCommand.cpp - dlavm estimate -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "DLAVM/Tool/Tool.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

namespace {
cl::SubCommand estimate("estimate", "model how long a call of the driver in "
                                    "DIR takes on its device, and why");

EstimateCommand command;
cl::opt<std::string, true> directory(cl::Positional, cl::Required,
                                     cl::sub(estimate),
                                     cl::location(command.directory),
                                     cl::desc("DIR"));
cl::opt<int64_t, true> seqOption("seq", cl::sub(estimate),
                                 cl::location(command.seq), cl::value_desc("n"),
                                 cl::desc("tokens of the call, 1 by default"));
cl::opt<int64_t, true>
    pastOption("past", cl::sub(estimate), cl::location(command.past),
               cl::value_desc("n"),
               cl::desc("tokens in the KV cache before it, 0 by default"));
cl::opt<double, true> latency(
    "pcie-latency", cl::sub(estimate), cl::location(command.latency),
    cl::value_desc("seconds"),
    cl::desc("what each access of the host to a register and each DMA transfer "
             "takes, 0 by default"));
cl::opt<std::string, true>
    measured("measured", cl::sub(estimate), cl::location(command.measuredFile),
             cl::value_desc("file"),
             cl::desc("scale the time of each task to what dlavm run "
                      "--time-steps has written of this driver"));
cl::opt<bool, true> jsonOption("json", cl::sub(estimate),
                               cl::location(command.json),
                               cl::desc("print JSON, for dlavm report "
                                        "--estimate"));
} // namespace

std::optional<int> dlavm::runEstimateCommand() {
  if (!estimate)
    return std::nullopt;
  if (!checkValue(measured))
    return 1;
  if (!(command.latency >= 0) || std::isinf(command.latency))
    return failUsage("--pcie-latency must be 0 or more, and finite; it is in "
                     "seconds, 1e-6 for a microsecond");
  return runEstimate(command);
}
