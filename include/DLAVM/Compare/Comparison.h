//===- Comparison.h - A driver beside the reference -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_COMPARE_COMPARISON_H
#define DLAVM_COMPARE_COMPARISON_H

#include "DLAVM/Check/ReadableDevice.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Compare/Reference.h"
#include "DLAVM/Plan/DriverPlan.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/raw_ostream.h"

namespace dlavm {

/// How far the results of one op, over all calls, are from the reference.
struct OpDistance {
  int64_t layer = -1;
  std::string name;
  /// "linear 4096 -> 4096, scale and bias"
  std::string computes;
  /// Where the driver keeps it: a buffer or a KV cache.
  std::string buffer;
  int64_t elements = 0;
  /// Elements that are further away than the tolerance.
  int64_t different = 0;
  double largestError = 0;
  /// 1 where both are 0 everywhere.
  double getCosine() const;

  double product = 0, expectedSquares = 0, foundSquares = 0;
};

/// Runs between a driver and what it runs on, and compares the result of every
/// op with the reference as soon as the op has ended, before another overwrites
/// it; KV caches and the token at the end of the call. Where the device runs
/// instruction blocks unseen, only what they leave is compared.
class Comparison : public InterposedSink<> {
public:
  /// Watches the machine, if that can be watched. With \p tolerance 0, FP16
  /// codes must be equal. Otherwise an element may differ by \p tolerance times
  /// the largest magnitude of its map. All arguments must outlive the
  /// comparison.
  Comparison(ReadableDevice &machine, const DeviceInfo &device,
             const DriverPlan &plan, const Reference &reference,
             double tolerance);

  /// What the driver does from here on should give \p call.
  void beginCall(const ExpectedCall &call);
  void endCall();
  /// Compares what the host read after the call: FP16 codes of the output and
  /// the token; both must be there if the model has them.
  void checkResult(llvm::ArrayRef<uint16_t> output,
                   std::optional<int32_t> token);

  /// All ops in the order in which they ran first, KV caches behind them.
  std::vector<OpDistance> getDistances() const;
  /// The first op of each call that is beyond the tolerance, ops that did not
  /// run, ops that the model does not have, a wrong output or token.
  llvm::ArrayRef<Finding> getFindings() const { return findings; }

  /// A table with a line for each op.
  void print(llvm::raw_ostream &os) const;
  /// The same, and the findings, those of the machine first.
  void printJSON(llvm::raw_ostream &os) const;

private:
  /// Gives the FP16 code of the element at (map, token, channel).
  using ReadElement =
      llvm::function_ref<uint16_t(int64_t map, int64_t token, int64_t channel)>;
  /// Those of a map that a run of an op computes.
  struct Tokens {
    int64_t first, end;
  };

  /// The tasks that run: those of the host, and of blocks where the machine
  /// shows them.
  class Tasks final : public InterposedSink<> {
  public:
    Tasks(Comparison &comparison, EventSink &next)
        : InterposedSink(next), comparison(comparison) {}
    void task(int32_t layer, llvm::StringRef name) override;
    void write(uint32_t reg, uint32_t value) override;

  private:
    Comparison &comparison;
  };

  void finishOp();
  /// Reports an op of the call that did not run for all of its tokens.
  void checkMissing();
  const std::string &getResult(const PlanTask &task) const;
  /// A result whose first channel is channel \p firstLane of the buffer.
  void compareBuffer(const ExpectedMap &expected, const PlanTask &task,
                     Tokens tokens, int64_t firstLane = 0);
  /// The results of the ops that one task computes.
  void compareMerged(const PlanTask &task);
  /// The result of a task that writes it into a cache.
  void compareAppended(const ExpectedMap &expected, const CacheInfo &cache,
                       const PlanTask &task);
  /// A whole cache, or what the call appended to it.
  void compareCache(const ExpectedMap &expected, const CacheInfo &cache,
                    llvm::StringRef computes, bool isWhole);
  void compareCaches();
  /// The token that the device leaves in memory.
  void compareTokenWord();
  void compare(const ExpectedMap &expected, llvm::StringRef computes,
               llvm::StringRef buffer, bool isCache, Tokens tokens,
               ReadElement read);
  void report(int64_t layer, llvm::StringRef task, llvm::StringRef buffer,
              std::string message);

  ReadableDevice &machine;
  /// Inside the machine, or before it.
  Tasks tasks;
  const DriverPlan &plan;
  const Reference &reference;
  const DeviceInfo &device;
  const int64_t rowBytes;
  /// Of each lane of a row.
  std::vector<ElementPlace> lanePlaces;
  const double tolerance;
  StartDecoder decoder;

  const ExpectedCall *call = nullptr;
  /// What an op should give, and how many of its tokens it has computed: those
  /// of the first slices, or all.
  struct Pending {
    const ExpectedMap *map;
    int64_t tokens = 0;
  };
  /// By layer and name.
  std::map<std::pair<int64_t, std::string>, Pending> pending;
  int64_t layer = -1;
  std::string name;
  const DecodedTask *started = nullptr;
  /// Of the call so far.
  unsigned starts = 0;
  /// Whether the call already has a finding; what follows it follows from it.
  bool isReported = false;

  using Key = std::pair<int64_t, std::string>;
  llvm::MapVector<Key, OpDistance, std::map<Key, unsigned>> ops, caches;
  std::vector<Finding> findings;
};

} // namespace dlavm

#endif // DLAVM_COMPARE_COMPARISON_H
