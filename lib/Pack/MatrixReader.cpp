//===- MatrixReader.cpp - Rows of weights, fast ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixReader.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;
using namespace llvm;

#if defined(__x86_64__) && defined(__GNUC__)

#include "DLAVM/Support/Half.h"

#include <immintrin.h>

static bool canConvert() { return __builtin_cpu_supports("f16c"); }

__attribute__((target("avx,f16c"))) static void
convertHalves(const uint8_t *in, MutableArrayRef<float> out) {
  size_t i = 0;
  for (; i + 8 <= out.size(); i += 8)
    _mm256_storeu_ps(out.data() + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(
                         reinterpret_cast<const __m128i *>(in + 2 * i))));
  for (; i < out.size(); ++i) {
    uint16_t code;
    std::memcpy(&code, in + 2 * i, sizeof(code));
    out[i] = halfToFloat(code);
  }
}

#else

static bool canConvert() { return false; }
static void convertHalves(const uint8_t *, MutableArrayRef<float>) {}

#endif

Expected<MatrixReader> MatrixReader::open(TensorSource &source,
                                          const ParameterInfo &info,
                                          int64_t layer, bool useVectors) {
  Expected<ParameterRows> rows = ParameterRows::open(source, info, layer);
  if (!rows)
    return rows.takeError();
  MatrixReader reader(std::move(*rows));
  if (!useVectors || !canConvert() || info.tensor.empty() || info.columnHeads ||
      !info.kernel.empty() || info.isNormalized || info.factor != 1)
    return reader;
  Expected<TensorView> tensor = source.getTensor(info.getTensorName(layer));
  if (!tensor)
    return tensor.takeError();
  if (tensor->type != ElementType::F16)
    return reader;
  reader.halves = tensor->bytes;
  reader.slice = info.rows.value_or(RowSlice());
  reader.rowHeads = info.rowHeads;
  return reader;
}

void MatrixReader::readRow(int64_t row, MutableArrayRef<float> out) const {
  if (halves.empty())
    return rows.readRow(row, out);
  const std::optional<int64_t> place =
      rowHeads ? rowHeads->getSource(row) : row;
  if (!place)
    return fill(out, 0.0f);
  convertHalves(halves.data() + slice.getSource(*place) * getNumColumns() * 2,
                out);
}
