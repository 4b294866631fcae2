//===- DeviceArithmeticTest.cpp - How a device's results are rounded ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/FP20.h"
#include "DLAVM/Pack/ActivationTable.h"
#include "DLAVM/Support/Half.h"
#include "InterpreterTest.h"
#include "Numerics.h"

#include <cmath>
#include <limits>
#include <random>

using namespace dlavm;

namespace {

class DeviceArithmeticTest : public InterpreterTest {
protected:
  MapValue runOnDevice(const MapValue &input) {
    return run(input, Arithmetic::Device);
  }
};

double roundToHalf(double value) { return halfToDouble(doubleToHalf(value)); }

//===----------------------------------------------------------------------===//
// FP20
//===----------------------------------------------------------------------===//

/// The value of a code, from the definition of the format.
double decodeFP20(uint32_t code) {
  const int exponent = code >> 13 & 63;
  const double fraction = (code & 8191) / 8192.0;
  const double magnitude = exponent == 0
                               ? std::ldexp(fraction, -30)
                               : std::ldexp(1 + fraction, exponent - 31);
  return code >> 19 ? -magnitude : magnitude;
}

TEST_F(DeviceArithmeticTest, FP20HasTheValuesOfTheDocument) {
  const std::pair<double, uint32_t> examples[] = {
      {1.0, 253952},
      {0.5, 245760},
      {2.0, 262144},
      {-1.0, 778240},
      {1 / 2048.0, 163840},
      {std::ldexp(1.0, -30), 8192},
      {1e10, 516095},
      {std::ldexp(1.0, -43), 1},
      {1 / 4096.0, 155648},
      {std::ldexp(1.0, -31), 4096},
      {1 / 3584.0, 156818},
      {std::ldexp(1.0, -44), 0},
      {0.1, 226099},
      {1 / std::sqrt(128.0), 224577},
      {65504.0, 385016},
      {2 / 3.0, 248491},
      // The carry that the original software loses.
      {1 - 0x1p-20, 253952},
      {HUGE_VAL, 516095}};
  for (auto [value, code] : examples)
    EXPECT_EQ(interpreter::roundToFP20(value), decodeFP20(code)) << value;
}

/// The driver writes codes, so the interpreter must have their values.
TEST_F(DeviceArithmeticTest, FP20AgreesWithTheEncoder) {
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i) {
    const double value = std::ldexp(static_cast<double>(random()) - 0x1p31,
                                    static_cast<int>(random() % 96) - 80);
    ASSERT_EQ(interpreter::roundToFP20(value),
              decodeFP20(encodeFP20(static_cast<float>(value))))
        << value;
  }
}

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

/// With the weight 7.5, whose scale is 1 and which is clamped to 7, the other
/// weights of the block are whole numbers.
TEST_F(DeviceArithmeticTest, LinearRoundsOnceToTheNearestEven) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<1x3xi4>
    func.func @model(%x: !x3) -> !x1 {
      %y = llm.linear %x, @w : !x3 -> !x1
      return %y : !x1
    })mlir");
  tensors.set("w", {1, 3}, {7.5, 1, 1});
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(runOnDevice(makeInput(6, {1, 0, 0,                 //
                                      0, 1, 0x1p-11,           //
                                      0, 1 + 0x1p-10, 0x1p-11, //
                                      0, 65504, 16,            //
                                      0, 65504, 15.9921875,    //
                                      0, 0x1p-24, -0x1p-24}))
                .values,
            (std::vector<double>{7, 1, 1 + 0x1p-9, inf, 65504, 0}));
}

/// 2049 needs 12 bits, so the sum would lose its 1 if it were FP16.
TEST_F(DeviceArithmeticTest, LinearAddsScaleBiasAndResidualBeforeItRounds) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<1x1xi4>
    llm.parameter @s from "s" : tensor<1xf16>
    llm.parameter @b from "b" : tensor<1xf16>
    func.func @model(%x: !x1) -> !x1 {
      %y = llm.linear %x, @w scale @s bias @b add %x : !x1 -> !x1
      return %y : !x1
    })mlir");
  tensors.set("w", {1, 1}, {7.5});
  tensors.set("s", {1}, {0.1f});
  tensors.set("b", {1}, {2048.2f});
  // The scale is 0.0999755859375 in FP16, the bias 2048.
  EXPECT_EQ(runOnDevice(makeInput(1, {1})).values,
            (std::vector<double>{roundToHalf(7 * 0.0999755859375 + 2048 + 1)}));
  EXPECT_EQ(roundToHalf(7 * 0.0999755859375 + 2048 + 1), 2050);
}

/// One scale for all weights of an output channel, multiplied into that of the
/// op in FP16.
TEST_F(DeviceArithmeticTest, ConvolutionsHaveOneScale) {
  parse(R"mlir(
    llm.parameter @w from "w" kernel [1, 2] : tensor<1x2xi4>
    llm.parameter @s from "s" : tensor<1xf16>
    llm.parameter @b splat 0.0 : tensor<1xf16>
    func.func @model(%x: tensor<1x2x1xf16>) -> tensor<1x1x1xf16> {
      %y = llm.conv2d %x, @w scale @s bias @b
        window <1 x 2, kernel 1 x 2, strides 1 x 1, padding 0 x 0>
        : tensor<1x2x1xf16> -> tensor<1x1x1xf16>
      return %y : tensor<1x1x1xf16>
    })mlir");
  tensors.set("w", {1, 1, 1, 2}, {0.75, 0.5});
  tensors.set("s", {1}, {0.1f});
  // 7.5 and 5 become 7 and 5; 0.1 and the weights' 0.1 are both rounded, and so
  // is their product.
  const double scale = roundToHalf(roundToHalf(0.1) * roundToHalf(0.1));
  EXPECT_EQ(runOnDevice(makeInput(2, {3, 1})).values,
            (std::vector<double>{roundToHalf(26 * scale)}));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// The device divides by the channels in groups of 32, and has an epsilon of
/// its own.
TEST_F(DeviceArithmeticTest, NormsUseTheDevicesConstants) {
  parse(R"mlir(
    llm.parameter @w splat 1.0 : tensor<2xf16>
    func.func @model(%x: !x2) -> !x2 {
      %y = llm.rms_norm %x, @w epsilon 3.0 : !x2
      return %y : !x2
    })mlir");
  const MapValue result = runOnDevice(makeInput(1, {4, 4}));
  const double expected = roundToHalf(4 / std::sqrt(1 + 1e-5));
  EXPECT_EQ(result.values, (std::vector<double>{expected, expected}));
  EXPECT_EQ(expected, 4);
  // Next to the epsilon itself: 32 * 2^-20 / 32 is 9.5e-7.
  const double small = runOnDevice(makeInput(1, {0x1p-10, 0})).values.front();
  EXPECT_EQ(small, roundToHalf(0x1p-10 / std::sqrt(0x1p-20 / 32 + 1e-5)));
}

TEST_F(DeviceArithmeticTest, LayerNorm) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<32xf16>
    llm.parameter @b from "b" : tensor<32xf16>
    func.func @model(%x: !x32) -> !x32 {
      %y = llm.layer_norm %x, @w bias @b epsilon 3.0 : !x32
      return %y : !x32
    })mlir");
  std::vector<double> input(32);
  std::vector<float> weight(32), bias(32);
  for (int c = 0; c < 32; ++c) {
    input[c] = c % 2 ? 3 : 1;
    weight[c] = 0.1f * static_cast<float>(c);
    bias[c] = 0.7f;
  }
  tensors.set("w", {32}, weight);
  tensors.set("b", {32}, bias);
  std::vector<double> expected;
  for (int c = 0; c < 32; ++c)
    expected.push_back(roundToHalf((input[c] - 2) / std::sqrt(1 + 1e-5) *
                                       roundToHalf(weight[c]) +
                                   roundToHalf(bias[c])));
  EXPECT_EQ(runOnDevice(makeInput(1, input)).values, expected);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

TEST_F(DeviceArithmeticTest, RopeHasATableInFP16) {
  parse(R"mlir(
    func.func @model(%x: !x4) -> !x4 {
      %y = llm.rope %x interleaved theta 10000.0 rotary 2 : !x4
      return %y : !x4
    })mlir");
  const double cosine = roundToHalf(std::cos(1.0));
  const double sine = roundToHalf(std::sin(1.0));
  EXPECT_EQ(cosine, 0.54052734375);
  const double x0 = 3.001953125, x1 = -5.00390625;
  const MapValue result =
      runOnDevice(makeInput(2, {0, 0, 0, 0, x0, x1, 0.5, -0.25}));
  EXPECT_EQ(result.at(0, 1, 0), roundToHalf(x0 * cosine - x1 * sine));
  EXPECT_EQ(result.at(0, 1, 1), roundToHalf(x1 * cosine + x0 * sine));
  EXPECT_EQ(result.at(0, 1, 2), 0.5);
  EXPECT_EQ(result.at(0, 1, 3), -0.25);
}

/// 0.1 is 1.5e-5 less in FP20, enough to change these products.
TEST_F(DeviceArithmeticTest, ScoresHaveAScaleInFP20) {
  parse(R"mlir(
    !scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    llm.parameter @q from "q" : tensor<1x2xi4>
    llm.parameter @w from "w" : tensor<1x2xi4>
    func.func @model(%x: !x2) -> !scores {
      %k = llm.linear %x, @w : !x2 -> !x1
      %q = llm.linear %x, @q : !x2 -> !x1
      %t = llm.kv_append %k, @k : !x1
      %s = llm.attention_scores %q, @k after %t scale 0.1 : !x1
      return %s : !scores
    })mlir");
  tensors.set("q", {1, 2}, {1, 0});
  tensors.set("w", {1, 2}, {0, 1});
  // The only weight of a row becomes 7 * FP16(1 / 7.5).
  const double weight = 7 * roundToHalf(1 / 7.5);
  const double scale = interpreter::roundToFP20(0.1);
  int changed = 0;
  for (int i = 1; i < 200; ++i) {
    const double a = 1 + i * 0x1p-10, b = 1 + 3 * i * 0x1p-10;
    const double product = roundToHalf(a * weight) * roundToHalf(b * weight);
    const double expected = roundToHalf(product * scale);
    changed += expected != roundToHalf(product * 0.1);
    EXPECT_EQ(runOnDevice(makeInput(1, {a, b})).values,
              (std::vector<double>{expected}));
  }
  EXPECT_GT(changed, 0);
}

TEST_F(DeviceArithmeticTest, SoftmaxIsFP32) {
  parse(R"mlir(
    !scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    func.func @model(%x: !x1) -> (!scores, !scores) {
      %t = llm.kv_append %x, @k : !x1
      %s = llm.attention_scores %x, @k after %t scale 1.0 : !x1
      %p = llm.softmax %s : !scores
      return %s, %p : !scores, !scores
    })mlir");
  std::vector<double> input;
  for (int i = 0; i < 40; ++i)
    input.push_back(roundToHalf(std::sin(static_cast<double>(i)) * 2));
  auto interpreter = create(Arithmetic::Device);
  Interpreter::Result result = get(interpreter->run(makeInput(40, input), 0));
  ASSERT_EQ(result.maps.size(), 2u);
  for (int64_t t = 0; t < 40; ++t) {
    const MapValue &scores = result.maps[0];
    auto largest = static_cast<float>(scores.at(0, t, 0));
    for (int64_t j = 1; j <= t; ++j)
      largest = std::max(largest, static_cast<float>(scores.at(0, t, j)));
    float sum = 0;
    std::vector<float> exponentials;
    for (int64_t j = 0; j <= t; ++j) {
      const float difference = static_cast<float>(scores.at(0, t, j)) - largest;
      exponentials.push_back(
          static_cast<float>(std::exp(static_cast<double>(difference))));
      sum += exponentials.back();
    }
    for (int64_t j = 0; j < 40; ++j)
      EXPECT_EQ(result.maps[1].at(0, t, j),
                j > t ? 0 : roundToHalf(exponentials[j] / sum));
  }
}

//===----------------------------------------------------------------------===//
// Element-wise
//===----------------------------------------------------------------------===//

TEST_F(DeviceArithmeticTest, ActivationsAreTables) {
  for (const char *kind : {"silu", "gelu", "tanh", "sigmoid", "relu"}) {
    parse(std::string("func.func @model(%x: !x1) -> !x1 {\n"
                      "  %y = llm.activation ") +
          kind + " %x : !x1\n  return %y : !x1\n}");
    const ActivationTable table = *fitActivation(kind);
    std::vector<double> input = {65504};
    std::vector<double> expected = {roundToHalf(
        halfToDouble(table.k[15]) * 65504 + halfToDouble(table.b[15]))};
    // Each breakpoint belongs to the region that begins there, and what is left
    // of the first one is 0.
    for (int i = 0; i < 15; ++i) {
      const double at = halfToDouble(table.x[i]);
      const double below = roundToHalf(at - std::fabs(at) * 0x1p-10);
      input.push_back(at);
      expected.push_back(roundToHalf(halfToDouble(table.k[i + 1]) * at +
                                     halfToDouble(table.b[i + 1])));
      input.push_back(below);
      expected.push_back(i == 0 ? 0
                                : roundToHalf(halfToDouble(table.k[i]) * below +
                                              halfToDouble(table.b[i])));
    }
    const int64_t tokens = static_cast<int64_t>(input.size());
    EXPECT_EQ(runOnDevice(makeInput(tokens, input)).values, expected) << kind;
  }
}

TEST_F(DeviceArithmeticTest, SumsAndProductsRound) {
  parse(R"mlir(
    llm.parameter @p from "p" : tensor<1xf16>
    func.func @model(%x: !x1) -> (!x1, !x1, !x1) {
      %p = llm.get_parameter @p : tensor<1xf16>
      %0 = llm.add %x, %p : !x1, tensor<1xf16>
      %1 = llm.mul %x, %p : !x1, tensor<1xf16>
      %2 = llm.add %1, %x : !x1
      return %0, %1, %2 : !x1, !x1, !x1
    })mlir");
  tensors.set("p", {1}, {0.1f});
  const double p = roundToHalf(0.1), x = 2049;
  Interpreter::Result result =
      get(create(Arithmetic::Device)->run(makeInput(1, {x}), 0));
  // The input is rounded as well: the host writes FP16.
  EXPECT_EQ(result.maps[0].values.front(), 2048);
  EXPECT_EQ(result.maps[1].values.front(), roundToHalf(2048 * p));
  EXPECT_EQ(result.maps[2].values.front(),
            roundToHalf(roundToHalf(2048 * p) + 2048));
}

/// 1e-3 and 1 + 2^-12 are no FP16 numbers.
TEST_F(DeviceArithmeticTest, EmbeddingsAreFP16) {
  parse(R"mlir(
    module attributes {llm.embedding = @e} {
      llm.parameter @e from "e" : tensor<2x1xf16>
      func.func @model(%x: !x1) -> !x1 {
        return %x : !x1
      }
    })mlir");
  tensors.set("e", {2, 1}, {1e-3f, 1 + 0x1p-12f});
  expectNear(get(create()->embed({1, 0})), {1 + 0x1p-12, 1e-3f}, 0);
  expectNear(get(create(Arithmetic::FP64INT4)->embed({1, 0})),
             {1 + 0x1p-12, 1e-3f}, 0);
  expectNear(get(create(Arithmetic::Device)->embed({1, 0})),
             {1, roundToHalf(1e-3f)}, 0);
}

//===----------------------------------------------------------------------===//
// Other conventions
//===----------------------------------------------------------------------===//

TEST_F(DeviceArithmeticTest, SumsInFP32) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<1x4xi4>
    func.func @model(%x: !x4) -> !x1 {
      %y = llm.linear %x, @w : !x4 -> !x1
      return %y : !x1
    })mlir");
  tensors.set("w", {1, 4}, {7.5, 1, 1, -1});
  const MapValue input = makeInput(1, {0, 32768, 0x1p-10, 32768});
  EXPECT_EQ(runOnDevice(input).values, std::vector<double>{0x1p-10});
  DeviceInfo other = getDevice().derive("other");
  other.setParameter("Linear_Accumulator_Bits", 32);
  device = &other;
  EXPECT_EQ(runOnDevice(input).values, std::vector<double>{0});
}

TEST_F(DeviceArithmeticTest, UnknownConventionsAreRefused) {
  parse(R"mlir(
    func.func @model(%x: !x4) -> !x4 {
      return %x : !x4
    })mlir");
  DeviceInfo other = getDevice().derive("other");
  other.setParameter("Linear_Accumulator_Bits", 16);
  InterpreterOptions options;
  options.arithmetic = Arithmetic::Device;
  options.device = &other;
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) {
                                          message = diagnostic.str();
                                          return mlir::success();
                                        });
  EXPECT_TRUE(failed(Interpreter::create(*module, tensors, options)));
  EXPECT_EQ(message, "the parameter Linear_Accumulator_Bits of edgellm-other "
                     "is 16, but must be 64 or 32");
  options.arithmetic = Arithmetic::FP64INT4;
  EXPECT_TRUE(succeeded(Interpreter::create(*module, tensors, options)));
}

TEST_F(DeviceArithmeticTest, TheLastOfEqualLogits) {
  parse(R"mlir(
    func.func @model(%x: !x4) -> tensor<1xi32> {
      %y = llm.last_token %x : !x4
      %i = llm.argmax %y : tensor<1x1x4xf16> -> tensor<1xi32>
      return %i : tensor<1xi32>
    })mlir");
  const MapValue input = makeInput(1, {1, 5, 5, 2});
  EXPECT_EQ(get(create(Arithmetic::Device)->run(input, 0)).token, 1);
  DeviceInfo other = getDevice().derive("other");
  other.setParameter("Argmax_Tie", 1);
  device = &other;
  EXPECT_EQ(get(create(Arithmetic::Device)->run(input, 0)).token, 2);
}

TEST_F(DeviceArithmeticTest, ActivationsThatHoldTheirLastValue) {
  parse(R"mlir(
    func.func @model(%x: !x1) -> !x1 {
      %y = llm.activation silu %x : !x1
      return %y : !x1
    })mlir");
  const ActivationTable table = *fitActivation("silu");
  const double last = halfToDouble(table.x[15]);
  const MapValue input = makeInput(2, {last, 100});
  EXPECT_NEAR(runOnDevice(input).values.back(), 100, 0.1);
  DeviceInfo other = getDevice().derive("other");
  other.setParameter("Activation_Beyond_Table", 1);
  device = &other;
  const double held =
      roundToHalf(halfToDouble(table.k[15]) * last + halfToDouble(table.b[15]));
  EXPECT_EQ(runOnDevice(input).values, (std::vector<double>{held, held}));
}

/// FP16 keeps 10 bits of the fraction of 1 + 3 / 4096, FP20 all of them.
TEST_F(DeviceArithmeticTest, ScalesInFP16) {
  parse(R"mlir(
    !scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    func.func @model(%x: !x1) -> !scores {
      %t = llm.kv_append %x, @k : !x1
      %s = llm.attention_scores %x, @k after %t scale 1.000732421875 : !x1
      return %s : !scores
    })mlir");
  const MapValue input = makeInput(2, {1, 3});
  EXPECT_EQ(runOnDevice(input).at(0, 1, 0), 3 + 0x1p-9);
  DeviceInfo other = getDevice().derive("other");
  other.setParameter("sCONV_OUT_DW", 16);
  device = &other;
  EXPECT_EQ(runOnDevice(input).at(0, 1, 0), 3 + 0x1p-8);
}

/// FP32 is good enough for most FP16 results, but not for all.
TEST_F(DeviceArithmeticTest, SoftmaxInFP64) {
  parse(R"mlir(
    !scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    func.func @model(%x: !x1) -> (!scores, !scores) {
      %t = llm.kv_append %x, @k : !x1
      %s = llm.attention_scores %x, @k after %t scale 1.0 : !x1
      %p = llm.softmax %s : !scores
      return %s, %p : !scores, !scores
    })mlir");
  std::vector<double> input;
  for (int i = 0; i < 200; ++i)
    input.push_back(roundToHalf(std::sin(static_cast<double>(i)) * 2));
  Interpreter::Result inFP32 =
      get(create(Arithmetic::Device)->run(makeInput(200, input), 0));
  DeviceInfo other = getDevice().derive("other");
  other.setParameter("Softmax_Bits", 64);
  device = &other;
  Interpreter::Result result =
      get(create(Arithmetic::Device)->run(makeInput(200, input), 0));
  ASSERT_EQ(result.maps.size(), 2u);
  ASSERT_EQ(inFP32.maps.size(), 2u);
  int different = 0;
  for (int64_t t = 0; t < 200; ++t) {
    const MapValue &scores = result.maps[0];
    double largest = scores.at(0, t, 0), sum = 0;
    for (int64_t j = 0; j <= t; ++j)
      largest = std::fmax(largest, scores.at(0, t, j));
    for (int64_t j = 0; j <= t; ++j)
      sum += std::exp(scores.at(0, t, j) - largest);
    for (int64_t j = 0; j <= t; ++j) {
      const double found = result.maps[1].at(0, t, j);
      EXPECT_EQ(found,
                roundToHalf(std::exp(scores.at(0, t, j) - largest) / sum));
      different += found != inFP32.maps[1].at(0, t, j);
    }
  }
  EXPECT_GT(different, 0);
}

//===----------------------------------------------------------------------===//
// INT4
//===----------------------------------------------------------------------===//

/// Channels 0 to 127 share one scale, 128 and 129 another.
TEST_F(DeviceArithmeticTest, WeightsShareScalesInBlocks) {
  parse(R"mlir(
    !in = tensor<1x?x130xf16, #llm.dims<1, seq, 130>>
    llm.parameter @w from "w" : tensor<1x130xi4>
    func.func @model(%x: !in) -> !x1 {
      %y = llm.linear %x, @w : !in -> !x1
      return %y : !x1
    })mlir");
  std::vector<float> weights(130);
  weights[0] = 7.5;
  weights[1] = 1.4f;
  weights[127] = -2.5;
  weights[128] = 75;
  weights[129] = 14;
  tensors.set("w", {1, 130}, weights);
  auto at = [&](int channel, Arithmetic arithmetic) {
    std::vector<double> input(130);
    input[channel] = 1;
    return run(makeInput(1, input), arithmetic).values.front();
  };
  for (Arithmetic arithmetic : {Arithmetic::FP64INT4, Arithmetic::Device}) {
    EXPECT_EQ(at(0, arithmetic), 7);
    EXPECT_EQ(at(1, arithmetic), 1);
    EXPECT_EQ(at(127, arithmetic), -2);
    EXPECT_EQ(at(128, arithmetic), 70);
    EXPECT_EQ(at(129, arithmetic), 10);
  }
  // What has been rounded once is not rounded again: 7 would make a scale of
  // its own.
  Interpreter::Result result = get(
      (*Interpreter::create(*module, tensors,
                            {Arithmetic::FP64INT4, nullptr, ScaleChoice::AbsMax,
                             /*isRounded=*/true}))
          ->run(makeInput(1, std::vector<double>(130, 1)), 0));
  expectNear(result.maps.front(), {7.5 + 1.4f - 2.5 + 75 + 14});
  EXPECT_EQ(at(0, Arithmetic::FP64), 7.5);
  EXPECT_EQ(at(1, Arithmetic::FP64), 1.4f);
  EXPECT_EQ(at(129, Arithmetic::FP64), 14);
}

} // namespace
