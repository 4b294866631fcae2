//===- Machine.h - A simulated device for tests --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers, addresses and layouts are written out by hand from the register
// document of edgellm. No code of the compiler or the packer takes part.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_SIMULATOR_MACHINE_H
#define DLAVM_UNITTESTS_SIMULATOR_MACHINE_H

#include "DLAVM/Check/FindingLog.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Simulator/Simulator.h"
#include "DLAVM/Support/Half.h"

#include "gtest/gtest.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace dlavm::test {

using Values = std::map<std::string, uint32_t>;

/// A map [heads][tokens][channels] of FP16 codes.
struct TestMap {
  int64_t heads, tokens, channels;
  std::vector<uint16_t> codes;

  TestMap(int64_t heads, int64_t tokens, int64_t channels)
      : heads(heads), tokens(tokens), channels(channels),
        codes(heads * tokens * channels) {}
  uint16_t &at(int64_t head, int64_t token, int64_t channel) {
    return codes[(head * tokens + token) * channels + channel];
  }
  uint16_t code(int64_t head, int64_t token, int64_t channel) const {
    return codes[(head * tokens + token) * channels + channel];
  }
  double get(int64_t head, int64_t token, int64_t channel) const {
    return halfToDouble(code(head, token, channel));
  }
  int64_t groups() const { return (channels + 31) / 32; }
};

/// Numbers that look random, the same in each run.
class Numbers {
public:
  explicit Numbers(uint64_t seed) : state(seed) {}
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  /// An FP16 code of a number between -1 and 1.
  uint16_t half() { return doubleToHalf((next() % 20001) / 10000.0 - 1.0); }
  int weight() { return static_cast<int>(next() % 15) - 7; }
  TestMap map(int64_t heads, int64_t tokens, int64_t channels) {
    TestMap result(heads, tokens, channels);
    for (uint16_t &code : result.codes)
      code = half();
    return result;
  }

private:
  uint64_t state;
};

inline constexpr uint64_t ddrBase = 0x200000000;
inline constexpr uint64_t portStride = 1 << 28;

class Machine {
public:
  explicit Machine(std::vector<PlanRegion> plan = {}, bool sanitize = false,
                   DeviceInfo description = edgellm::createDevice20241128())
      : device(std::move(description)),
        simulator(device, std::move(plan), {sanitize, 2}) {}

  /// Writes the registers of a start in the order of the table, reserved ones
  /// too, and polls.
  void start(TaskKind kind, const Values &values) {
    write(kind, values);
    const Register &status = device.getTask(kind)->registers.getStatus();
    simulator.poll(status.number, 1);
  }
  void write(TaskKind kind, Values values) {
    for (const Register &reg : device.getTask(kind)->registers.getRegisters()) {
      if (!isWritten(reg.role))
        continue;
      auto it = values.find(reg.name);
      if (it != values.end()) {
        simulator.write(reg.number, it->second);
        values.erase(it);
      } else if (reg.role == RegisterRole::Reserved) {
        simulator.write(reg.number, reg.value);
      }
    }
    EXPECT_TRUE(values.empty()) << values.begin()->first;
  }

  const Memory &ddr() const { return *device.getMemory("DDR"); }
  const Memory &hbm() const { return *device.getMemory("HBM"); }
  void setDDR(int64_t address, const void *data, size_t bytes) {
    simulator.dmaWrite(ddrBase + address,
                       {static_cast<const uint8_t *>(data), bytes});
  }
  void setHBM(int64_t port, int64_t offset, const void *data, size_t bytes) {
    simulator.dmaWrite(port * portStride + offset,
                       {static_cast<const uint8_t *>(data), bytes});
  }
  uint16_t getHalf(int64_t address) {
    llvm::ArrayRef<uint8_t> bytes = simulator.getMemory(ddr(), 0, address, 2);
    return static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
  }

  /// Writes a map that has as many tokens as its memory (section 3.1). Channels
  /// up to a multiple of 32 are 0.
  void setMap(int64_t address, TestMap &map) {
    std::vector<uint16_t> memory(map.heads * map.groups() * map.tokens * 32);
    forEach(map, map.tokens,
            [&](uint16_t &code, int64_t byte) { memory[byte / 2] = code; });
    setDDR(address, memory.data(), 2 * memory.size());
  }
  /// Reads [heads][tokens][channels] of a map whose memory has `mapTokens`.
  TestMap getMap(int64_t address, int64_t heads, int64_t tokens,
                 int64_t channels, int64_t mapTokens) {
    TestMap map(heads, tokens, channels);
    forEach(map, mapTokens, [&](uint16_t &code, int64_t byte) {
      code = getHalf(address + byte);
    });
    return map;
  }

  /// All findings in one line each.
  std::string findings() {
    std::string text;
    for (const Finding &finding : simulator.getFindings())
      text += describe(finding) + "\n";
    return text;
  }

  DeviceInfo device;
  Simulator simulator;

private:
  template <typename Visit>
  static void forEach(TestMap &map, int64_t mapTokens, Visit visit) {
    for (int64_t h = 0; h < map.heads; ++h)
      for (int64_t t = 0; t < map.tokens; ++t)
        for (int64_t c = 0; c < map.channels; ++c)
          visit(map.at(h, t, c), h * 64 * mapTokens * map.groups() +
                                     c / 32 * 64 * mapTokens + 64 * t +
                                     c % 32 * 2);
  }
};

/// Compares codes, so that zeros have signs and NaNs are equal.
inline void expectEqual(const TestMap &actual, const TestMap &expected) {
  ASSERT_EQ(actual.codes.size(), expected.codes.size());
  for (int64_t h = 0; h < actual.heads; ++h)
    for (int64_t t = 0; t < actual.tokens; ++t)
      for (int64_t c = 0; c < actual.channels; ++c)
        ASSERT_EQ(actual.code(h, t, c), expected.code(h, t, c))
            << "head " << h << ", token " << t << ", channel " << c << ": "
            << actual.get(h, t, c) << " for " << expected.get(h, t, c);
}

} // namespace dlavm::test

#endif // DLAVM_UNITTESTS_SIMULATOR_MACHINE_H
