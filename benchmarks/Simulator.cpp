//===- Simulator.cpp - How long the simulator takes ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ChatGLM2-6B: one of its 28 layers, and the output layer.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Simulator/Simulator.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Run/PlanRegions.h"
#include "DLAVM/Run/Program.h"

#include <benchmark/benchmark.h>

using namespace mlir;
using namespace dlavm;

namespace {

const char *const deviceName = "edgellm-20241128";

/// Lets the events of one layer through; -1 is what lies outside the layers.
class LayerFilter final : public EventSink {
public:
  LayerFilter(EventSink &sink, int32_t layer) : sink(sink), wanted(layer) {}
  void task(int32_t layer, llvm::StringRef name) override {
    isWanted = layer == wanted;
    if (isWanted)
      sink.task(layer, name);
  }
  void write(uint32_t reg, uint32_t value) override {
    if (isWanted)
      sink.write(reg, value);
  }
  void poll(uint32_t reg, uint32_t value) override {
    if (isWanted)
      sink.poll(reg, value);
  }
  uint32_t read(uint32_t reg) override { return 0; }

private:
  EventSink &sink;
  const int32_t wanted;
  bool isWanted = false;
};

OwningOpRef<ModuleOp> compileChatGLM2(MLIRContext &context) {
  OwningOpRef<ModuleOp> module =
      importModel(DLAVM_MODELS_DIR "/chatglm2-6b.json", {{}, 2048}, context);
  CompileOptions options;
  options.device = deviceName;
  PassManager manager(&context);
  manager.enableVerifier(false);
  buildCompilePipeline(manager, options);
  if (failed(manager.run(*module)))
    return {};
  return module;
}

/// Small positive numbers in what one layer and the output layer read.
void fillMemory(Simulator &simulator, const DeviceInfo &device,
                llvm::ArrayRef<PlanRegion> plan) {
  for (const PlanRegion &region : plan) {
    const Memory &memory = *device.getMemory(region.memory);
    std::vector<uint8_t> bytes(region.end - region.begin);
    uint32_t state = 1;
    for (uint8_t &byte : bytes) {
      state = state * 1664525 + 1013904223;
      byte = 0x20 | (state >> 28);
    }
    for (int64_t port = 0; port < memory.ports; ++port)
      simulator.dmaWrite(
          memory.dmaBase + port * memory.portStride + region.begin, bytes);
  }
}

/// \p state has the tokens of the call, the layer, threads, and whether the
/// sanitizer runs.
void run(benchmark::State &state) {
  DialectRegistry registry;
  registerAllDialects(registry);
  if (!DeviceRegistry::instance().lookup(deviceName))
    registerAllDevices();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = compileChatGLM2(context);
  FailureOr<Program> program = Program::create(*module);
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(deviceName);
  const std::vector<PlanRegion> plan = *getPlanRegions(*module, device);
  SimulatorOptions options;
  options.threads = static_cast<unsigned>(state.range(2));
  options.sanitize = state.range(3) != 0;
  Simulator simulator(device, plan, options);
  fillMemory(simulator, device, plan);
  LayerFilter filter(simulator, static_cast<int32_t>(state.range(1)));
  const int64_t seq = state.range(0), past = seq == 1 ? 19 : 0;
  for (auto _ : state) {
    simulator.beginRun(seq, past);
    if (failed(program->run(seq, past, filter)))
      state.SkipWithError("the program refuses the call");
    simulator.endRun();
  }
}

} // namespace

BENCHMARK(run)
    ->Name("ChatGLM2/Simulate")
    ->ArgNames({"tokens", "layer", "threads", "sanitize"})
    ->Args({19, 0, 1, 0})
    ->Args({19, 0, 2, 0})
    ->Args({19, 0, 2, 1})
    ->Args({1, 0, 1, 0})
    ->Args({1, 0, 2, 0})
    ->Args({1, 0, 2, 1})
    ->Args({1, -1, 2, 0})
    ->Args({300, 0, 2, 0})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
