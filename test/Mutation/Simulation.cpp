//===- Simulation.cpp - Mutants that execution finds --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Simulation.h"

#include "llvm/Support/raw_ostream.h"

#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

/// Stands for the begin of load_parameters.
static constexpr uint32_t loadRegister = 0;
/// More than any mutant needs, in seconds.
static constexpr unsigned timeLimit = 300;

Simulation::Simulation(Subject &subject, const FaultModel &model,
                       const Screening &screening, ArrayRef<Fault> faults,
                       Outcomes &outcomes, unsigned jobs)
    : subject(subject), faults(faults), outcomes(outcomes), jobs(jobs),
      screening(screening), mutating(model),
      // Threads would not live on in the processes of mutants.
      simulator(*subject.device, subject.plan.getRegions(),
                {/*sanitize=*/true, /*threads=*/1}),
      comparison(simulator, *subject.device, subject.plan, *subject.reference,
                 /*tolerance=*/0) {
  if (subject.instructions)
    simulator.nameInstructions(subject.instructions->names);
  mutating.onSite = [this](uint32_t reg) { return onSite(reg); };
}

uint32_t Simulation::getRegister(const Fault &fault) {
  return fault.site ? getSiteRegister(*fault.site, fault.part) : loadRegister;
}

bool Simulation::onSite(uint32_t reg) {
  if (isMutant())
    return hasFinding();
  startMutants(reg);
  return isMutant() && hasFinding();
}

void Simulation::startMutants(uint32_t reg) {
  auto it = pending.find({call, reg});
  if (it == pending.end())
    return;
  const std::vector<size_t> starting = std::move(it->second);
  pending.erase(it);
  for (size_t index : starting) {
    if (running.size() == jobs)
      finishOne();
    const pid_t child = fork();
    if (child < 0)
      report_fatal_error("cannot start a process");
    if (child > 0) {
      running[child] = index;
      continue;
    }
    alarm(timeLimit);
    outcome = &outcomes[index];
    mutating.fault = &faults[index];
    mutating.limit = screening.getLimit(call);
    return;
  }
}

void Simulation::finishOne() {
  int status = 0;
  auto it = running.find(wait(&status));
  if (it == running.end())
    return;
  if (status != 0)
    outcomes[it->second].set(Verdict::Crashed, "the simulation died");
  running.erase(it);
}

llvm::Error Simulation::judge(llvm::Error error) {
  if (!isMutant()) {
    if (!error && hasFinding()) {
      Outcome found = {};
      found.set(Verdict::Crashed, simulator.getFindings().empty()
                                      ? comparison.getFindings().front()
                                      : simulator.getFindings().front());
      return createStringError(Twine("the original driver has a finding: ") +
                               found.message);
    }
    return error;
  }
  // What is found has stopped the driver.
  const std::string message = toString(std::move(error));
  if (!simulator.getFindings().empty())
    outcome->set(Verdict::Sanitizer, simulator.getFindings().front());
  else if (!comparison.getFindings().empty())
    outcome->set(Verdict::Comparison, comparison.getFindings().front());
  else if (mutating.isEndless())
    outcome->set(Verdict::Driver, "the driver does not come to an end");
  else if (!message.empty())
    outcome->set(Verdict::Driver, message);
  else
    return llvm::Error::success();
  _exit(0);
}

llvm::Error Simulation::runCalls() {
  mutating.begin(&subject.plan, simulator, nullptr);
  startMutants(loadRegister);
  llvm::Error error =
      subject.library->loadParameters(subject.temporary, mutating);
  mutating.end();
  if (!error && mutating.fault && subject.instructions) {
    // What the driver has read from the file.
    std::vector<uint8_t> bytes = subject.instructions->bytes;
    FaultModel::apply(*mutating.fault, bytes);
    error = subject.library->keepInstructions(bytes);
  }
  if (llvm::Error failed = judge(std::move(error)))
    return failed;
  for (const ExpectedCall &expected : subject.calls) {
    ++call;
    comparison.beginCall(expected);
    mutating.begin(nullptr, comparison, mutating.fault);
    if (isMutant())
      mutating.limit = screening.getLimit(call);
    Expected<CallResult> result =
        subject.library->call(expected.input, expected.seq, expected.past,
                              subject.library->decodes(expected.seq), mutating);
    mutating.end();
    comparison.endCall();
    if (result)
      comparison.checkResult(result->logits, result->token);
    if (llvm::Error failed = judge(result.takeError()))
      return failed;
  }
  return llvm::Error::success();
}

llvm::Error Simulation::run() {
  for (size_t index = 0; index < faults.size(); ++index) {
    Outcome &undecided = outcomes[index];
    if (undecided.verdict != Verdict::Undecided)
      continue;
    if (undecided.firstCall == inSweep)
      undecided.set(Verdict::Survived, "differs in no call that is executed");
    else
      pending[{undecided.firstCall, getRegister(faults[index])}].push_back(
          index);
  }
  // A mutant of load_parameters differs before anything is loaded.
  std::vector<size_t> loading;
  for (auto it = pending.begin();
       it != pending.end() && it->first.first == inLoad; it = pending.erase(it))
    loading.insert(loading.end(), it->second.begin(), it->second.end());
  if (!loading.empty())
    pending[{inLoad, loadRegister}] = std::move(loading);

  outs().flush();
  llvm::Error error = runCalls();
  if (isMutant()) {
    consumeError(std::move(error));
    outcome->set(Verdict::Survived);
    _exit(0);
  }
  while (!running.empty())
    finishOne();
  if (error)
    return error;
  if (!pending.empty())
    return createStringError("a statement that mutants change was not reached");
  return llvm::Error::success();
}
