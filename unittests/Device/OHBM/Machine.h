//===- Machine.h - Simulated ohbm devices for tests -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors go to memory and come back through the functions of the record, which
// the simulator does not use: Traits::placeLane, packWeights and so on.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_DEVICE_OHBM_MACHINE_H
#define DLAVM_UNITTESTS_DEVICE_OHBM_MACHINE_H

#include "DLAVM/Check/FindingLog.h"
#include "DLAVM/Device/FP20.h"
#include "DLAVM/Simulator/Simulator.h"
#include "DLAVM/Support/Half.h"
#include "LookUp.h"

#include "llvm/Support/MathExtras.h"

#include <map>

namespace dlavm::ohbm {

/// Register values by name; addresses may have more than 32 bits.
using Values = std::map<std::string, int64_t>;

/// [heads][tokens][channels] of FP16 codes.
struct Tensor {
  int64_t heads, tokens, channels;
  std::vector<uint16_t> codes;

  Tensor(int64_t heads, int64_t tokens, int64_t channels)
      : heads(heads), tokens(tokens), channels(channels),
        codes(heads * tokens * channels) {}
  uint16_t &at(int64_t head, int64_t token, int64_t channel) {
    return codes[(head * tokens + token) * channels + channel];
  }
  double get(int64_t head, int64_t token, int64_t channel) const {
    return halfToDouble(codes[(head * tokens + token) * channels + channel]);
  }
};

/// Numbers that look random, the same in each run.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}
  uint32_t next() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state >> 33);
  }
  /// An FP16 code of a number between -1 and 1.
  uint16_t half() { return doubleToHalf((next() % 20001) / 10000.0 - 1.0); }
  std::vector<uint16_t> halves(int64_t count) {
    std::vector<uint16_t> codes(count);
    for (uint16_t &code : codes)
      code = half();
    return codes;
  }
  Tensor tensor(int64_t heads, int64_t tokens, int64_t channels) {
    Tensor result(heads, tokens, channels);
    result.codes = halves(heads * tokens * channels);
    return result;
  }

private:
  uint64_t state;
};

class Machine {
public:
  explicit Machine(const DeviceInfo &description, bool sanitize = false,
                   std::vector<PlanRegion> plan = {})
      : device(description), traits(device.getTraits()),
        simulator(device, std::move(plan), {sanitize, 2}) {}

  /// An address that needs high bits where ports are large enough.
  int64_t place(int64_t offset) const {
    const int64_t capacity = device.getMapMemory().capacity;
    return (capacity > int64_t(1) << 32 ? int64_t(5) << 30 : 0) + offset;
  }
  int64_t input() const { return place(0x100000); }
  int64_t output() const { return place(0x800000); }
  int64_t other() const { return place(0x1000000); }
  int64_t cache() const { return place(0x2000000); }
  int64_t object() const { return place(0x4000000); }
  int64_t object2() const { return place(0x6000000); }

  int64_t surfaces(int64_t channels) const {
    return llvm::divideCeil(channels, traits.lanes);
  }
  /// The distance between surfaces of a map.
  int64_t surface(int64_t tokens) const { return traits.rowBytes * tokens; }
  /// Between the heads of scores or probabilities.
  int64_t head(int64_t tokens, int64_t columns) const {
    return surface(tokens) * surfaces(columns);
  }
  /// Rows of a group of heads, and heads of a row.
  int64_t headRows(int64_t heads) const {
    const int64_t perRow = traits.headsPerRow;
    return (llvm::divideCeil(heads, perRow) << 8) + perRow;
  }

  /// Writes the registers of a start in the order of the table and polls.
  void start(TaskKind kind, Values values) {
    const RegisterTable &table = device.getTask(kind)->registers;
    std::map<std::string, int64_t> high;
    for (const Register &reg : table.getRegisters())
      if (reg.high && values.count(reg.name))
        high[reg.high->reg] |= values[reg.name] >> 32 << reg.high->shift;
    for (const Register &reg : table.getRegisters()) {
      if (!isWritten(reg.role))
        continue;
      auto it = values.find(reg.name);
      if (it != values.end()) {
        simulator.write(reg.number, static_cast<uint32_t>(it->second));
        values.erase(it);
      } else if (reg.role == RegisterRole::HighAddress) {
        simulator.write(reg.number, static_cast<uint32_t>(high[reg.name]));
      } else if (reg.role == RegisterRole::Reserved) {
        simulator.write(reg.number, reg.value);
      } else if (reg.role == RegisterRole::Selector) {
        simulator.write(reg.number, reg.values.front().value);
      } else {
        ADD_FAILURE() << "no value for " << reg.name;
      }
    }
    EXPECT_TRUE(values.empty()) << values.begin()->first;
    simulator.poll(table.getStatus().number, 1);
  }

  void setPort(int64_t port, int64_t address, llvm::ArrayRef<uint8_t> bytes) {
    const Memory &memory = device.getMapMemory();
    simulator.dmaWrite(memory.dmaBase + port * memory.portStride + address,
                       bytes);
  }
  void setHalf(int64_t port, int64_t address, uint16_t code) {
    const uint8_t bytes[] = {static_cast<uint8_t>(code),
                             static_cast<uint8_t>(code >> 8)};
    setPort(port, address, bytes);
  }
  uint16_t getHalf(int64_t port, int64_t address) {
    llvm::ArrayRef<uint8_t> bytes =
        simulator.getMemory(device.getMapMemory(), port, address, 2);
    return static_cast<uint16_t>(bytes[0] | bytes[1] << 8);
  }

  // What sets and what reads the codes of a tensor.
  auto setter(const Tensor &tensor) {
    return [&](size_t i, int64_t port, int64_t address) {
      setHalf(port, address, tensor.codes[i]);
    };
  }
  auto getter(Tensor &tensor) {
    return [&](size_t i, int64_t port, int64_t address) {
      tensor.codes[i] = getHalf(port, address);
    };
  }

  /// A token matrix, whose channels are those of all heads.
  void setMap(int64_t address, const Tensor &tensor) {
    forEach(tensor, address, tensor.channels, tensor.tokens, setter(tensor));
  }
  /// Scores or probabilities: heads have rows of their own.
  void setRows(int64_t address, const Tensor &tensor) {
    forEach(tensor, address, up(tensor.channels), tensor.tokens,
            setter(tensor));
  }
  /// Reads tokens of a map that has `mapTokens`.
  Tensor getMap(int64_t address, int64_t heads, int64_t tokens,
                int64_t channels, int64_t mapTokens) {
    Tensor tensor(heads, tokens, channels);
    forEach(tensor, address, channels, mapTokens, getter(tensor));
    return tensor;
  }
  Tensor getRows(int64_t address, int64_t heads, int64_t tokens,
                 int64_t channels, int64_t mapTokens) {
    Tensor tensor(heads, tokens, channels);
    forEach(tensor, address, up(channels), mapTokens, getter(tensor));
    return tensor;
  }

  /// Loads what \p pack(ports) writes of an object of this shape.
  template <typename Pack>
  void load(ObjectKind kind, llvm::ArrayRef<int64_t> shape, int64_t address,
            Pack pack) {
    const ObjectSupport &support = *device.getObject(kind);
    const int64_t ports = device.getMapMemory().ports;
    std::vector<std::vector<uint8_t>> bytes(
        ports, std::vector<uint8_t>(support.bytes(shape, device), 0xa5));
    std::vector<llvm::MutableArrayRef<uint8_t>> refs(bytes.begin(),
                                                     bytes.end());
    pack(support, PortBytes(refs));
    for (int64_t port = 0; port < ports; ++port)
      setPort(port, address, bytes[port]);
  }
  void loadPairs(ObjectKind kind, int64_t address,
                 const std::vector<uint16_t> &scales,
                 const std::vector<uint16_t> &biases) {
    load(kind, {static_cast<int64_t>(scales.size())}, address,
         [&](const ObjectSupport &support, PortBytes ports) {
           support.packPairs({scales, biases}, device, ports);
         });
  }

  uint16_t getCache(int64_t address, bool isKeys, int64_t head, int64_t token,
                    int64_t channel) {
    const ElementPlace place =
        device.placeCacheElement(device, isKeys, head, token, channel);
    return getHalf(place.port, address + place.offset);
  }
  void setCache(int64_t address, bool isKeys, const Tensor &tensor) {
    for (int64_t h = 0; h < tensor.heads; ++h)
      for (int64_t t = 0; t < tensor.tokens; ++t)
        for (int64_t c = 0; c < tensor.channels; ++c) {
          const ElementPlace place =
              device.placeCacheElement(device, isKeys, h, t, c);
          setHalf(place.port, address + place.offset,
                  doubleToHalf(tensor.get(h, t, c)));
        }
  }

  /// All findings, one line each.
  std::string findings() {
    std::string text;
    for (const Finding &finding : simulator.getFindings())
      text += describe(finding) + "\n";
    return text;
  }

  const DeviceInfo device;
  const Traits traits;
  Simulator simulator;

private:
  int64_t up(int64_t channels) const {
    return llvm::alignTo(channels, traits.lanes);
  }
  /// Channels of heads lie \p headChannels apart.
  template <typename Visit>
  void forEach(const Tensor &tensor, int64_t address, int64_t headChannels,
               int64_t mapTokens, Visit visit) {
    size_t i = 0;
    for (int64_t h = 0; h < tensor.heads; ++h)
      for (int64_t t = 0; t < tensor.tokens; ++t)
        for (int64_t c = 0; c < tensor.channels; ++c, ++i) {
          const int64_t channel = h * headChannels + c;
          const ElementPlace lane =
              device.placeLane(device, channel % traits.lanes);
          visit(i, lane.port,
                address + channel / traits.lanes * surface(mapTokens) +
                    t * traits.rowBytes + lane.offset);
        }
  }
};

/// Calls \p body for a device of each geometry.
template <typename Body> void forEachBoard(Body body) {
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    SCOPED_TRACE(device->getName());
    body(*device);
  }
}

/// Compares codes, so that zeros have signs and NaNs are equal.
inline void expectEqual(const Tensor &actual, const Tensor &expected) {
  ASSERT_EQ(actual.codes.size(), expected.codes.size());
  for (int64_t h = 0, i = 0; h < actual.heads; ++h)
    for (int64_t t = 0; t < actual.tokens; ++t)
      for (int64_t c = 0; c < actual.channels; ++c, ++i)
        ASSERT_EQ(actual.codes[i], expected.codes[i])
            << "head " << h << ", token " << t << ", channel " << c << ": "
            << actual.get(h, t, c) << " for " << expected.get(h, t, c);
}

inline void expectFinding(Machine &machine, const std::string &text) {
  EXPECT_NE(machine.findings().find(text), std::string::npos)
      << "no \"" << text << "\" in:\n"
      << machine.findings();
}

} // namespace dlavm::ohbm

#endif // DLAVM_UNITTESTS_DEVICE_OHBM_MACHINE_H
