//===- DecodeComparison.h - Whether decode does what run does ---*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_DECODECOMPARISON_H
#define DLAVM_CHECK_DECODECOMPARISON_H

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/EventSink.h"

#include <memory>

namespace dlavm {

/// Compares what `decode(past)` of a driver does with what its `run(1, past)`
/// does: the same ops, starts, polls and reads in the same order, and at each
/// start the same value in every register of its task. Where and how often a
/// register was written in the call does not matter. What it held before the
/// call equals nothing else.
class DecodeComparison {
public:
  /// The device must outlive the comparison.
  explicit DecodeComparison(const DeviceInfo &device);
  ~DecodeComparison();

  /// Where the events of run go, and then those of decode; they remain until
  /// the next call.
  EventSink &beginRun();
  EventSink &beginDecode();
  /// Blocks of instructions that the host has loaded before the calls. Their
  /// tasks count as if the host started them.
  void load(const Instructions &instructions);

  /// Compares both, of the call of one token after \p past others.
  void end(int64_t past);

  /// The first difference of a call, each kind once.
  llvm::ArrayRef<Finding> getFindings() const;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_CHECK_DECODECOMPARISON_H
