//===- Check.cpp - dlavm check ------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/DecodeComparison.h"
#include "DLAVM/Compare/Execution.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Support/ProgressLine.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "Execute.h"
#include "Findings.h"
#include "OpenedDriver.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <set>

using namespace dlavm;
using namespace llvm;

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

/// A history as long as each call wants, and the call.
static std::vector<CallSequence>
getSequences(const std::set<std::pair<int64_t, int64_t>> &calls) {
  std::vector<CallSequence> result;
  for (auto [seq, past] : calls) {
    CallSequence sequence;
    if (past > 0)
      sequence.push_back({past, 0});
    sequence.push_back({seq, past});
    result.push_back(std::move(sequence));
  }
  return result;
}

/// A driver must refuse calls that it was not made for before it touches the
/// device: they would write beyond its buffers and KV caches.
static void checkRefusals(const OpenedDriver &driver,
                          std::vector<Finding> &findings) {
  const int64_t end = driver.plan.maxTokens;
  struct Call {
    int64_t seq, past;
    bool isDecode = false;
  };
  SmallVector<Call, 6> calls = {{0, 0}, {1, -1}, {end + 1, 0}, {1, end}};
  if (driver.library->hasDecode())
    calls.append({{1, -1, true}, {1, end, true}});
  for (const auto &[seq, past, isDecode] : calls) {
    CountingSink sink;
    bool refuses = false;
    std::string why;
    handleAllErrors(
        isDecode ? driver.library->decode(past, sink)
                 : driver.library->run(seq, past, sink),
        [&](const DriverFailure &failure) {
          refuses = failure.threw;
          why = failure.threw ? "" : failure.message;
        },
        [&](const ErrorInfoBase &) { refuses = true; });
    if (refuses && sink.tasks + sink.getAccesses() == 0)
      continue;
    if (why.empty())
      why = "the driver does not refuse this call before it touches the "
            "device; its context is " +
            std::to_string(end) + " tokens";
    findings.push_back({seq, past, -1, "", 0, "", "", why});
  }
}

/// Runs one call. False if the driver does not return from it; fails if no
/// driver can run.
static Expected<bool> checkCall(Checker &checker, int64_t seq, int64_t past,
                                function_ref<llvm::Error()> run) {
  checker.beginRun(seq, past);
  llvm::Error error = run();
  if (!error) {
    checker.endRun();
    return true;
  }
  llvm::Error other =
      handleErrors(std::move(error), [&](const DriverFailure &failure) {
        checker.report((failure.threw ? "the driver refuses the call: " : "") +
                       failure.message);
      });
  if (other)
    return other;
  return false;
}

/// Runs the calls up to one that the driver does not return from; counts them,
/// and says whether there is no such call. Where the driver has a function for
/// one token, it runs, too, and must do the same.
static Expected<bool>
checkCalls(DriverLibrary &library, Checker &checker,
           DecodeComparison &comparison,
           const std::set<std::pair<int64_t, int64_t>> &calls, size_t &count) {
  ForwardingSink<Checker> sink(checker);
  ProgressLine progress("checking", calls.size(),
                        Twine(calls.size()) + " calls");
  for (auto [seq, past] : calls) {
    progress.update(count++);
    const bool decodes = seq == 1 && library.hasDecode();
    CheckingSink comparing(checker, comparison.beginRun());
    EventSink &first = decodes ? static_cast<EventSink &>(comparing) : sink;
    Expected<bool> returns = checkCall(
        checker, seq, past, [&] { return library.run(seq, past, first); });
    if (!returns || !*returns)
      return returns;
    if (!decodes)
      continue;
    CheckingSink decoding(checker, comparison.beginDecode());
    returns = checkCall(checker, seq, past,
                        [&] { return library.decode(past, decoding); });
    if (!returns || !*returns)
      return returns;
    comparison.end(past);
  }
  return true;
}

int dlavm::runCheck(const CheckCommand &command) {
  Expected<OpenedPlan> opened = OpenedPlan::open(command.directory);
  if (!opened)
    return reportError(opened.takeError());
  const auto [calls, leftOut] = getCalls(command, opened->plan.maxTokens);
  if (calls.empty())
    return reportError(
        "no call to check: seq must be at least 1 and seq + past at "
        "most " +
        Twine(opened->plan.maxTokens));
  std::optional<OpenedModel> model;
  if (command.execute) {
    // A model that is missing is no reason to wait for the compiler.
    Expected<OpenedModel> reference =
        OpenedModel::open(command.directory, opened->plan, nullptr);
    if (!reference)
      return reportError(reference.takeError());
    model.emplace(std::move(*reference));
  }
  Expected<OpenedDriver> driver =
      OpenedDriver::open(command.directory, std::move(*opened));
  if (!driver)
    return reportError(driver.takeError());
  const DriverPlan &plan = driver->plan;
  const DeviceInfo &device = *driver->device;
  Checker checker(device, plan.getRegions(), plan.getPlannedTasks());
  DecodeComparison comparison(device);
  size_t checked = 0;
  if (llvm::Error error = joinErrors(driver->loadInstructions(checker),
                                     driver->loadInstructions(comparison)))
    return reportError(std::move(error));
  Expected<bool> allReturn =
      checkCalls(*driver->library, checker, comparison, calls, checked);
  if (!allReturn)
    return reportError(allReturn.takeError());
  std::vector<Finding> findings(checker.getFindings());
  llvm::append_range(findings, comparison.getFindings());
  if (*allReturn)
    checkRefusals(*driver, findings);
  if (*allReturn && command.execute) {
    std::vector<CallSequence> sequences;
    if (command.seq || command.past)
      sequences = getSequences(calls);
    Expected<ExecutionReport> report =
        executeDriver(*driver, std::move(*model), std::move(sequences),
                      command.on, command.tolerance);
    if (!report)
      return reportError(report.takeError());
    llvm::append_range(findings, report->findings);
    outs() << "executed " << report->calls << " calls with random data on "
           << (command.on == "simulator" ? "the simulator" : command.on);
    if (report->leftOut > 0)
      outs() << "; left out " << report->leftOut
             << " that would take long: ask for them with --seq and --past, "
                "or compile with --layers=1";
    outs() << "\n";
  }
  for (const Finding &finding : findings)
    printFinding(finding, plan);
  outs() << "checked " << checked << " calls: " << findings.size() << " finding"
         << (findings.size() == 1 ? "" : "s") << "\n";
  if (!*allReturn)
    outs() << "left out " << calls.size() - checked
           << " calls after the one that the driver does not return from\n";
  if (leftOut > 0)
    outs() << "left out " << leftOut << " call" << (leftOut == 1 ? "" : "s")
           << ": seq must be at least 1 and seq + past at most "
           << plan.maxTokens << "\n";
  return findings.empty() ? 0 : 1;
}
