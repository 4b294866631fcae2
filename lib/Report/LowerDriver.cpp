//===- LowerDriver.cpp - The modules of a driver --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LowerDriver.h"
#include "DLAVM/Conversion/Passes.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Target/TranslateToCpp.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace dlavm;

namespace {

/// Counts what each pass leaves.
class EffectCounter : public PassInstrumentation {
public:
  /// \p unpacked gets the module as it is before csb-pack-instructions.
  EffectCounter(StringRef level, std::vector<PassEffect> &effects,
                OwningOpRef<ModuleOp> *unpacked)
      : level(level), effects(effects), unpacked(unpacked),
        packArgument(createPackInstructions()->getArgument()) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    auto module = dyn_cast<ModuleOp>(op);
    if (!module)
      return;
    before.emplace(op, /*includeNested=*/true);
    if (unpacked && pass->getArgument() == packArgument)
      *unpacked = module.clone();
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (!isa<ModuleOp>(op) || pass->getArgument().empty())
      return;
    PassEffect effect;
    effect.name = pass->getArgument().str();
    effect.level = level.str();
    effect.isChanged =
        !before || *before != OperationFingerPrint(op, /*includeNested=*/true);
    op->walk([&](Operation *inner) {
      ++effect.ops;
      effect.tasks += isa<accel::TaskOpInterface, csb::TaskOp>(inner);
      effect.writes += isa<csb::WriteOp>(inner);
    });
    effects.push_back(std::move(effect));
  }

private:
  StringRef level;
  std::vector<PassEffect> &effects;
  OwningOpRef<ModuleOp> *unpacked;
  std::string packArgument;
  std::optional<OperationFingerPrint> before;
};

} // namespace

LogicalResult dlavm::runPasses(ModuleOp module, StringRef level,
                               void (*build)(OpPassManager &,
                                             const CompileOptions &),
                               const CompileOptions &options,
                               std::vector<PassEffect> &effects,
                               OwningOpRef<ModuleOp> *unpacked) {
  PassManager manager(module.getContext());
  manager.enableVerifier(false);
  manager.addInstrumentation(
      std::make_unique<EffectCounter>(level, effects, unpacked));
  build(manager, options);
  return success(succeeded(manager.run(module)) && succeeded(verify(module)));
}

void dlavm::setOptions(CompileOptions &options, const DriverPlan &plan) {
  options.device = plan.device;
  options.maxTokens = plan.maxTokens;
  options.mode = plan.decodesFromBlocks() ? "aux" : "direct";
  options.doubleBuffer =
      llvm::any_of(plan.objects, [](const PlanObject &object) {
        return object.kind == ObjectKind::Instructions &&
               object.config.getInteger("copies").value_or(1) > 1;
      });
  if (!plan.optimizations)
    return;
  options.passes = llvm::ArrayRef<std::string>(plan.optimizations->passes);
  options.sliceBytes = plan.optimizations->sliceBytes;
  options.sliceSoftmax = plan.optimizations->slicesSoftmax;
  options.mergeLinears = plan.optimizations->mergesLinears;
}

FailureOr<DriverLevels>
dlavm::lowerDriver(ModuleOp model, const DriverPlan &plan, StringRef driver) {
  DriverLevels levels;
  levels.llm = model.clone();
  CompileOptions options;
  setOptions(options, plan);
  levels.accel = model.clone();
  // dlavm compile has given its warnings.
  ScopedDiagnosticHandler warnings(
      model.getContext(), [](Diagnostic &diagnostic) {
        return success(diagnostic.getSeverity() != DiagnosticSeverity::Error);
      });
  if (failed(runPasses(*levels.accel, "accel", buildAccelPipeline, options,
                       levels.passes)))
    return failure();
  // What the driver does before a run and beside it is no part of its plan.
  const std::pair<StringRef, bool> choices[] = {
      {"dma", false}, {"dma", true}, {"wt2hbm", false}, {"wt2hbm", true}};
  for (auto [weightLoading, printSteps] : choices) {
    options.weightLoading = weightLoading.str();
    options.printSteps = printSteps;
    OwningOpRef<ModuleOp> csb = levels.accel->clone();
    std::vector<PassEffect> passes;
    // Not every device can load weights in every way.
    ScopedDiagnosticHandler quiet(model.getContext(), [&](Diagnostic &) {
      return success(bool(levels.csb));
    });
    if (failed(runPasses(*csb, "csb", buildCSBPipeline, options, passes,
                         &levels.unpacked))) {
      if (levels.csb)
        continue;
      return failure();
    }
    std::string text;
    llvm::raw_string_ostream os(text);
    const bool isDriver =
        succeeded(translateToCpp(*csb, plan.namespaceName, os)) &&
        text == driver;
    if (!levels.csb || isDriver) {
      if (!levels.csb)
        llvm::append_range(levels.passes, passes);
      levels.csb = std::move(csb);
    }
    if (isDriver) {
      levels.isDriver = true;
      break;
    }
  }
  return levels;
}
