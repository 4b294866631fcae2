//===- ParameterRows.cpp - Rows of a parameter ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/TensorSource.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

/// Checks that dimension \p i of the parameter is what its heads make of one of
/// the checkpoint, and returns the size of that.
static Expected<int64_t> getSourceSize(const ParameterInfo &info, unsigned i) {
  const std::optional<HeadLayout> &heads =
      i == 0 ? info.rowHeads : info.columnHeads;
  if (!heads)
    return info.shape[i];
  if (heads->heads < 1 || heads->channels < 1 ||
      heads->channels > heads->paddedChannels || heads->interleaved < 0 ||
      heads->interleaved > heads->channels || heads->interleaved % 2 != 0 ||
      heads->groups < 1 || heads->heads % heads->groups != 0 ||
      heads->emptyHeads < 0 || info.shape[i] != heads->getSize())
    return createStringError(formatv(
        "the parameter '{0}' of shape {1} cannot have {2} heads of {3} "
        "channels, {4} of them interleaved, padded to {5}, in {6} groups with "
        "{7} empty heads behind each",
        info.name, printShape(info.shape), heads->heads, heads->channels,
        heads->interleaved, heads->paddedChannels, heads->groups,
        heads->emptyHeads));
  return heads->heads * heads->channels;
}

/// The shape that the parameter's part of the tensor has.
static Expected<SmallVector<int64_t, 2>>
getSourceShape(const ParameterInfo &info) {
  const unsigned rank = info.shape.size();
  if (rank < 1 || rank > 2 || (rank == 1 && info.columnHeads) ||
      info.firstRow.value_or(0) < 0 ||
      !all_of(info.shape, [](int64_t size) { return size > 0; }))
    return createStringError("the parameter '" + info.name +
                             "' must be a vector or a matrix, of which "
                             "only the latter can have heads in columns, and "
                             "start at a row from 0 on; found shape " +
                             printShape(info.shape));
  SmallVector<int64_t, 2> shape;
  for (unsigned i = 0; i < rank; ++i) {
    Expected<int64_t> size = getSourceSize(info, i);
    if (!size)
      return size.takeError();
    shape.push_back(*size);
  }
  if (info.kernel.empty())
    return shape;
  const auto isPositive = [](int64_t size) { return size > 0; };
  if (rank != 2 || info.columnHeads || info.kernel.size() != 2 ||
      !all_of(info.kernel, isPositive) ||
      shape[1] / info.kernel[1] % info.kernel[0] != 0 ||
      shape[1] % info.kernel[1] != 0)
    return createStringError(
        "the parameter '" + info.name + "' of shape " + printShape(info.shape) +
        " cannot have kernels of " + printShape(info.kernel));
  return SmallVector<int64_t, 2>{shape[0], info.getKernelChannels(),
                                 info.kernel[0], info.kernel[1]};
}

/// Compares the shape of \p tensor with \p expected, or where the parameter is
/// a slice, with a tensor that has it from firstRow on.
static Error checkShape(const TensorView &tensor, const ParameterInfo &info,
                        StringRef name, ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> found = tensor.shape;
  const int64_t firstRow = info.firstRow.value_or(0);
  const bool isSlice = info.firstRow.has_value();
  if (found.size() == expected.size() &&
      found.drop_front() == expected.drop_front() &&
      (isSlice ? expected[0] <= found[0] - firstRow : found[0] == expected[0]))
    return Error::success();
  return createStringError(formatv(
      "{0}: the tensor '{1}' has the shape {2}, but the parameter "
      "'{3}' needs {4}{5}",
      tensor.origin, name, printShape(found), info.name, printShape(expected),
      isSlice ? " from row " + std::to_string(firstRow) + " on" : ""));
}

Expected<ParameterRows> ParameterRows::open(TensorSource &source,
                                            const ParameterInfo &info,
                                            int64_t layer) {
  Expected<SmallVector<int64_t, 2>> expected = getSourceShape(info);
  if (!expected)
    return expected.takeError();
  ParameterRows result;
  result.info = info;
  result.rows = info.shape.size() == 1 ? 1 : info.shape[0];
  result.columns = info.shape.back();
  if (info.tensor.empty())
    return result;

  const std::string name = info.getTensorName(layer);
  Expected<TensorView> tensor = source.getTensor(name);
  if (!tensor)
    return tensor.takeError();
  if (Error error = checkShape(*tensor, info, name, *expected))
    return error;
  result.tensor = std::move(*tensor);
  return result;
}

void ParameterRows::readRow(int64_t row, MutableArrayRef<float> out) const {
  assert(row >= 0 && row < rows && "the parameter has no such row");
  assert(static_cast<int64_t>(out.size()) == columns && "wants whole rows");
  // The elements of a vector are what the rows of a matrix are.
  const bool isVector = info.shape.size() == 1;
  const std::optional<HeadLayout> &heads =
      isVector ? info.rowHeads : info.columnHeads;
  const int64_t sourceColumns =
      heads ? heads->heads * heads->channels : columns;
  int64_t first = info.firstRow.value_or(0);
  if (!isVector) {
    const std::optional<int64_t> sourceRow =
        info.rowHeads ? info.rowHeads->getSource(row) : row;
    if (!sourceRow) {
      fill(out, 0.0f);
      return;
    }
    first = (first + *sourceRow) * sourceColumns;
  }

  if (!info.kernel.empty() && !info.tensor.empty()) {
    const int64_t channels = info.getKernelChannels();
    SmallVector<float, 0> values(columns);
    convertElements(tensor, first, values);
    for (int64_t i = 0; i < columns; ++i)
      out[i] = values[i % channels * (columns / channels) + i / channels];
    return;
  }
  if (!heads && !info.tensor.empty())
    return convertElements(tensor, first, out);
  SmallVector<float, 0> values(sourceColumns, static_cast<float>(info.splat));
  if (!info.tensor.empty())
    convertElements(tensor, first, values);
  for (int64_t i = 0; i < columns; ++i) {
    const std::optional<int64_t> place = heads ? heads->getSource(i) : i;
    out[i] = place ? values[*place] : 0;
  }
}
