//===- QuantizeModel.cpp - The linear layers of a model -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Quantize/QuantizeModel.h"
#include "Blas.h"
#include "DLAVM/Interpreter/Layerwise.h"
#include "DLAVM/Pack/Quantize.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Parallel.h"

#include <set>

using namespace dlavm;
using namespace dlavm::quantize;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Names in the order in which they were inserted.
using TensorNames = llvm::SetVector<std::string, std::vector<std::string>,
                                    std::set<std::string>>;

namespace {

/// The tensors of a checkpoint, some of them rounded.
class RoundedTensors : public TensorSource {
public:
  explicit RoundedTensors(TensorSource &original) : original(original) {}

  Expected<std::shared_ptr<const Tensor>> getTensor(StringRef name) override {
    auto it = rounded.find(name);
    if (it == rounded.end())
      return original.getTensor(name);
    return it->second;
  }
  void set(StringRef name, const QuantizedMatrix &matrix);
  /// Goes back to the original ones.
  void clear() { rounded.clear(); }

private:
  TensorSource &original;
  llvm::StringMap<std::shared_ptr<const Tensor>> rounded;
};

} // namespace

void RoundedTensors::set(StringRef name, const QuantizedMatrix &matrix) {
  auto elements =
      std::make_shared<std::vector<float>>(matrix.rows * matrix.columns);
  llvm::parallelFor(0, matrix.rows, [&](size_t row) {
    for (int64_t column = 0; column < matrix.columns; ++column)
      (*elements)[row * matrix.columns + column] =
          matrix.getWeight(static_cast<int64_t>(row), column);
  });
  const llvm::ArrayRef bytes(
      reinterpret_cast<const uint8_t *>(elements->data()),
      elements->size() * sizeof(float));
  rounded[name] = std::make_shared<FloatTensor>(
      ElementType::F32, ArrayRef<int64_t>{matrix.rows, matrix.columns}, bytes,
      "rounded weights", elements);
}

/// All elements of a parameter, [rows][columns].
static Expected<std::vector<float>>
readRows(TensorSource &source, const ParameterInfo &info, int64_t layer) {
  Expected<ParameterRows> rows = ParameterRows::open(source, info, layer);
  if (!rows)
    return rows.takeError();
  const int64_t columns = rows->getNumColumns();
  std::vector<float> values(rows->getNumRows() * columns);
  llvm::parallelFor(0, rows->getNumRows(), [&](size_t row) {
    rows->readRow(
        static_cast<int64_t>(row),
        llvm::MutableArrayRef<float>(values).slice(row * columns, columns));
  });
  return values;
}

/// The whole tensor, of which a parameter may be a slice.
static Expected<ParameterInfo> getWholeTensor(TensorSource &source,
                                              StringRef name) {
  Expected<std::shared_ptr<const Tensor>> tensor = source.getTensor(name);
  if (!tensor)
    return tensor.takeError();
  const ArrayRef<int64_t> shape = (*tensor)->getShape();
  if (shape.size() != 2)
    return createStringError("the weight of a linear layer must be a matrix, "
                             "found shape " +
                             printShape(shape));
  ParameterInfo info;
  info.name = info.tensor = name.str();
  info.shape.assign(shape.begin(), shape.end());
  return info;
}

/// Whether the codes that a matrix gets here are those of the device: rows of
/// others are divided by their length first.
static bool isRounded(const ParameterInfo &info) {
  return !info.tensor.empty() && !info.isNormalized;
}

//===----------------------------------------------------------------------===//
// Calibration
//===----------------------------------------------------------------------===//

namespace {

/// Collects the Hessian of linear layers with the same inputs, and then rounds
/// them. So inputs come from what is rounded already, within a layer, too.
class Calibration : public LayerwiseClient {
public:
  Calibration(mlir::ModuleOp module, TensorSource &tensors,
              const QuantizeModelOptions &options, QuantizedSink sink)
      : symbols(module), tensors(tensors), options(options), sink(sink) {}

  Error observe(llm::LinearOp op, int64_t layer,
                const MapValue &input) override;
  Error endInputs(llm::LinearOp op, int64_t layer) override;
  Expected<MapValue> multiply(llm::LinearOp op, int64_t layer,
                              const MapValue &input) override;
  void endStep(int64_t done, int64_t total) override;

private:
  ParameterInfo getInfo(llm::LinearOp op) {
    return llm::getParameterInfo(
        symbols.lookup<llm::ParameterOp>(op.getWeight()));
  }
  /// The tensors of linear layers with the inputs of \p first.
  TensorNames getGroup(llm::LinearOp first, int64_t layer);
  Error round(const GPTQ &gptq, StringRef name);

  mlir::SymbolTable symbols;
  RoundedTensors tensors;
  const QuantizeModelOptions &options;
  QuantizedSink sink;
  std::optional<Hessian> hessian;
  /// The inputs of this step's linear layers that are rounded.
  llvm::DenseSet<mlir::Value> rounded;
  /// Of the linear layers between two that are observed.
  llvm::StringMap<std::vector<float>> weights;
};

} // namespace

Error Calibration::observe(llm::LinearOp op, int64_t layer,
                           const MapValue &input) {
  if (!isRounded(getInfo(op)) || rounded.contains(op.getInput()))
    return Error::success();
  if (!hessian)
    hessian.emplace(input.channels);
  hessian->add(input.values);
  return Error::success();
}

TensorNames Calibration::getGroup(llm::LinearOp first, int64_t layer) {
  TensorNames names;
  for (mlir::Operation *op = first; op; op = op->getNextNode())
    if (auto linear = llvm::dyn_cast<llm::LinearOp>(op))
      if (linear.getInput() == first.getInput() && isRounded(getInfo(linear)))
        names.insert(getInfo(linear).getTensorName(layer));
  return names;
}

Error Calibration::round(const GPTQ &gptq, StringRef name) {
  Expected<ParameterInfo> info = getWholeTensor(tensors, name);
  if (!info)
    return info.takeError();
  Expected<std::vector<float>> values = readRows(tensors, *info, 0);
  if (!values)
    return values.takeError();
  const int64_t columns = info->shape[1];
  for (int64_t row = 0; row < info->shape[0]; ++row)
    for (int64_t begin = 0; begin < columns; begin += QuantizedMatrix::kGroup)
      if (const std::optional<size_t> found =
              findUnroundable(ArrayRef(*values)
                                  .slice(row * columns, columns)
                                  .slice(begin)
                                  .take_front(QuantizedMatrix::kGroup)))
        return createStringError(
            "row " + Twine(row) + ", column " +
            Twine(begin + static_cast<int64_t>(*found)) +
            ": the weight is not finite, or too large to be rounded");
  const QuantizedMatrix matrix = gptq.quantize(*values);
  tensors.set(name, matrix);
  return sink(name, matrix);
}

Error Calibration::endInputs(llm::LinearOp op, int64_t layer) {
  // All before are computed.
  weights.clear();
  if (!hessian)
    return Error::success();
  auto fail = [](StringRef name, Error error) {
    return createStringError("the tensor '" + name + "' cannot be rounded: " +
                             llvm::toString(std::move(error)));
  };
  const TensorNames names = getGroup(op, layer);
  Expected<GPTQ> gptq = GPTQ::create(std::move(*hessian), options.dampening);
  hessian.reset();
  if (!gptq)
    return fail(names.front(), gptq.takeError());
  for (const std::string &name : names)
    if (Error error = round(*gptq, name))
      return fail(name, std::move(error));
  rounded.insert(op.getInput());
  return Error::success();
}

Expected<MapValue> Calibration::multiply(llm::LinearOp op, int64_t layer,
                                         const MapValue &input) {
  const ParameterInfo info = getInfo(op);
  std::vector<float> &weight = weights[info.name];
  if (weight.empty()) {
    Expected<std::vector<float>> rows = readRows(tensors, info, layer);
    if (!rows)
      return rows.takeError();
    weight = std::move(*rows);
  }
  // FP32 is as exact as the device's FP16 needs.
  const std::vector<float> in(input.values.begin(), input.values.end());
  const int64_t inputs = input.channels;
  const auto outputs = static_cast<int64_t>(weight.size()) / inputs;
  std::vector<float> out(input.tokens * outputs);
  forPanels(outputs, [&](int64_t first, int64_t count) {
    quantize::multiply(input.tokens, count, inputs, 1.0f, {in.data(), inputs},
                       {&weight[first * inputs], inputs, /*isTransposed=*/true},
                       0.0f, {&out[first], outputs});
  });
  return MapValue{1, input.tokens, outputs, {out.begin(), out.end()}};
}

void Calibration::endStep(int64_t done, int64_t total) {
  tensors.clear();
  weights.clear();
  rounded.clear();
  options.progress(done, total);
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

std::vector<std::string> dlavm::getLinearTensors(mlir::ModuleOp module) {
  mlir::SymbolTable symbols(module);
  TensorNames names;
  module.walk([&](llm::LinearOp op) {
    const ParameterInfo info =
        llm::getParameterInfo(symbols.lookup<llm::ParameterOp>(op.getWeight()));
    if (!isRounded(info))
      return;
    for (int64_t layer = 0; layer < std::max<int64_t>(info.layers, 1); ++layer)
      names.insert(info.getTensorName(layer));
  });
  return names.takeVector();
}

Error dlavm::quantizeModel(mlir::ModuleOp module, TensorSource &tensors,
                           ArrayRef<std::vector<int32_t>> sequences,
                           const QuantizeModelOptions &options,
                           QuantizedSink sink) {
  mlir::FailureOr<std::unique_ptr<Interpreter>> interpreter =
      Interpreter::create(module, tensors, {});
  if (failed(interpreter))
    return createStringError("the model cannot be interpreted");
  std::vector<MapValue> inputs;
  for (ArrayRef<int32_t> ids : sequences) {
    Expected<MapValue> input = (*interpreter)->embed(ids);
    if (!input)
      return input.takeError();
    inputs.push_back(std::move(*input));
  }
  Calibration calibration(module, tensors, options, sink);
  return runLayerwise(module, tensors, std::move(inputs), calibration);
}
