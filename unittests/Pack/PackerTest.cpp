//===- PackerTest.cpp - Tests of packing whole plans ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpecDecoder.h"
#include "TestModel.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <mutex>

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;
using testing::HasSubstr;

namespace {

/// Two layers of a matrix with a bias, and a table.
class PackerTest : public testing::Test {
protected:
  PackerTest() {
    plan.addParameter("w", {40, 200}, 2);
    plan.addParameter("scale", {40}, 0).tensor = "";
    plan.parameters.back().splat = 1;
    plan.addParameter("bias", {40}, 2);
    plan.addObject("w_weight", ObjectKind::Weight, {40, 200}, {"w"}, 2);
    plan.addObject("w_words", ObjectKind::ScaleBias, {40}, {"scale", "bias"},
                   2);
    plan.addObject("cache", ObjectKind::KVCache, {2}, {}, 2);
    plan.addObject("table", ObjectKind::ActivationTable, {}, {})
        .config["function"] = "silu";
    for (const char *layer : {"layers.0.", "layers.1."}) {
      tensors.addRandom(layer + std::string("w"), ElementType::F16, {40, 200},
                        0.1);
      tensors.addRandom(layer + std::string("bias"), ElementType::BF16, {40},
                        1);
    }
  }

  /// Changes one element of a tensor.
  void poison(const std::string &name, ArrayRef<int64_t> shape, size_t index,
              float value) {
    std::vector<float> values = tensors.get(name);
    values[index] = value;
    tensors.add(name, ElementType::F32, shape, values);
  }

  std::string pack(PackOptions options = {}) {
    return getMessage(packObjects(
        plan, plan.device, tensors, options,
        [&](auto &, auto, auto, auto, auto) { return Error::success(); }));
  }

  TestPlan plan;
  TestTensors tensors;
};

} // namespace

TEST_F(PackerTest, HandsOverEveryByteOnce) {
  using Key = std::tuple<std::string, int64_t, int64_t>;
  for (unsigned threads : {1, 3}) {
    std::map<Key, std::vector<uint8_t>> files;
    std::mutex mutex;
    int64_t lastDone = 0, lastTotal = 0;
    PackOptions options;
    options.threads = threads;
    options.progress = [&](int64_t done, int64_t total) {
      EXPECT_GT(done, lastDone);
      lastDone = done;
      lastTotal = total;
    };
    Expected<PackReport> report =
        packObjects(plan, plan.device, tensors, options,
                    [&](const PlanObject &object, int64_t layer, int64_t port,
                        int64_t offset, ArrayRef<uint8_t> bytes) {
                      std::lock_guard<std::mutex> lock(mutex);
                      auto &file = files[{object.name, layer, port}];
                      EXPECT_EQ(file.size(), static_cast<size_t>(offset));
                      append_range(file, bytes);
                      return Error::success();
                    });
    ASSERT_TRUE(!!report) << toString(report.takeError());
    EXPECT_EQ(files.size(), 2u * 32 + 2 + 1);
    int64_t total = 0;
    for (auto &[key, bytes] : files) {
      EXPECT_EQ(static_cast<int64_t>(bytes.size()),
                plan.getObject(std::get<0>(key))->bytes);
      total += bytes.size();
    }
    EXPECT_EQ(lastDone, total);
    EXPECT_EQ(lastTotal, total);
    // One by one they are the same.
    for (const PlanObject &object : plan.objects) {
      if (object.kind == ObjectKind::KVCache)
        continue;
      for (int64_t layer = 0; layer < std::max<int64_t>(object.layers, 1);
           ++layer) {
        const Ports ports = cantFail(packPorts(plan, tensors, object, layer));
        for (size_t port = 0; port < ports.size(); ++port)
          EXPECT_EQ(ports[port], (files[{object.name, layer, int64_t(port)}]));
      }
    }
    ASSERT_EQ(report->matrices.size(), 2u);
    EXPECT_EQ(report->matrices[1].parameter, "w");
    EXPECT_EQ(report->matrices[1].layer, 1);
    EXPECT_NEAR(report->matrices[1].error.getRelative(), 0.1, 0.05);
    ASSERT_EQ(report->tables.size(), 1u);
    EXPECT_LT(report->tables[0].maxError, 0.02);
  }
}

/// More than one chunk for each port.
TEST_F(PackerTest, LargeMatrix) {
  plan.addParameter("large", {1000, 4096}, 0);
  tensors.addRandom("large", ElementType::BF16, {1000, 4096}, 0.02);
  const PlanObject &object = plan.addObject("large_weight", ObjectKind::Weight,
                                            {1000, 4096}, {"large"});
  const Ports ports = cantFail(packPorts(plan, tensors, object));
  const specdecoder::Matrix matrix = specdecoder::decodeMatrix(ports, 4096);
  EXPECT_EQ(matrix.problem, "");
  const std::vector<float> weights = tensors.get("large");
  for (int o = 0; o < 1000; ++o)
    for (int c = 0; c < 4096; ++c) {
      const double scale = specdecoder::decodeHalf(matrix.scales[o][c / 128]);
      // The largest weight of a block, 7.5 scales before the scale was rounded
      // to FP16, is cut off at 7.
      ASSERT_NEAR(matrix.values[o][c] * scale, weights[o * 4096 + c],
                  (0.5 + 7.5 * 0x1p-11) * scale);
    }
  // The padding, which lies where rows of an earlier chunk did.
  ASSERT_EQ(matrix.values.size(), 1024u);
  for (int o = 1000; o < 1024; ++o) {
    EXPECT_EQ(matrix.values[o], std::vector<int>(4096, 0));
    EXPECT_EQ(matrix.scales[o], std::vector<unsigned>(32, 0));
  }
}

/// Heads of 6 channels, 4 of them rotated by halves, become heads of 10 with
/// neighbouring pairs.
TEST_F(PackerTest, PaddedHeads) {
  plan.addParameter("q", {20, 128}, 0).rowHeads = HeadLayout{2, 6, 4, 10};
  std::vector<float> weights(12 * 128, 0);
  for (int row = 0; row < 12; ++row)
    weights[row * 128] = 7.5f * (row + 1);
  tensors.add("q", ElementType::F32, {12, 128}, weights);
  const Ports ports = cantFail(packPorts(
      plan, tensors,
      plan.addObject("q_weight", ObjectKind::Weight, {20, 128}, {"q"})));
  const specdecoder::Matrix matrix = specdecoder::decodeMatrix(ports, 128);
  const int rows[] = {1, 3, 2, 4, 5, 6, 0, 0, 0, 0};
  for (int o = 0; o < 20; ++o) {
    const int row = rows[o % 10] ? rows[o % 10] + o / 10 * 6 : 0;
    EXPECT_EQ(specdecoder::decodeHalf(matrix.scales[o][0]), row);
    EXPECT_EQ(matrix.values[o][0], row ? 7 : 0);
  }
}

TEST_F(PackerTest, MissingTensor) {
  tensors.remove("layers.1.w");
  int calls = 0;
  EXPECT_EQ(getMessage(packObjects(plan, plan.device, tensors, {},
                                   [&](auto &, auto, auto, auto, auto) {
                                     ++calls;
                                     return Error::success();
                                   })),
            "w_weight of layer 1: test: there is no tensor 'layers.1.w'");
  EXPECT_EQ(calls, 0);
}

TEST_F(PackerTest, WrongShape) {
  tensors.addRandom("layers.0.bias", ElementType::F16, {41}, 1);
  EXPECT_EQ(pack(), "w_words of layer 0: test: the tensor 'layers.0.bias' has "
                    "the shape [41], but the parameter 'bias' needs [40]");
}

TEST_F(PackerTest, WeightsThatCannotBe) {
  poison("layers.1.w", {40, 200}, 33 * 200 + 150, NAN);
  EXPECT_EQ(pack(), "w_weight of layer 1: the tensor 'layers.1.w' has the "
                    "value nan at [33, 150]; weights must be finite");
  poison("layers.1.w", {40, 200}, 33 * 200 + 150, -HUGE_VALF);
  EXPECT_THAT(pack(), HasSubstr("[33, 150]; weights must be finite"));
  poison("layers.1.w", {40, 200}, 33 * 200 + 150, -1e9f);
  EXPECT_THAT(pack(), HasSubstr("at [33, 150]; the scale of its block is too "
                                "large for FP16"));
}

TEST_F(PackerTest, PlacesAreThoseOfTheTensor) {
  // Row 3 of the parameter is row 2 of the first head.
  ParameterInfo &info = plan.addParameter("q", {20, 128}, 0);
  info.rowHeads = HeadLayout{2, 6, 4, 10};
  info.rows = RowSlice{100};
  tensors.addRandom("q", ElementType::F32, {112, 128}, 1);
  poison("q", {112, 128}, 101 * 128 + 7, NAN);
  EXPECT_EQ(
      getMessage(packPorts(
          plan, tensors,
          plan.addObject("q_weight", ObjectKind::Weight, {20, 128}, {"q"}))),
      "q_weight: the tensor 'q' has the value nan at [101, 7]; weights must be "
      "finite");
}

TEST_F(PackerTest, VectorsThatCannotBe) {
  poison("layers.0.bias", {40}, 7, 65520);
  EXPECT_EQ(pack(), "w_words of layer 0: the tensor 'layers.0.bias' has the "
                    "value 65520.00 at [7]; it is too large for FP16");
  poison("layers.0.bias", {40}, 7, NAN);
  EXPECT_THAT(pack(), HasSubstr("value nan at [7]; parameters must be finite"));
  poison("layers.0.bias", {40}, 7, 65519);
  EXPECT_EQ(pack(), "");
}

TEST_F(PackerTest, Tables) {
  PlanObject &table = plan.objects.back();
  table.config["function"] = "swish";
  EXPECT_EQ(pack(), "table: there is no table of the function 'swish'");
  table.config["function"] = "gelu";
  EXPECT_EQ(pack(), "");
  auto packRope = [&](json::Object config) {
    TestPlan other;
    PlanObject &rope = other.addObject("rope", ObjectKind::RopeTable, {}, {});
    rope.config = std::move(config);
    return getMessage(packPorts(other, tensors, rope));
  };
  EXPECT_EQ(packRope(json::Object{
                {"rotary", 64}, {"style", "interleaved"}, {"theta", 1e4}}),
            "");
  EXPECT_THAT(
      packRope(json::Object{
          {"rotary", 64}, {"style", "half_split"}, {"theta", 1e4}}),
      HasSubstr("rope: its style is 'half_split', but only 'interleaved'"));
  for (int rotary : {0, 63, 130})
    EXPECT_THAT(packRope(json::Object{{"rotary", rotary},
                                      {"style", "interleaved"},
                                      {"theta", 1e4}}),
                HasSubstr("even number 'rotary' of rotated channels, from 2 to "
                          "128"));
  EXPECT_THAT(packRope(json::Object{{"rotary", 64}, {"style", "interleaved"}}),
              HasSubstr("no positive number 'theta'"));
  auto packScaled = [&](StringRef key, json::Value value) {
    return packRope(json::Object{{"rotary", 4},
                                 {"style", "interleaved"},
                                 {"theta", 1e4},
                                 {key, std::move(value)}});
  };
  EXPECT_EQ(packScaled("divisors", json::Array{1, 2.5}), "");
  EXPECT_THAT(packScaled("divisors", json::Array{1, 2, 3}),
              HasSubstr("its 'divisors' are not a list of 2 numbers"));
  EXPECT_THAT(packScaled("divisors", 2), HasSubstr("not a list of 2 numbers"));
  EXPECT_THAT(packScaled("divisors", json::Array{1, 0}),
              HasSubstr("its 'divisors' are not all positive numbers"));
  EXPECT_THAT(packScaled("attention_factor", -1.0),
              HasSubstr("no positive number 'attention_factor'"));
}

TEST_F(PackerTest, PlansOfOtherDevices) {
  plan.objects[0].bytes += 32;
  EXPECT_THAT(pack(), HasSubstr("w_weight of layer 0: the plan gives it 352 "
                                "bytes, but edgellm-20241128 needs 320"));
  plan.objects[0].bytes -= 32;
  plan.objects[0].ports = 16;
  EXPECT_THAT(pack(), HasSubstr("the plan gives it 16 ports"));
  plan.objects[0].ports = 32;
  plan.objects[0].from = {"bias"};
  EXPECT_THAT(pack(), HasSubstr("the parameter 'bias' has the shape [40], but "
                                "the object [40, 200]"));
  plan.objects[0].from = {"w", "w"};
  EXPECT_THAT(pack(),
              HasSubstr("the parameter 'w' has the shape [40, 200], but "
                        "the object made of several [40, 200]"));
  plan.objects[0].from = {};
  EXPECT_THAT(pack(), HasSubstr("the plan makes it of 0 parameters"));
}

TEST_F(PackerTest, ErrorsOfTheSink) {
  for (unsigned threads : {1, 4}) {
    PackOptions options;
    options.threads = threads;
    EXPECT_EQ(getMessage(packObjects(
                  plan, plan.device, tensors, options,
                  [&](const PlanObject &object, int64_t layer, auto...) {
                    return object.name == "w_weight" && layer == 1
                               ? createStringError("full")
                               : Error::success();
                  })),
              "w_weight of layer 1: full");
  }
}

TEST_F(PackerTest, StopsAtTheFirstError) {
  // The largest object is the first.
  PackOptions options;
  options.threads = 1;
  std::vector<std::string> objects;
  EXPECT_EQ(getMessage(packObjects(plan, plan.device, tensors, options,
                                   [&](const PlanObject &object, auto...) {
                                     objects.push_back(object.name);
                                     return createStringError("full");
                                   })),
            "w_weight of layer 0: full");
  EXPECT_EQ(objects, std::vector<std::string>{"w_weight"});
}
