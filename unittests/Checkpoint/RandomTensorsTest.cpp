//===- RandomTensorsTest.cpp - Random weights, the same everywhere --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/RandomTensor.h"
#include "DLAVM/Checkpoint/TensorSource.h"

#include "gtest/gtest.h"

#include <cmath>
#include <thread>

using namespace dlavm;

static std::vector<float> getValues(llvm::StringRef name,
                                    llvm::ArrayRef<int64_t> shape,
                                    uint64_t seed, size_t size,
                                    int64_t first = 0) {
  std::vector<float> values(size);
  fillRandomTensor(name, shape, seed, first, values);
  return values;
}

static ParameterInfo getInfo(const std::string &tensor,
                             llvm::ArrayRef<int64_t> shape, int64_t layers,
                             std::optional<RowSlice> rows = {}) {
  ParameterInfo info;
  info.name = "p";
  info.tensor = tensor;
  info.shape.assign(shape.begin(), shape.end());
  info.layers = layers;
  info.rows = rows;
  return info;
}

// The definition in other words: these bits are part of what a seed means.
TEST(RandomTensorsTest, KnownValues) {
  const std::vector<float> weight = getValues("w", {4, 4}, 1, 3);
  EXPECT_EQ(weight[0], -0x1.2e930cp+0f);
  EXPECT_EQ(weight[1], 0x1.866354p-3f);
  EXPECT_EQ(weight[2], 0x1.2a550cp-2f);
}

TEST(RandomTensorsTest, Moments) {
  const size_t size = 1 << 20;
  const std::vector<float> weight = getValues("w", {1024, 1024}, 7, size);
  double sum = 0, squares = 0, neighbours = 0, largest = 0;
  for (size_t i = 0; i < size; ++i) {
    const double value = weight[i] * 32;
    sum += value;
    squares += value * value;
    neighbours += i ? value * weight[i - 1] * 32 : 0;
    largest = std::max(largest, std::abs(value));
  }
  // Four standard deviations of each estimate.
  EXPECT_NEAR(sum / size, 0, 0.004);
  EXPECT_NEAR(squares / size, 1, 0.006);
  EXPECT_NEAR(neighbours / size, 0, 0.004);
  EXPECT_LT(largest, 3.5);
  EXPECT_GT(largest, 3);
}

TEST(RandomTensorsTest, Vectors) {
  for (float value : getValues("model.norm.weight", {100}, 7, 100))
    EXPECT_NEAR(value, 1, 0.22);
  for (float value : getValues("q_proj.bias", {100}, 7, 100))
    EXPECT_NEAR(value, 0, 0.22);
}

TEST(RandomTensorsTest, DependOnSeedNameAndIndexOnly) {
  const std::vector<float> values = getValues("w", {8, 8}, 1, 64);
  EXPECT_EQ(values, getValues("w", {8, 8}, 1, 64));
  EXPECT_NE(values, getValues("w", {8, 8}, 2, 64));
  EXPECT_NE(values, getValues("v", {8, 8}, 1, 64));
  EXPECT_EQ(std::vector<float>(values.begin() + 10, values.begin() + 20),
            getValues("w", {8, 8}, 1, 10, 10));
}

TEST(RandomTensorsTest, TensorsOfParameters) {
  ParameterInfo query = getInfo("{layer}.qkv", {32, 4}, 2, RowSlice{});
  query.rowHeads = {4, 2, 0, 8};
  RandomTensors source({query, getInfo("{layer}.qkv", {4, 4}, 2, RowSlice{12}),
                        getInfo("{layer}.qkv", {4, 4}, 2, RowSlice{8}),
                        getInfo("norm", {4}, 0), getInfo("", {4}, 0)},
                       3);
  const auto tensor = llvm::cantFail(source.getTensor("1.qkv"));
  const auto &qkv = static_cast<const FloatTensor &>(*tensor);
  EXPECT_EQ(qkv.getShape(), (llvm::ArrayRef<int64_t>{16, 4}));
  EXPECT_EQ(qkv.getType(), ElementType::F16);
  EXPECT_EQ(qkv.getBytes().size(), 128u);
  std::vector<float> found(64), wanted = getValues("1.qkv", {16, 4}, 3, 64);
  convertElements(qkv.getType(), qkv.getBytes(),
                  llvm::MutableArrayRef<float>(found));
  for (size_t i = 0; i < 64; ++i)
    EXPECT_NEAR(found[i], wanted[i], std::abs(wanted[i]) * 0x1p-11 + 0x1p-25);
  EXPECT_EQ(llvm::toString(source.getTensor("2.qkv").takeError()),
            "random tensors: no parameter has a tensor '2.qkv'");
}

TEST(RandomTensorsTest, Threads) {
  RandomTensors source({getInfo("w", {512, 512}, 0)}, 3);
  std::vector<const uint8_t *> places(8);
  std::vector<std::thread> threads;
  for (const uint8_t *&place : places)
    threads.emplace_back([&] {
      const auto tensor = llvm::cantFail(source.getTensor("w"));
      place = static_cast<const FloatTensor &>(*tensor).getBytes().data();
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(places, std::vector<const uint8_t *>(8, places[0]));
}
