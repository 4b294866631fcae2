//===- CompiledProgramTest.cpp - Compiled programs under the sanitizer ---===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the compiler writes has no findings, over calls that go on, go back and
// start again; and one write that is missing has.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Run/PlanRegions.h"
#include "DLAVM/Run/Program.h"

#include "llvm/Support/FileSystem.h"

#include <set>

using namespace dlavm;
using namespace dlavm::test;
using namespace mlir;

namespace {

// 300 tokens take several starts of f2w_mvm.
const char *const config = R"({
  "architectures": ["LlamaForCausalLM"], "model_type": "llama",
  "hidden_act": "silu", "hidden_size": 1024, "intermediate_size": 320,
  "max_position_embeddings": 400, "num_attention_heads": 8,
  "num_hidden_layers": 3, "num_key_value_heads": 1, "rms_norm_eps": 1e-05,
  "rope_theta": 10000.0, "tie_word_embeddings": false,
  "torch_dtype": "float16", "vocab_size": 100})";

/// Leaves out the writes to a register within an op of a layer.
class Omission final : public EventSink {
public:
  Omission(EventSink &sink, llvm::StringRef name, uint32_t reg)
      : sink(sink), name(name), omitted(reg) {}
  void task(int32_t layer, llvm::StringRef newName) override {
    isHere = layer == 1 && newName == name;
    sink.task(layer, newName);
  }
  void write(uint32_t reg, uint32_t value) override {
    if (!isHere || reg != omitted)
      sink.write(reg, value);
  }
  void poll(uint32_t reg, uint32_t value) override { sink.poll(reg, value); }
  uint32_t read(uint32_t reg) override { return sink.read(reg); }

private:
  EventSink &sink;
  llvm::StringRef name;
  uint32_t omitted;
  bool isHere = false;
};

/// The registers that each op of layer 1 writes.
class Writes final : public EventSink {
public:
  void task(int32_t layer, llvm::StringRef newName) override {
    name = layer == 1 ? newName.str() : "";
  }
  void write(uint32_t reg, uint32_t) override {
    if (!name.empty())
      found.insert({name, reg});
  }
  void poll(uint32_t, uint32_t) override {}
  uint32_t read(uint32_t) override { return 0; }

  std::set<std::pair<std::string, uint32_t>> found;

private:
  std::string name;
};

class CompiledProgram : public ::testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> path;
    int file;
    ASSERT_FALSE(
        llvm::sys::fs::createTemporaryFile("config", "json", file, path));
    llvm::raw_fd_ostream(file, /*shouldClose=*/true) << config;
    DialectRegistry registry;
    registerAllDialects(registry);
    if (!DeviceRegistry::instance().lookup("edgellm-20241128"))
      registerAllDevices();
    context.appendDialectRegistry(registry);
    module = importModel(path, {}, context);
    llvm::sys::fs::remove(path);
    ASSERT_TRUE(module);
    PassManager manager(&context);
    CompileOptions options;
    options.device = "edgellm-20241128";
    buildCompilePipeline(manager, options);
    ASSERT_TRUE(succeeded(manager.run(*module)));
    FailureOr<std::vector<PlanRegion>> regions = getPlanRegions(
        *module, *DeviceRegistry::instance().lookup(options.device));
    ASSERT_TRUE(succeeded(regions));
    plan = std::move(*regions);
    FailureOr<Program> created = Program::create(*module);
    ASSERT_TRUE(succeeded(created));
    program = std::make_unique<Program>(std::move(*created));
    machine = std::make_unique<Machine>(plan, true);
    load();
  }

  /// Small positive numbers in all parameters.
  void load() {
    for (const PlanRegion &region : plan) {
      if (region.kind != "parameter")
        continue;
      std::vector<uint8_t> bytes(region.end - region.begin);
      Numbers numbers(1);
      for (uint8_t &byte : bytes)
        byte = 0x20 | (numbers.next() & 15);
      const Memory &memory = *machine->device.getMemory(region.memory);
      for (int64_t layer = 0; layer < std::max<int64_t>(region.layers, 1);
           ++layer)
        for (int64_t port = 0; port < memory.ports; ++port)
          machine->simulator.dmaWrite(
              memory.dmaBase + port * memory.portStride + region.begin +
                  layer * region.layerStride,
              bytes);
    }
  }
  void writeInput(int64_t seq) {
    for (const PlanRegion &region : plan)
      if (region.kind == "input") {
        TestMap input = Numbers(2).map(1, seq, 1024);
        machine->setMap(region.begin, input);
      }
  }
  void run(int64_t seq, int64_t past, EventSink &sink) {
    machine->simulator.beginRun(seq, past);
    EXPECT_TRUE(succeeded(program->run(seq, past, sink)));
    machine->simulator.endRun();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::vector<PlanRegion> plan;
  std::unique_ptr<Program> program;
  std::unique_ptr<Machine> machine;
};

} // namespace

TEST_F(CompiledProgram, HasNoFindings) {
  const std::pair<int64_t, int64_t> calls[] = {{19, 0},  {1, 19},   {1, 20},
                                               {33, 21}, {2, 5},    {1, 7},
                                               {300, 0}, {100, 300}};
  for (auto [seq, past] : calls) {
    writeInput(seq);
    run(seq, past, machine->simulator);
    EXPECT_LT(machine->simulator.read(40), 128u);
  }
  EXPECT_EQ(machine->findings(), "");
}

TEST_F(CompiledProgram, InputOfTheCallBefore) {
  writeInput(3);
  run(3, 0, machine->simulator);
  run(3, 3, machine->simulator);
  EXPECT_NE(
      machine->findings().find("nobody wrote the input since the last call"),
      std::string::npos)
      << machine->findings();
}

TEST_F(CompiledProgram, MissingAppend) {
  // Without its opcode the append does not run.
  writeInput(3);
  Omission omission(machine->simulator, "keys_append", 209);
  run(3, 0, omission);
  EXPECT_NE(machine->findings().find(
                "scores of layer 1, start 22 of the call of 3 tokens after 0, "
                "trp_mvm::CacheAddress, buffer keys_cache[1]: position 0 of "
                "the KV cache was never appended"),
            std::string::npos)
      << machine->findings();
}

TEST_F(CompiledProgram, EveryMissingWriteIsFound) {
  Writes writes;
  ASSERT_TRUE(succeeded(program->run(1, 0, writes)));
  EXPECT_GT(writes.found.size(), 300u);
  for (const auto &[name, reg] : writes.found) {
    auto count = [&] {
      int64_t sum = 0;
      for (const Finding &finding : machine->simulator.getFindings())
        sum += finding.count;
      return sum;
    };
    const int64_t before = count();
    writeInput(1);
    Omission omission(machine->simulator, name, reg);
    run(1, 0, omission);
    EXPECT_GT(count(), before) << name << ", register " << reg;
  }
}
