//===- Screening.cpp - Mutants that are found without execution ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Screening.h"

#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using namespace llvm;

/// All prompt lengths without history, and a few after a spread of histories.
static std::vector<CallShape> getSweep(int64_t maxTokens) {
  std::vector<CallShape> shapes;
  for (int64_t seq = 1; seq <= maxTokens; ++seq)
    shapes.push_back({seq, 0});
  for (int64_t past = 1; past < maxTokens; past += 31)
    for (int64_t seq : {int64_t(1), int64_t(2), int64_t(33), maxTokens - past})
      if (seq + past <= maxTokens)
        shapes.push_back({seq, past});
  return shapes;
}

Screening::Screening(Subject &subject, const FaultModel &model)
    : subject(subject), mutating(model), recorder(*subject.device) {
  for (const ExpectedCall &call : subject.calls)
    shapes.push_back({call.seq, call.past});
  numExecuted = shapes.size();
  for (const CallShape &shape : getSweep(subject.plan.maxTokens))
    if (none_of(shapes, [&](const CallShape &other) {
          return other.seq == shape.seq && other.past == shape.past;
        }))
      shapes.push_back(shape);
}

uint64_t Screening::getLimit(int32_t call) const {
  const Run &run = call == inLoad ? originalLoad : originals[call];
  return 4 * run.executed + 1000;
}

bool Screening::isDone(llvm::Error error, Outcome &outcome) {
  if (mutating.isEndless()) {
    consumeError(std::move(error));
    outcome.set(Verdict::Driver, "the driver does not come to an end");
    return false;
  }
  if (!error)
    return true;
  outcome.set(Verdict::Driver, toString(std::move(error)));
  return false;
}

bool Screening::load(const Fault *fault, Outcome &outcome, Run &run) {
  recorder.begin();
  mutating.begin(&subject.plan, recorder, fault);
  mutating.limit = fault ? getLimit(inLoad) : UINT64_MAX;
  const bool done = isDone(
      subject.library->loadParameters(subject.temporary, mutating), outcome);
  mutating.end();
  run = {recorder.getHash(), recorder.getHashOfStarts(), mutating.executed, 0};
  return done;
}

bool Screening::call(const CallShape &shape, const Fault *fault,
                     Checker &checker, Outcome &outcome, Run &run) {
  const bool decodes = subject.library->decodes(shape.seq);
  Run other;
  if ((decodes && !call(shape, false, fault, checker, outcome, other)) ||
      !call(shape, decodes, fault, checker, outcome, run))
    return false;
  if (!decodes)
    return true;
  run.hashOfRun = other.hashOfStarts;
  // As `dlavm check` does.
  if (run.hashOfStarts != run.hashOfRun && checker.getFindings().empty())
    outcome.set(Verdict::Check, "decode does something else than run");
  return outcome.verdict == Verdict::Undecided;
}

bool Screening::call(const CallShape &shape, bool decodes, const Fault *fault,
                     Checker &checker, Outcome &outcome, Run &run) {
  const std::vector<uint16_t> input(shape.seq * subject.inputChannels);
  CheckingSink checking(checker, *blocks);
  recorder.begin();
  blocks->expander.beginRun();
  checker.beginRun(shape.seq, shape.past);
  mutating.begin(nullptr, checking, fault);
  mutating.limit = fault
                       ? getLimit(static_cast<int32_t>(&shape - shapes.data()))
                       : UINT64_MAX;
  Expected<CallResult> result =
      subject.library->call(input, shape.seq, shape.past, decodes, mutating);
  mutating.end();
  checker.endRun();
  run = {recorder.getHash(), recorder.getHashOfStarts(), mutating.executed, 0};
  return isDone(result.takeError(), outcome);
}

void Screening::begin(Checker &checker, const Fault *fault) {
  blocks = std::make_unique<Blocks>(*subject.device, recorder);
  if (!subject.instructions)
    return;
  Instructions instructions = *subject.instructions;
  if (fault)
    FaultModel::apply(*fault, instructions.bytes);
  checker.load(instructions);
  blocks->expander.load(instructions);
  cantFail(subject.library->keepInstructions(instructions.bytes));
}

llvm::Error Screening::runOriginal() {
  Outcome outcome = {};
  auto fail = [&](const Twine &where) {
    return createStringError("the original driver fails in " + where + ": " +
                             outcome.message);
  };
  if (!load(nullptr, outcome, originalLoad))
    return fail("load_parameters");
  Checker checker(*subject.device, subject.plan.getRegions(),
                  subject.plan.getPlannedTasks());
  begin(checker, nullptr);
  for (const CallShape &shape : shapes) {
    Run run;
    const bool done = call(shape, nullptr, checker, outcome, run);
    if (done && !checker.getFindings().empty())
      outcome.set(Verdict::Check, checker.getFindings().front());
    if (!done || !checker.getFindings().empty())
      return fail("the call of " + Twine(shape.seq) + " tokens after " +
                  Twine(shape.past));
    originals.push_back(run);
    const bool isExecuted = originals.size() <= numExecuted;
    for (const auto &[name, slices] : recorder.getSlices()) {
      if (slices.starts >= 2)
        sliced.insert(name);
      if (!isExecuted)
        continue;
      if (slices.starts >= 3)
        cut.insert(name);
      if (slices.starts >= 2 && slices.first == slices.last)
        exact.insert(name);
    }
  }
  return checkCoverage();
}

llvm::Error Screening::checkCoverage() {
  for (const auto &[site, profile] : zip_equal(subject.sites, getProfiles())) {
    if (!profile.isInCall && !profile.isInLoad)
      return createStringError("no call executes line " + Twine(site.line) +
                               ", " + site.text);
  }
  if (cut == sliced && exact == sliced)
    return llvm::Error::success();
  return createStringError("the driver cuts " + Twine(sliced.size()) +
                           " ops along tokens, but the calls cut only these "
                           "in three or more: " +
                           join(cut, ", ") +
                           "; and these at an exact multiple: " +
                           join(exact, ", ") + "; give other --calls");
}

void Screening::screen(const Fault &fault, Outcome &outcome) {
  outcome.set(Verdict::Undecided);
  outcome.firstCall = inSweep;
  if (!isOfWord(&fault) &&
      (!fault.site || getProfiles()[*fault.site].isInLoad)) {
    Run run;
    if (!load(&fault, outcome, run))
      return;
    outcome.firstCall = inLoad;
    // No call executes it.
    if (run.hash == originalLoad.hash)
      outcome.set(Verdict::Equivalent);
    return;
  }
  Checker checker(*subject.device, subject.plan.getRegions(),
                  subject.plan.getPlannedTasks());
  begin(checker, &fault);
  bool isEquivalent = true;
  for (const auto &[index, shape] : enumerate(shapes)) {
    Run run;
    if (!call(shape, &fault, checker, outcome, run))
      return;
    isEquivalent &= !(run != originals[index]);
    // Execution takes what the host calls.
    if (run.hash != originals[index].hash && outcome.firstCall == inSweep &&
        index < numExecuted)
      outcome.firstCall = static_cast<int32_t>(index);
    if (!isEquivalent && !checker.getFindings().empty())
      return outcome.set(Verdict::Check, checker.getFindings().front());
    // Execution comes before the rest of the sweep, which takes longer.
    if (index + 1 == numExecuted && !isEquivalent) {
      // It is there from the beginning.
      if (isOfWord(&fault))
        outcome.firstCall = inLoad;
      return;
    }
  }
  if (isEquivalent)
    outcome.set(Verdict::Equivalent);
}

void Screening::sweep(const Fault &fault, Outcome &outcome) {
  outcome.set(Verdict::Survived);
  if (outcome.firstCall == inLoad && !isOfWord(&fault))
    return;
  Checker checker(*subject.device, subject.plan.getRegions(),
                  subject.plan.getPlannedTasks());
  begin(checker, &fault);
  for (const CallShape &shape : ArrayRef(shapes).drop_front(numExecuted)) {
    Run run;
    if (!call(shape, &fault, checker, outcome, run))
      return;
    if (!checker.getFindings().empty())
      return outcome.set(Verdict::Check, checker.getFindings().front());
  }
}
