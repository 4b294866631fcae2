//===- Compile.cpp - How long compiling and checking take ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Run/PlanRegions.h"
#include "DLAVM/Run/Program.h"
#include "DLAVM/Target/TranslateToCpp.h"

#include <benchmark/benchmark.h>

using namespace mlir;
using namespace dlavm;

namespace {

const char *const deviceName = "edgellm-20241128";

/// ChatGLM2-6B at full depth.
class ChatGLM2 : public benchmark::Fixture {
public:
  void SetUp(benchmark::State &) override {
    registry = std::make_unique<DialectRegistry>();
    registerAllDialects(*registry);
    if (!DeviceRegistry::instance().lookup(deviceName))
      registerAllDevices();
    context = std::make_unique<MLIRContext>(*registry,
                                            MLIRContext::Threading::DISABLED);
    context->getDiagEngine().registerHandler([](Diagnostic &) {});
  }

  OwningOpRef<ModuleOp> import() {
    return importModel(DLAVM_MODELS_DIR "/chatglm2-6b.json", {{}, 2048},
                       *context);
  }

  OwningOpRef<ModuleOp> compile() {
    OwningOpRef<ModuleOp> module = import();
    CompileOptions options;
    options.device = deviceName;
    PassManager manager(context.get());
    manager.enableVerifier(false);
    buildCompilePipeline(manager, options);
    if (failed(manager.run(*module)))
      return {};
    return module;
  }

  std::unique_ptr<DialectRegistry> registry;
  std::unique_ptr<MLIRContext> context;
};

} // namespace

BENCHMARK_F(ChatGLM2, Import)(benchmark::State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(import());
}

BENCHMARK_F(ChatGLM2, ImportAndCompile)(benchmark::State &state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(compile());
}

BENCHMARK_F(ChatGLM2, EmitDriver)(benchmark::State &state) {
  OwningOpRef<ModuleOp> module = compile();
  for (auto _ : state) {
    std::string text;
    llvm::raw_string_ostream os(text);
    if (failed(translateToCpp(*module, "", os)))
      state.SkipWithError("no driver");
    benchmark::DoNotOptimize(text);
  }
}

/// A prompt of 2048 tokens through all layers: 12042 starts.
BENCHMARK_F(ChatGLM2, CheckLongestPrompt)(benchmark::State &state) {
  OwningOpRef<ModuleOp> module = compile();
  FailureOr<Program> program = Program::create(*module);
  const DeviceInfo &device = *DeviceRegistry::instance().lookup(deviceName);
  Checker checker(device, *getPlanRegions(*module, device));
  ForwardingSink<Checker> sink(checker);
  for (auto _ : state) {
    checker.beginRun(2048, 0);
    if (failed(program->run(2048, 0, sink)))
      state.SkipWithError("the call is refused");
    checker.endRun();
  }
}
