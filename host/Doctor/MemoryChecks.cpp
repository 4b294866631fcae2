//===- MemoryChecks.cpp - Memory and registers of a card ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Doctor/Checks.h"

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <map>
#include <sstream>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;
using std::to_string;

static std::string toHex(uint64_t number) {
  std::ostringstream text;
  text << "0x" << std::hex << number;
  return text.str();
}

//===----------------------------------------------------------------------===//
// What a driver uses
//===----------------------------------------------------------------------===//

std::vector<UsedMemory> dlavm::host::findMemories(const Plan &plan) {
  std::map<std::string, UsedMemory> memories;
  for (const PlanObject &object : plan.objects) {
    UsedMemory &memory = memories[object.space];
    memory.name = object.space;
    memory.base = static_cast<uint64_t>(object.dmaBase);
    if (object.ports > memory.ports) {
      memory.ports = object.ports;
      memory.portStride = object.portStride;
    }
    const int64_t before =
        std::max<int64_t>(object.layers - 1, 0) * object.layerStride;
    memory.bytes =
        std::max(memory.bytes, object.address + before + object.bytes);
  }
  // Where no object is, nobody says where the host finds the memory.
  for (const PlanBuffer &buffer : plan.buffers) {
    const auto memory = memories.find(buffer.space);
    if (memory != memories.end())
      memory->second.bytes =
          std::max(memory->second.bytes, buffer.address + buffer.bytes);
  }
  std::vector<UsedMemory> list;
  for (const auto &[name, memory] : memories)
    list.push_back(memory);
  return list;
}

UsedRegisters dlavm::host::findRegisters(const CompiledDriver &driver) {
  /// Listens to a driver.
  class Listener : public dlavm::NullDevice {
  public:
    explicit Listener(UsedRegisters &registers) : registers(registers) {}
    void poll(uint32_t reg, uint32_t) override {
      registers.statuses.insert(reg);
      registers.last = std::max(registers.last, reg);
    }

  protected:
    void do_write(uint32_t reg, uint32_t) override {
      registers.last = std::max(registers.last, reg);
    }

  private:
    UsedRegisters &registers;
  };
  UsedRegisters registers;
  Listener listener(registers);
  const Plan &plan = driver.getPlan();
  // Nobody looks at the words of blocks here, so they need not be packed yet.
  for (const PlanObject &object : plan.objects)
    if (object.kind == "instructions") {
      const std::vector<char> words(static_cast<size_t>(object.bytes));
      listener.keep_instructions(words.data(), words.size());
    }
  // One token may take other registers: those that start blocks.
  for (int32_t seq = 1; seq <= std::min(plan.maxTokens, 2); ++seq)
    driver.run(listener, seq, 0);
  return registers;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

namespace {

/// Bytes that were written, by their address.
struct Piece {
  uint64_t address;
  std::vector<char> bytes;
};

} // namespace

/// Bytes that those of other places are not.
static Piece makePiece(uint64_t address, int64_t bytes) {
  Piece piece{address, std::vector<char>(static_cast<size_t>(bytes))};
  uint64_t state = address * 0x9e3779b97f4a7c15 + 1;
  for (char &byte : piece.bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<char>(state >> 56);
  }
  return piece;
}

static void writeAndCompare(Device &device, const std::vector<Piece> &pieces,
                            const std::string &deviceName) {
  // All of them first: a place that is the same as another one has lost its
  // bytes.
  for (const Piece &piece : pieces)
    device.dma_write(piece.address, piece.bytes.data(), piece.bytes.size());
  for (const Piece &piece : pieces) {
    std::vector<char> found(piece.bytes.size());
    device.dma_read(piece.address, found.data(), found.size());
    size_t different = 0, first = 0;
    for (size_t i = found.size(); i-- > 0;)
      if (found[i] != piece.bytes[i]) {
        ++different;
        first = i;
      }
    if (different == 0)
      continue;
    const auto wrote = static_cast<uint8_t>(piece.bytes[first]);
    const auto read = static_cast<uint8_t>(found[first]);
    throw Error(
        "of " + to_string(found.size()) + " bytes written at " +
        toHex(piece.address) + ", " + to_string(different) +
        " come back changed, the first at " + toHex(piece.address + first) +
        ": " + toHex(wrote) + " was written, " + toHex(read) +
        " is there; does the card have its memory there, is it calibrated, and "
        "is the bitstream that of " +
        deviceName + "? `dlavm devices` lists the places of its boards");
  }
}

void dlavm::host::checkMemory(Report &report, Device &device,
                              const UsedMemory &memory,
                              const std::string &deviceName) {
  report.run("memory " + memory.name, [&] {
    const int64_t size = memory.getPortBytes();
    const int64_t end = std::min<int64_t>(4096, size / 2);
    std::vector<Piece> ends, borders;
    for (int64_t port = 0; port < memory.ports; ++port) {
      ends.push_back(makePiece(memory.getAddress(port, 0), end));
      ends.push_back(makePiece(memory.getAddress(port, size - end), end));
      if (port + 1 < memory.ports && end > 1)
        borders.push_back(
            makePiece(memory.getAddress(port, size - end) + 1, 2 * end - 2));
    }
    writeAndCompare(device, ends, deviceName);
    writeAndCompare(device, borders, deviceName);
    std::string text = "the first and the last " + to_string(end) + " bytes";
    if (memory.ports > 1)
      text += " of " + to_string(memory.ports) + " ports, and " +
              to_string(borders.size()) + " borders between them,";
    else
      text += " that the driver uses";
    return text + " from " + toHex(memory.base) + " on";
  });
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

void dlavm::host::checkLatency(Report &report, Device &device,
                               const UsedRegisters &registers) {
  report.run("latency", [&] {
    using Clock = std::chrono::steady_clock;
    using Microseconds = std::chrono::duration<double, std::micro>;
    constexpr int reads = 1000;
    Microseconds sum(0), most(0);
    for (int i = 0; i < reads; ++i)
      for (uint32_t reg : registers.statuses) {
        const Clock::time_point begin = Clock::now();
        device.read(reg);
        const Microseconds time = Clock::now() - begin;
        sum += time;
        most = std::max(most, time);
      }
    std::ostringstream text;
    text << std::fixed << std::setprecision(2)
         << sum.count() /
                (reads * std::max(registers.statuses.size(), size_t{1}))
         << " us to read a register, at most " << most.count();
    return text.str();
  });
}
