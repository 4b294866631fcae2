//===- WhatFits.cpp - What of a large model a device can compute ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What fits is found by trying: to compile a model takes some hundredths of a
// second, and only the passes know what they need.
//
//===----------------------------------------------------------------------===//

#include "WhatFits.h"

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace mlir;

namespace {
class Attempts {
public:
  Attempts(llvm::StringRef model, const CompileOptions &failed) : file(model) {
    options.copyOptionValuesFrom(failed);
    // That of each attempt is its model's.
    options.maxTokens = 0;
    // The tensors of the directory are no part of the question.
    if (llvm::sys::fs::is_directory(file))
      llvm::sys::path::append(file, "config.json");
  }

  bool compiles(const DeviceInfo &device, int64_t layers, int64_t maxTokens);
  /// The same with --slice-softmax, where that may be and is not given.
  bool compilesInSlices(const DeviceInfo &device, int64_t layers,
                        int64_t maxTokens);

  /// The largest number from 1 to \p most with which \p compiles, which holds
  /// for 1, and for all below one for which it does.
  static int64_t findLargest(int64_t most,
                             llvm::function_ref<bool(int64_t)> compiles);

private:
  llvm::SmallString<128> file;
  CompileOptions options;
};
} // namespace

bool Attempts::compiles(const DeviceInfo &device, int64_t layers,
                        int64_t maxTokens) {
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler silence(&context, [](Diagnostic &) {});
  ImportOptions importOptions;
  importOptions.layers = layers;
  importOptions.maxTokens = maxTokens;
  OwningOpRef<ModuleOp> module = importModel(file, importOptions, context);
  if (!module)
    return false;
  options.device = device.getName();
  if (llvm::Error error = checkMode(options, device)) {
    llvm::consumeError(std::move(error));
    return false;
  }
  PassManager manager(&context);
  manager.enableVerifier(false);
  buildLLMPipeline(manager, options);
  buildAccelPipeline(manager, options);
  buildCSBPipeline(manager, options);
  return succeeded(manager.run(*module));
}

bool Attempts::compilesInSlices(const DeviceInfo &device, int64_t layers,
                                int64_t maxTokens) {
  if (options.sliceSoftmax || !options.runs("accel-stream-attention") ||
      device.getTraits().softmaxSlices != SoftmaxSlices::Untested)
    return false;
  options.sliceSoftmax = true;
  const bool result = compiles(device, layers, maxTokens);
  options.sliceSoftmax = false;
  return result;
}

int64_t Attempts::findLargest(int64_t most,
                              llvm::function_ref<bool(int64_t)> compiles) {
  int64_t fits = 1;
  while (fits < most) {
    const int64_t middle = fits + llvm::divideCeil(most - fits, 2);
    if (compiles(middle))
      fits = middle;
    else
      most = middle - 1;
  }
  return fits;
}

/// The other devices and boards on which \p compiles.
static std::vector<std::string>
findDevices(llvm::StringRef own,
            llvm::function_ref<bool(const DeviceInfo &)> compiles) {
  std::vector<std::string> names;
  const DeviceRegistry &registry = DeviceRegistry::instance();
  for (const auto &[version, device] : registry.getDevices())
    for (const Board &board : device.getBoards()) {
      const DeviceInfo *variant = registry.lookup(version + "@" + board.name);
      if (variant && variant->getName() != own && compiles(*variant))
        names.push_back(variant->getName());
    }
  return names;
}

void dlavm::explainWhatFits(llvm::StringRef model,
                            const CompileOptions &options, int64_t layers,
                            int64_t maxTokens) {
  const std::string deviceName = options.device;
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(deviceName);
  Attempts attempts(model, options);
  auto note = []() -> llvm::raw_ostream & {
    return llvm::WithColor::note(llvm::errs());
  };
  const auto fitsTokens = [&](int64_t tokens) {
    return attempts.compiles(device, layers, tokens);
  };
  if (fitsTokens(1))
    note() << "on " << deviceName << " a context of up to "
           << Attempts::findLargest(maxTokens, fitsTokens)
           << " tokens fits (--max-tokens)\n";
  if (attempts.compilesInSlices(device, layers, maxTokens))
    note() << "on " << deviceName
           << " all of it fits where softmax takes slices of a call's tokens "
              "(--slice-softmax)\n";
  const std::vector<std::string> others =
      findDevices(deviceName, [&](const DeviceInfo &other) {
        return attempts.compiles(
            other, layers, std::min(maxTokens, other.getTraits().maxTokens));
      });
  if (!others.empty())
    note() << "it compiles for " << llvm::join(others, ", ") << " (--device)\n";
  const auto fitsLayers = [&](int64_t count) {
    return attempts.compiles(device, count, maxTokens);
  };
  if (!fitsLayers(1))
    return;
  const int64_t fits = Attempts::findLargest(layers, fitsLayers);
  note() << "on " << deviceName << " " << fits << " of the " << layers
         << " layers fit (--layers), so " << llvm::divideCeil(layers, fits)
         << " such boards have room for all; a driver is for one board\n";
}
