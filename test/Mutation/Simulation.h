//===- Simulation.h - Mutants that execution finds ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_SIMULATION_H
#define DLAVM_TEST_MUTATION_SIMULATION_H

#include "DLAVM/Simulator/Simulator.h"
#include "MutatingSink.h"
#include "Outcome.h"
#include "Screening.h"
#include "Subject.h"

#include <map>
#include <sys/types.h>

namespace dlavm {

/// Executes the original driver once on the simulator. Wherever a mutant that
/// is undecided first does something else, a child process with a copy of all
/// state goes on as the mutant, until the sanitizer or the comparison finds it.
class Simulation {
public:
  Simulation(Subject &subject, const FaultModel &model,
             const Screening &screening, llvm::ArrayRef<Fault> faults,
             Outcomes &outcomes, unsigned jobs);

  /// Decides over all undecided mutants. Fails if the original is not right.
  llvm::Error run();

private:
  llvm::Error runCalls();
  /// The site that a mutant changes, as the driver names it.
  static uint32_t getRegister(const Fault &fault);
  bool onSite(uint32_t reg);
  void startMutants(uint32_t reg);
  void finishOne();

  bool isMutant() const { return outcome != nullptr; }
  bool hasFinding() const {
    return !simulator.getFindings().empty() ||
           !comparison.getFindings().empty();
  }
  /// Ends the process of a mutant that is found. Fails in that of the original.
  llvm::Error judge(llvm::Error error);

  Subject &subject;
  llvm::ArrayRef<Fault> faults;
  Outcomes &outcomes;
  const unsigned jobs;
  const Screening &screening;
  MutatingSink mutating;
  Simulator simulator;
  Comparison comparison;

  int32_t call = inLoad;
  /// From call and site to the mutants that begin there.
  std::map<std::pair<int32_t, uint32_t>, std::vector<size_t>> pending;
  std::map<pid_t, size_t> running;
  /// In a child process, that of its mutant.
  Outcome *outcome = nullptr;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_SIMULATION_H
