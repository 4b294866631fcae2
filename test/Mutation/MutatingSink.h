//===- MutatingSink.h - Does to events what a fault does ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_MUTATINGSINK_H
#define DLAVM_TEST_MUTATION_MUTATINGSINK_H

#include "DLAVM/Check/EventSink.h"
#include "Faults.h"

#include <functional>

namespace dlavm {

/// Stands between an instrumented driver and a device, and lets the driver do
/// what it would do with one fault in its source.
class MutatingSink : public EventSink {
public:
  explicit MutatingSink(const FaultModel &model)
      : model(model), profiles(model.getSites().size()) {}

  /// What follows is an execution of load_parameters, or of a call.
  void begin(const DriverPlan *loads, EventSink &sink, const Fault *active);
  /// A write that was held back goes out.
  void end() { flush(); }

  /// Asked before each statement and each part of a loop; stops the driver
  /// at a statement by returning true. May change `fault`.
  std::function<bool(uint32_t reg)> onSite;
  const Fault *fault = nullptr;

  /// Statements that a driver may execute until it counts as endless.
  uint64_t limit = UINT64_MAX;
  uint64_t executed = 0;
  bool isEndless() const { return executed > limit; }

  /// What the sites have done so far.
  llvm::ArrayRef<SiteProfile> getProfiles() const { return profiles; }

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  /// One DMA of load_parameters.
  struct File {
    const PlanObject *object;
    int64_t layer, port;
  };
  bool isActive() const { return fault && fault->site == current; }
  /// Applies the fault to a DMA; nothing is left of one that is dropped.
  bool transfer(uint64_t &address, size_t &bytes);
  void flush();

  const FaultModel &model;
  EventSink *sink = nullptr;
  std::optional<uint32_t> current;
  std::optional<std::pair<uint32_t, uint32_t>> held;
  bool isLoading = false;
  std::vector<File> files;
  size_t nextFile = 0;
  std::vector<SiteProfile> profiles;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_MUTATINGSINK_H
