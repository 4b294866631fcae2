//===- ProgramTest.cpp - Whole models on ohbm -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first layer and the output layer of the models, whose programs section 7
// of the register document has.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Target/TranslateToCpp.h"
#include "LookUp.h"
#include "Traces.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringSwitch.h"

#include <map>

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;

namespace {

/// Says where a program differs from a reference, or nothing. Values are the
/// same, and from the task that writes a buffer to the next that writes it anew
/// all addresses in it agree on where it lies.
std::string compare(llvm::ArrayRef<Start> starts,
                    llvm::ArrayRef<ReferenceTask> tasks) {
  if (starts.size() != tasks.size())
    return std::to_string(starts.size()) + " tasks, the reference has " +
           std::to_string(tasks.size());
  std::map<std::string, int64_t> places;
  for (size_t i = 0; i < starts.size(); ++i) {
    const Start &start = starts[i];
    const ReferenceTask &task = tasks[i];
    const std::string where = "task " + std::to_string(i);
    if (start.poll != task.poll || start.writes.size() != task.writes.size())
      return where + " is another one";
    std::vector<std::pair<std::string, int64_t>> outputs;
    for (size_t k = 0; k < start.writes.size(); ++k) {
      const auto [reg, value] = start.writes[k];
      const ReferenceTask::Write &write = task.writes[k];
      const int64_t base = int64_t(value) - write.value;
      if (reg != write.reg)
        return where + " writes register " + std::to_string(reg);
      const std::string which = where + ", register " + std::to_string(reg) +
                                ": " + std::to_string(value) + ", not " +
                                write.buffer + "+" +
                                std::to_string(write.value);
      const bool isOutput = reg == 13 || reg == 134;
      const bool isCache = llvm::StringRef(write.buffer).contains("cache");
      // The next output channels of a product are no new content.
      const bool isNew = isOutput && write.value == 0 && !isCache &&
                         !(task.poll.first == 1 && start[8] > 0);
      if (write.buffer.empty()) {
        if (base != 0)
          return which;
      } else if (isNew) {
        outputs.push_back({write.buffer, base});
      } else if (places.try_emplace(write.buffer, base).first->second != base) {
        return which;
      }
    }
    for (const auto &[buffer, base] : outputs)
      places[buffer] = base;
  }
  return "";
}

class OHBMProgramTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    for (const DeviceInfo &device : getDevices())
      llvm::cantFail(DeviceRegistry::instance().add(device));
  }

  OHBMProgramTest() {
    DialectRegistry dialects;
    registerAllDialects(dialects);
    context.appendDialectRegistry(dialects);
  }

  /// The program of a model's first layers, or of all, which nothing checks
  /// yet.
  OwningOpRef<ModuleOp> compile(const std::string &model,
                                const DeviceInfo &device,
                                std::optional<int64_t> layers) {
    OwningOpRef<ModuleOp> module =
        importModel(std::string(DLAVM_MODELS_DIR) + "/" + model + ".json",
                    {layers, 2048}, context);
    if (!module) {
      ADD_FAILURE() << "no module";
      return {};
    }
    CompileOptions options;
    options.device = device.getName();
    options.ropePairing = "neighbours";
    PassManager manager(&context);
    buildLLMPipeline(manager, options);
    buildAccelPipeline(manager, options);
    manager.addPass(createConvertAccelToCSB());
    manager.addPass(createLoopInvariantCodeMotionPass());
    manager.addPass(createCSEPass());
    manager.addPass(createPrepareEmission());
    if (failed(manager.run(*module))) {
      ADD_FAILURE() << model << " does not compile for " << device.getName();
      return {};
    }
    return module;
  }

  std::vector<Start> run(ModuleOp module, int64_t seq, int64_t past) {
    StartRecorder recorder;
    FailureOr<Program> program = Program::create(module);
    if (failed(program) || failed(program->run(seq, past, recorder)))
      ADD_FAILURE() << "the program does not run";
    return recorder.starts;
  }

  MLIRContext context;
};

// Section 7.1.
TEST_F(OHBMProgramTest, TasksAndEvents) {
  struct Row {
    std::pair<int, int> call;
    std::pair<size_t, size_t> chatglm, qwen, v80;
  };
  const Row rows[] = {
      {{1, 19}, {134, 4346}, {245, 8120}, {245, 8120}},
      {{19, 0}, {134, 4346}, {245, 8120}, {245, 8120}},
      {{128, 0}, {194, 6278}, {377, 12464}, {365, 12056}},
      {{300, 77}, {384, 12380}, {713, 23458}, {705, 23186}},
      {{1, 1023}, {134, 4346}, {245, 8120}, {245, 8120}},
      {{1, 1024}, {136, 4414}, {249, 8256}, {249, 8256}},
      {{1, 2047}, {136, 4414}, {249, 8256}, {249, 8256}},
      {{2048, 0}, {2309, 74981}, {4178, 137879}, {4173, 137726}}};
  auto check = [&](const std::string &model, const DeviceInfo &device,
                   auto member) {
    OwningOpRef<ModuleOp> module = compile(model, device, 1);
    ASSERT_TRUE(module);
    for (const Row &row : rows) {
      const std::vector<Start> starts =
          run(*module, row.call.first, row.call.second);
      size_t events = starts.size();
      for (const Start &start : starts)
        events += start.writes.size();
      EXPECT_EQ(std::make_pair(starts.size(), events), row.*member)
          << model << " on " << device.getName() << ", " << row.call.first
          << " after " << row.call.second;
    }
  };
  check("chatglm2-6b", newest(), &Row::chatglm);
  check("qwen2-7b", newest(), &Row::qwen);
  check("qwen2-7b", v80(), &Row::v80);
}

TEST_F(OHBMProgramTest, ReferenceTraces) {
  if (!hasTraces())
    GTEST_SKIP() << "there are no reference traces";
  const std::pair<int, int> calls[] = {
      {19, 0}, {1, 19}, {128, 0}, {300, 77}, {1, 1023}, {1, 1024}, {1, 2047}};
  for (const DeviceInfo &device : getDevices())
    for (const std::string model : {"chatglm2-6b", "qwen2-7b"}) {
      const std::string folder = device.getName() + "/" + model;
      if (!llvm::sys::fs::exists(getConformanceDir() + folder)) {
        EXPECT_EQ(folder, "ohbm-v80-20250326/chatglm2-6b");
        continue;
      }
      OwningOpRef<ModuleOp> module = compile(model, device, 1);
      ASSERT_TRUE(module);
      for (auto [seq, past] : calls)
        EXPECT_EQ(
            compare(run(*module, seq, past), readTrace(folder, seq, past)), "")
            << folder << ", " << seq << " after " << past;
    }
}

// Section 3.3 and G1 of the additions: with 32 ports a KV head has four slots,
// with 4 ports one.
TEST_F(OHBMProgramTest, EmptyHeadsOfLlama2) {
  for (const DeviceInfo *device : {&newest(), &v80()}) {
    OwningOpRef<ModuleOp> module = compile("llama2-7b", *device, 1);
    ASSERT_TRUE(module);
    size_t numRotations = 0;
    for (const Start &start : run(*module, 1, 19))
      if (start.poll.first == 129 && start[145] == 4) {
        const bool isQuery = numRotations++ == 0;
        EXPECT_EQ(start[140], isQuery && device == &newest() ? 128u : 32u);
      }
    EXPECT_EQ(numRotations, 2u);
  }
}

// A loop over the layers, however many there are.
TEST_F(OHBMProgramTest, DriversOfAllLayersAreSmall) {
  for (const DeviceInfo *device : {&newest(), &v80()})
    for (const std::string model : {"chatglm2-6b", "qwen2-7b"}) {
      OwningOpRef<ModuleOp> module = compile(model, *device, {});
      ASSERT_TRUE(module);
      std::string text;
      llvm::raw_string_ostream os(text);
      ASSERT_TRUE(succeeded(translateToCpp(*module, "model", os)));
      EXPECT_LT(text.size(), 80000u) << model << " on " << device->getName();
    }
}

} // namespace
