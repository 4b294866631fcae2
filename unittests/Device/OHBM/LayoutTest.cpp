//===- LayoutTest.cpp - What ohbm parameters look like in memory ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections are those of the ohbm register document, A1 to A5 those of its
// additions.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Device/OHBM/Record/Layouts.h"
#include "LookUp.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <array>
#include <random>
#include <set>

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace llvm;

namespace {

using Ports = std::vector<std::vector<uint8_t>>;

/// The ports of an object of a device, every byte of which is \p before.
Ports createPorts(const DeviceInfo &device, ObjectKind kind,
                  ArrayRef<int64_t> shape, uint8_t before) {
  const int64_t bytes = device.getObject(kind)->bytes(shape, device);
  return Ports(device.getMapMemory().ports,
               std::vector<uint8_t>(bytes, before));
}

std::vector<MutableArrayRef<uint8_t>> write(Ports &ports) {
  return {ports.begin(), ports.end()};
}
std::vector<ArrayRef<uint8_t>> read(const Ports &ports) {
  return {ports.begin(), ports.end()};
}

struct Matrix {
  int64_t outputs, inputs;
  /// [outputs][blocks * 128] and [outputs][blocks]
  std::vector<int8_t> values;
  std::vector<uint16_t> scales;

  Matrix(int64_t outputs, int64_t inputs)
      : outputs(outputs), inputs(inputs),
        values(outputs * alignTo(inputs, 128), 0),
        scales(outputs * divideCeil(inputs, 128), 0) {}
  int64_t pitch() const { return alignTo(inputs, 128); }
  Ports pack(const DeviceInfo &device, uint8_t before = 0) const {
    Ports ports =
        createPorts(device, ObjectKind::Weight, {outputs, inputs}, before);
    packWeights({inputs, values, scales}, device, write(ports));
    return ports;
  }
};

Matrix createRandom(int64_t outputs, int64_t inputs) {
  Matrix matrix(outputs, inputs);
  std::mt19937 random(outputs + inputs);
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t c = 0; c < inputs; ++c)
      matrix.values[o * matrix.pitch() + c] =
          static_cast<int8_t>(random() % 15) - 7;
  for (uint16_t &scale : matrix.scales)
    scale = static_cast<uint16_t>(random());
  return matrix;
}

/// The port, the index and the value of every byte that is not 0.
std::vector<std::array<int, 3>> findBytes(const Ports &ports) {
  std::vector<std::array<int, 3>> found;
  for (size_t port = 0; port < ports.size(); ++port)
    for (size_t at = 0; at < ports[port].size(); ++at)
      if (ports[port][at] != 0)
        found.push_back({int(port), int(at), ports[port][at]});
  return found;
}
using Found = std::vector<std::array<int, 3>>;

uint16_t half(const Ports &ports, int64_t port, int64_t at) {
  return ports.at(port).at(at) | ports.at(port).at(at + 1) << 8;
}

} // namespace

// Section 3.4: the worked element, whose code is in the high nibble.
TEST(Layout, WorkedWeight) {
  Matrix matrix(4096, 13696);
  matrix.values[70 * matrix.pitch() + 12345] = -1;
  matrix.scales[70 * 107 + 96] = 0x3C01;
  EXPECT_EQ(findBytes(matrix.pack(newest())),
            (Found{{6, 20480, 0x01}, {6, 20481, 0x3C}, {6, 20540, 0x90}}));
}

// A6: in each port a channel of 32, in that its pixels of C_p channels.
TEST(Layout, WorkedKernel) {
  const int64_t pixels = 9, inputs = 65;
  std::vector<int8_t> values(96 * pixels * inputs, 0);
  // Output channel 70, pixel (1, 2) of 3 x 3, input channel 64.
  values[(70 * pixels + 5) * inputs + 64] = -3;
  auto pack = [&](const DeviceInfo &device) {
    Ports ports = createPorts(device, ObjectKind::ConvWeight,
                              {96, 3, 3, inputs}, /*before=*/0xff);
    packKernels({pixels, inputs, values}, device, write(ports));
    return ports;
  };
  // C_p is 128: ch_bytes 576, 2 * 576 + (5 * 128 + 64) / 2.
  EXPECT_EQ(findBytes(pack(newest())), (Found{{6, 1504, 0x0b}}));
  // Port 70 % 4, the second of eight channels: 2 * 8 * 576 + 576 + 352.
  EXPECT_EQ(findBytes(pack(v80())), (Found{{2, 10144, 0x0b}}));
}

TEST(Layout, KernelsRoundTrip) {
  std::mt19937 random(1);
  for (const DeviceInfo *device : {&newest(), &v80()})
    for (int64_t inputs : {3, 64, 130}) {
      const int64_t pixels = 6, outputs = 70;
      std::vector<int8_t> values(outputs * pixels * inputs);
      for (int8_t &value : values)
        value = static_cast<int8_t>(random() % 15) - 7;
      Ports ports = createPorts(*device, ObjectKind::ConvWeight,
                                {outputs, 2, 3, inputs}, /*before=*/0xff);
      packKernels({pixels, inputs, values}, *device, write(ports));
      std::vector<int8_t> found(pixels * inputs);
      for (int64_t o = 0; o < outputs; ++o) {
        readKernel(read(ports), o, inputs, *device, found);
        EXPECT_EQ(ArrayRef(found),
                  ArrayRef(values).slice(o * found.size(), found.size()))
            << o;
      }
    }
}

// The same element with 4 ports: port 70 % 4, the second of eight channels.
TEST(Layout, WorkedWeightOfFourPorts) {
  Matrix matrix(96, 13696);
  matrix.values[70 * matrix.pitch() + 12345] = 7;
  matrix.scales[70 * 107 + 96] = 0x3C01;
  // tg 2, g 6, sub 1: 2 * 8 * 7072 + 6 * 8 * 1056 + 1 * (704 + 32).
  const int block = 113152 + 50688 + 736;
  EXPECT_EQ(findBytes(matrix.pack(v80())), (Found{{2, block, 0x01},
                                                  {2, block + 1, 0x3C},
                                                  {2, block + 32 + 28, 0x70}}));
}

/// What is written, the other way round.
TEST(Layout, WeightsRoundTrip) {
  const std::pair<int64_t, int64_t> shapes[] = {
      {1, 1},     {5, 32},    {32, 128},  {33, 127},  {40, 200}, {64, 2048},
      {31, 2049}, {97, 2176}, {129, 333}, {70, 4160}, {3, 4224}};
  for (const DeviceInfo *device : {&newest(), &v80()})
    for (auto [outputs, inputs] : shapes) {
      SCOPED_TRACE(device->getName() + " " + std::to_string(outputs) + " " +
                   std::to_string(inputs));
      const Matrix matrix = createRandom(outputs, inputs);
      const Ports ports = matrix.pack(*device, 0xFF);
      // Whatever was in memory before.
      EXPECT_EQ(ports, matrix.pack(*device, 0x00));
      const int64_t blocks = divideCeil(inputs, 128);
      for (int64_t o = 0, end = alignTo(outputs, 32); o < end; ++o) {
        std::vector<int8_t> values(inputs);
        std::vector<uint16_t> scales(blocks);
        readWeights(read(ports), o, *device, values, scales);
        for (int64_t c = 0; c < inputs; ++c)
          ASSERT_EQ(values[c],
                    o < outputs ? matrix.values[o * matrix.pitch() + c] : 0)
              << o << " " << c;
        for (int64_t b = 0; b < blocks; ++b)
          ASSERT_EQ(scales[b], o < outputs ? matrix.scales[o * blocks + b] : 0)
              << o << " " << b;
      }
    }
}

/// Each group of 32 output channels lies in bytes of its own, so that the
/// packer may write one after the other.
TEST(Layout, GroupsOfOutputChannelsAreApart) {
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    const Matrix matrix = createRandom(80, 2500);
    const Ports whole = matrix.pack(*device);
    Ports pieces = matrix.pack(*device, 0xFF);
    const int64_t bytes =
        portChannels(*device) * channelBytes(*device, matrix.inputs);
    for (int64_t first : {64, 32, 0}) {
      const int64_t count = std::min<int64_t>(32, matrix.outputs - first);
      std::vector<MutableArrayRef<uint8_t>> part;
      for (std::vector<uint8_t> &port : pieces) {
        part.push_back(MutableArrayRef(port).slice(first / 32 * bytes, bytes));
        fill(part.back(), 0xFF);
      }
      packWeights({matrix.inputs,
                   ArrayRef(matrix.values)
                       .slice(first * matrix.pitch(), count * matrix.pitch()),
                   ArrayRef(matrix.scales).slice(first * 20, count * 20)},
                  *device, part);
    }
    EXPECT_EQ(pieces, whole);
  }
}

// A2: 256 words of a row, 8 in each port; with 4 ports 64, 16 in each.
TEST(Layout, Pairs) {
  const size_t channels = 300;
  std::vector<uint16_t> scales(channels), biases(channels);
  for (size_t o = 0; o < channels; ++o) {
    scales[o] = 0x1000 + o;
    biases[o] = 0x2000 + o;
  }
  Ports ports = createPorts(newest(), ObjectKind::ScaleBias, {300}, 0xFF);
  packPairs({scales, biases, 0xFBFF}, newest(), write(ports));
  // Word 0, word 9, and word 299 - 256 of the second row.
  EXPECT_EQ(half(ports, 0, 0), 0x2000);
  EXPECT_EQ(half(ports, 0, 2), 0x1000);
  EXPECT_EQ(half(ports, 1, 4), 0x2000 + 9);
  EXPECT_EQ(half(ports, 1, 6), 0x1000 + 9);
  EXPECT_EQ(half(ports, 5, 32 + 12), 0x2000 + 299);
  EXPECT_EQ(half(ports, 5, 32 + 14), 0x1000 + 299);
  // What only the layout has.
  EXPECT_EQ(half(ports, 5, 32 + 16), 0xFBFF);
  EXPECT_EQ(half(ports, 5, 32 + 18), 0);
  EXPECT_EQ(half(ports, 31, 32 + 28), 0xFBFF);
  EXPECT_EQ(half(ports, 31, 32 + 30), 0);
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    Ports packed = createPorts(*device, ObjectKind::ScaleBias, {300}, 0xFF);
    packPairs({scales, biases}, *device, write(packed));
    std::vector<uint16_t> readScales(channels), readBiases(channels);
    readPairs(read(packed), *device, readScales, readBiases);
    EXPECT_EQ(readScales, scales);
    EXPECT_EQ(readBiases, biases);
  }
}

// A3: the same 128 values in every 128 lanes.
TEST(Layout, Rotations) {
  std::vector<uint16_t> cosines(2048 * 64), sines(2048 * 64);
  for (size_t i = 0; i < cosines.size(); ++i) {
    cosines[i] = static_cast<uint16_t>(i);
    sines[i] = static_cast<uint16_t>(i ^ 0x5555);
  }
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    Ports ports = createPorts(*device, ObjectKind::RopeTable, {}, 0xFF);
    packRotations({cosines, sines}, *device, write(ports));
    for (int64_t p : {0, 1, 77, 2047})
      for (int64_t lane = 0; lane < lanes(*device); ++lane) {
        const int64_t share = rowBytes(*device) / 2, i = lane % 128;
        EXPECT_EQ(half(ports, lane / share,
                       p * rowBytes(*device) + 2 * (lane % share)),
                  i < 64 ? cosines[64 * p + i] : sines[64 * p + i - 64])
            << p << " " << lane;
      }
  }
}

// A4: 48 half-words from lane 0 on.
TEST(Layout, Segments) {
  std::vector<uint16_t> x(16), k(16), b(16);
  for (int i = 0; i < 16; ++i) {
    x[i] = 1 + i;
    k[i] = 101 + i;
    b[i] = 201 + i;
  }
  Ports ports = createPorts(newest(), ObjectKind::ActivationTable, {}, 0xFF);
  packSegments({x, k, b}, newest(), write(ports));
  EXPECT_EQ(half(ports, 0, 30), 16);
  EXPECT_EQ(half(ports, 1, 0), 101);
  EXPECT_EQ(half(ports, 2, 30), 216);
  EXPECT_EQ(findBytes(ports).size(), 48u);
  ports = createPorts(v80(), ObjectKind::ActivationTable, {}, 0xFF);
  packSegments({x, k, b}, v80(), write(ports));
  EXPECT_EQ(half(ports, 0, 62), 116);
  EXPECT_EQ(half(ports, 1, 30), 216);
  EXPECT_EQ(findBytes(ports).size(), 48u);
}

// Section 3.10 and A5: no two elements share a place, and a head fills its
// stride.
TEST(Layout, Caches) {
  for (const DeviceInfo *device : {&newest(), &v80()})
    for (bool isKeys : {false, true}) {
      const int64_t head = cacheHeadBytes(*device);
      std::set<std::pair<int64_t, int64_t>> places;
      for (int64_t token = 0; token < 2048; ++token)
        for (int64_t channel = 0; channel < 128; ++channel) {
          const ElementPlace place =
              placeCacheElement(*device, isKeys, 3, token, channel);
          EXPECT_GE(place.offset, 3 * head);
          EXPECT_LT(place.offset, 4 * head);
          EXPECT_EQ(place.offset % 2, 0);
          places.insert({place.port, place.offset});
        }
      EXPECT_EQ(places.size(), 2048u * 128);
    }
  auto place = [](const DeviceInfo &device, bool isKeys, int64_t token,
                  int64_t channel) {
    const ElementPlace at =
        placeCacheElement(device, isKeys, 1, token, channel);
    return std::make_pair(at.port, at.offset);
  };
  // Head 1, token 70, channel 101.
  EXPECT_EQ(place(newest(), true, 70, 101),
            std::make_pair(int64_t(6), int64_t(16384 + 2 * 256 + 202)));
  EXPECT_EQ(place(newest(), false, 70, 101),
            std::make_pair(int64_t(5), int64_t(16384 + 3 * 4096 + 140)));
  EXPECT_EQ(place(v80(), true, 70, 101),
            std::make_pair(int64_t(2),
                           int64_t(131072 + 2 * 256 * 8 + 1 * 256 + 202)));
  EXPECT_EQ(
      place(v80(), false, 70, 101),
      std::make_pair(int64_t(1), int64_t(131072 + 3 * 32768 + 1 * 4096 + 140)));
}
