//===- SimulatedCard.h - A card with a simulator on it ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_BOARD_SIMULATEDCARD_H
#define DLAVM_BOARD_SIMULATEDCARD_H

#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Simulator/Simulator.h"

#include <optional>
#include <string>

namespace dlavm {

/// What goes wrong with a card.
struct CardFaults {
  /// After so many starts the status of a task never comes.
  std::optional<uint64_t> stuckAfter;
  /// After so many starts the card is gone: registers read all ones, DMA fails.
  std::optional<uint64_t> goneAfter;
  /// A transfer has at most so many bytes.
  std::optional<uint64_t> shortBytes;

  struct Failure {
    /// After so many transfers of its direction, every one fails.
    uint64_t after;
    int error;
  };
  std::optional<Failure> failingWrites, failingReads;

  /// A byte that arrives with a bit flipped when the host writes it.
  struct Flip {
    uint64_t address;
    unsigned bit;
  };
  std::vector<Flip> flips;

  /// Adds what \p text says: "stuck:N", "gone:N", "short:BYTES",
  /// "write-fails:N:ERRNO", "read-fails:N:ERRNO" with a name as EIO, or
  /// "flip:ADDRESS:BIT". Returns what is wrong with it, or nothing.
  std::optional<std::string> add(llvm::StringRef text);
};

/// What a host reaches through PCIe: registers and memory, no events of tasks.
class SimulatedCard {
public:
  /// The device must outlive the card.
  SimulatedCard(const DeviceInfo &device, SimulatorOptions options,
                CardFaults faults);

  /// The value of registers that have no status and no result is 0.
  uint32_t read(uint32_t reg);
  void write(uint32_t reg, uint32_t value);

  /// Return the number of bytes that were transferred, or an errno below 0:
  /// -EIO where the card has no memory.
  int64_t dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes);
  int64_t dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes);

  /// What the host did wrong, as the simulator sees it.
  llvm::ArrayRef<Finding> getFindings() const {
    return simulator.getFindings();
  }

private:
  bool isGone() const { return faults.goneAfter && starts > *faults.goneAfter; }
  bool isStuck() const {
    return faults.stuckAfter && starts > *faults.stuckAfter;
  }
  bool isInMemory(uint64_t address, uint64_t bytes) const;
  /// Counts a transfer. Returns how many of the bytes it has, or an errno.
  int64_t begin(uint64_t address, uint64_t bytes, uint64_t &count,
                const std::optional<CardFaults::Failure> &failure);

  const DeviceInfo &device;
  const std::optional<InstructionBlocks> blocks;
  TaskDecoder decoder;
  Simulator simulator;
  CardFaults faults;
  uint64_t starts = 0, writes = 0, reads = 0;
  /// A task was started, and nobody has seen its status since.
  bool isRunning = false;
};

} // namespace dlavm

#endif // DLAVM_BOARD_SIMULATEDCARD_H
