//===- PackEmbedding.cpp - Embedding rows as FP16 -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ObjectPacker.h"
#include "PackSupport.h"

#include "llvm/Support/Endian.h"

using namespace dlavm;
using namespace llvm;

static Error addEmbedding(Error error) {
  if (!error)
    return error;
  return createStringError("the embedding: " + toString(std::move(error)));
}

Error ObjectPacker::checkEmbedding() const {
  const ParameterInfo &info = *plan.getParameter(plan.embedding);
  Expected<ParameterRows> rows = ParameterRows::open(source, info, 0);
  return addEmbedding(rows ? Error::success() : rows.takeError());
}

int64_t ObjectPacker::getEmbeddingBytes() const {
  const ParameterInfo &info = *plan.getParameter(plan.embedding);
  return 2 * info.shape[0] * info.shape[1];
}

Error ObjectPacker::packEmbedding(BytesSink sink) const {
  const ParameterInfo &info = *plan.getParameter(plan.embedding);
  Expected<ParameterRows> rows = ParameterRows::open(source, info, 0);
  if (!rows)
    return addEmbedding(rows.takeError());
  const int64_t columns = rows->getNumColumns(), numRows = rows->getNumRows();
  const int64_t chunkRows = std::max<int64_t>(1, kChunkBytes / (2 * columns));
  std::vector<double> values(columns);
  std::vector<uint16_t> codes(columns);
  std::vector<uint8_t> bytes;
  bytes.reserve(2 * columns * std::min(chunkRows, numRows));
  int64_t offset = 0;
  for (int64_t row = 0; row < numRows; ++row) {
    rows->readRow(row, values);
    if (std::optional<size_t> refused = roundToHalf(values, codes))
      return addEmbedding(refuseHalf(info, 0, row, *refused, values[*refused]));
    bytes.resize(bytes.size() + 2 * columns);
    uint8_t *out = bytes.data() + bytes.size() - 2 * columns;
    for (int64_t i = 0; i < columns; ++i)
      support::endian::write16le(out + 2 * i, codes[i]);
    if (row + 1 < numRows && (row + 1) % chunkRows != 0)
      continue;
    if (Error error = sink(offset, bytes))
      return error;
    offset += bytes.size();
    bytes.clear();
  }
  return Error::success();
}
