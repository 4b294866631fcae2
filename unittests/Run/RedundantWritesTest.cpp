//===- RedundantWritesTest.cpp - Starts with and without all writes -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program runs twice, with all its writes and without redundant ones, each
// into a register file that knows nothing but what is written. At each start
// all registers of the task must hold the same.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Conversion/Passes.h"
#include "DLAVM/Dialect/CSB/Transforms/Passes.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Pipelines/Pipelines.h"
#include "DLAVM/Run/Program.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "gtest/gtest.h"

using namespace dlavm;
using namespace mlir;

namespace {

/// What registers hold at each start.
class StateSink final : public EventSink {
public:
  explicit StateSink(const DeviceInfo &device)
      : decoder(device), file(decoder.getRegisterEnd(), -1) {}

  void task(int32_t, llvm::StringRef) override {}
  void write(uint32_t reg, uint32_t value) override {
    ++writes;
    redundant += file[reg] == value && !decoder.isOpcode(reg);
    file[reg] = value;
    if (!decoder.isOpcode(reg))
      return;
    std::vector<uint32_t> values(file.begin(), file.end());
    const DecodedTask *task = decoder.lookup(reg, value, values);
    ASSERT_TRUE(task);
    for (const Register *each : task->written) {
      EXPECT_GE(file[each->number], 0) << task->getName(*each);
      starts.push_back(file[each->number]);
    }
  }
  void poll(uint32_t reg, uint32_t value) override {
    starts.push_back(int64_t(reg) << 32 | value);
  }
  uint32_t read(uint32_t) override { return 0; }

  std::vector<int64_t> starts;
  int64_t writes = 0;
  /// Writes that change nothing.
  int64_t redundant = 0;

private:
  TaskDecoder decoder;
  std::vector<int64_t> file;
};

class RedundantWrites
    : public testing::TestWithParam<std::tuple<const char *, const char *>> {
protected:
  static void SetUpTestSuite() { registerAllDevices(); }
};

std::string getName(
    const testing::TestParamInfo<std::tuple<const char *, const char *>> &i) {
  std::string name = std::string(std::get<0>(i.param)) + std::get<1>(i.param);
  llvm::erase_if(name, [](char c) { return !llvm::isAlnum(c); });
  return name;
}

} // namespace

TEST_P(RedundantWrites, ChangeNoStart) {
  const auto [model, deviceName] = GetParam();
  DialectRegistry dialects;
  registerAllDialects(dialects);
  MLIRContext context(dialects);
  const std::string name = std::string(deviceName) + ",Registers_Keep_Values=1";
  const DeviceInfo *device = DeviceRegistry::instance().lookup(name);
  ASSERT_TRUE(device);
  OwningOpRef<ModuleOp> module =
      importModel(std::string(DLAVM_MODELS_DIR) + "/" + model + ".json",
                  {/*layers=*/3, /*maxTokens=*/2048}, context);
  ASSERT_TRUE(module);
  CompileOptions options;
  options.device = name;
  PassManager all(&context), fewer(&context);
  buildLLMPipeline(all, options);
  buildAccelPipeline(all, options);
  all.addPass(createConvertAccelToCSB());
  all.addPass(createLoopInvariantCodeMotionPass());
  ASSERT_TRUE(succeeded(all.run(*module)));
  FailureOr<Program> before = Program::create(*module);
  fewer.addPass(csb::createEliminateRedundantWrites());
  ASSERT_TRUE(succeeded(fewer.run(*module)));
  FailureOr<Program> after = Program::create(*module);
  ASSERT_TRUE(succeeded(before) && succeeded(after));
  for (const auto &[seq, past] : {std::pair<int64_t, int64_t>(1, 0),
                                  {1, 2047},
                                  {2, 31},
                                  {40, 0},
                                  {129, 77},
                                  {517, 1531}}) {
    StateSink expected(*device), found(*device);
    ASSERT_TRUE(succeeded(before->run(seq, past, expected)));
    ASSERT_TRUE(succeeded(after->run(seq, past, found)));
    EXPECT_EQ(expected.starts, found.starts) << seq << " after " << past;
    // Of those that only chance makes redundant, some are left.
    EXPECT_LE(found.redundant, expected.redundant / 3)
        << seq << " after " << past << ": " << found.writes << " of "
        << expected.writes << " writes";
    EXPECT_LE(expected.writes - expected.redundant, found.writes);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RedundantWrites,
    testing::Combine(testing::Values("chatglm2-6b", "qwen2-7b"),
                     testing::Values("edgellm-20241128", "edgellm-20240831",
                                     "ohbm-20250407", "ohbm-v80-20250326")),
    getName);
