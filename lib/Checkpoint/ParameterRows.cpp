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

#include <cmath>

using namespace dlavm;
using namespace llvm;

/// No place.
static constexpr int64_t kPadding = -1;

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

/// Places of rows fit 64 bits, however many there are.
static bool isValid(const RowSlice &rows) {
  return rows.first >= 0 && rows.first <= INT32_MAX && rows.stride >= 0 &&
         rows.stride <= INT32_MAX &&
         (rows.stride == 0 || (rows.run >= 1 && rows.run <= rows.stride));
}

/// The shape that the parameter's part of the tensor has.
static Expected<SmallVector<int64_t, 2>>
getSourceShape(const ParameterInfo &info) {
  const unsigned rank = info.shape.size();
  if (rank < 1 || rank > 2 || (rank == 1 && info.columnHeads) ||
      !isValid(info.rows.value_or(RowSlice())) ||
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
/// a slice, with a tensor that has all of its rows.
static Error checkShape(const Tensor &tensor, const ParameterInfo &info,
                        StringRef name, ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> found = tensor.getShape();
  if (found.size() == expected.size() &&
      found.drop_front() == expected.drop_front() &&
      (info.rows ? info.rows->getEnd(expected[0]) <= found[0]
                 : found[0] == expected[0]))
    return Error::success();
  std::string slice;
  if (info.rows)
    slice = " from row " + std::to_string(info.rows->first) + " on";
  if (info.rows && info.rows->stride)
    slice +=
        formatv(", {0} of every {1} rows", info.rows->run, info.rows->stride);
  return createStringError(
      formatv("{0}: the tensor '{1}' has the shape {2}, but the parameter "
              "'{3}' needs {4}{5}",
              tensor.getOrigin(), name, printShape(found), info.name,
              printShape(expected), slice));
}

/// The column of the tensor's row that is column \p index of the parameter's,
/// or nothing where that is padding.
static std::optional<int64_t> getPlace(const ParameterInfo &info,
                                       int64_t index) {
  if (!info.kernel.empty()) {
    const int64_t channels = info.getKernelChannels();
    const int64_t pixels = info.kernel[0] * info.kernel[1];
    return index % channels * pixels + index / channels;
  }
  // The elements of a vector are what the rows of a matrix are.
  const bool isVector = info.shape.size() == 1;
  const std::optional<HeadLayout> &heads =
      isVector ? info.rowHeads : info.columnHeads;
  std::optional<int64_t> place = heads ? heads->getSource(index) : index;
  if (place && isVector && info.rows)
    place = info.rows->getSource(*place);
  return place;
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
  if (!info.tensor.empty()) {
    const std::string name = info.getTensorName(layer);
    Expected<std::shared_ptr<const Tensor>> tensor = source.getTensor(name);
    if (!tensor)
      return tensor.takeError();
    // Whoever wrote the shape may have asked for more than memory holds; the
    // tensor is there.
    if (Error error = checkShape(**tensor, info, name, *expected))
      return error;
    result.tensor = std::move(*tensor);
  }
  bool isMoved = false;
  for (int64_t i = 0; i < result.columns; ++i) {
    result.places.push_back(getPlace(info, i).value_or(kPadding));
    isMoved |= result.places.back() != i;
  }
  if (!result.tensor)
    return result;
  if (!isMoved && result.tensor->getRowSize() == result.columns)
    result.places.clear();
  return result;
}

bool ParameterRows::fitsFloat() const {
  return isStored() && tensor->fitsFloat();
}

std::optional<int64_t> ParameterRows::getTensorRow(int64_t row) const {
  assert(row >= 0 && row < rows && "the parameter has no such row");
  if (info.shape.size() == 1)
    return 0;
  std::optional<int64_t> place =
      info.rowHeads ? info.rowHeads->getSource(row) : row;
  if (place && info.rows)
    place = info.rows->getSource(*place);
  return place;
}

template <typename T>
void ParameterRows::arrange(ArrayRef<T> from, MutableArrayRef<T> out) const {
  for (auto [value, place] : zip_equal(out, places))
    value = place == kPadding ? T() : from[place];
}

/// Reads elements that are computed from those of the tensor.
static void compute(const Tensor &tensor, const ParameterInfo &info,
                    int64_t row, MutableArrayRef<double> out) {
  tensor.readRow(row, out);
  double divisor = 1;
  if (info.isNormalized) {
    double squares = 0;
    for (double value : out)
      squares += value * value;
    divisor = std::max(std::sqrt(squares), 1e-12);
  }
  for (double &value : out)
    value = value / divisor * info.factor;
}

template <typename Float>
void ParameterRows::read(int64_t row, MutableArrayRef<Float> out) const {
  assert(static_cast<int64_t>(out.size()) == columns && "wants whole rows");
  const std::optional<int64_t> place = getTensorRow(row);
  if (!place)
    return fill(out, Float());
  if (!tensor) {
    const Float splat = static_cast<Float>(info.splat);
    for (auto [value, from] : zip_equal(out, places))
      value = from == kPadding ? Float() : splat;
    return;
  }
  if (isStored() && places.empty())
    return tensor->readRow(*place, out);
  SmallVector<Float, 0> values(tensor->getRowSize());
  if (isStored()) {
    tensor->readRow(*place, MutableArrayRef<Float>(values));
  } else {
    SmallVector<double, 0> exact(values.size());
    compute(*tensor, info, *place, exact);
    transform(exact, values.begin(),
              [](double value) { return static_cast<Float>(value); });
  }
  if (places.empty())
    copy(values, out.begin());
  else
    arrange(ArrayRef<Float>(values), out);
}

void ParameterRows::readRow(int64_t row, MutableArrayRef<double> out) const {
  read(row, out);
}

void ParameterRows::readRow(int64_t row, MutableArrayRef<float> out) const {
  read(row, out);
}

void ParameterRows::readCodes(int64_t row, MutableArrayRef<int8_t> codes,
                              MutableArrayRef<float> scales) const {
  assert(hasCodes() && static_cast<int64_t>(codes.size()) == columns &&
         static_cast<int64_t>(scales.size()) == columns && "wants whole rows");
  const std::optional<int64_t> place = getTensorRow(row);
  if (!place) {
    fill(codes, 0);
    return fill(scales, 0.0f);
  }
  if (places.empty())
    return tensor->readCodes(*place, codes, scales);
  SmallVector<int8_t, 0> tensorCodes(tensor->getRowSize());
  SmallVector<float, 0> tensorScales(tensorCodes.size());
  tensor->readCodes(*place, tensorCodes, tensorScales);
  arrange(ArrayRef<int8_t>(tensorCodes), codes);
  arrange(ArrayRef<float>(tensorScales), scales);
}
