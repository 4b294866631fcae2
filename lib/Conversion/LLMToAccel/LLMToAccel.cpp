//===- LLMToAccel.cpp - Tensors to buffers, ops to hardware tasks ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Conversion/Passes.h"
#include "FunctionLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlavm {
#define GEN_PASS_DEF_CONVERTLLMTOACCEL
#include "DLAVM/Conversion/Passes.h.inc"
} // namespace dlavm

using namespace mlir;
using namespace dlavm;

namespace {

struct ConvertLLMToAccel
    : dlavm::impl::ConvertLLMToAccelBase<ConvertLLMToAccel> {
  using ConvertLLMToAccelBase::ConvertLLMToAccelBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const DeviceInfo *target =
        device.empty() ? accel::getDevice(module)
                       : accel::lookupDevice(module.getLoc(), device);
    if (!target || failed(setContext(module, *target)))
      return signalPassFailure();
    module->setAttr(accel::AccelDialect::getDeviceAttrName(),
                    StringAttr::get(&getContext(), target->getName()));
    ObjectTable objects(module, *target);
    // Functions are collected first: lowering one replaces it.
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    if (llvm::count_if(functions,
                       [](func::FuncOp f) { return f.isPublic(); }) != 1) {
      module.emitError("needs exactly one public function, which the host "
                       "calls; make the others private");
      return signalPassFailure();
    }
    for (func::FuncOp function : functions)
      if (failed(FunctionLowering(*target, objects, numTasks).run(function)))
        return signalPassFailure();
    for (auto cache :
         llvm::make_early_inc_range(module.getOps<llm::KVCacheOp>()))
      cache.erase();
    numObjects = objects.size();
  }

  /// Checks the context and lowers it to `max-tokens`.
  LogicalResult setContext(ModuleOp module, const DeviceInfo &target) {
    std::optional<int64_t> tokens = llm::getMaxTokens(module);
    if (!tokens)
      return module.emitError(
          "does not state its largest context; give the module the attribute "
          "llm.max_tokens = N : i64");
    if (maxTokens < 0 || maxTokens > *tokens)
      return module.emitError("has a largest context of ")
             << *tokens << " tokens, but max-tokens asks for "
             << maxTokens.getValue() << "; ask for 1 to " << *tokens;
    if (maxTokens > 0)
      tokens = maxTokens;
    const int64_t limit = target.getTraits().maxTokens;
    if (*tokens > limit)
      return module.emitError("has a largest context of ")
             << *tokens << " tokens, " << *tokens - limit << " more than the "
             << limit << " of " << target.getName()
             << "; use --max-tokens=" << limit << " or less";
    module->removeAttr(llm::LLMDialect::getModelLayersAttrName());
    module->setAttr(
        llm::LLMDialect::getMaxTokensAttrName(),
        IntegerAttr::get(IntegerType::get(&getContext(), 64), *tokens));
    return success();
  }
};

} // namespace
