//===- SimulatedCard.cpp - A card with a simulator on it ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Board/SimulatedCard.h"

#include <cerrno>

using namespace dlavm;

SimulatedCard::SimulatedCard(const DeviceInfo &device, SimulatorOptions options,
                             CardFaults faults)
    : device(device), blocks(device.getInstructionBlocks()), decoder(device),
      simulator(device, {}, options), faults(std::move(faults)) {}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

uint32_t SimulatedCard::read(uint32_t reg) {
  if (isGone())
    return 0xffffffff;
  const auto *task =
      llvm::find_if(decoder.getTasks(), [&](const DecodedTask &task) {
        return task.status->number == reg;
      });
  const Register *status =
      task != decoder.getTasks().end() ? task->status
      : blocks && blocks->registers.getStatus().number == reg
          ? &blocks->registers.getStatus()
          : nullptr;
  if (!status)
    return decoder.isReadable(reg) ? simulator.read(reg) : 0;
  if (isStuck())
    return 0;
  // A host polls by reading. Whoever sees that a task is done has polled it.
  const uint32_t value = simulator.read(reg);
  if (isRunning && value == status->value) {
    simulator.poll(reg, value);
    isRunning = false;
  }
  return value;
}

void SimulatedCard::write(uint32_t reg, uint32_t value) {
  const bool isStart = decoder.isOpcode(reg) ||
                       (blocks && blocks->registers.getOpcode().number == reg);
  starts += isStart;
  if (isGone() || isStuck())
    return;
  simulator.write(reg, value);
  isRunning |= isStart;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

bool SimulatedCard::isInMemory(uint64_t address, uint64_t bytes) const {
  for (const Memory &memory : device.getMemories())
    for (int64_t port = 0; port < memory.ports; ++port) {
      const auto begin =
          static_cast<uint64_t>(memory.dmaBase + port * memory.portStride);
      const auto size = static_cast<uint64_t>(memory.capacity);
      if (memory.isOnChip || address < begin || address - begin >= size)
        continue;
      // What goes on behind a port may be the next one.
      const uint64_t rest = size - (address - begin);
      return bytes <= rest || isInMemory(begin + size, bytes - rest);
    }
  return false;
}

int64_t
SimulatedCard::begin(uint64_t address, uint64_t bytes, uint64_t &count,
                     const std::optional<CardFaults::Failure> &failure) {
  if (isGone())
    return -EIO;
  if (failure && count++ >= failure->after)
    return -failure->error;
  if (faults.shortBytes)
    bytes = std::min(bytes, *faults.shortBytes);
  return isInMemory(address, bytes) ? static_cast<int64_t>(bytes) : -EIO;
}

int64_t SimulatedCard::dmaWrite(uint64_t address,
                                llvm::ArrayRef<uint8_t> bytes) {
  const int64_t count =
      begin(address, bytes.size(), writes, faults.failingWrites);
  if (count <= 0)
    return count;
  simulator.dmaWrite(address, bytes.take_front(count));
  for (const CardFaults::Flip &flip : faults.flips) {
    if (flip.address < address ||
        flip.address - address >= static_cast<uint64_t>(count))
      continue;
    uint8_t byte = 0;
    simulator.dmaRead(flip.address, byte);
    byte ^= 1u << flip.bit;
    simulator.dmaWrite(flip.address, byte);
  }
  return count;
}

int64_t SimulatedCard::dmaRead(uint64_t address,
                               llvm::MutableArrayRef<uint8_t> bytes) {
  const int64_t count =
      begin(address, bytes.size(), reads, faults.failingReads);
  if (count > 0)
    simulator.dmaRead(address, bytes.take_front(count));
  return count;
}
