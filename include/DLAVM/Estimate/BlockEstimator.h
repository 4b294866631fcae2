//===- BlockEstimator.h - Estimates of instruction blocks -------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_ESTIMATE_BLOCKESTIMATOR_H
#define DLAVM_ESTIMATE_BLOCKESTIMATOR_H

#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Estimate/Estimate.h"

namespace dlavm {

/// Stands before an estimator and hands it the starts of instruction blocks:
/// accesses are those of the host, of the op that it is at, and starts those of
/// the ops that the tasks of blocks belong to.
class BlockEstimator final : public EventSink {
public:
  /// Both must outlive it.
  BlockEstimator(const DeviceInfo &device, CallEstimator &estimator);

  /// What the host has loaded before the call.
  void load(const Instructions &instructions) { expander.load(instructions); }

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

  /// After a call's last event.
  void endRun() {
    expander.endRun();
    op = {-1, ""};
  }

  /// What is wrong with the first block that does not run as it should; empty
  /// if there is none.
  llvm::StringRef getProblem() const { return problem; }

private:
  /// What hosts and blocks do.
  class Tasks final : public EventSink {
  public:
    explicit Tasks(CallEstimator &estimator) : estimator(estimator) {}
    void task(int32_t layer, llvm::StringRef name) override {
      op = {layer, name.str()};
      estimator.task(layer, name);
    }
    /// The host may have been elsewhere since the last start of this op.
    void write(uint32_t reg, uint32_t value) override {
      estimator.task(op.layer, op.name);
      estimator.start(reg, value);
    }
    void poll(uint32_t, uint32_t) override {}
    uint32_t read(uint32_t) override { return 0; }

  private:
    CallEstimator &estimator;
    InstructionName op = {-1, ""};
  };

  /// The estimator counts what follows for the op of the host.
  CallEstimator &atHost() {
    estimator.task(op.layer, op.name);
    return estimator;
  }

  CallEstimator &estimator;
  Tasks tasks;
  BlockImage image;
  BlockExpander expander;
  InstructionName op = {-1, ""};
  std::string problem;
};

} // namespace dlavm

#endif // DLAVM_ESTIMATE_BLOCKESTIMATOR_H
