//===- Pipelines.cpp - The compiler as one pipeline ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pipelines/Pipelines.h"

#include "DLAVM/Conversion/Passes.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Dialect/CSB/Transforms/Passes.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"
#include "DLAVM/Pipelines/Optimizations.h"
#include "DLAVM/Run/Passes.h"
#include "DLAVM/Target/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace dlavm;

bool CompileOptions::runs(StringRef pass) const {
  assert(isOptimization(pass) && "not in the table of the optimizations");
  return llvm::is_contained(passes, pass);
}

llvm::Error dlavm::checkMode(const CompileOptions &options,
                             const DeviceInfo &device) {
  const std::string mode = options.mode;
  if (mode != "direct" && mode != "aux")
    return llvm::createStringError("--mode=" + mode + " must be direct or aux");
  if (options.doubleBuffer && mode != "aux")
    return llvm::createStringError("--double-buffer is about instruction "
                                   "blocks; compile with --mode=aux");
  if (mode != "aux")
    return llvm::Error::success();
  if (!device.getInstructionBlocks())
    return llvm::createStringError(
        "--mode=aux needs instruction blocks, which " + device.getName() +
        " does not have; compile with --mode=direct");
  // plan.json would not say where tasks of blocks leave their results. The pass
  // refuses devices without the memory, whatever the mode.
  if (options.runs("accel-promote-onchip") && device.getOnChipMemory())
    return llvm::createStringError(
        "accel-promote-onchip is for calls in direct mode; compile without it "
        "or without --mode=aux");
  return llvm::Error::success();
}

llvm::Error dlavm::checkPassOptions(const CompileOptions &options,
                                    const DeviceInfo &device) {
  auto check = [&](bool isGiven, StringRef option,
                   llvm::ArrayRef<StringRef> passes) -> llvm::Error {
    if (!isGiven || llvm::any_of(passes, [&](StringRef pass) {
          return options.runs(pass);
        }))
      return llvm::Error::success();
    return llvm::createStringError(
        option + " is an option of " + llvm::join(passes, " and ") +
        ", which " + (passes.size() > 1 ? "do" : "does") +
        " not run; add --enable-passes=" + passes.front() + ", or leave " +
        option + " out");
  };
  if (options.sliceBytes < 0)
    return llvm::createStringError(
        "--slice-bytes=" + Twine(options.sliceBytes) +
        " must be 1 or more, or 0 for what the memory of the device says");
  const StringRef attention = "accel-stream-attention";
  if (llvm::Error error = check(options.sliceBytes != 0, "--slice-bytes",
                                {attention, "accel-stream-ffn"}))
    return error;
  if (llvm::Error error =
          check(options.sliceSoftmax, "--slice-softmax", attention))
    return error;
  if (options.sliceSoftmax &&
      device.getTraits().softmaxSlices == SoftmaxSlices::Never)
    return llvm::createStringError("--slice-softmax is nothing that " +
                                   device.getName() + " can do; leave it out");
  return check(options.mergeLinears, "--merge-linears",
               StringRef("accel-merge-linears"));
}

void dlavm::buildLLMPipeline(OpPassManager &manager,
                             const CompileOptions &options) {
  // The conversion refuses what the device cannot do; that there is no such
  // device, it says as well.
  const DeviceInfo *device = DeviceRegistry::instance().lookup(options.device);
  const Traits traits = device ? device->getTraits() : Traits();
  if (device)
    manager.addPass(llm::createEmbedPatches({device->getName()}));
  manager.addPass(llm::createFuseScaleBias());
  if (traits.fusesResidual)
    manager.addPass(llm::createFuseResidual());
  if (traits.fusesRelu)
    manager.addPass(llm::createFuseReLU());
  if (device)
    manager.addPass(llm::createPadHeads({traits.headChannels}));
  // Halves take no permuted weights.
  llm::InterleaveRopeOptions rope;
  const StringRef pairing = options.ropePairing.getValue();
  if (traits.rotatesHalves && pairing != "neighbours")
    rope.halfSplit = traits.headChannels;
  rope.needsHalfSplit = pairing == "halves";
  manager.addPass(llm::createInterleaveRope(rope));
  manager.addPass(llm::createPadGroups({traits.headsPerRow}));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(llm::createNameTasks());
}

void dlavm::buildAccelPipeline(OpPassManager &manager,
                               const CompileOptions &options) {
  ConvertLLMToAccelOptions toAccel;
  toAccel.device = options.device;
  toAccel.maxTokens = options.maxTokens;
  manager.addPass(createConvertLLMToAccel(toAccel));
  manager.addPass(accel::createWriteCaches());
  if (options.runs("accel-group-appends"))
    manager.addPass(accel::createGroupAppends());
  if (options.runs("accel-stream-attention"))
    manager.addPass(accel::createStreamAttention(
        {options.sliceBytes, options.sliceSoftmax}));
  if (options.runs("accel-stream-ffn"))
    manager.addPass(accel::createStreamFFN({options.sliceBytes}));
  if (options.runs("accel-merge-linears"))
    manager.addPass(accel::createMergeLinears({options.mergeLinears}));
  if (options.runs("accel-order-loops"))
    manager.addPass(accel::createOrderLoops());
  manager.addPass(accel::createPartitionTasks());
  manager.addPass(accel::createPlaceObjects());
  manager.addPass(accel::createPlanMemory());
  if (options.runs("accel-specialize-decode"))
    manager.addPass(accel::createSpecializeDecode());
  if (options.runs("accel-promote-onchip"))
    manager.addPass(accel::createPromoteOnChip());
  manager.addPass(accel::createOutlineStarts());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void dlavm::buildCSBPipeline(OpPassManager &manager,
                             const CompileOptions &options) {
  ConvertAccelToCSBOptions toCSB;
  toCSB.weightLoading = options.weightLoading;
  manager.addPass(createConvertAccelToCSB(toCSB));
  manager.addPass(createLoopInvariantCodeMotionPass());
  if (options.mode == "aux") {
    // While the tasks of decode are writes still.
    manager.addPass(createVerifyPlacement());
    manager.addPass(createPackInstructions({options.doubleBuffer}));
  }
  if (options.runs("csb-eliminate-redundant-writes"))
    manager.addPass(csb::createEliminateRedundantWrites());
  manager.addPass(createCSEPass());
  manager.addPass(createVerifyPlacement());
  if (options.printSteps)
    manager.addPass(csb::createInsertSteps());
  manager.addPass(createPrepareEmission());
}

void dlavm::buildCompilePipeline(OpPassManager &manager,
                                 const CompileOptions &options) {
  buildLLMPipeline(manager, options);
  buildAccelPipeline(manager, options);
  buildCSBPipeline(manager, options);
}

/// Chooses the passes, and refuses options, as dlavm compile does. A device
/// that is not known, the conversion refuses.
static llvm::Error complete(CompileOptions &options) {
  const std::vector<std::string> named(options.passes.begin(),
                                       options.passes.end());
  if (llvm::Error error = checkOptimizations("passes", named))
    return error;
  llvm::Expected<std::vector<std::string>> passes = chooseOptimizations(
      /*level=*/0, named, /*disabled=*/{}, options.mode.getValue());
  if (!passes)
    return passes.takeError();
  options.passes = llvm::ArrayRef<std::string>(*passes);
  const DeviceInfo *device = DeviceRegistry::instance().lookup(options.device);
  if (!device)
    return llvm::Error::success();
  if (llvm::Error error = checkMode(options, *device))
    return error;
  return checkPassOptions(options, *device);
}

void dlavm::registerPipelines() {
  registerPassPipeline(
      "dlavm-compile",
      "From an llm module to a csb module that can be printed as C++",
      [](OpPassManager &manager, StringRef text,
         llvm::function_ref<LogicalResult(const Twine &)> fail) {
        CompileOptions options;
        if (failed(options.parseFromString(text)))
          return failure();
        if (llvm::Error error = complete(options))
          return fail(toString(std::move(error)));
        buildCompilePipeline(manager, options);
        return success();
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)> handle) {
        handle(CompileOptions());
      });
}
