//===- TensorTest.cpp - Elements and rows of tensors ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Tensor.h"
#include "DLAVM/Support/Half.h"

#include "llvm/Support/Endian.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace dlavm;
using namespace llvm;

namespace {

template <typename Float>
std::vector<Float> convert(ElementType type, ArrayRef<uint8_t> bytes,
                           size_t size) {
  std::vector<Float> out(size);
  convertElements(type, bytes, out);
  return out;
}

template <typename Float>
std::vector<Float> readRow(const Tensor &tensor, int64_t row) {
  std::vector<Float> out(tensor.getRowSize());
  tensor.readRow(row, out);
  return out;
}

} // namespace

TEST(ConvertElementsTest, AllTypes) {
  // An odd address, as files do not align tensors.
  constexpr size_t size = 3001;
  std::vector<uint8_t> bytes(1 + 8 * size);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = i * 89 + i / 256;
  ArrayRef<uint8_t> data = ArrayRef<uint8_t>(bytes).drop_front();
  for (ElementType type : {ElementType::F64, ElementType::F32, ElementType::F16,
                           ElementType::BF16}) {
    const auto floats = convert<float>(type, data, size);
    const auto doubles = convert<double>(type, data, size);
    for (size_t i = 0; i < size; ++i) {
      const uint8_t *place = data.data() + i * getByteSize(type);
      double expected = 0;
      switch (type) {
      case ElementType::F64:
        expected =
            dlavm::detail::bitCast<double>(support::endian::read64le(place));
        break;
      case ElementType::F32:
        expected =
            dlavm::detail::bitCast<float>(support::endian::read32le(place));
        break;
      case ElementType::F16:
        expected = halfToFloat(support::endian::read16le(place));
        break;
      case ElementType::BF16:
        expected = bfloatToFloat(support::endian::read16le(place));
        break;
      }
      // What conversions make of the bits of one is the compiler's business.
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(doubles[i]) && std::isnan(floats[i]));
        continue;
      }
      const float rounded = static_cast<float>(expected);
      ASSERT_EQ(std::memcmp(&doubles[i], &expected, sizeof(expected)), 0)
          << stringify(type).str() << " " << i;
      ASSERT_EQ(std::memcmp(&floats[i], &rounded, sizeof(rounded)), 0)
          << stringify(type).str() << " " << i;
    }
  }
}

TEST(ConvertElementsTest, AllHalves) {
  std::vector<uint8_t> bytes(2 << 16);
  for (unsigned code = 0; code < 1 << 16; ++code)
    support::endian::write16le(&bytes[2 * code], code);
  // Also where the last vector is not full.
  for (size_t first : {0, 3}) {
    const size_t size = (1 << 16) - first;
    const auto found = convert<float>(
        ElementType::F16, ArrayRef(bytes).drop_front(2 * first), size);
    for (size_t i = 0; i < size; ++i) {
      const float expected = halfToFloat(first + i);
      ASSERT_EQ(std::memcmp(&found[i], &expected, sizeof(float)), 0) << i;
    }
  }
}

TEST(FloatTensorTest, Rows) {
  const double values[] = {0.1, 1, 2, 3, 4, 5, 6, 7};
  const ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(values),
                                sizeof(values));
  const FloatTensor matrix(ElementType::F64, {2, 4}, bytes, "file");
  EXPECT_EQ(matrix.getOrigin(), "file");
  EXPECT_EQ(matrix.getRowSize(), 4);
  EXPECT_FALSE(matrix.fitsFloat());
  EXPECT_FALSE(matrix.hasCodes());
  EXPECT_EQ(readRow<double>(matrix, 0), (std::vector<double>{0.1, 1, 2, 3}));
  EXPECT_EQ(readRow<float>(matrix, 0), (std::vector<float>{0.1f, 1, 2, 3}));
  EXPECT_EQ(readRow<double>(matrix, 1), (std::vector<double>{4, 5, 6, 7}));
  const FloatTensor vector(ElementType::F64, {8}, bytes, "file");
  EXPECT_EQ(readRow<double>(vector, 0),
            std::vector<double>(values, values + 8));
  const FloatTensor image(ElementType::F64, {4, 1, 2}, bytes, "file");
  EXPECT_EQ(readRow<double>(image, 3), (std::vector<double>{6, 7}));
  EXPECT_EQ(FloatTensor(ElementType::F64, {}, bytes, "file").getRowSize(), 1);
}
