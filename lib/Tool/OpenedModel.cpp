//===- OpenedModel.cpp - The model of a driver and its tensors ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpenedModel.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Pack/PackedParameters.h"
#include "DLAVM/Support/Half.h"
#include "DLAVM/Support/InputFile.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/xxhash.h"

using namespace dlavm;
using namespace llvm;

/// Fails if the driver of \p plan does not compute \p module: what is then
/// compared says nothing about the driver.
static llvm::Error checkModel(mlir::ModuleOp module, const DriverPlan &plan,
                              StringRef file) {
  auto refuse = [&](const Twine &found) {
    return createStringError(file +
                             " is not the model of this driver: " + found +
                             "; compile the model again with dlavm compile");
  };
  const int64_t maxTokens = llm::getMaxTokens(module).value_or(0);
  if (maxTokens != plan.maxTokens)
    return refuse("its context is " + Twine(maxTokens) +
                  " tokens, that of the driver " + Twine(plan.maxTokens));
  size_t count = 0;
  for (auto parameter : module.getOps<llm::ParameterOp>()) {
    const ParameterInfo info = llm::getParameterInfo(parameter);
    const ParameterInfo *planned = plan.getParameter(info.name);
    if (!planned || !(*planned == info))
      return refuse("plan.json has no such parameter as its '" + info.name +
                    "'");
    ++count;
  }
  if (count != plan.parameters.size())
    return refuse("it has " + Twine(count) + " parameters, plan.json " +
                  Twine(plan.parameters.size()));
  return llvm::Error::success();
}

Expected<OpenedModel> OpenedModel::open(StringRef directory,
                                        const DriverPlan &plan,
                                        std::unique_ptr<TensorSource> tensors) {
  OpenedModel model;
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  model.context = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  SmallString<128> file(directory);
  sys::path::append(file, plan.model);
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readModuleFile(file);
  if (!buffer)
    return createStringError("the reference cannot read " + file + ": " +
                             toString(buffer.takeError()) +
                             "; compile the model again with dlavm compile");
  if (plan.modelChecksum &&
      xxHash64((*buffer)->getBuffer()) != *plan.modelChecksum)
    return createStringError(
        file + " has changed since dlavm compile wrote it, so the driver "
               "computes something else; compile the model again, or this file "
               "into another directory");
  SourceMgr sourceMgr;
  sourceMgr.AddNewSourceBuffer(std::move(*buffer), SMLoc());
  model.module = mlir::parseSourceFile<mlir::ModuleOp>(
      sourceMgr, mlir::ParserConfig(model.context.get()));
  if (!model.module)
    return createStringError("the reference cannot read " + file +
                             "; compile the model again with dlavm compile");
  if (llvm::Error error = checkModel(model.getModule(), plan, file))
    return error;
  model.tensors = std::move(tensors);
  return model;
}

namespace {

constexpr StringLiteral kOrigin("packed parameters");

/// Packed parameters under the names "parameter" and "parameter/layer": the
/// matrices as scale * value, which FP32 holds exactly, those of convolutions
/// as values, whose scales are in the scales of the ops, the rest in FP16. They
/// are read whenever they are asked for: together they are eight times as large
/// as the files.
class PackedTensors : public TensorSource {
public:
  PackedTensors(StringRef directory, const DriverPlan &plan,
                const DeviceInfo &device)
      : packed(directory, plan, device), plan(plan) {}

  Expected<std::shared_ptr<const Tensor>> getTensor(StringRef name) override;

private:
  PackedParameters packed;
  const DriverPlan &plan;
};

} // namespace

/// The name of a tensor that only this parameter has.
static std::string getOwnTensor(const ParameterInfo &info) {
  return info.layers > 0 ? info.name + "/{layer}" : info.name;
}

void dlavm::replaceSplats(std::vector<ParameterInfo> &parameters) {
  for (ParameterInfo &info : parameters)
    if (info.tensor.empty())
      info.tensor = getOwnTensor(info);
}

void OpenedModel::replaceSplats() {
  for (auto parameter : getModule().getOps<llm::ParameterOp>())
    if (parameter.getSplat()) {
      parameter.setTensor(getOwnTensor(llm::getParameterInfo(parameter)));
      parameter.removeSplatAttr();
    }
}

/// A tensor that keeps its elements.
template <typename T>
static std::shared_ptr<const Tensor>
makeTensor(ElementType type, ArrayRef<int64_t> shape, std::vector<T> elements) {
  auto owner = std::make_shared<std::vector<T>>(std::move(elements));
  const ArrayRef<uint8_t> bytes(
      reinterpret_cast<const uint8_t *>(owner->data()),
      owner->size() * sizeof(T));
  return std::make_shared<FloatTensor>(type, shape, bytes, kOrigin,
                                       std::move(owner));
}

static std::vector<float> dequantize(const PackedMatrix &matrix) {
  const int64_t columns = matrix.getNumColumns();
  std::vector<int8_t> values(columns);
  std::vector<uint16_t> scales(matrix.getNumBlocks());
  std::vector<float> result;
  result.reserve(matrix.getNumRows() * columns);
  for (int64_t row = 0; row < matrix.getNumRows(); ++row) {
    matrix.readRow(row, values, scales);
    for (int64_t column = 0; column < columns; ++column)
      result.push_back(halfToFloat(scales[column / 128]) *
                       static_cast<float>(values[column]));
  }
  return result;
}

Expected<std::shared_ptr<const Tensor>>
PackedTensors::getTensor(StringRef name) {
  auto [parameter, number] = name.split('/');
  int64_t layer = 0;
  const ParameterInfo *info = plan.getParameter(parameter);
  if (!info || (!number.empty() && number.getAsInteger(10, layer)))
    return createStringError("there is no packed parameter '" + name + "'");
  if (info->name == plan.embedding) {
    Expected<std::unique_ptr<MemoryBuffer>> rows = packed.openEmbedding();
    if (!rows)
      return rows.takeError();
    const ArrayRef<uint8_t> bytes = arrayRefFromStringRef((*rows)->getBuffer());
    return std::make_shared<FloatTensor>(
        ElementType::F16, info->shape, bytes, kOrigin,
        std::shared_ptr<const MemoryBuffer>(std::move(*rows)));
  }
  if (info->shape.size() == 1) {
    Expected<std::vector<uint16_t>> codes =
        packed.readVector(info->name, layer);
    if (!codes)
      return codes.takeError();
    return makeTensor(ElementType::F16, info->shape, std::move(*codes));
  }
  if (packed.isKernels(info->name)) {
    Expected<std::vector<int8_t>> values =
        packed.readKernels(info->name, layer);
    if (!values)
      return values.takeError();
    return makeTensor(ElementType::F32, info->shape,
                      std::vector<float>(values->begin(), values->end()));
  }
  Expected<PackedMatrix> matrix = packed.openMatrix(info->name, layer);
  if (!matrix)
    return matrix.takeError();
  return makeTensor(ElementType::F32, info->shape, dequantize(*matrix));
}

Expected<OpenedModel> OpenedModel::openPacked(StringRef directory,
                                              const DriverPlan &plan,
                                              const DeviceInfo &device) {
  for (const PlanObject &object : plan.objects)
    // Instruction blocks have no shape.
    if (const ObjectSupport *support = device.getObject(object.kind);
        support && support->bytes(object.shape, device) != object.bytes)
      return createStringError("plan.json gives '" + object.name + "' " +
                               Twine(object.bytes) +
                               " bytes, which do not suit its shape; compile "
                               "the model again with dlavm compile");
  Expected<OpenedModel> model =
      open(directory, plan,
           std::make_unique<PackedTensors>(directory, plan, device));
  if (!model)
    return model;
  // Packed files have the parameters as the ops use them: padded, permuted, and
  // one file where the checkpoint has slices of one tensor.
  for (auto parameter : model->getModule().getOps<llm::ParameterOp>()) {
    parameter.setTensor(getOwnTensor(llm::getParameterInfo(parameter)));
    parameter.removeRowsAttr();
    parameter.removeNormalizedAttr();
    parameter.removeTimesAttr();
    parameter.removeSplatAttr();
    parameter.removeRowHeadsAttr();
    parameter.removeColumnHeadsAttr();
    parameter.removeKernelAttr();
  }
  return model;
}
