//===- ModelParameters.cpp - The parameters that ops compute with ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelParameters.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <mutex>

using namespace dlavm;
using namespace dlavm::interpreter;
using namespace llvm;

/// Input channels that share a scale.
static constexpr int64_t kBlockSize = WeightQuantizer::kBlock;

/// Rounds a row to INT4 and writes what the rounded weights stand for. A row
/// that cannot be rounded was refused before.
static void readRounded(const WeightQuantizer &quantizer,
                        const ParameterRows &rows, int64_t row,
                        MutableArrayRef<double> out) {
  const size_t blocks = divideCeil(out.size(), kBlockSize);
  std::vector<int8_t> values(blocks * kBlockSize);
  std::vector<uint16_t> scales(blocks);
  QuantizationError error;
  quantizer.quantizeRow(rows, row, values, scales, error);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = halfToDouble(scales[i / kBlockSize]) * values[i];
}

void Weight::readRow(int64_t row, MutableArrayRef<double> out) const {
  if (quantizer)
    readRounded(*quantizer, rows, row, out);
  else
    rows.readRow(row, out);
}

std::optional<Weight::Refused> Weight::findUnroundable() const {
  if (!quantizer)
    return std::nullopt;
  std::mutex mutex;
  std::optional<Refused> first;
  parallelFor(0, getNumOutputs(), [&](size_t index) {
    const int64_t row = static_cast<int64_t>(index);
    std::vector<float> values(getNumInputs());
    rows.readRow(row, values);
    for (int64_t begin = 0; begin < getNumInputs(); begin += kBlockSize) {
      const std::optional<size_t> column = dlavm::findUnroundable(
          ArrayRef(values).slice(begin).take_front(kBlockSize));
      if (!column)
        continue;
      const std::lock_guard<std::mutex> lock(mutex);
      const int64_t at = begin + static_cast<int64_t>(*column);
      if (!first || row < first->row)
        first = {row, at, values[at]};
      return;
    }
  });
  return first;
}

template <typename Float> std::vector<Float> Weight::readAll() const {
  const int64_t columns = getNumInputs();
  std::vector<Float> values(getNumOutputs() * columns);
  parallelFor(0, getNumOutputs(), [&](size_t row) {
    std::vector<double> exact(columns);
    readRow(row, exact);
    transform(exact, values.begin() + row * columns,
              [](double value) { return static_cast<Float>(value); });
  });
  return values;
}

void Weight::keep() {
  if (fitsFloat())
    kept = readAll<float>();
  else
    keptExactly = readAll<double>();
  rows.release();
}

int64_t Weight::getKeptBytes() const {
  const int64_t size = fitsFloat() ? sizeof(float) : sizeof(double);
  return getNumOutputs() * getNumInputs() * size;
}

ModelParameters::ModelParameters(mlir::ModuleOp module, TensorSource &tensors,
                                 const InterpreterOptions &options)
    : symbols(module), tensors(tensors),
      numerics(options.arithmetic == Arithmetic::Device ? options.device
                                                        : nullptr) {
  if (options.arithmetic != Arithmetic::FP64 && !options.isRounded)
    choice = options.scaleChoice;
}

Expected<ParameterInfo> ModelParameters::getInfo(StringRef symbol,
                                                 int64_t &layer) {
  auto op = symbols.lookup<llm::ParameterOp>(symbol);
  const int64_t layers = op.getLayers().value_or(1);
  if (!op.getLayers())
    layer = 0;
  if (layer < 0 || layer >= layers)
    return createStringError("the parameter @" + symbol + " has layers 0 to " +
                             Twine(layers - 1) +
                             ", but an op wants that of layer " + Twine(layer));
  return llm::getParameterInfo(op);
}

Expected<ArrayRef<double>> ModelParameters::getVector(StringRef symbol,
                                                      int64_t layer) {
  Expected<ParameterInfo> info = getInfo(symbol, layer);
  if (!info)
    return info.takeError();
  auto it = vectors.find({symbol.str(), layer});
  if (it != vectors.end())
    return ArrayRef<double>(it->second);
  Expected<ParameterRows> rows = ParameterRows::open(tensors, *info, layer);
  if (!rows)
    return rows.takeError();
  std::vector<double> &vector = vectors[{symbol.str(), layer}];
  vector.resize(rows->getNumColumns());
  rows->readRow(0, MutableArrayRef<double>(vector));
  for (double &value : vector)
    value = numerics.store(value);
  return ArrayRef<double>(vector);
}

static Error refuseWeight(const ParameterInfo &info, int64_t layer,
                          const Weight::Refused &refused) {
  return createStringError(formatv(
      "the parameter '{0}' of layer {1} has the value {2} in row {3}, column "
      "{4}; {5}",
      info.name, layer,
      std::isnan(refused.value) ? std::string("nan")
                                : formatv("{0}", refused.value).str(),
      refused.row, refused.column,
      std::isfinite(refused.value)
          ? "the scale of its block is too large for FP16"
          : "weights must be finite to be rounded"));
}

Expected<const Weight *> ModelParameters::getWeight(StringRef symbol,
                                                    int64_t layer) {
  Expected<ParameterInfo> info = getInfo(symbol, layer);
  if (!info)
    return info.takeError();
  auto it = weights.find({symbol.str(), layer});
  if (it != weights.end())
    return &it->second;
  Expected<ParameterRows> rows = ParameterRows::open(tensors, *info, layer);
  if (!rows)
    return rows.takeError();
  Weight weight(std::move(*rows), choice);
  if (std::optional<Weight::Refused> refused = weight.findUnroundable())
    return refuseWeight(*info, layer, *refused);
  const int64_t bytes = weight.getKeptBytes();
  if (bytes > bytesLeft)
    return &passing.emplace(std::move(weight));
  weight.keep();
  bytesLeft -= bytes;
  return &weights.try_emplace({symbol.str(), layer}, std::move(weight))
              .first->second;
}

Expected<const Kernels *> ModelParameters::getKernels(StringRef symbol,
                                                      int64_t layer) {
  Expected<ParameterInfo> info = getInfo(symbol, layer);
  if (!info)
    return info.takeError();
  const auto [it, isNew] = kernels.try_emplace({symbol.str(), layer});
  Kernels &result = it->second;
  if (!isNew)
    return &result;
  Expected<ParameterRows> rows = ParameterRows::open(tensors, *info, layer);
  if (!rows)
    return rows.takeError();
  const int64_t columns = rows->getNumColumns();
  result.weights.resize(rows->getNumRows() * columns);
  result.scales.assign(rows->getNumRows(), 1);
  std::vector<int8_t> values(columns);
  std::vector<float> weights(columns);
  for (int64_t row = 0; row < rows->getNumRows(); ++row) {
    MutableArrayRef<double> out =
        MutableArrayRef(result.weights).slice(row * columns, columns);
    if (!choice) {
      rows->readRow(row, out);
      continue;
    }
    rows->readRow(row, weights);
    if (std::optional<size_t> column = dlavm::findUnroundable(weights)) {
      const Weight::Refused refused = {row, static_cast<int64_t>(*column),
                                       weights[*column]};
      kernels.erase(it);
      return refuseWeight(*info, layer, refused);
    }
    result.scales[row] = halfToFloat(quantizeBlock(weights, *choice, values));
    copy(values, out.begin());
  }
  return &result;
}
