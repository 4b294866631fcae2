//===- ParameterRowsTest.cpp - Rows of a parameter ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/TensorSource.h"

#include "llvm/ADT/STLExtras.h"

#include "gtest/gtest.h"

#include <map>

using namespace dlavm;
using llvm::toString;

namespace {

/// Has its elements as codes, too, with the scale 1.
class CodedTensor : public FloatTensor {
public:
  CodedTensor(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values)
      : FloatTensor(ElementType::F32, shape,
                    {reinterpret_cast<const uint8_t *>(values.data()),
                     values.size() * sizeof(float)},
                    "counting") {}
  bool hasCodes() const override { return true; }
  void readCodes(int64_t row, llvm::MutableArrayRef<int8_t> codes,
                 llvm::MutableArrayRef<float> scales) const override {
    std::vector<float> values(codes.size());
    readRow(row, values);
    llvm::copy(values, codes.begin());
    llvm::fill(scales, 1.0f);
  }
};

/// Tensors whose elements count up: element i of a tensor is its first + i.
class CountingTensors : public TensorSource {
public:
  void add(const std::string &name, llvm::ArrayRef<int64_t> shape,
           float first) {
    Entry &tensor = tensors[name];
    tensor.shape.assign(shape.begin(), shape.end());
    size_t size = 1;
    for (int64_t dim : shape)
      size *= dim;
    for (size_t i = 0; i < size; ++i)
      tensor.values.push_back(first + i);
  }

  llvm::Expected<std::shared_ptr<const Tensor>>
  getTensor(llvm::StringRef name) override {
    auto it = tensors.find(name.str());
    if (it == tensors.end())
      return llvm::createStringError("counting: has no tensor '" + name + "'");
    return std::make_shared<CodedTensor>(it->second.shape, it->second.values);
  }

private:
  struct Entry {
    llvm::SmallVector<int64_t, 2> shape;
    std::vector<float> values;
  };
  std::map<std::string, Entry> tensors;
};

ParameterInfo getInfo(const std::string &tensor,
                      llvm::ArrayRef<int64_t> shape) {
  ParameterInfo info;
  info.name = "p";
  info.tensor = tensor;
  info.shape.assign(shape.begin(), shape.end());
  return info;
}

std::vector<float> readRow(TensorSource &source, const ParameterInfo &info,
                           int64_t row, int64_t layer = 0) {
  ParameterRows rows = llvm::cantFail(ParameterRows::open(source, info, layer));
  std::vector<float> values(rows.getNumColumns(), -1);
  rows.readRow(row, values);
  std::vector<double> exact(values.size(), -1);
  rows.readRow(row, exact);
  EXPECT_EQ(exact, std::vector<double>(values.begin(), values.end()));
  EXPECT_EQ(rows.hasCodes(),
            !info.tensor.empty() && info.factor == 1 && !info.isNormalized);
  if (!rows.hasCodes())
    return values;
  std::vector<int8_t> codes(values.size(), -1);
  std::vector<float> scales(values.size(), -1);
  rows.readCodes(row, codes, scales);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(codes[i], values[i]) << i;
    // Padding has no scale; 0 is an element, too.
    EXPECT_EQ(scales[i], values[i] == 0 && scales[i] == 0 ? 0 : 1) << i;
  }
  return values;
}

std::string getError(TensorSource &source, const ParameterInfo &info) {
  llvm::Expected<ParameterRows> rows = ParameterRows::open(source, info, 0);
  return rows ? "" : toString(rows.takeError());
}

using Row = std::vector<float>;

} // namespace

TEST(ParameterRowsTest, TensorNames) {
  EXPECT_EQ(getInfo("a.{layer}.b", {1}).getTensorName(12), "a.12.b");
  EXPECT_EQ(getInfo("{layer}{layer}", {1}).getTensorName(3), "33");
  EXPECT_EQ(getInfo("norm.weight", {1}).getTensorName(3), "norm.weight");
}

TEST(ParameterRowsTest, WholeMatrix) {
  CountingTensors source;
  source.add("layers.1.w", {3, 4}, 0);
  ParameterInfo info = getInfo("layers.{layer}.w", {3, 4});
  info.layers = 2;
  EXPECT_EQ(readRow(source, info, 2, 1), (Row{8, 9, 10, 11}));
  ParameterRows rows = llvm::cantFail(ParameterRows::open(source, info, 1));
  EXPECT_EQ(rows.getNumRows(), 3);
  EXPECT_EQ(rows.getNumColumns(), 4);
}

TEST(ParameterRowsTest, Kernels) {
  // [outputs, inputs, rows, columns]; a row has the inputs last.
  CountingTensors source;
  source.add("w", {2, 3, 1, 2}, 0);
  ParameterInfo info = getInfo("w", {2, 6});
  info.kernel = {1, 2};
  EXPECT_EQ(readRow(source, info, 0), (Row{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(readRow(source, info, 1), (Row{6, 8, 10, 7, 9, 11}));
  info.kernel = {2, 1};
  EXPECT_EQ(getError(source, info),
            "counting: the tensor 'w' has the shape [2, 3, 1, 2], but the "
            "parameter 'p' needs [2, 3, 2, 1]");
  info.kernel = {4, 1};
  EXPECT_EQ(getError(source, info), "the parameter 'p' of shape [2, 6] cannot "
                                    "have kernels of [4, 1]");
}

TEST(ParameterRowsTest, Vector) {
  CountingTensors source;
  source.add("b", {3}, 5);
  const ParameterInfo info = getInfo("b", {3});
  EXPECT_EQ(readRow(source, info, 0), (Row{5, 6, 7}));
  ParameterRows rows = llvm::cantFail(ParameterRows::open(source, info, 0));
  EXPECT_EQ(rows.getNumRows(), 1);
}

TEST(ParameterRowsTest, Slice) {
  CountingTensors source;
  source.add("w", {5, 2}, 0);
  source.add("b", {5}, 0);
  ParameterInfo matrix = getInfo("w", {2, 2}), vector = getInfo("b", {2});
  matrix.rows = vector.rows = RowSlice{3};
  EXPECT_EQ(readRow(source, matrix, 1), (Row{8, 9}));
  EXPECT_EQ(readRow(source, vector, 0), (Row{3, 4}));
}

TEST(ParameterRowsTest, RunsOfRows) {
  CountingTensors source;
  source.add("w", {8, 2}, 0);
  source.add("b", {8}, 0);
  // Rows 1, 2 and 5, 6 of both.
  ParameterInfo matrix = getInfo("w", {4, 2}), vector = getInfo("b", {4});
  matrix.rows = vector.rows = RowSlice{1, 2, 4};
  EXPECT_EQ(readRow(source, matrix, 1), (Row{4, 5}));
  EXPECT_EQ(readRow(source, matrix, 2), (Row{10, 11}));
  EXPECT_EQ(readRow(source, vector, 0), (Row{1, 2, 5, 6}));
  // Heads are those of the slice.
  matrix.rowHeads = HeadLayout{2, 2, 2, 2};
  EXPECT_EQ(readRow(source, matrix, 3), (Row{12, 13}));
  matrix.rowHeads = std::nullopt;
  matrix.rows = RowSlice{3, 2, 4};
  EXPECT_EQ(getError(source, matrix),
            "counting: the tensor 'w' has the shape [8, 2], but the parameter "
            "'p' needs [4, 2] from row 3 on, 2 of every 4 rows");
}

TEST(ParameterRowsTest, FactorsAndLengths) {
  CountingTensors source;
  source.add("w", {2, 2}, 3);
  source.add("zero", {1, 1}, 0);
  ParameterInfo info = getInfo("w", {2, 2});
  info.factor = 10;
  EXPECT_EQ(readRow(source, info, 1), (Row{50, 60}));
  info.isNormalized = true;
  EXPECT_EQ(readRow(source, info, 0), (Row{6, 8}));
  info = getInfo("zero", {1, 1});
  info.isNormalized = true;
  EXPECT_EQ(readRow(source, info, 0), (Row{0}));
}

// 2 heads of 6 channels, of which 4 rotate, padded to 8.
TEST(ParameterRowsTest, Heads) {
  const HeadLayout heads = {2, 6, 4, 8};
  CountingTensors source;
  source.add("w", {13, 1}, 0);
  source.add("b", {13}, 0);
  source.add("o", {2, 12}, 0);
  ParameterInfo matrix = getInfo("w", {16, 1}), vector = getInfo("b", {16});
  matrix.rowHeads = vector.rowHeads = heads;
  matrix.rows = vector.rows = RowSlice{1};
  const Row expected = {1, 3, 2, 4, 5, 6, 0, 0, 7, 9, 8, 10, 11, 12, 0, 0};
  EXPECT_EQ(readRow(source, vector, 0), expected);
  for (int64_t row = 0; row < 16; ++row)
    EXPECT_EQ(readRow(source, matrix, row), Row{expected[row]}) << row;

  ParameterInfo columns = getInfo("o", {2, 16});
  columns.columnHeads = heads;
  EXPECT_EQ(readRow(source, columns, 1),
            (Row{12, 14, 13, 15, 16, 17, 0, 0, 18, 20, 19, 21, 22, 23, 0, 0}));
}

// 2 groups of 3 heads, with an empty one behind each.
TEST(ParameterRowsTest, Groups) {
  const HeadLayout heads = {6, 1, 0, 2, 2, 1};
  CountingTensors source;
  source.add("w", {6, 1}, 1);
  source.add("o", {1, 6}, 1);
  ParameterInfo matrix = getInfo("w", {16, 1});
  matrix.rowHeads = heads;
  const Row expected = {1, 0, 2, 0, 3, 0, 0, 0, 4, 0, 5, 0, 6, 0, 0, 0};
  for (int64_t row = 0; row < 16; ++row)
    EXPECT_EQ(readRow(source, matrix, row), Row{expected[row]}) << row;
  ParameterInfo columns = getInfo("o", {1, 16});
  columns.columnHeads = heads;
  EXPECT_EQ(readRow(source, columns, 0), expected);
}

TEST(ParameterRowsTest, Splat) {
  CountingTensors source;
  ParameterInfo info = getInfo("", {6});
  info.splat = 0.5;
  EXPECT_EQ(readRow(source, info, 0), Row(6, 0.5));
  info.rowHeads = {2, 2, 0, 3};
  EXPECT_EQ(readRow(source, info, 0), (Row{0.5, 0.5, 0, 0.5, 0.5, 0}));
}

TEST(ParameterRowsTest, ComputesInFP64) {
  // Neither the factor nor the products are FP32.
  CountingTensors source;
  source.add("w", {1, 2}, 3);
  ParameterInfo info = getInfo("w", {1, 2});
  const double factor = 1.0 / 3, length = 5;
  for (bool isNormalized : {false, true}) {
    info.isNormalized = isNormalized;
    info.factor = factor;
    ParameterRows rows = llvm::cantFail(ParameterRows::open(source, info, 0));
    EXPECT_FALSE(rows.fitsFloat());
    EXPECT_FALSE(rows.hasCodes());
    std::vector<double> exact(2);
    rows.readRow(0, exact);
    const double divisor = isNormalized ? length : 1;
    EXPECT_EQ(exact[0], 3 / divisor * factor);
    EXPECT_EQ(exact[1], 4 / divisor * factor);
    std::vector<float> rounded(2);
    rows.readRow(0, rounded);
    EXPECT_EQ(rounded[1], static_cast<float>(4 / divisor * factor));
  }
}

TEST(ParameterRowsTest, WrongShapes) {
  CountingTensors source;
  source.add("w", {3, 4}, 0);
  EXPECT_EQ(getError(source, getInfo("w", {3, 4})), "");
  EXPECT_EQ(getError(source, getInfo("w", {3, 5})),
            "counting: the tensor 'w' has the shape [3, 4], but the parameter "
            "'p' needs [3, 5]");
  // No more memory than the tensor has.
  EXPECT_EQ(getError(source, getInfo("w", {3, int64_t{1} << 40})),
            "counting: the tensor 'w' has the shape [3, 4], but the parameter "
            "'p' needs [3, 1099511627776]");
  EXPECT_NE(getError(source, getInfo("w", {2, 4})), "");
  EXPECT_NE(getError(source, getInfo("w", {12})), "");
  EXPECT_EQ(getError(source, getInfo("v", {3, 4})),
            "counting: has no tensor 'v'");

  ParameterInfo slice = getInfo("w", {2, 4});
  slice.rows = RowSlice{1};
  EXPECT_EQ(getError(source, slice), "");
  slice.rows = RowSlice{2};
  EXPECT_EQ(getError(source, slice),
            "counting: the tensor 'w' has the shape [3, 4], but the parameter "
            "'p' needs [2, 4] from row 2 on");
  for (RowSlice rows :
       {RowSlice{INT64_MAX}, RowSlice{-1}, RowSlice{0, 0, 1}, RowSlice{0, 2, 1},
        RowSlice{0, 1, -1}, RowSlice{0, 1, INT64_MAX}}) {
    slice.rows = rows;
    EXPECT_NE(getError(source, slice), "");
  }
}

TEST(ParameterRowsTest, WrongHeads) {
  CountingTensors source;
  source.add("w", {4, 4}, 0);
  ParameterInfo info = getInfo("w", {16, 4});
  info.rowHeads = {2, 2, 0, 8};
  EXPECT_EQ(getError(source, info), "");
  for (HeadLayout heads :
       {HeadLayout{3, 2, 0, 8}, HeadLayout{2, 2, 0, 4}, HeadLayout{2, 9, 0, 8},
        HeadLayout{2, 2, 3, 8}, HeadLayout{2, 2, 4, 8}, HeadLayout{2, 4, 3, 8},
        HeadLayout{0, 2, 0, 8}, HeadLayout{2, 0, 0, 8}, HeadLayout{2, 2, -2, 8},
        HeadLayout{2, 2, 0, 8, 0, 0}, HeadLayout{3, 2, 0, 4, 2, 0},
        HeadLayout{2, 2, 0, 8, 1, -1}, HeadLayout{2, 2, 0, 8, 2, 1}}) {
    info.rowHeads = heads;
    EXPECT_NE(getError(source, info)
                  .find("the parameter 'p' of shape [16, 4] "
                        "cannot have "),
              std::string::npos);
  }
  ParameterInfo vector = getInfo("w", {16});
  vector.columnHeads = {2, 2, 0, 8};
  EXPECT_NE(getError(source, vector), "");
}
