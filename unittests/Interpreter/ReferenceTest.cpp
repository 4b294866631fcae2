//===- ReferenceTest.cpp - Trained models and what others computed --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/Pipelines/Pipelines.h"
#include "InterpreterTest.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <cmath>

using namespace dlavm;
using namespace mlir;
namespace json = llvm::json;

namespace {

class ReferenceTest : public InterpreterTest {
protected:
  /// Opens a checkpoint of the shared models with its reference.json.
  void open(const std::string &name, const ImportOptions &options = {}) {
    const std::string directory = DLAVM_SHARED_DIR "/models/" + name;
    if (!llvm::sys::fs::exists(directory))
      GTEST_SKIP() << directory << " is missing";
    auto text = llvm::MemoryBuffer::getFile(directory + "/reference.json");
    ASSERT_TRUE(static_cast<bool>(text));
    llvm::Expected<json::Value> parsed = json::parse((*text)->getBuffer());
    ASSERT_TRUE(static_cast<bool>(parsed));
    reference = std::move(*parsed);
    checkpoint = get(Checkpoint::open(directory));
    module = importModel(directory, options, context);
    ASSERT_TRUE(module && checkpoint);
  }

  std::unique_ptr<Interpreter> interpret(Arithmetic arithmetic) {
    FailureOr<std::unique_ptr<Interpreter>> interpreter = Interpreter::create(
        *module, *checkpoint, {arithmetic, &getDevice(), ScaleChoice::AbsMax});
    EXPECT_TRUE(succeeded(interpreter));
    return succeeded(interpreter) ? std::move(*interpreter) : nullptr;
  }

  void runPasses(llvm::function_ref<void(OpPassManager &)> build) {
    PassManager manager(&context);
    build(manager);
    ASSERT_TRUE(succeeded(manager.run(*module)));
  }

  static std::vector<int32_t> getIds(const json::Object &object,
                                     llvm::StringRef key) {
    std::vector<int32_t> ids;
    for (const json::Value &id : *object.getArray(key))
      ids.push_back(static_cast<int32_t>(*id.getAsInteger()));
    return ids;
  }

  /// The mean negative log likelihood per token of a prompt and its
  /// continuation, of all but the first, given those before it.
  static double getLoss(Interpreter &interpreter, const json::Object &text) {
    std::vector<int32_t> ids = getIds(text, "prompt_ids");
    for (int32_t id : getIds(text, "greedy_ids_fp64"))
      ids.push_back(id);
    double loss = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      Interpreter::Result result =
          get(interpreter.run(get(interpreter.embed({ids[i]})), i));
      if (result.maps.empty())
        return NAN;
      const std::vector<double> &logits = result.maps.front().values;
      double sum = 0;
      for (double logit : logits)
        sum += std::exp(logit - logits[ids[i + 1]]);
      loss += std::log(sum);
    }
    return loss / static_cast<double>(ids.size() - 1);
  }

  json::Value reference = nullptr;
  std::unique_ptr<Checkpoint> checkpoint;
};

//===----------------------------------------------------------------------===//
// story-656k
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, GreedyTokensInFP64) {
  open("story-656k");
  if (!checkpoint)
    return;
  ASSERT_EQ(reference.getAsObject()->size(), 3u);
  auto interpreter = interpret(Arithmetic::FP64);
  for (const auto &[prompt, value] : *reference.getAsObject()) {
    const json::Object &text = *value.getAsObject();
    std::vector<int32_t> ids = getIds(text, "prompt_ids"), tokens;
    const std::vector<int32_t> expected = getIds(text, "greedy_ids_fp64");
    int64_t past = 0;
    while (tokens.size() < expected.size()) {
      Interpreter::Result result =
          get(interpreter->run(get(interpreter->embed(ids)), past));
      ASSERT_TRUE(result.token.has_value());
      const json::Array &logits = *text.getArray("first_logits");
      for (size_t i = 0; tokens.empty() && i < logits.size(); ++i)
        EXPECT_NEAR(result.maps.front().values[i], *logits[i].getAsNumber(),
                    1e-3);
      tokens.push_back(*result.token);
      past += static_cast<int64_t>(ids.size());
      ids = {*result.token};
    }
    EXPECT_EQ(tokens, expected) << prompt.str();
  }
}

/// The losses that reference.json gives. On the device, all that is left of the
/// difference between two arithmetics is their rounding, as long as they round
/// the same blocks of weights: padding heads makes other blocks.
TEST_F(ReferenceTest, Losses) {
  open("story-656k");
  if (!checkpoint)
    return;
  auto exact = interpret(Arithmetic::FP64);
  auto rounded = interpret(Arithmetic::FP64INT4);
  auto onDevice = interpret(Arithmetic::Device);
  for (const auto &[prompt, value] : *reference.getAsObject()) {
    const json::Object &text = *value.getAsObject();
    const double expected = *text.getNumber("nll_int4_of_greedy");
    EXPECT_NEAR(getLoss(*exact, text), *text.getNumber("nll_fp64_of_greedy"),
                1e-3);
    EXPECT_NEAR(getLoss(*rounded, text), expected, 1e-3);
    EXPECT_NEAR(getLoss(*onDevice, text), expected, 5e-3);
  }
}

TEST_F(ReferenceTest, LossesOfThePreparedModel) {
  open("story-656k");
  if (!checkpoint)
    return;
  runPasses([](OpPassManager &manager) {
    CompileOptions options;
    options.device = getDevice().getName();
    buildLLMPipeline(manager, options);
  });
  auto exact = interpret(Arithmetic::FP64);
  auto rounded = interpret(Arithmetic::FP64INT4);
  auto onDevice = interpret(Arithmetic::Device);
  for (const auto &[prompt, value] : *reference.getAsObject()) {
    const json::Object &text = *value.getAsObject();
    EXPECT_NEAR(getLoss(*exact, text), *text.getNumber("nll_fp64_of_greedy"),
                1e-3);
    EXPECT_NEAR(getLoss(*onDevice, text), getLoss(*rounded, text), 5e-3);
  }
}

//===----------------------------------------------------------------------===//
// architectures
//===----------------------------------------------------------------------===//

class ArchitectureTest : public ReferenceTest,
                         public testing::WithParamInterface<const char *> {};

/// A prompt, two decode steps, and a second prompt with history.
TEST_P(ArchitectureTest, LogitsInFP64) {
  ImportOptions options;
  // Within sliding windows and original contexts.
  options.contextLimit = 64;
  open(std::string("architectures/") + GetParam(), options);
  if (!checkpoint || !module)
    return;
  auto interpreter = interpret(Arithmetic::FP64);
  const json::Array &calls = *reference.getAsObject()->getArray("calls");
  ASSERT_EQ(calls.size(), 4u);
  for (const json::Value &value : calls) {
    const json::Object &call = *value.getAsObject();
    Interpreter::Result result =
        get(interpreter->run(get(interpreter->embed(getIds(call, "ids"))),
                             *call.getInteger("past")));
    EXPECT_EQ(result.token, call.getInteger("argmax"));
    const std::vector<double> &logits = result.maps.front().values;
    const json::Array &expected = *call.getArray("logits_last");
    ASSERT_EQ(logits.size(), expected.size());
    double difference = 0;
    for (size_t i = 0; i < logits.size(); ++i)
      difference = std::max(difference,
                            std::abs(logits[i] - *expected[i].getAsNumber()));
    EXPECT_LT(difference, 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Reference, ArchitectureTest,
    testing::Values("baichuan1", "baichuan2", "glm", "glm4", "granite",
                    "internlm2", "llama-bias", "llama-dynamic", "llama-linear",
                    "llama-v5config", "llama3-tied", "mimo", "minicpm",
                    "mistral-window", "olmo2", "phi3", "phi3-longrope", "qwen",
                    "qwen2-yarn", "qwen3", "seed_oss", "smollm3"),
    [](const testing::TestParamInfo<const char *> &info) {
      std::string name = info.param;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

//===----------------------------------------------------------------------===//
// chatglm-tiny
//===----------------------------------------------------------------------===//

TEST_F(ReferenceTest, HiddenStatesOfChatGLM) {
  open("chatglm-tiny");
  if (!checkpoint)
    return;
  runPasses(
      [](OpPassManager &manager) { manager.addPass(llm::createNameTasks()); });
  auto interpreter = interpret(Arithmetic::FP64);
  for (const json::Value &value : *reference.getAsObject()->getArray("calls")) {
    const json::Object &call = *value.getAsObject();
    const json::Array &expected = *call.getArray("final_norm");
    const std::vector<int32_t> ids = getIds(call, "ids");
    const int64_t past = *call.getInteger("past");
    // The model normalizes the last token only, so each one has a call.
    ASSERT_EQ(expected.size(), ids.size());
    for (size_t t = 0; t < ids.size(); ++t) {
      bool isSeen = false;
      get(interpreter->run(
          get(interpreter->embed({ids[t]})), past + static_cast<int64_t>(t),
          [&](int64_t layer, llvm::StringRef name, const MapValue &map) {
            if (name != "final_norm")
              return;
            isSeen = true;
            const json::Array &row = *expected[t].getAsArray();
            ASSERT_EQ(map.values.size(), row.size());
            for (size_t c = 0; c < row.size(); ++c)
              EXPECT_NEAR(map.values[c], *row[c].getAsNumber(), 1e-5);
          }));
      EXPECT_TRUE(isSeen);
    }
  }
}

/// The same prompt in one call.
TEST_F(ReferenceTest, ChatGLMInOneCall) {
  open("chatglm-tiny");
  if (!checkpoint)
    return;
  runPasses(
      [](OpPassManager &manager) { manager.addPass(llm::createNameTasks()); });
  auto interpreter = interpret(Arithmetic::FP64);
  for (const json::Value &value : *reference.getAsObject()->getArray("calls")) {
    const json::Object &call = *value.getAsObject();
    const json::Array &row = *call.getArray("final_norm")->back().getAsArray();
    get(interpreter->run(
        get(interpreter->embed(getIds(call, "ids"))), *call.getInteger("past"),
        [&](int64_t layer, llvm::StringRef name, const MapValue &map) {
          for (size_t c = 0; name == "final_norm" && c < row.size(); ++c)
            EXPECT_NEAR(map.values[c], *row[c].getAsNumber(), 1e-5);
        }));
  }
}

} // namespace
