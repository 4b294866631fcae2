//===- OpenWeights.cpp - Checkpoints to compute with ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpenWeights.h"
#include "HubName.h"

#include "DLAVM/Dialect/LLM/Transforms/Passes.h"
#include "DLAVM/Pipelines/Pipelines.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"

using namespace dlavm;
using namespace llvm;

Expected<std::unique_ptr<Checkpoint>> dlavm::openWeights(StringRef path) {
  if (!sys::fs::is_directory(path) && !GGUFModel::isModel(path))
    return createStringError(
        path +
        " is no directory; give a checkpoint directory with config.json and "
        "*.safetensors, or a GGUF file" +
        (sys::fs::exists(path) ? "" : explainHubName(path)));
  if (!Checkpoint::hasTensors(path))
    return createStringError(path +
                             " has no *.safetensors, but the interpreter needs "
                             "the weights of the model" +
                             GGUFModel::explainDirectory(path));
  return Checkpoint::open(path);
}

mlir::LogicalResult dlavm::prepareForInterpreter(mlir::ModuleOp module,
                                                 const DeviceInfo *device) {
  mlir::PassManager manager(module.getContext());
  if (device) {
    CompileOptions options;
    options.device = device->getName();
    buildLLMPipeline(manager, options);
  } else {
    manager.addPass(llm::createNameTasks());
  }
  return manager.run(module);
}
