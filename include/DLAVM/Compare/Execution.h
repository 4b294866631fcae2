//===- Execution.h - Calls of a driver on the simulator ---------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_COMPARE_EXECUTION_H
#define DLAVM_COMPARE_EXECUTION_H

#include "DLAVM/Compare/Comparison.h"
#include "DLAVM/Driver/DriverLibrary.h"

namespace dlavm {

/// What a call gives the host.
struct CallResult {
  /// The next token, if the driver finds it.
  std::optional<int32_t> token;
  /// FP16 codes of the driver's first output, row-major; empty if it has none.
  std::vector<uint16_t> logits;
};

/// Does what a host program does for one call: writes the input (FP16 codes,
/// [seq, channels]), runs the driver, with one token by its function for that
/// if it has one, reads token and, with \p readsLogits, logits. Fails with the
/// message of the driver's exception, or if the driver does not take exactly
/// one input.
llvm::Expected<CallResult> callDriver(DriverLibrary &library,
                                      const DriverPlan &plan,
                                      llvm::ArrayRef<uint16_t> input,
                                      int64_t seq, int64_t past,
                                      EventSink &sink, bool readsLogits = true);

/// Hands the events of a driver to a checker as well.
class CheckingSink : public InterposedSink<> {
public:
  CheckingSink(Checker &checker, EventSink &next)
      : InterposedSink(next), checker(checker) {}

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override {
    checker.dmaWrite(address, bytes);
    next->dmaWrite(address, bytes);
  }

private:
  Checker &checker;
};

/// A call of a sweep.
struct CallShape {
  int64_t seq = 1;
  int64_t past = 0;
};

/// Random inputs for calls in a row, and what they should give: the same for
/// the same seed. Each call continues the history of those before it, of which
/// it keeps the first `past` tokens.
class RandomCalls {
public:
  /// Inputs have \p channels channels.
  RandomCalls(Reference &reference, int64_t channels, uint64_t seed)
      : reference(reference), channels(channels), state(seed) {}
  llvm::Expected<ExpectedCall> next(const CallShape &shape);

private:
  /// Uniform in [-1, 1).
  double getNumber();

  Reference &reference;
  const int64_t channels;
  uint64_t state;
};

/// All calls at once.
llvm::Expected<std::vector<ExpectedCall>>
expectCalls(Reference &reference, int64_t channels,
            llvm::ArrayRef<CallShape> shapes, uint64_t seed);

} // namespace dlavm

#endif // DLAVM_COMPARE_EXECUTION_H
