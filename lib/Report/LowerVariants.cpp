//===- LowerVariants.cpp - Drivers with a pass less or more ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pipelines/Optimizations.h"
#include "LowerDriver.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dlavm;

/// Compiles the model with the passes \p enabled, and without \p disabled.
static PassVariant lower(ModuleOp model, const DriverPlan &plan,
                         const DeviceInfo &device,
                         ArrayRef<std::string> enabled,
                         ArrayRef<std::string> disabled) {
  PassVariant variant;
  CompileOptions options;
  setOptions(options, plan);
  llvm::Expected<std::vector<std::string>> passes = chooseOptimizations(
      /*level=*/0, enabled, disabled, options.mode.getValue());
  if (!passes) {
    variant.message = toString(passes.takeError());
    return variant;
  }
  options.passes = ArrayRef<std::string>(*passes);
  if (llvm::Error error = checkMode(options, device)) {
    variant.message = toString(std::move(error));
    return variant;
  }
  ScopedDiagnosticHandler handler(
      model.getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
            variant.message.empty())
          variant.message = diagnostic.str();
        return success();
      });
  OwningOpRef<ModuleOp> module = model.clone();
  std::vector<PassEffect> effects;
  if (succeeded(
          runPasses(*module, "accel", buildAccelPipeline, options, effects)) &&
      succeeded(runPasses(*module, "csb", buildCSBPipeline, options, effects,
                          &variant.unpacked)))
    variant.csb = std::move(module);
  return variant;
}

std::vector<PassVariant> dlavm::lowerVariants(ModuleOp model,
                                              const DriverPlan &plan,
                                              const DeviceInfo &device) {
  std::vector<std::string> passes;
  if (plan.optimizations)
    passes = plan.optimizations->passes;
  std::vector<PassVariant> variants;
  for (const Optimization &optimization : getOptimizations()) {
    const bool isInDriver = llvm::is_contained(passes, optimization.pass);
    std::vector<std::string> enabled, disabled;
    for (const Optimization &other : getOptimizations())
      if (llvm::is_contained(passes, other.pass) !=
          (other.pass == optimization.pass))
        enabled.push_back(other.pass.str());
    if (isInDriver)
      disabled.push_back(optimization.pass.str());
    PassVariant variant = lower(model, plan, device, enabled, disabled);
    variant.pass = optimization.pass.str();
    variant.isInDriver = isInDriver;
    variants.push_back(std::move(variant));
  }
  return variants;
}
