//===- SimulatorImpl.h - Registers and memory of a simulator --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_SIMULATOR_SIMULATORIMPL_H
#define DLAVM_LIB_SIMULATOR_SIMULATORIMPL_H

#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Simulator/Simulator.h"
#include "StartExecution.h"

namespace dlavm {

/// What lies where the device reads its blocks.
class SimulatedBlockMemory final : public BlockMemory {
public:
  explicit SimulatedBlockMemory(SimulatedMachine &machine) : machine(machine) {}
  std::optional<int64_t> fetch(int64_t address,
                               llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  SimulatedMachine &machine;
};

class Simulator::Impl final : public EventSink {
public:
  Impl(const DeviceInfo &device, std::vector<PlanRegion> regions,
       SimulatorOptions options);

  void beginRun(int64_t seq, int64_t past);
  void endRun();
  /// Of the host, or of a block that the device runs.
  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

  /// Calls \p visit(memory, port, bytes of the port, offset in the transfer)
  /// for the parts of a DMA transfer, or reports that it is not one. The host
  /// \p verb, "reads" or "writes", when no task is running.
  void
  transfer(uint64_t address, int64_t bytes, llvm::StringRef verb,
           llvm::function_ref<void(const Memory &, int64_t, ByteRange, int64_t)>
               visit);
  uint8_t *getPlace(const Memory &memory, int64_t port, int64_t address);

  const DeviceInfo &device;
  FindingLog log;
  Plan plan;
  TaskDecoder decoder;
  SimulatedMachine machine;
  SimulatedBlockMemory blockMemory{machine};
  /// Where the host's events come in.
  BlockExpander blocks;

private:
  struct Place {
    const Memory *memory;
    int64_t port, offset;
  };
  std::optional<Place> find(uint64_t address) const;

  void report(llvm::StringRef reg, const llvm::Twine &message) {
    log.report(mark, starts, reg, "", message);
  }
  void start(uint32_t reg, uint32_t value);
  /// Registers that the task needs: written since the start before, or in this
  /// call where registers keep their values (U18).
  void checkWritten(const DecodedTask &task);

  /// False if the record of the device asks for a convention that nobody
  /// knows: then no task computes.
  bool knowsConventions = true;
  /// For each register the number of the last start before it was written, plus
  /// 1, or 0 if it was not since power-on.
  std::vector<uint64_t> writtenAt;
  uint64_t epoch = 1;
  /// Of this call, or of what the host does between two.
  uint64_t firstEpoch = 1;
  /// The task that nobody has polled yet, or null.
  const DecodedTask *running = nullptr;
  unsigned run = 0;
  /// By register number: whether a task left a result there, and in which run.
  std::vector<bool> hasResult;
  std::vector<unsigned> resultRun;
  unsigned starts = 0;
  Mark mark;
};

} // namespace dlavm

#endif // DLAVM_LIB_SIMULATOR_SIMULATORIMPL_H
