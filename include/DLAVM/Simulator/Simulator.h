//===- Simulator.h - A functional model of a device -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SIMULATOR_SIMULATOR_H
#define DLAVM_SIMULATOR_SIMULATOR_H

#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Check/ReadableDevice.h"

#include <memory>

namespace dlavm {

struct SimulatorOptions {
  /// Follow every element from its write to its reads, and report what cannot
  /// be right. Costs time and memory.
  bool sanitize = false;
  /// Threads that compute; 0 takes all of the machine.
  unsigned threads = 0;
};

/// Executes what a driver starts: memories, register file, and the tasks of the
/// device record (TaskSupport::execute), bit for bit under the conventions in
/// docs/Numerics.md.
class Simulator : public ReadableDevice {
public:
  /// The device must outlive the simulator. The plan names things in findings.
  Simulator(const DeviceInfo &device, std::vector<PlanRegion> plan,
            SimulatorOptions options = {});
  ~Simulator() override;

  /// The ops that the tasks of instruction blocks belong to, by the address of
  /// a task's first word.
  void nameInstructions(std::map<int64_t, InstructionName> names);

  /// A call of the driver begins; what the sanitizer says of input and KV
  /// caches depends on it.
  void beginRun(int64_t seq, int64_t past) override;
  void endRun() override;

  EventSink *watch(EventSink &watcher) override;

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

  /// Bytes of one port of a memory of the device, empty where it has none;
  /// never counted as a read.
  llvm::ArrayRef<uint8_t> getMemory(const Memory &memory, int64_t port,
                                    int64_t address,
                                    int64_t bytes) const override;

  /// One FP16 element of a KV cache at \p address (its offset in all ports).
  uint16_t getCacheElement(int64_t address, bool isKeys, int64_t head,
                           int64_t token, int64_t channel) const;

  /// What the device cannot do (unknown opcodes, accesses outside its
  /// memories), and with SimulatorOptions::sanitize what cannot be right.
  llvm::ArrayRef<Finding> getFindings() const override;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_SIMULATOR_SIMULATOR_H
