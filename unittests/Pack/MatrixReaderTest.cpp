//===- MatrixReaderTest.cpp - Tests of reading rows of weights ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixReader.h"
#include "DLAVM/Support/Half.h"
#include "TestModel.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;

/// All rows against those of ParameterRows.
static void checkRows(TestTensors &tensors, const ParameterInfo &info) {
  const auto expected = cantFail(ParameterRows::open(tensors, info, 1));
  for (bool useVectors : {false, true}) {
    const auto reader =
        cantFail(MatrixReader::open(tensors, info, 1, useVectors));
    ASSERT_EQ(reader.getNumRows(), expected.getNumRows());
    ASSERT_EQ(reader.getNumColumns(), expected.getNumColumns());
    std::vector<float> row(expected.getNumColumns()), same(row.size());
    for (int64_t i = 0; i < expected.getNumRows(); ++i) {
      fill(row, 99.0f);
      reader.readRow(i, row);
      expected.readRow(i, same);
      ASSERT_EQ(row, same) << "row " << i;
    }
  }
}

TEST(MatrixReader, ReadsWhatParameterRowsReads) {
  for (ElementType type :
       {ElementType::F16, ElementType::BF16, ElementType::F32}) {
    TestTensors tensors;
    tensors.addRandom("layers.1.w", type, {29, 13}, 1);
    ParameterInfo info;
    info.name = "w";
    info.tensor = "layers.{layer}.w";
    info.layers = 2;
    info.shape = {29, 13};
    checkRows(tensors, info);
    info.rows = RowSlice{7};
    info.shape = {12, 13};
    checkRows(tensors, info);
    info.rows = RowSlice{7, 3, 5};
    checkRows(tensors, info);
    info.factor = -3;
    checkRows(tensors, info);
    info.factor = 1;
    info.isNormalized = true;
    checkRows(tensors, info);
    info.isNormalized = false;
    info.rowHeads = HeadLayout{2, 6, 4, 10};
    info.shape = {20, 13};
    checkRows(tensors, info);
    info.columnHeads = HeadLayout{1, 13, 0, 16};
    info.shape = {20, 16};
    checkRows(tensors, info);
    info.tensor = "";
    info.splat = 0.5;
    checkRows(tensors, info);
  }
}

TEST(MatrixReader, AllHalves) {
  std::vector<float> values;
  for (int code = 0; code < 0x10000; ++code)
    if ((code & 0x7C00) != 0x7C00)
      values.push_back(halfToFloat(static_cast<uint16_t>(code)));
  const int64_t columns = values.size() / 2;
  TestTensors tensors;
  tensors.add("layers.1.w", ElementType::F16, {2, columns}, values);
  ParameterInfo info;
  info.name = "w";
  info.tensor = "layers.{layer}.w";
  info.layers = 2;
  info.shape = {2, columns};
  checkRows(tensors, info);
}

TEST(MatrixReader, Refuses) {
  TestTensors tensors;
  ParameterInfo info;
  info.name = info.tensor = "w";
  info.shape = {2, 3};
  EXPECT_NE(getMessage(MatrixReader::open(tensors, info, 0)), "");
  tensors.addRandom("w", ElementType::F16, {3, 3}, 1);
  EXPECT_NE(getMessage(MatrixReader::open(tensors, info, 0)), "");
}
