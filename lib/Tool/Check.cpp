//===- Check.cpp - dlavm check ------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Device/Device.h"
#include "DLAVM/Tool/Tool.h"
#include "OpenedDriver.h"

#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <set>

using namespace dlavm;
using namespace llvm;

static int fail(const Twine &message) {
  WithColor::error(errs()) << message << "\n";
  return 1;
}

namespace {

struct Calls {
  /// Pairs of seq and past.
  std::set<std::pair<int64_t, int64_t>> calls;
  /// How many calls were asked for that no driver of this context takes.
  int64_t leftOut = 0;
};

} // namespace

/// The calls that the user asks for. Without --seq those are all lengths that
/// the context has room for.
static Calls getRequestedCalls(const CheckCommand &command, int64_t maxTokens) {
  Calls result;
  std::set<int64_t> seqs, pasts = {0};
  if (command.seq)
    seqs.insert(command.seq->values.begin(), command.seq->values.end());
  if (command.past)
    pasts = {command.past->values.begin(), command.past->values.end()};
  for (int64_t past : pasts) {
    if (!command.seq) {
      result.leftOut += past >= maxTokens;
      for (int64_t seq = 1; seq + past <= maxTokens; ++seq)
        result.calls.insert({seq, past});
      continue;
    }
    const size_t before = result.calls.size();
    for (int64_t seq : seqs) {
      if (seq + past > maxTokens)
        break;
      if (seq >= 1)
        result.calls.insert({seq, past});
    }
    result.leftOut += seqs.size() - (result.calls.size() - before);
  }
  return result;
}

/// All prompt lengths without history; a few lengths, one token among them,
/// after a spread of histories up to the largest context.
static Calls getCalls(const CheckCommand &command, int64_t maxTokens) {
  if (command.seq || command.past)
    return getRequestedCalls(command, maxTokens);
  Calls result;
  auto add = [&](int64_t seq, int64_t past) {
    if (seq >= 1 && seq + past <= maxTokens)
      result.calls.insert({seq, past});
  };
  for (int64_t seq = 1; seq <= maxTokens; ++seq)
    add(seq, 0);
  for (int64_t past = 1; past < maxTokens; past += 31)
    for (int64_t seq :
         {int64_t(1), int64_t(2), int64_t(33), int64_t(129), maxTokens - past})
      add(seq, past);
  add(1, maxTokens - 1);
  return result;
}

static void print(const Finding &finding) {
  WithColor::error(outs());
  outs() << finding.message << "\n  call: " << finding.seq << " tokens after "
         << finding.past << "\n";
  if (!finding.task.empty()) {
    outs() << "  task: " << finding.task;
    if (finding.layer >= 0)
      outs() << " of layer " << finding.layer;
    outs() << " (start " << finding.start << " of the run)\n";
  }
  if (!finding.reg.empty())
    outs() << "  register: " << finding.reg << "\n";
  if (!finding.buffer.empty())
    outs() << "  buffer: " << finding.buffer << "\n";
  if (finding.count > 1)
    outs() << "  found " << finding.count << " times; this is the first\n";
  outs() << "\n";
}

int dlavm::runCheck(const CheckCommand &command) {
  Expected<OpenedDriver> driver = OpenedDriver::open(command.directory);
  if (!driver)
    return fail(toString(driver.takeError()));
  const DriverPlan &plan = driver->plan;
  const Device &device = *driver->device;
  const auto [calls, leftOut] = getCalls(command, plan.maxTokens);
  if (calls.empty())
    return fail("no call to check: seq must be at least 1 and seq + past at "
                "most " +
                Twine(plan.maxTokens));
  Checker checker(device, plan.regions);
  ForwardingSink<Checker> sink(checker);
  for (auto [seq, past] : calls) {
    checker.beginRun(seq, past);
    if (llvm::Error error = driver->library->run(seq, past, sink))
      return fail("the driver refuses " + Twine(seq) + " tokens after " +
                  Twine(past) + ": " + toString(std::move(error)));
    checker.endRun();
  }
  for (const Finding &finding : checker.getFindings())
    print(finding);
  outs() << "checked " << calls.size()
         << " calls: " << checker.getFindings().size() << " finding"
         << (checker.getFindings().size() == 1 ? "" : "s") << "\n";
  if (leftOut > 0)
    outs() << "left out " << leftOut << " call" << (leftOut == 1 ? "" : "s")
           << ": seq must be at least 1 and seq + past at most "
           << plan.maxTokens << "\n";
  return checker.getFindings().empty() ? 0 : 1;
}
