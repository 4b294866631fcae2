//===- LayoutTest.cpp - Tests of what parameters look like in memory ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections are those of the EdgeLLM register document, whose examples are here
// byte by byte.
//
//===----------------------------------------------------------------------===//

#include "../../lib/Device/EdgeLLM/Record/Layouts.h"
#include "DLAVM/Pack/Quantize.h"
#include "DLAVM/Support/Half.h"
#include "SpecDecoder.h"
#include "TestModel.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;

namespace {

/// Packs one matrix.
Ports packMatrix(int64_t outputs, int64_t inputs, ArrayRef<float> weights) {
  TestPlan plan;
  TestTensors tensors;
  plan.addParameter("w", {outputs, inputs}, 0);
  tensors.add("w", ElementType::F32, {outputs, inputs}, weights);
  return cantFail(packPorts(plan, tensors,
                            plan.addObject("w_weight", ObjectKind::Weight,
                                           {outputs, inputs}, {"w"})));
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

} // namespace

TEST(WeightLayout, ExampleOfTheDocument) {
  // Section 3.2: channels 4096 -> 64, o = 37, c = 2100.
  std::vector<float> weights(64 * 4096, 0);
  weights[37 * 4096 + 2100] = 7.5f;
  EXPECT_EQ(findBytes(packMatrix(64, 4096, weights)),
            (Found{{5, 2112 + 1056 + 1, 0x3C}, {5, 3226, 0x07}}));
  // The odd neighbour in the high half, as sign and magnitude.
  weights[37 * 4096 + 2101] = -5;
  EXPECT_EQ(findBytes(packMatrix(64, 4096, weights)),
            (Found{{5, 3169, 0x3C}, {5, 3226, 0xD7}}));
}

TEST(WeightLayout, LastGroupIsShort) {
  // 13696 inputs: 107 blocks in 7 groups, the last with 1408 channels.
  std::vector<float> weights(71 * 13696, 0);
  weights[70 * 13696 + 12345] = 7.5f;
  EXPECT_EQ(findBytes(packMatrix(71, 13696, weights)),
            (Found{{6, 2 * 7072 + 6 * 1056 + 1, 0x3C},
                   {6, 2 * 7072 + 6 * 1056 + 32 + 28, 0x70}}));
}

TEST(WeightLayout, Nibbles) {
  // Section 1.5, a scale of 1 by the first weight.
  std::vector<float> weights(128, 0);
  weights[0] = 7.5f;
  const int nibbles[] = {15, 14, 13, 12, 11, 10, 9, 0, 1, 2, 3, 4, 5, 6, 7};
  for (int value = -7; value <= 7; ++value)
    weights[2 * (value + 8)] = static_cast<float>(value);
  const Ports ports = packMatrix(1, 128, weights);
  ASSERT_EQ(ports[0].size(), 96u);
  EXPECT_EQ(ports[0][32], 7);
  for (int value = -7; value <= 7; ++value)
    EXPECT_EQ(ports[0][32 + value + 8], nibbles[value + 7]) << value;
}

TEST(WeightLayout, Sizes) {
  // The table of section 3.2.
  struct Size {
    int64_t inputs, outputs, blocks, groups, package, bytes;
  };
  const Size sizes[] = {{4096, 4096, 32, 2, 2112, 270336},
                        {4096, 256, 32, 2, 2112, 16896},
                        {4096, 13696, 32, 2, 2112, 903936},
                        {13696, 4096, 107, 7, 7072, 905216},
                        {4096, 65024, 32, 2, 2112, 4291584},
                        {4096, 11008, 32, 2, 2112, 726528},
                        {11008, 4096, 86, 6, 5696, 729088},
                        {4096, 32000, 32, 2, 2112, 2112000},
                        {3584, 3584, 28, 2, 1856, 207872},
                        {3584, 512, 28, 2, 1856, 29696},
                        {3584, 18944, 28, 2, 1856, 1098752},
                        {18944, 3584, 148, 10, 9792, 1096704},
                        {3584, 152064, 28, 2, 1856, 8819712},
                        {128, 32, 1, 1, 96, 96}};
  const DeviceInfo device = edgellm::createDevice20241128();
  for (const Size &size : sizes) {
    EXPECT_EQ(edgellm::inputBlocks(device, size.inputs), size.blocks);
    EXPECT_EQ(edgellm::scaleGroups(device, size.inputs), size.groups);
    EXPECT_EQ(edgellm::packageBytes(device, size.inputs), size.package);
    EXPECT_EQ(device.getObject(ObjectKind::Weight)
                  ->bytes({size.outputs, size.inputs}, device),
              size.bytes);
  }
}

/// Odd numbers of rows and columns, of all element types, through an
/// independent decoder.
TEST(WeightLayout, RoundTrip) {
  const int64_t shapes[][2] = {{1, 1},     {5, 32},     {32, 128},  {33, 127},
                               {40, 200},  {64, 2048},  {31, 2049}, {97, 2176},
                               {129, 333}, {700, 1280}, {3, 4224}};
  const ElementType types[] = {ElementType::F16, ElementType::BF16,
                               ElementType::F32};
  size_t number = 0;
  for (auto [outputs, inputs] : shapes) {
    TestPlan plan;
    TestTensors tensors;
    plan.addParameter("w", {outputs, inputs}, 0);
    tensors.addRandom("w", types[number++ % 3], {outputs, inputs}, 0.02);
    const PlanObject &object = plan.addObject("w_weight", ObjectKind::Weight,
                                              {outputs, inputs}, {"w"});
    const Ports ports = cantFail(packPorts(plan, tensors, object));
    const specdecoder::Matrix matrix = specdecoder::decodeMatrix(ports, inputs);
    ASSERT_EQ(matrix.problem, "");
    ASSERT_EQ(matrix.values.size(), alignTo(outputs, 32));
    const std::vector<float> weights = tensors.get("w");
    const int64_t blocks = divideCeil(inputs, 128);
    for (int64_t o = 0, end = matrix.values.size(); o < end; ++o) {
      std::vector<int> values(128 * blocks, 0);
      std::vector<unsigned> scales(blocks, 0);
      for (int64_t b = 0; o < outputs && b < blocks; ++b) {
        const int64_t count = std::min<int64_t>(128, inputs - 128 * b);
        int8_t block[128];
        scales[b] =
            quantizeBlock(ArrayRef(weights).slice(o * inputs + 128 * b, count),
                          ScaleChoice::AbsMax, block);
        std::copy_n(block, count, values.begin() + 128 * b);
      }
      ASSERT_EQ(matrix.values[o], values) << "row " << o;
      ASSERT_EQ(matrix.scales[o], scales) << "row " << o;
    }
  }
}

/// Whatever was in memory before.
TEST(WeightLayout, SetsEveryByte) {
  const DeviceInfo device = edgellm::createDevice20241128();
  const ObjectSupport &support = *device.getObject(ObjectKind::Weight);
  const int64_t bytes = support.bytes({3, 130}, device);
  const std::vector<int8_t> values(3 * 256, -3);
  const std::vector<uint16_t> scales(3 * 2, 0x3C00);
  std::vector<Ports> results;
  for (uint8_t before : {0x00, 0xFF}) {
    Ports &ports =
        results.emplace_back(32, std::vector<uint8_t>(bytes, before));
    const std::vector<MutableArrayRef<uint8_t>> places(ports.begin(),
                                                       ports.end());
    support.packWeights({130, values, scales}, device, places);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(specdecoder::decodeMatrix(results[1], 130).problem, "");
}

TEST(WeightLayout, MinusZeroIsZero) {
  // Convention U15: nibble 8.
  const DeviceInfo device = edgellm::createDevice20241128();
  std::vector<uint8_t> port(96, 0x98);
  const std::vector<ArrayRef<uint8_t>> ports(32, port);
  std::vector<int8_t> values(2);
  std::vector<uint16_t> scales(1);
  device.getObject(ObjectKind::Weight)
      ->readWeights(ports, 0, device, values, scales);
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(values[1], -1);
}

TEST(PairLayout, ScaleBias) {
  TestPlan plan;
  TestTensors tensors;
  plan.addParameter("scale", {37}, 0).tensor = "";
  plan.parameters.back().splat = 1;
  plan.addParameter("bias", {37}, 0);
  tensors.addRandom("bias", ElementType::F32, {37}, 1);
  PlanObject &object =
      plan.addObject("words", ObjectKind::ScaleBias, {37}, {"scale", "bias"});
  const std::vector<float> bias = tensors.get("bias");
  for (double padding : {0.0, -65504.0}) {
    if (padding != 0)
      object.config["padding_bias"] = padding;
    const Ports ports = cantFail(packPorts(plan, tensors, object));
    ASSERT_EQ(ports.size(), 1u);
    const auto pairs = specdecoder::decodePairs(ports[0]);
    ASSERT_EQ(pairs.size(), 64u);
    for (size_t o = 0; o < 64; ++o) {
      EXPECT_EQ(pairs[o].scale, o < 37 ? 0x3C00u : 0u);
      EXPECT_EQ(pairs[o].bias, doubleToHalf(o < 37 ? bias[o] : padding));
    }
  }
}

TEST(PairLayout, Norms) {
  TestPlan plan;
  TestTensors tensors;
  plan.addParameter("gamma", {2}, 0);
  plan.addParameter("beta", {2}, 0);
  tensors.add("gamma", ElementType::BF16, {2}, {1, -2});
  tensors.add("beta", ElementType::F16, {2}, {0.5, 65504});
  const std::vector<uint8_t> both = {0x00, 0x38, 0x00, 0x3C,
                                     0xFF, 0x7B, 0x00, 0xC0};
  const std::vector<uint8_t> one = {0, 0, 0x00, 0x3C, 0, 0, 0x00, 0xC0};
  for (const auto &[from, expected] :
       {std::pair(std::vector<std::string>{"gamma", "beta"}, both),
        std::pair(std::vector<std::string>{"gamma"}, one)}) {
    const Ports ports = cantFail(
        packPorts(plan, tensors,
                  plan.addObject("norm", ObjectKind::NormWeight, {2}, from)));
    ASSERT_EQ(ports[0].size(), 128u);
    EXPECT_EQ(ArrayRef(ports[0]).take_front(8), ArrayRef(expected));
    EXPECT_TRUE(all_of(ArrayRef(ports[0]).drop_front(8),
                       [](uint8_t byte) { return byte == 0; }));
  }
}
