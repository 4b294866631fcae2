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

/// Compiles the model with these passes only.
static PassVariant lower(ModuleOp model, const DriverPlan &plan,
                         ArrayRef<std::string> passes) {
  PassVariant variant;
  ScopedDiagnosticHandler handler(
      model.getContext(), [&](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
            variant.message.empty())
          variant.message = diagnostic.str();
        return success();
      });
  CompileOptions options;
  setOptions(options, plan);
  options.passes = passes;
  OwningOpRef<ModuleOp> module = model.clone();
  std::vector<PassEffect> effects;
  if (succeeded(
          runPasses(*module, "accel", buildAccelPipeline, options, effects)) &&
      succeeded(runPasses(*module, "csb", buildCSBPipeline, options, effects)))
    variant.csb = std::move(module);
  return variant;
}

std::vector<PassVariant> dlavm::lowerVariants(ModuleOp model,
                                              const DriverPlan &plan) {
  std::vector<std::string> passes;
  if (plan.optimizations)
    passes = plan.optimizations->passes;
  std::vector<PassVariant> variants;
  for (const Optimization &optimization : getOptimizations()) {
    const bool isInDriver = llvm::is_contained(passes, optimization.pass);
    std::vector<std::string> others;
    for (const Optimization &other : getOptimizations())
      if (llvm::is_contained(passes, other.pass) !=
          (other.pass == optimization.pass))
        others.push_back(other.pass.str());
    PassVariant variant = lower(model, plan, others);
    variant.pass = optimization.pass.str();
    variant.isInDriver = isInDriver;
    variants.push_back(std::move(variant));
  }
  return variants;
}
