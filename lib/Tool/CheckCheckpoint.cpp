//===- CheckCheckpoint.cpp - A checkpoint and a driver --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckCheckpoint.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Import/CompareModels.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/Pipelines/Pipelines.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

/// What the driver was compiled with.
static ImportOptions getImportOptions(mlir::ModuleOp module,
                                      int64_t modelLayers) {
  ImportOptions options;
  options.maxTokens = llm::getMaxTokens(module);
  for (auto parameter : module.getOps<llm::ParameterOp>())
    if (const uint64_t layers = parameter.getLayers().value_or(0);
        layers != 0 && static_cast<int64_t>(layers) != modelLayers)
      options.layers = layers;
  return options;
}

static void setCompileOptions(mlir::ModuleOp module, const DriverPlan &plan,
                              CompileOptions &options) {
  options.device = plan.device;
  if (plan.optimizations)
    options.passes = llvm::ArrayRef<std::string>(plan.optimizations->passes);
  module.walk([&](llm::RopeOp rope) {
    options.ropePairing =
        rope.getStyle() == llm::RopeStyle::HalfSplit ? "halves" : "neighbours";
  });
}

llvm::Error dlavm::checkCheckpoint(StringRef directory,
                                   ArrayRef<std::string> ignoredTensors,
                                   Checkpoint &checkpoint,
                                   const OpenedModel &model,
                                   const DriverPlan &plan) {
  mlir::ModuleOp driver = model.getModule();
  const std::optional<int64_t> layers = llm::getModelLayers(driver);
  if (!layers) {
    WithColor::note(errs())
        << plan.model << " was not made from a configuration, so only names "
        << "and shapes of the tensors are compared\n";
    return llvm::Error::success();
  }
  mlir::MLIRContext &context = *driver.getContext();
  std::string problem;
  mlir::ScopedDiagnosticHandler handler(
      &context, [&](mlir::Diagnostic &diagnostic) {
        // compile has said its warnings.
        if (problem.empty() &&
            diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          problem = diagnostic.str();
      });
  ImportOptions options = getImportOptions(driver, *layers);
  options.checkpoint = &checkpoint;
  options.ignoredTensors = ignoredTensors;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importModel(directory, options, context);
  if (!module)
    return createStringError(
        problem + "; so it is no checkpoint of the driver, whose model has " +
        Twine(*layers) + " layers and a context of " + Twine(plan.maxTokens) +
        " tokens");
  mlir::PassManager manager(&context);
  CompileOptions compileOptions;
  setCompileOptions(driver, plan, compileOptions);
  buildLLMPipeline(manager, compileOptions);
  if (failed(manager.run(*module)))
    return createStringError(directory +
                             " is no checkpoint of the driver: " + problem);
  const std::string difference = compareModels(*module, driver);
  if (difference.empty())
    return llvm::Error::success();
  return createStringError(
      directory + " is no checkpoint of the driver: " + difference +
      "; give the checkpoint that the driver was compiled for, or compile "
      "this one");
}
