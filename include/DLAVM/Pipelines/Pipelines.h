//===- Pipelines.h - The compiler as one pipeline -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PIPELINES_PIPELINES_H
#define DLAVM_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "llvm/Support/Error.h"

namespace dlavm {

class DeviceInfo;

/// The options of `--dlavm-compile="..."`.
struct CompileOptions : public mlir::PassPipelineOptions<CompileOptions> {
  Option<std::string> device{*this, "device",
                             llvm::cl::desc("The device to compile for")};
  Option<int64_t> maxTokens{
      *this, "max-tokens",
      llvm::cl::desc("The largest context; 0 keeps that of the module"),
      llvm::cl::init(0)};
  Option<std::string> weightLoading{
      *this, "weight-loading",
      llvm::cl::desc("How weights get into HBM: dma or wt2hbm"),
      llvm::cl::init("dma")};
  Option<std::string> mode{
      *this, "mode",
      llvm::cl::desc("How calls of one token run: direct, by register writes, "
                     "or aux, from instruction blocks"),
      llvm::cl::init("direct")};
  Option<bool> doubleBuffer{
      *this, "double-buffer",
      llvm::cl::desc("Send the words of the next token while one runs from "
                     "instruction blocks"),
      llvm::cl::init(false)};
  Option<std::string> ropePairing{
      *this, "rope-pairing",
      llvm::cl::desc("The channels that rotary embeddings pair: neighbours, "
                     "halves, or what takes least"),
      llvm::cl::init("")};
  ListOption<std::string> passes{
      *this, "passes", llvm::cl::desc("The optimizing passes that run")};
  Option<int64_t> sliceBytes{
      *this, "slice-bytes",
      llvm::cl::desc("The most bytes of the maps of a slice; 0 is an eighth of "
                     "the memory"),
      llvm::cl::init(0)};
  Option<bool> sliceSoftmax{
      *this, "slice-softmax",
      llvm::cl::desc("Let softmax take slices where no known program does it"),
      llvm::cl::init(false)};
  Option<bool> mergeLinears{
      *this, "merge-linears",
      llvm::cl::desc("Let linear layers with one input become one where the "
                     "model of costs says that it does not pay, too"),
      llvm::cl::init(false)};
  Option<bool> printSteps{*this, "print-steps",
                          llvm::cl::desc("Let the driver print each task"),
                          llvm::cl::init(false)};

  /// Whether the optimizing pass of this name runs.
  bool runs(llvm::StringRef pass) const;
};

/// Refuses a mode that the device does not have, or that does not go with the
/// passes and the other options. What a pass alone needs of the device, it asks
/// itself.
llvm::Error checkMode(const CompileOptions &options, const DeviceInfo &device);

/// Refuses options of passes that do not run, or that the device has nothing
/// for.
llvm::Error checkPassOptions(const CompileOptions &options,
                             const DeviceInfo &device);

/// The first part: what is computed, as the device can compute it, with a name
/// for each hardware task. The module stays one of the `llm` dialect. Heads are
/// padded if the options name the device.
void buildLLMPipeline(mlir::OpPassManager &manager,
                      const CompileOptions &options);
/// The second part: from there to a placed `accel` module.
void buildAccelPipeline(mlir::OpPassManager &manager,
                        const CompileOptions &options);
/// The third part: to a `csb` module that can be printed as C++.
void buildCSBPipeline(mlir::OpPassManager &manager,
                      const CompileOptions &options);
/// All three.
void buildCompilePipeline(mlir::OpPassManager &manager,
                          const CompileOptions &options);

/// Registers `--dlavm-compile`, whose options are checked as those of dlavm
/// compile are.
void registerPipelines();

} // namespace dlavm

#endif // DLAVM_PIPELINES_PIPELINES_H
