//===- CheckTensors.cpp - A checkpoint against its model ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckTensors.h"

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include <limits>

using namespace mlir;
using namespace dlavm;

namespace {
class TensorCheck {
public:
  TensorCheck(Checkpoint &checkpoint, ModuleOp module, int64_t layers,
              LeftOut &leftOut)
      : checkpoint(checkpoint), module(module), layers(layers),
        leftOut(leftOut) {}

  LogicalResult run();

private:
  LogicalResult checkTensor(const ParameterInfo &info, int64_t layer);
  LogicalResult checkUnused();
  /// What says how the model is.
  StringRef getDescription() const {
    return GGUFModel::isModel(checkpoint.getPath()) ? "the metadata describe"
                                                    : "config.json describes";
  }
  InFlightDiagnostic emitError() {
    return mlir::emitError(UnknownLoc::get(module.getContext()));
  }

  Checkpoint &checkpoint;
  ModuleOp module;
  int64_t layers;
  LeftOut &leftOut;
  /// The rows of stored tensors up to the last that is part of a parameter.
  llvm::StringMap<int64_t> usedRows;
};
} // namespace

LogicalResult TensorCheck::checkTensor(const ParameterInfo &info,
                                       int64_t layer) {
  const std::string name = info.getTensorName(layer);
  StringRef stored = checkpoint.resolve(name);
  if (stored.empty()) {
    InFlightDiagnostic diagnostic =
        emitError() << checkpoint.getPath() << ": has no tensor '" << name
                    << "', but the parameter '" << info.name << "' needs it, "
                    << (info.rows ? "with rows for " : "with shape ")
                    << printShape(info.shape);
    StringRef tied = Checkpoint::getTiedName(name);
    if (checkpoint.contains(tied))
      diagnostic << "; if it is the same as '" << tied
                 << "', set 'tie_word_embeddings' of config.json to true";
    return diagnostic;
  }
  llvm::Expected<ParameterRows> rows =
      ParameterRows::open(checkpoint, info, layer);
  if (!rows)
    return emitError() << llvm::toString(rows.takeError());
  int64_t &used = usedRows[stored];
  used = std::max(used, info.rows.value_or(RowSlice()).getEnd(info.shape[0]));
  return success();
}

LogicalResult TensorCheck::checkUnused() {
  for (StringRef name : checkpoint.getTensorNames()) {
    const auto &[tensor, file, quantized] = checkpoint.getStored(name);
    auto it = usedRows.find(name);
    if (it == usedRows.end()) {
      if (leftOut.add(name, tensor))
        continue;
      InFlightDiagnostic error =
          emitError() << file << ": the tensor '" << name << "' of shape "
                      << printShape(tensor.shape)
                      << " is no part of the model that " << getDescription()
                      << ", so that the model would ignore it; ";
      // It is in the place of a tensor that the model shares with it.
      if (usedRows.contains(Checkpoint::getTiedName(name)))
        return error << "if it is not the same as '"
                     << Checkpoint::getTiedName(name)
                     << "', set 'tie_word_embeddings' of config.json to false";
      return error << "if that is right, use --ignore-tensors='" << name
                   << "' or a pattern";
    }
    if (!tensor.shape.empty() && it->second < tensor.shape[0])
      return emitError() << file << ": the tensor '" << name << "' has "
                         << tensor.shape[0] << " rows, but the model that "
                         << getDescription() << " uses the first " << it->second
                         << " only";
  }
  return success();
}

LogicalResult TensorCheck::run() {
  for (auto parameter : module.getOps<llm::ParameterOp>()) {
    const ParameterInfo info = llm::getParameterInfo(parameter);
    if (info.tensor.empty())
      continue;
    const int64_t count = std::max<int64_t>(info.layers, 1);
    for (int64_t layer = 0; layer < count; ++layer)
      if (failed(checkTensor(info, layer)))
        return failure();
    // What belongs to layers that are left out is none of our business.
    if (info.layers)
      for (int64_t layer = count; layer < layers; ++layer)
        usedRows[info.getTensorName(layer)] =
            std::numeric_limits<int64_t>::max();
  }
  if (failed(checkUnused()))
    return failure();
  for (StringRef note : checkpoint.getNotes())
    mlir::emitWarning(UnknownLoc::get(module.getContext())) << note;
  leftOut.report(module, checkpoint.getPath());
  return success();
}

LogicalResult dlavm::checkTensors(Checkpoint &checkpoint, ModuleOp module,
                                  int64_t layers, LeftOut &leftOut) {
  return TensorCheck(checkpoint, module, layers, leftOut).run();
}
