//===- PackWeights.cpp - Weight matrices as INT4 ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ObjectPacker.h"
#include "PackSupport.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace llvm;

Error ObjectPacker::packWeights(const PlanObject &object, int64_t layer,
                                PackSink sink,
                                MutableArrayRef<QuantizationError> errors) const {
  std::vector<ParameterRows> parameters;
  for (size_t i = 0; i < object.from.size(); ++i) {
    Expected<ParameterRows> rows = openRows(object, i, layer);
    if (!rows)
      return rows.takeError();
    parameters.push_back(std::move(*rows));
  }
  const ObjectSupport &support = *device.getObject(object.kind);
  const int64_t numRows = object.shape[0], columns = object.shape[1];
  const int64_t groupRows = device.getTraits().channelGranularity;
  const int64_t groupBytes = support.bytes({groupRows, columns}, device);
  const int64_t numGroups = divideCeil(numRows, groupRows);
  const int64_t chunkGroups = std::clamp<int64_t>(
      kChunkBytes / (groupBytes * object.ports), 1, numGroups);
  const int64_t blocks = divideCeil(columns, WeightQuantizer::kBlock);
  const int64_t pitch = blocks * WeightQuantizer::kBlock;

  std::vector<int8_t> values(groupRows * pitch);
  std::vector<uint16_t> scales(groupRows * blocks);
  std::vector<uint8_t> bytes(object.ports * chunkGroups * groupBytes);
  const auto chunk = cutPorts(bytes, object.ports);
  std::vector<MutableArrayRef<uint8_t>> place(object.ports);

  // The parameter whose rows come next, and the first of them.
  size_t current = 0;
  int64_t first = 0;
  for (int64_t group = 0; group < numGroups; ++group) {
    const int64_t begin = group * groupRows;
    const int64_t count = std::min(groupRows, numRows - begin);
    for (int64_t row = 0; row < count; ++row) {
      if (begin + row == first + parameters[current].getNumRows())
        first += parameters[current++].getNumRows();
      const int64_t index = begin + row - first;
      std::optional<WeightQuantizer::Refusal> refused = quantizer.quantizeRow(
          parameters[current], index,
          MutableArrayRef(values).slice(row * pitch, pitch),
          MutableArrayRef(scales).slice(row * blocks, blocks), errors[current]);
      if (refused)
        return refuseValue(*plan.getParameter(object.from[current]), layer,
                           index, refused->column, refused->value,
                           refused->reason);
    }
    const int64_t inChunk = group % chunkGroups;
    for (auto [to, from] : zip_equal(place, chunk))
      to = from.slice(inChunk * groupBytes, groupBytes);
    support.packWeights({columns, ArrayRef(values).take_front(count * pitch),
                         ArrayRef(scales).take_front(count * blocks)},
                        device, place);
    if (inChunk + 1 < chunkGroups && group + 1 < numGroups)
      continue;
    if (Error failure = sendPorts(object, layer, (group - inChunk) * groupBytes,
                                  chunk, (inChunk + 1) * groupBytes, sink))
      return failure;
  }
  return Error::success();
}
