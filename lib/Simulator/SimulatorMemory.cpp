//===- SimulatorMemory.cpp - DMA and memory of a simulator ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SimulatorImpl.h"

using namespace dlavm;
using llvm::Twine;

uint8_t *Simulator::Impl::getPlace(const Memory &memory, int64_t port,
                                   int64_t address) {
  uint8_t *bytes =
      machine.memories[&memory - device.getMemories().data()].data();
  return bytes ? bytes + port * memory.capacity + address : nullptr;
}

std::optional<Simulator::Impl::Place>
Simulator::Impl::find(uint64_t address) const {
  for (const Memory &memory : device.getMemories()) {
    const auto base = static_cast<uint64_t>(memory.dmaBase);
    const auto stride = static_cast<uint64_t>(memory.portStride);
    if (memory.isOnChip || address < base)
      continue;
    const uint64_t offset = address - base;
    const uint64_t port = memory.ports > 1 ? offset / stride : 0;
    const uint64_t rest = offset - port * stride;
    if (port < static_cast<uint64_t>(memory.ports) &&
        rest < static_cast<uint64_t>(memory.capacity))
      return Place{&memory, static_cast<int64_t>(port),
                   static_cast<int64_t>(rest)};
  }
  return std::nullopt;
}

void Simulator::Impl::transfer(
    uint64_t address, int64_t bytes, llvm::StringRef verb,
    llvm::function_ref<void(const Memory &, int64_t, ByteRange, int64_t)>
        visit) {
  if (running)
    report(running->getName(*running->status),
           "the host " + verb + " memory before the task is polled");
  struct Part {
    Place place;
    int64_t bytes, done;
  };
  // Ports may follow each other; the whole transfer must have a place.
  llvm::SmallVector<Part, 2> parts;
  for (int64_t done = 0; done < bytes;) {
    std::optional<Place> place = find(address + done);
    if (!place || !getPlace(*place->memory, 0, 0) ||
        (!parts.empty() && parts.front().place.memory != place->memory))
      return report("", "a DMA " + verb.drop_back() + " of " + Twine(bytes) +
                            " bytes at address " + Twine(address) +
                            " leaves the memories of " + device.getName() +
                            " at address " + Twine(address + done));
    const int64_t part =
        std::min(bytes - done, place->memory->capacity - place->offset);
    parts.push_back({*place, part, done});
    done += part;
  }
  for (const Part &part : parts)
    visit(*part.place.memory, part.place.port,
          {part.place.offset, part.place.offset + part.bytes}, part.done);
}

void Simulator::Impl::dmaWrite(uint64_t address,
                               llvm::ArrayRef<uint8_t> bytes) {
  transfer(
      address, bytes.size(), "writes",
      [&](const Memory &memory, int64_t port, ByteRange range, int64_t done) {
        std::memcpy(getPlace(memory, port, range.begin), bytes.data() + done,
                    range.end - range.begin);
        if (machine.sanitizer)
          machine.sanitizer->dmaWrite(memory, port, range);
      });
}

void Simulator::Impl::dmaRead(uint64_t address,
                              llvm::MutableArrayRef<uint8_t> bytes) {
  llvm::fill(bytes, 0);
  transfer(
      address, bytes.size(), "reads",
      [&](const Memory &memory, int64_t port, ByteRange range, int64_t done) {
        std::memcpy(bytes.data() + done, getPlace(memory, port, range.begin),
                    range.end - range.begin);
        if (machine.sanitizer)
          machine.sanitizer->dmaRead(memory, port, range);
      });
}

std::optional<int64_t>
SimulatedBlockMemory::fetch(int64_t address,
                            llvm::MutableArrayRef<uint8_t> bytes) {
  const Memory &memory =
      *machine.device.getMemory(machine.device.getInstructionBlocks()->memory);
  const auto size = static_cast<int64_t>(bytes.size());
  llvm::fill(bytes, 0);
  const uint8_t *place =
      machine.memories[getMemoryIndex(machine.device, memory)].data();
  if (!place)
    return address;
  std::memcpy(bytes.data(), place + address, bytes.size());
  if (!machine.sanitizer)
    return std::nullopt;
  return machine.sanitizer->findUnwritten(memory, {address, address + size});
}

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

void Simulator::dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {
  impl->blocks.dmaWrite(address, bytes);
}

void Simulator::dmaRead(uint64_t address,
                        llvm::MutableArrayRef<uint8_t> bytes) {
  impl->blocks.dmaRead(address, bytes);
}

llvm::ArrayRef<uint8_t> Simulator::getMemory(const Memory &memory, int64_t port,
                                             int64_t address,
                                             int64_t bytes) const {
  const uint8_t *place = impl->getPlace(memory, port, address);
  if (!place || port < 0 || port >= memory.ports || address < 0 || bytes < 0 ||
      bytes > memory.capacity || address > memory.capacity - bytes)
    return {};
  return llvm::ArrayRef(place, bytes);
}

uint16_t Simulator::getCacheElement(int64_t address, bool isKeys, int64_t head,
                                    int64_t token, int64_t channel) const {
  const ElementPlace place = impl->device.placeCacheElement(
      impl->device, isKeys, head, token, channel);
  const llvm::ArrayRef<uint8_t> bytes =
      getMemory(impl->device.getMemory(RegisterRole::CacheIn), place.port,
                address + place.offset, 2);
  return bytes.empty() ? 0 : static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
}
