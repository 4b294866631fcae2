//===- SyntheticVersionTest.cpp - A device version that no one built ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A version that differs from its parent in two parameters, the number of one
// register and one encoder, without a change to any pass. A model is compiled
// for both; the programs differ in what the version says and nothing else.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Encoding/TaskWriter.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Run/Program.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <map>

using namespace dlavm;
using namespace mlir;

namespace {

constexpr uint32_t newInputWidth = 34;

/// Writes the channels rounded up, where the parent writes them as they are.
void encodeActivation(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ActivationOp>(task);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  writer.write("TableAddress", writer.getObject(op.getTable()));
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.surfaces);
  writer.write("Rows", 1);
  writer.write("Width", input.tokens);
  writer.write("Pixels", input.tokens);
  writer.write("ChannelGroups2", input.surfaces);
  writer.write("Channels", writer.getDevice()["Tout"] * input.surfaces);
  writer.write("Opcode", 16);
}

DeviceInfo createSyntheticVersion() {
  DeviceInfo device = edgellm::createDevice20241128().derive("synthetic");
  device.setParameter("DAT_BRAM_DEPTH", 2048);
  device.setParameter("MAX_TOKEN", 1024);
  device.addTask(TaskKind::Linear)
      .registers.renumber("InputWidth", newInputWidth);
  // Two beats of a block have no word for that register.
  device.addTask(TaskKind::Linear).instruction = nullptr;
  device.addTask(TaskKind::Activation).encode = encodeActivation;
  return device;
}

/// One start: what the writes before a poll put into which register, in order.
struct Start {
  std::string task;
  std::vector<std::pair<uint32_t, uint32_t>> writes;
  std::pair<uint32_t, uint32_t> poll;

  uint32_t &operator[](uint32_t reg) {
    for (auto &[number, value] : writes)
      if (number == reg)
        return value;
    ADD_FAILURE() << task << " does not write register " << reg;
    return writes.front().second;
  }
};

bool operator==(const Start &a, const Start &b) {
  return a.task == b.task && a.writes == b.writes && a.poll == b.poll;
}

std::ostream &operator<<(std::ostream &os, const Start &start) {
  os << start.task;
  for (auto [reg, value] : start.writes)
    os << " " << reg << "=" << value;
  return os << " poll " << start.poll.first;
}

class StartRecorder final : public EventSink {
public:
  void task(int32_t, llvm::StringRef name) override { current = name.str(); }
  void write(uint32_t reg, uint32_t value) override {
    writes.push_back({reg, value});
  }
  void poll(uint32_t reg, uint32_t value) override {
    starts.push_back({current, std::move(writes), {reg, value}});
    writes.clear();
  }
  uint32_t read(uint32_t) override { return 0; }

  std::vector<Start> starts;

private:
  std::string current;
  std::vector<std::pair<uint32_t, uint32_t>> writes;
};

class SyntheticVersionTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    registerAllDevices();
    llvm::cantFail(DeviceRegistry::instance().add(createSyntheticVersion()));
  }

  SyntheticVersionTest() {
    DialectRegistry dialects;
    registerAllDialects(dialects);
    context.appendDialectRegistry(dialects);
  }

  OwningOpRef<ModuleOp> compile(const std::string &text,
                                const std::string &device) {
    auto module = parseSourceString<ModuleOp>(text, &context);
    if (!module) {
      ADD_FAILURE() << "no module:\n" << text;
      return {};
    }
    PassManager manager(&context);
    CompileOptions options;
    options.device = device;
    buildCompilePipeline(manager, options);
    return succeeded(manager.run(*module)) ? std::move(module)
                                           : OwningOpRef<ModuleOp>();
  }

  /// The starts of one call of the compiled module.
  std::vector<Start> run(const std::string &text, const std::string &device,
                         int64_t seq, int64_t past) {
    OwningOpRef<ModuleOp> module = compile(text, device);
    StartRecorder recorder;
    if (!module) {
      ADD_FAILURE() << device << " does not compile";
      return {};
    }
    FailureOr<Program> program = Program::create(*module);
    if (failed(program) || failed(program->run(seq, past, recorder)))
      ADD_FAILURE() << device << " does not run";
    return recorder.starts;
  }

  MLIRContext context;
};

constexpr const char *parent = "edgellm-20241128";
constexpr const char *child = "edgellm-synthetic";

const std::string feedForward = R"mlir(
  module @small attributes {llm.max_tokens = 512 : i64} {
    llm.parameter @gamma from "norm.weight" : tensor<4096xf16>
    llm.parameter @gate from "gate.weight" : tensor<100x4096xi4>
    func.func @model(%x: tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>)
        -> tensor<1x?x100xf16, #llm.dims<1, seq, 100>> {
      %n = llm.rms_norm %x, @gamma epsilon 1.0e-5
        : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
      %g = llm.linear %n, @gate : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
        -> tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
      %a = llm.activation silu %g : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
      return %a : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
    }
  })mlir";

TEST_F(SyntheticVersionTest, OnlyWhatTheVersionChangesDiffers) {
  const std::vector<Start> before = run(feedForward, parent, 300, 0);
  const std::vector<Start> after = run(feedForward, child, 300, 0);
  // 300 tokens are 128, 128 and 44 of them, or four times 64 and 44.
  ASSERT_EQ(before.size(), 1u + 3u + 1u);
  ASSERT_EQ(after.size(), 1u + 5u + 1u);

  std::vector<Start> expected = {before.front()};
  for (uint32_t token = 0; token < 300; token += 64) {
    Start slice = before[1];
    const uint32_t width = std::min(300 - token, 64u);
    for (uint32_t reg : {3, 5, 9})
      slice[reg] = width;
    for (uint32_t reg : {10, 13})
      slice[reg] += 64 * token;
    for (auto &[reg, value] : slice.writes)
      if (reg == 3)
        reg = newInputWidth;
    expected.push_back(slice);
  }
  expected.push_back(before.back());
  EXPECT_EQ(expected.back()[206], 100u);
  expected.back()[206] = 128;
  EXPECT_EQ(after, expected);
}

// One slice is enough in both; what is left is the register and the encoder.
TEST_F(SyntheticVersionTest, ShortCallsAreCutAlike) {
  const std::vector<Start> before = run(feedForward, parent, 19, 3);
  const std::vector<Start> after = run(feedForward, child, 19, 3);
  ASSERT_EQ(before.size(), 3u);
  ASSERT_EQ(after.size(), 3u);
  unsigned differences = 0;
  for (auto [a, b] : llvm::zip_equal(before, after))
    for (auto [x, y] : llvm::zip_equal(a.writes, b.writes))
      differences += x != y;
  EXPECT_EQ(differences, 2u);
}

const std::string rotary = R"mlir(
  module @small attributes {llm.max_tokens = 512 : i64} {
    func.func @model(%x: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>)
        -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
      %h = llm.split_heads %x : tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
        -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
      %r = llm.rope %h interleaved theta 10000.0 rotary 128
        : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
      return %r : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
    }
  })mlir";

// The context of the device fixes the strides of its tables.
TEST_F(SyntheticVersionTest, TablesAreAsLongAsTheContext) {
  std::vector<Start> before = run(rotary, parent, 19, 3);
  std::vector<Start> after = run(rotary, child, 19, 3);
  ASSERT_EQ(before.size(), 1u);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(before[0][206], 131072u);
  EXPECT_EQ(after[0][206], 65536u);
  EXPECT_EQ(before[0][205], 262144u);
  EXPECT_EQ(after[0][205], 131072u);
  // Maps lie behind the table, which is half as large.
  EXPECT_EQ(before[0][195] - after[0][195], 262144u);
}

TEST_F(SyntheticVersionTest, RefusesAContextThatOnlyTheParentHas) {
  std::string text = rotary;
  text.replace(text.find("512"), 3, "2048");
  EXPECT_TRUE(compile(text, parent));
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  EXPECT_FALSE(compile(text, child));
  EXPECT_NE(message.find("2048 tokens, 1024 more than the 1024 of "
                         "edgellm-synthetic"),
            std::string::npos)
      << message;
}

TEST_F(SyntheticVersionTest, SoftmaxThatTakesNoSlicesRefusesTheOption) {
  DeviceInfo device =
      DeviceRegistry::instance().lookup(parent)->derive("without-slices");
  device.traits = [](const DeviceInfo &) { return Traits(); };
  const std::vector<std::string> passes = {"accel-stream-attention"};
  CompileOptions options;
  options.passes = llvm::ArrayRef<std::string>(passes);
  EXPECT_EQ(llvm::toString(checkPassOptions(options, device)), "");
  options.sliceSoftmax = true;
  EXPECT_EQ(llvm::toString(checkPassOptions(options, device)),
            "--slice-softmax is nothing that edgellm-without-slices can do; "
            "leave it out");
}

TEST_F(SyntheticVersionTest, AnUnknownVersionIsAnsweredWithTheKnownOnes) {
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  EXPECT_FALSE(compile(rotary, "edgellm-none"));
  EXPECT_NE(message.find("no device 'edgellm-none'"), std::string::npos)
      << message;
  EXPECT_NE(message.find(child), std::string::npos) << message;
}

} // namespace
