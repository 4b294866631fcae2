//===- Screening.h - Mutants that are found without execution -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_SCREENING_H
#define DLAVM_TEST_MUTATION_SCREENING_H

#include "DLAVM/Check/BlockExpander.h"
#include "MutatingSink.h"
#include "Outcome.h"
#include "Recorder.h"
#include "Subject.h"

#include <set>

namespace dlavm {

/// Runs drivers without a device: tells equivalent mutants, and those that
/// refuse a call or that the structural checks find.
class Screening {
public:
  Screening(Subject &subject, const FaultModel &model);

  /// Runs the original. Fails if anything is found in it, if the calls leave a
  /// statement out, or if an op that is cut along tokens is not cut in three by
  /// one of them and at an exact multiple by another.
  llvm::Error runOriginal();
  llvm::ArrayRef<SiteProfile> getProfiles() const {
    return mutating.getProfiles();
  }
  /// Statements that a mutant may execute in a call, or in inLoad.
  uint64_t getLimit(int32_t call) const;

  /// Decides over a mutant or says in which call it first differs.
  void screen(const Fault &fault, Outcome &outcome);
  /// Looks at a survivor in all calls that `dlavm check` would try.
  void sweep(const Fault &fault, Outcome &outcome);

private:
  /// What a run did.
  struct Run {
    uint64_t hash = 0, hashOfStarts = 0;
    uint64_t executed = 0;
    /// Of the starts of the call by `run`, where `decode` serves it.
    uint64_t hashOfRun = 0;
    bool operator!=(const Run &other) const {
      return hash != other.hash || hashOfRun != other.hashOfRun;
    }
  };
  /// False, with a verdict, if the driver refuses.
  bool load(const Fault *fault, Outcome &outcome, Run &run);
  /// Of a call that the driver has two functions for, both.
  bool call(const CallShape &shape, const Fault *fault, Checker &checker,
            Outcome &outcome, Run &run);
  bool call(const CallShape &shape, bool decodes, const Fault *fault,
            Checker &checker, Outcome &outcome, Run &run);
  bool isDone(llvm::Error error, Outcome &outcome);
  llvm::Error checkCoverage();
  /// Driver and checker get the instruction blocks, with the fault if there is
  /// one; nothing is left of other mutants.
  void begin(Checker &checker, const Fault *fault);
  static bool isOfWord(const Fault *fault) {
    return fault && fault->action == Action::AddToWord;
  }

  Subject &subject;
  MutatingSink mutating;
  Recorder recorder;
  /// Before the recorder, in calls.
  struct Blocks final : InterposedSink<> {
    Blocks(const DeviceInfo &device, Recorder &recorder)
        : InterposedSink(expander), recorder(recorder),
          expander(device, image, recorder,
                   [](llvm::StringRef, const llvm::Twine &) {}) {}
    void poll(uint32_t reg, uint32_t value) override {
      if (expander.runs())
        recorder.pollBlock(reg, value);
      expander.poll(reg, value);
    }
    Recorder &recorder;
    BlockImage image;
    BlockExpander expander;
  };
  std::unique_ptr<Blocks> blocks;
  /// The calls that are executed, then the rest of the sweep.
  std::vector<CallShape> shapes;
  size_t numExecuted;
  Run originalLoad;
  std::vector<Run> originals;
  /// Ops that some call cuts along tokens; those that the executed calls cut in
  /// three, and at an exact multiple.
  std::set<std::string> sliced, cut, exact;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_SCREENING_H
