//===- QuantizedTensor.cpp - Matrices of INT4 and FP8 ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedTensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <atomic>
#include <cmath>
#include <limits>

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Nibbles
//===----------------------------------------------------------------------===//

static uint32_t getWord(const Nibbles &nibbles, int64_t index) {
  return support::endian::read32le(nibbles.bytes.data() + 4 * index);
}

/// Words of a row of words.
static int64_t getPitch(const Nibbles &nibbles) {
  return nibbles.isAlongRows ? nibbles.columns : divideCeil(nibbles.columns, 8);
}

uint8_t Nibbles::get(int64_t row, int64_t column) const {
  const int64_t wordRow = isAlongRows ? row / 8 : row;
  const int64_t wordColumn = isAlongRows ? column : column / 8;
  const int64_t place = (isAlongRows ? row : column) % 8;
  return getWord(*this, wordRow * getPitch(*this) + wordColumn) >>
             shifts[place] &
         15;
}

/// The nibbles of a word, from the lowest on, as bytes.
static uint64_t spread(uint64_t word) {
  word = (word | word << 16) & 0x0000FFFF0000FFFF;
  word = (word | word << 8) & 0x00FF00FF00FF00FF;
  word = (word | word << 4) & 0x0F0F0F0F0F0F0F0F;
  return support::endian::byte_swap(word, endianness::little);
}

void Nibbles::readRow(int64_t row, MutableArrayRef<int8_t> out) const {
  assert(!isAlongRows && shifts[1] == 4 && "no format needs anything else");
  const int64_t first = row * getPitch(*this);
  for (size_t i = 0; i < out.size(); i += 8) {
    const uint64_t bytes =
        spread(getWord(*this, first + static_cast<int64_t>(i / 8)));
    std::memcpy(out.data() + i, &bytes, std::min<size_t>(8, out.size() - i));
  }
}

void Nibbles::readColumns(int64_t first, int64_t count, int8_t *out,
                          int64_t pitch) const {
  const int64_t words = getPitch(*this);
  if (isAlongRows) {
    assert(rows % 8 == 0 && "words are full");
    for (int64_t row = 0; row < rows; row += 8) {
      // The processor does not guess steps of this length.
      constexpr int64_t ahead = 16 * 8, perLine = 16;
      if (row + ahead < rows)
        for (int64_t i = 0; i < count; i += perLine)
          __builtin_prefetch(bytes.data() +
                             4 * ((row + ahead) / 8 * words + first + i));
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t nibbles =
            spread(getWord(*this, row / 8 * words + first + i));
        std::memcpy(out + i * pitch + row, &nibbles, 8);
      }
    }
    return;
  }
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0; i < count; ++i)
      out[i * pitch + row] = getWord(*this, row * words + (first + i) / 8) >>
                                 shifts[(first + i) % 8] &
                             15;
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

GroupedTensor::GroupedTensor(ArrayRef<int64_t> shape, StringRef origin,
                             Parts parts)
    : Tensor(shape, origin), parts(std::move(parts)) {
  static std::atomic<uint64_t> count = 0;
  number = ++count;
}

namespace {
/// Some outputs of a transposed matrix. Words of neighbouring outputs share a
/// line of the processor's cache, and the next inputs are far away.
struct Outputs {
  static constexpr int64_t kCount = 64;
  uint64_t tensor = 0;
  int64_t first = -1;
  std::vector<int8_t> codes;
};
} // namespace

/// Reads a row without subtracting zero points.
void GroupedTensor::readStoredCodes(int64_t row,
                                    MutableArrayRef<int8_t> codes) const {
  if (!parts.isTransposed)
    return parts.codes.readRow(row, codes);
  // Rows that are permuted come from several places in turn.
  thread_local std::array<Outputs, 4> cache;
  const int64_t block = row / Outputs::kCount, first = block * Outputs::kCount;
  Outputs &outputs = cache[block % cache.size()];
  // A pitch that is a power of two would put all outputs in the same lines.
  const int64_t pitch = static_cast<int64_t>(codes.size()) + 64;
  if (outputs.tensor != number || outputs.first != first) {
    outputs.codes.resize(Outputs::kCount * pitch);
    parts.codes.readColumns(first,
                            std::min(Outputs::kCount, getShape()[0] - first),
                            outputs.codes.data(), pitch);
    outputs.tensor = number;
    outputs.first = first;
  }
  std::memcpy(codes.data(), &outputs.codes[(row - first) * pitch],
              codes.size());
}

int64_t GroupedTensor::getZero(int64_t row, int64_t group) const {
  if (parts.zeros)
    return (parts.isTransposed ? parts.zeros->get(group, row)
                               : parts.zeros->get(row, group)) +
           parts.zeroOffset;
  if (!parts.zeroBytes.empty())
    return static_cast<int8_t>(parts.zeroBytes[row * parts.groups + group]) +
           parts.zeroOffset;
  return 8;
}

float GroupedTensor::getScale(int64_t row, int64_t group) const {
  const int64_t index = parts.isTransposed ? group * getShape()[0] + row
                                           : row * parts.groups + group;
  float scale;
  convertElements(parts.scaleType,
                  parts.scales.drop_front(index * getByteSize(parts.scaleType)),
                  MutableArrayRef<float>(scale));
  return scale;
}

bool GroupedTensor::fitsFloat() const {
  // The product of eleven bits or less and five is none of more than FP32 has.
  return parts.scaleType != ElementType::F32;
}

void GroupedTensor::readCodes(int64_t row, MutableArrayRef<int8_t> codes,
                              MutableArrayRef<float> scales) const {
  readStoredCodes(row, codes);
  if (parts.groupOfInput.empty()) {
    const size_t size = parts.groupSize;
    for (size_t first = 0, group = 0; first < codes.size();
         first += size, ++group) {
      const auto zero = static_cast<int8_t>(getZero(row, group));
      const size_t count = std::min(size, codes.size() - first);
      for (int8_t &code : codes.slice(first, count))
        code = static_cast<int8_t>(code - zero);
      fill(scales.slice(first, count), getScale(row, group));
    }
    return;
  }
  SmallVector<int8_t, 0> zeros;
  SmallVector<float, 0> groupScales;
  for (int64_t group = 0; group < parts.groups; ++group) {
    zeros.push_back(static_cast<int8_t>(getZero(row, group)));
    groupScales.push_back(getScale(row, group));
  }
  for (auto [code, scale, group] :
       zip_equal(codes, scales, parts.groupOfInput)) {
    code = static_cast<int8_t>(code - zeros[group]);
    scale = groupScales[group];
  }
}

template <typename Float>
void GroupedTensor::read(int64_t row, MutableArrayRef<Float> out) const {
  SmallVector<int8_t, 0> codes(out.size());
  SmallVector<float, 0> scales(out.size());
  readCodes(row, codes, scales);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<Float>(codes[i]) * static_cast<Float>(scales[i]);
}

void GroupedTensor::readRow(int64_t row, MutableArrayRef<double> out) const {
  read(row, out);
}

void GroupedTensor::readRow(int64_t row, MutableArrayRef<float> out) const {
  read(row, out);
}

//===----------------------------------------------------------------------===//
// FP8
//===----------------------------------------------------------------------===//

/// The value of an E4M3 code: 1 sign, 4 exponent (bias 7) and 3 fraction bits;
/// the largest magnitude is NaN.
static float decodeE4M3(uint8_t code) {
  const int exponent = code >> 3 & 15, fraction = code & 7;
  float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -9)
                                  : std::ldexp(static_cast<float>(8 + fraction),
                                               exponent - 10);
  if ((code & 0x7F) == 0x7F)
    magnitude = std::numeric_limits<float>::quiet_NaN();
  return code & 0x80 ? -magnitude : magnitude;
}

static const std::array<float, 256> &getE4M3() {
  static const std::array<float, 256> values = [] {
    std::array<float, 256> table;
    for (size_t code = 0; code < table.size(); ++code)
      table[code] = decodeE4M3(static_cast<uint8_t>(code));
    return table;
  }();
  return values;
}

bool FP8Tensor::fitsFloat() const {
  return parts.scaleType != ElementType::F32;
}

template <typename Float>
void FP8Tensor::read(int64_t row, MutableArrayRef<Float> out) const {
  const std::array<float, 256> &values = getE4M3();
  const size_t columns = out.size(), size = parts.blockColumns;
  const size_t blocks = divideCeil(columns, size);
  SmallVector<float, 0> scales(blocks);
  convertElements(parts.scaleType,
                  parts.scales.drop_front(row / parts.blockRows * blocks *
                                          getByteSize(parts.scaleType)),
                  MutableArrayRef<float>(scales));
  const uint8_t *codes = parts.codes.data() + row * columns;
  for (size_t i = 0; i < columns; ++i)
    out[i] = static_cast<Float>(values[codes[i]]) *
             static_cast<Float>(scales[i / size]);
}

void FP8Tensor::readRow(int64_t row, MutableArrayRef<double> out) const {
  read(row, out);
}

void FP8Tensor::readRow(int64_t row, MutableArrayRef<float> out) const {
  read(row, out);
}
