//===- EstimatedTimes.cpp - How long calls of a driver take ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EstimatedTimes.h"
#include "DLAVM/Estimate/BlockEstimator.h"
#include "DLAVM/Support/InputFile.h"

#include <map>

using namespace dlavm;
using namespace llvm;

Expected<CallEstimate> dlavm::estimateCall(OpenedDriver &driver, int64_t seq,
                                           int64_t past,
                                           const TimeOptions &times) {
  CallEstimator estimator(*driver.device, times);
  BlockEstimator blocks(*driver.device, estimator);
  if (Error error = driver.loadInstructions(blocks))
    return error;
  const bool isDecode = seq == 1 && driver.library->hasDecode();
  // The token before may have sent words of this one.
  if (isDecode && past > 0 && driver.instructions) {
    if (Error error = driver.library->decode(past - 1, blocks))
      return error;
    blocks.endRun();
    estimator.beginCall();
  }
  if (Error error = isDecode ? driver.library->decode(past, blocks)
                             : driver.library->run(seq, past, blocks))
    return error;
  blocks.endRun();
  if (!blocks.getProblem().empty())
    return createStringError("the driver starts a block of instructions that "
                             "is wrong, so its time means nothing: " +
                             blocks.getProblem() + "; see dlavm check");
  CallEstimate call = estimator.finish(seq);
  if (!(call.total.time > 0))
    return createStringError("the call of " + Twine(seq) + " tokens after " +
                             Twine(past) +
                             " takes no time: the driver starts no task in "
                             "it, or all that was measured is 0");
  return call;
}

/// The lines of one call.
static Expected<CallEstimate> estimateMeasured(OpenedDriver &driver,
                                               ArrayRef<MeasuredTask> lines,
                                               const TimeOptions &times) {
  const MeasuredTask &first = lines.front();
  if (Error error = checkCall(driver.plan, first.seq, first.past))
    return error;
  if (driver.instructions && first.seq == 1)
    return createStringError(
        "call " + Twine(first.call) +
        " is one of one token, whose tasks run in instruction blocks and have "
        "no times of their own; give the times of a driver of --mode=direct, "
        "or of prompts only");
  Expected<CallEstimate> call =
      estimateCall(driver, first.seq, first.past, times);
  if (!call)
    return call.takeError();
  // A table of another driver, or of a call that failed, says nothing.
  std::map<std::string, int64_t> starts;
  for (const TaskEstimate &task : call->tasks)
    starts[task.name] += task.starts;
  for (const MeasuredTask &line : lines)
    starts[line.task] -= line.starts;
  for (const auto &[name, missing] : starts)
    if (missing != 0)
      return createStringError(
          "it has " + Twine(std::abs(missing)) +
          (missing > 0 ? " starts fewer" : " starts more") + " of task '" +
          name + "' in call " + Twine(first.call) + " (" + Twine(first.seq) +
          " tokens after " + Twine(first.past) +
          ") than the driver makes; give the times of whole calls of this "
          "driver");
  return call;
}

/// How much longer each task was measured to take than it is modelled to.
static Expected<StringMap<double>> calibrate(OpenedDriver &driver,
                                             ArrayRef<MeasuredTask> lines,
                                             const TimeOptions &times) {
  std::map<std::string, std::pair<double, double>> tasks;
  while (!lines.empty()) {
    const ArrayRef<MeasuredTask> call =
        lines.take_while([&](const MeasuredTask &line) {
          return line.call == lines.front().call;
        });
    lines = lines.drop_front(call.size());
    Expected<CallEstimate> modelled = estimateMeasured(driver, call, times);
    if (!modelled)
      return modelled.takeError();
    for (const MeasuredTask &line : call)
      tasks[line.task].first += 1e-6 * line.microseconds;
    for (const TaskEstimate &task : modelled->tasks)
      tasks[task.name].second += task.time;
  }
  StringMap<double> factors;
  for (const auto &[name, time] : tasks)
    if (time.second > 0)
      factors[name] = time.first / time.second;
  return factors;
}

Expected<TimeOptions> dlavm::readTimes(OpenedDriver &driver,
                                       const EstimatedCall &command) {
  TimeOptions times{command.latency};
  if (command.measuredFile.empty())
    return times;
  auto fail = [&](Error error) {
    return createStringError(command.measuredFile + ": " +
                             toString(std::move(error)));
  };
  Expected<std::unique_ptr<MemoryBuffer>> text =
      readTextFile(command.measuredFile);
  if (!text)
    return fail(
        createStringError("cannot be read: " + toString(text.takeError())));
  Expected<std::vector<MeasuredTask>> lines = parseTimes((*text)->getBuffer());
  if (!lines)
    return fail(lines.takeError());
  Expected<StringMap<double>> factors = calibrate(driver, *lines, times);
  if (!factors)
    return fail(factors.takeError());
  if (all_of(*factors, [](const auto &factor) { return factor.second == 0; }))
    return fail(createStringError("says that no task takes any time"));
  times.factors = std::move(*factors);
  return times;
}
