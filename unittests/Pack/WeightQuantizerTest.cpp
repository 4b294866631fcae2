//===- WeightQuantizerTest.cpp - What stays as it is, and what does not ---===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/WeightQuantizer.h"
#include "DLAVM/Support/Half.h"
#include "TestModel.h"

#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;

namespace {

/// A matrix of codes and scales.
class CodedTensor : public Tensor {
public:
  CodedTensor(ArrayRef<int64_t> shape, std::vector<int8_t> codes,
              std::vector<float> scales)
      : Tensor(shape, "coded"), codes(std::move(codes)),
        scales(std::move(scales)) {}

  void readRow(int64_t row, MutableArrayRef<double> out) const override {
    for (size_t i = 0, at = row * out.size(); i < out.size(); ++i, ++at)
      out[i] = double(codes[at]) * double(scales[at]);
  }
  void readRow(int64_t row, MutableArrayRef<float> out) const override {
    for (size_t i = 0, at = row * out.size(); i < out.size(); ++i, ++at)
      out[i] = float(codes[at]) * scales[at];
  }
  bool fitsFloat() const override { return true; }
  bool hasCodes() const override { return true; }
  void readCodes(int64_t row, MutableArrayRef<int8_t> outCodes,
                 MutableArrayRef<float> outScales) const override {
    copy(ArrayRef(codes).slice(row * outCodes.size(), outCodes.size()),
         outCodes.begin());
    copy(ArrayRef(scales).slice(row * outCodes.size(), outCodes.size()),
         outScales.begin());
  }

  std::vector<int8_t> codes;
  std::vector<float> scales;
};

class CodedTensors : public TensorSource {
public:
  Expected<std::shared_ptr<const Tensor>> getTensor(StringRef) override {
    return std::make_shared<CodedTensor>(shape, codes, scales);
  }

  SmallVector<int64_t, 2> shape;
  std::vector<int8_t> codes;
  std::vector<float> scales;
};

/// Two blocks of a row, the second of which is not full.
class WeightQuantizerTest : public testing::Test {
protected:
  static constexpr int kColumns = 200;

  WeightQuantizerTest() {
    tensors.shape = {1, kColumns};
    for (int i = 0; i < kColumns; ++i) {
      tensors.codes.push_back(static_cast<int8_t>(i * 11 % 15 - 7));
      tensors.scales.push_back(i < 128 ? 0.125f : 0.0003f);
    }
    // An FP16 number, and none that absmax / 7.5 gives.
    std::fill(tensors.scales.begin() + 128, tensors.scales.end(),
              halfToFloat(0x0CED));
  }

  ParameterRows open(int64_t columns = kColumns) {
    info.name = info.tensor = "w";
    info.shape = {tensors.shape[0], columns};
    return cantFail(ParameterRows::open(tensors, info, 0));
  }

  std::optional<WeightQuantizer::Refusal> quantize(bool fitsAnew = true,
                                                   int64_t columns = kColumns) {
    const size_t blocks = (columns + 127) / 128;
    values.assign(128 * blocks, 99);
    scales.assign(blocks, 99);
    error = {};
    return WeightQuantizer(ScaleChoice::AbsMax, fitsAnew)
        .quantizeRow(open(columns), 0, values, scales, error);
  }

  ParameterInfo info;
  CodedTensors tensors;
  std::vector<int8_t> values;
  std::vector<uint16_t> scales;
  QuantizationError error;
};

} // namespace

TEST_F(WeightQuantizerTest, StaysAsItIs) {
  EXPECT_FALSE(quantize(/*fitsAnew=*/false));
  for (int i = 0; i < kColumns; ++i)
    EXPECT_EQ(values[i], tensors.codes[i]) << i;
  for (size_t i = kColumns; i < values.size(); ++i)
    EXPECT_EQ(values[i], 0) << i;
  EXPECT_EQ(scales, (std::vector<uint16_t>{0x3000, 0x0CED}));
  EXPECT_EQ(error.exactBlocks, 2);
  EXPECT_EQ(error.refittedBlocks, 0);
  EXPECT_EQ(error.squaredErrors, 0);
  EXPECT_GT(error.squaredWeights, 0);
}

TEST_F(WeightQuantizerTest, ScalesOfZerosDoNotMatter) {
  for (int i = 0; i < 128; ++i)
    if (tensors.codes[i] == 0)
      tensors.scales[i] = 1.0f / 3;
  EXPECT_FALSE(quantize(/*fitsAnew=*/false));
  EXPECT_EQ(scales[0], 0x3000);
  EXPECT_EQ(error.exactBlocks, 2);
}

TEST_F(WeightQuantizerTest, MinusEight) {
  tensors.codes[5] = -8;
  std::optional<WeightQuantizer::Refusal> refused = quantize(false);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->column, 5);
  EXPECT_EQ(refused->value, -1);
  EXPECT_EQ(refused->reason,
            "its code is -8, but the device has -7 to 7 only, so that its "
            "block of 128 inputs would have to be fitted anew");
  // The search finds the scale again; the others keep their codes.
  EXPECT_FALSE(quantize());
  EXPECT_EQ(values[5], -7);
  EXPECT_EQ(scales[0], 0x3000);
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(values[i], std::max<int>(tensors.codes[i], -7)) << i;
  EXPECT_EQ(error.exactBlocks, 1);
  EXPECT_EQ(error.refittedBlocks, 1);
  EXPECT_EQ(error.squaredErrors, 0.125 * 0.125);
}

TEST_F(WeightQuantizerTest, SeveralScales) {
  tensors.scales[7] = 0.25f;
  std::optional<WeightQuantizer::Refusal> refused = quantize(false);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->column, 7);
  EXPECT_EQ(refused->reason,
            "its scale is 0.25, but that of another weight 0.12, so that its "
            "block of 128 inputs would have to be fitted anew");
  EXPECT_FALSE(quantize());
  EXPECT_EQ(error.refittedBlocks, 1);
}

TEST_F(WeightQuantizerTest, ScaleThatFP16DoesNotHold) {
  for (float scale : {1.0f / 3, 70000.0f, -0.125f}) {
    std::fill(tensors.scales.begin(), tensors.scales.begin() + 128, scale);
    std::optional<WeightQuantizer::Refusal> refused = quantize(false);
    ASSERT_TRUE(refused);
    EXPECT_NE(refused->reason.find("is no positive FP16 number"),
              std::string::npos);
  }
}

TEST_F(WeightQuantizerTest, PaddedHeads) {
  // Each head of 100 channels has a block of its own.
  info.columnHeads = HeadLayout{2, 100, 0, 128};
  EXPECT_TRUE(quantize(/*fitsAnew=*/false, 256));
  std::fill(tensors.scales.begin() + 100, tensors.scales.end(), 0.5f);
  EXPECT_FALSE(quantize(/*fitsAnew=*/false, 256));
  EXPECT_EQ(scales, (std::vector<uint16_t>{0x3000, 0x3800}));
  EXPECT_EQ(values[128], tensors.codes[100]);
  EXPECT_EQ(values[100], 0);
}

TEST_F(WeightQuantizerTest, FloatsAreRounded) {
  // A factor leaves no codes.
  info.factor = 2;
  EXPECT_FALSE(quantize(/*fitsAnew=*/true));
  EXPECT_EQ(error.exactBlocks + error.refittedBlocks, 0);
  // They were there.
  EXPECT_TRUE(quantize(/*fitsAnew=*/false));
}

TEST_F(WeightQuantizerTest, ValuesThatNobodyHolds) {
  tensors.scales[3] = std::numeric_limits<float>::infinity();
  std::optional<WeightQuantizer::Refusal> refused = quantize();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->column, 3);
  EXPECT_EQ(refused->reason, "weights must be finite");
}

TEST(WeightQuantizer, PackedCodes) {
  // The device's bytes have the codes, and nothing of them changes.
  TestPlan plan;
  plan.addParameter("w", {40, 256}, 0);
  const PlanObject &object =
      plan.addObject("w_weight", ObjectKind::Weight, {40, 256}, {"w"});
  CodedTensors tensors;
  tensors.shape = {40, 256};
  for (int i = 0; i < 40 * 256; ++i) {
    tensors.codes.push_back(static_cast<int8_t>(i * 7 % 15 - 7));
    tensors.scales.push_back(halfToFloat(0x2000 + 3 * (i / 128)));
  }
  const Ports ports = cantFail(packPorts(plan, tensors, object));
  const std::vector<ArrayRef<uint8_t>> bytes(ports.begin(), ports.end());
  std::vector<int8_t> values(256);
  std::vector<uint16_t> scales(2);
  for (int row = 0; row < 40; ++row) {
    plan.device.getObject(ObjectKind::Weight)
        ->readWeights(bytes, row, plan.device, values, scales);
    for (int i = 0; i < 256; ++i)
      ASSERT_EQ(values[i], tensors.codes[row * 256 + i]);
    EXPECT_EQ(scales[0], 0x2000 + 6 * row);
    EXPECT_EQ(scales[1], 0x2000 + 6 * row + 3);
  }
}
