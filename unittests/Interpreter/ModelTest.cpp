//===- ModelTest.cpp - Whole models, and what passes make of them ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/Transforms/Passes.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/Pipelines/Pipelines.h"
#include "InterpreterTest.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace dlavm;
using namespace mlir;

namespace {

/// What is normalized before queries and keys are rotated.
enum class HeadNorm { None, Each, All };

struct Architecture {
  const char *name;
  const char *config;
  HeadNorm norm = HeadNorm::None;
  /// Whether every second layer has no rotary embedding.
  bool hasTwoForms = false;
};

/// Small models with heads of 16 channels, each with its kind of rotary
/// embedding, biases and slices of tensors.
const char *const kQwen2 = R"json({"model_type": "qwen2", "hidden_size": 96,
      "intermediate_size": 64, "num_attention_heads": 6,
      "num_key_value_heads": 2, "num_hidden_layers": 3, "vocab_size": 33,
      "max_position_embeddings": 16, "rms_norm_eps": 1e-6,
      "rope_theta": 1000000.0, "hidden_act": "silu",
      "tie_word_embeddings": false})json";

const Architecture kArchitectures[] = {
    {"llama", R"json({"model_type": "llama", "hidden_size": 64,
      "intermediate_size": 96, "num_attention_heads": 4,
      "num_key_value_heads": 2, "num_hidden_layers": 2, "vocab_size": 40,
      "max_position_embeddings": 16, "rms_norm_eps": 1e-5,
      "rope_theta": 10000.0, "attention_bias": true, "mlp_bias": true,
      "hidden_act": "silu", "tie_word_embeddings": true})json"},
    {"qwen2", kQwen2},
    {"norm_of_each_head", kQwen2, HeadNorm::Each},
    {"norm_of_all_heads", kQwen2, HeadNorm::All},
    {"two_forms_of_layers", kQwen2, HeadNorm::Each, /*hasTwoForms=*/true},
    {"chatglm", R"json({"model_type": "chatglm", "hidden_size": 64,
      "ffn_hidden_size": 96, "num_attention_heads": 4, "kv_channels": 16,
      "multi_query_attention": true, "multi_query_group_num": 2,
      "num_layers": 2, "padded_vocab_size": 40, "seq_length": 16,
      "layernorm_epsilon": 1e-5, "rmsnorm": true, "post_layer_norm": true,
      "add_bias_linear": false, "add_qkv_bias": true, "original_rope": true,
      "apply_residual_connection_post_layernorm": false})json"}};

class ModelTest : public InterpreterTest,
                  public testing::WithParamInterface<Architecture> {
protected:
  void SetUp() override {
    llvm::SmallString<128> directory;
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("dlavm", directory));
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, "config.json");
    {
      std::error_code error;
      llvm::raw_fd_ostream os(path, error);
      ASSERT_FALSE(error);
      os << GetParam().config;
    }
    module = importModel(path, {}, context);
    llvm::sys::fs::remove_directories(directory);
    ASSERT_TRUE(module);
    normalizeHeads();
    if (GetParam().hasTwoForms)
      addSecondForm();
    ASSERT_TRUE(succeeded(verify(*module)));
    random =
        std::make_unique<RandomTensors>(getParameters(*module), /*seed=*/1);
  }

  /// Puts norms where the parameter asks for them.
  void normalizeHeads() {
    const bool isAll = GetParam().norm == HeadNorm::All;
    SmallVector<llm::RopeOp> ropes;
    if (GetParam().norm != HeadNorm::None)
      module->walk([&](llm::RopeOp rope) { ropes.push_back(rope); });
    for (auto [i, rope] : llvm::enumerate(ropes)) {
      Operation *user = rope;
      if (isAll)
        user = rope.getInput().getDefiningOp();
      Value map = user->getOperand(0);
      const int64_t channels =
          cast<RankedTensorType>(map.getType()).getDimSize(2);
      auto function = rope->getParentOfType<func::FuncOp>();
      OpBuilder builder(function);
      auto linear = getLinear(map);
      auto weight = cast<llm::ParameterOp>(
          SymbolTable::lookupNearestSymbolFrom(linear, linear.getWeightAttr())
              ->clone());
      weight.setSymName("norm" + std::to_string(i));
      weight.setTensor("norm" + std::to_string(i) + ".{layer}");
      weight.setType(RankedTensorType::get({channels}, builder.getF16Type()));
      builder.insert(weight);
      builder.setInsertionPoint(user);
      user->setOperand(0, llm::RMSNormOp::create(
                              builder, user->getLoc(), map.getType(), map,
                              FlatSymbolRefAttr::get(weight), linear.getLayer(),
                              builder.getF64FloatAttr(1e-2)));
    }
  }

  static llm::LinearOp getLinear(Value heads) {
    Operation *op = heads.getDefiningOp();
    while (!isa<llm::LinearOp>(op))
      op = op->getOperand(0).getDefiningOp();
    return cast<llm::LinearOp>(op);
  }

  /// A loop over two layers, and behind it one more if their number is odd.
  void addSecondForm() {
    auto form = module->lookupSymbol<func::FuncOp>("layer");
    auto other = cast<func::FuncOp>(form->clone());
    other.setName("layer_without_rope");
    form->getBlock()->getOperations().insertAfter(form->getIterator(), other);
    other.walk([](llm::RopeOp rope) {
      rope.getResult().replaceAllUsesWith(rope.getInput());
      rope.erase();
    });
    module->walk([&](scf::ForOp loop) {
      OpBuilder builder(loop);
      const Location loc = loop.getLoc();
      auto getIndex = [&](int64_t value) {
        return arith::ConstantIndexOp::create(builder, loc, value).getResult();
      };
      const int64_t layers = *getConstantIntValue(loop.getUpperBound());
      const Value last = getIndex(layers - 1), one = getIndex(1);
      loop.setUpperBound(getIndex(layers / 2 * 2));
      loop.setStep(getIndex(2));
      auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
      builder.setInsertionPoint(yield);
      Value next =
          arith::AddIOp::create(builder, loc, loop.getInductionVar(), one);
      yield.setOperand(0, func::CallOp::create(builder, loc, other,
                                               {next, yield.getOperand(0)})
                              .getResult(0));
      if (layers % 2 == 0)
        return;
      builder.setInsertionPointAfter(loop);
      auto call =
          func::CallOp::create(builder, loc, form, {last, loop.getResult(0)});
      loop.getResult(0).replaceAllUsesExcept(call.getResult(0), call);
    });
  }

  std::unique_ptr<Interpreter>
  interpret(ModuleOp module, Arithmetic arithmetic = Arithmetic::FP64,
            ScaleChoice choice = ScaleChoice::AbsMax) {
    FailureOr<std::unique_ptr<Interpreter>> interpreter = Interpreter::create(
        module, *random, {arithmetic, &getDevice(), choice});
    EXPECT_TRUE(succeeded(interpreter));
    return succeeded(interpreter) ? std::move(*interpreter) : nullptr;
  }

  /// Runs \p ids after \p past tokens and returns the logits of the last.
  static MapValue call(Interpreter &interpreter, llvm::ArrayRef<int32_t> ids,
                       int64_t past) {
    Interpreter::Result result =
        get(interpreter.run(get(interpreter.embed(ids)), past));
    if (result.maps.size() != 1 || !result.token) {
      ADD_FAILURE() << "no logits or no token";
      return {};
    }
    // The token is that of the largest logit.
    const MapValue &logits = result.maps.front();
    for (double logit : logits.values)
      EXPECT_LE(logit, logits.at(0, 0, *result.token));
    return logits;
  }

  OwningOpRef<ModuleOp>
  transform(llvm::function_ref<void(OpPassManager &)> build) {
    OwningOpRef<ModuleOp> copy = module->clone();
    PassManager manager(&context);
    build(manager);
    EXPECT_TRUE(succeeded(manager.run(*copy)));
    return copy;
  }

  /// Expects that a transformed module computes what the imported one does.
  void expectSame(llvm::function_ref<void(OpPassManager &)> build) {
    OwningOpRef<ModuleOp> copy = transform(build);
    auto expected = interpret(*module), found = interpret(*copy);
    const MapValue prompt = call(*expected, {1, 7, 3, 30}, 0);
    EXPECT_GT(std::fabs(prompt.values.front()), 1e-3);
    EXPECT_LT(getDistance(prompt, call(*found, {1, 7, 3, 30}, 0)), 1e-9);
    EXPECT_LT(getDistance(call(*expected, {5}, 4), call(*found, {5}, 4)), 1e-9);
    EXPECT_LT(getDistance(call(*expected, {8, 9}, 5), call(*found, {8, 9}, 5)),
              1e-9);
    expectSameValues(expected->getCache("values", 1),
                     found->getCache("values", 1));
  }

  /// Heads may be padded with zeros.
  static void expectSameValues(const MapValue &expected,
                               const MapValue &found) {
    ASSERT_EQ(expected.maps, found.maps);
    ASSERT_EQ(expected.tokens, found.tokens);
    ASSERT_LE(expected.channels, found.channels);
    for (int64_t head = 0; head < expected.maps; ++head)
      for (int64_t token = 0; token < expected.tokens; ++token)
        for (int64_t c = 0; c < found.channels; ++c)
          EXPECT_NEAR(found.at(head, token, c),
                      c < expected.channels ? expected.at(head, token, c) : 0,
                      1e-9);
  }

  std::unique_ptr<RandomTensors> random;
};

TEST_P(ModelTest, FusingChangesNothing) {
  expectSame([](OpPassManager &manager) {
    manager.addPass(llm::createFuseScaleBias());
    manager.addPass(llm::createFuseResidual());
  });
}

TEST_P(ModelTest, PaddingHeadsChangesNothing) {
  for (int64_t channels : {16, 32, 128})
    expectSame([&](OpPassManager &manager) {
      manager.addPass(llm::createPadHeads({channels}));
    });
}

TEST_P(ModelTest, EmptyHeadsChangeNothing) {
  for (int64_t headsPerRow : {1, 2, 4, 5})
    expectSame([&](OpPassManager &manager) {
      manager.addPass(llm::createPadHeads({32}));
      manager.addPass(llm::createPadGroups({headsPerRow}));
    });
}

TEST_P(ModelTest, InterleavingRotaryEmbeddingsChangesNothing) {
  expectSame([](OpPassManager &manager) {
    manager.addPass(llm::createInterleaveRope());
  });
}

TEST_P(ModelTest, PreparingForTheDeviceChangesNothing) {
  expectSame([](OpPassManager &manager) {
    CompileOptions options;
    options.device = getDevice().getName();
    buildLLMPipeline(manager, options);
  });
}

/// Five tokens in one call, in two, and one by one.
TEST_P(ModelTest, HowATextIsSplitIntoCallsChangesNothing) {
  const std::vector<int32_t> ids = {1, 7, 3, 30, 12};
  auto whole = interpret(*module), two = interpret(*module),
       single = interpret(*module);
  const MapValue expected = call(*whole, ids, 0);
  call(*two, {1, 7, 3}, 0);
  EXPECT_LT(getDistance(expected, call(*two, {30, 12}, 3)), 1e-12);
  MapValue last;
  for (int i = 0; i < 5; ++i)
    last = call(*single, ids[i], i);
  EXPECT_LT(getDistance(expected, last), 1e-12);
  for (const char *cache : {"keys", "values"})
    for (int64_t layer : {0, 1})
      for (Interpreter *other : {two.get(), single.get()})
        EXPECT_LT(getDistance(whole->getCache(cache, layer),
                              other->getCache(cache, layer)),
                  1e-12);
}

TEST_P(ModelTest, AShorterPastForgetsTheRest) {
  auto forgetful = interpret(*module), fresh = interpret(*module);
  call(*forgetful, {1, 7, 3, 30, 12}, 0);
  const MapValue found = call(*forgetful, {4, 4}, 2);
  call(*fresh, {1, 7}, 0);
  EXPECT_LT(getDistance(call(*fresh, {4, 4}, 2), found), 1e-12);
  EXPECT_EQ(forgetful->getCache("keys", 0).tokens, 4);
}

/// Rounding changes the results, by little in small models, and a search finds
/// other scales.
TEST_P(ModelTest, RoundedWeights) {
  const std::vector<int32_t> ids = {1, 7, 3};
  const MapValue exact = call(*interpret(*module), ids, 0);
  const MapValue rounded =
      call(*interpret(*module, Arithmetic::FP64INT4), ids, 0);
  const MapValue searched = call(
      *interpret(*module, Arithmetic::FP64INT4, ScaleChoice::Search), ids, 0);
  OwningOpRef<ModuleOp> prepared = transform([](OpPassManager &manager) {
    CompileOptions options;
    options.device = getDevice().getName();
    buildLLMPipeline(manager, options);
  });
  const MapValue onDevice =
      call(*interpret(*prepared, Arithmetic::Device), ids, 0);
  double largest = 0;
  for (double value : exact.values)
    largest = std::fmax(largest, std::fabs(value));
  for (const MapValue &other : {rounded, searched, onDevice}) {
    EXPECT_GT(getDistance(exact, other), 1e-3 * largest);
    EXPECT_LT(getDistance(exact, other), 0.5 * largest);
  }
  EXPECT_GT(getDistance(rounded, searched), 1e-3 * largest);
  EXPECT_GT(getDistance(rounded, onDevice), 1e-6 * largest);
}

/// Prefill and decode are the same calculation on the device, too: nothing
/// depends on how many tokens a call has.
TEST_P(ModelTest, CallsOnTheDevice) {
  OwningOpRef<ModuleOp> prepared = transform([](OpPassManager &manager) {
    CompileOptions options;
    options.device = getDevice().getName();
    buildLLMPipeline(manager, options);
  });
  auto whole = interpret(*prepared, Arithmetic::Device);
  auto single = interpret(*prepared, Arithmetic::Device);
  const std::vector<int32_t> ids = {1, 7, 3, 30};
  const MapValue expected = call(*whole, ids, 0);
  MapValue last;
  for (int i = 0; i < 4; ++i)
    last = call(*single, ids[i], i);
  EXPECT_EQ(getDistance(expected, last), 0);
}

/// All ops that become tasks are seen, with their layers.
TEST_P(ModelTest, TheObserverSeesTasks) {
  OwningOpRef<ModuleOp> prepared = transform([](OpPassManager &manager) {
    CompileOptions options;
    options.device = getDevice().getName();
    buildLLMPipeline(manager, options);
  });
  auto interpreter = interpret(*prepared);
  std::map<std::string, std::vector<int64_t>> seen;
  get(interpreter->run(
      get(interpreter->embed({1, 2})), 0,
      [&](int64_t layer, llvm::StringRef name, const MapValue &value) {
        seen[name.str()].push_back(layer);
        EXPECT_FALSE(value.values.empty());
      }));
  std::vector<int64_t> layers;
  for (int64_t i = 0; i < (GetParam().config == kQwen2 ? 3 : 2); ++i)
    layers.push_back(i);
  // The ops of another form have other names.
  for (std::string name : {"query", "keys_append"}) {
    std::vector<int64_t> both = seen[name];
    both.insert(both.end(), seen[name + "_2"].begin(), seen[name + "_2"].end());
    EXPECT_EQ(seen[name + "_2"].empty(), !GetParam().hasTwoForms);
    llvm::sort(both);
    EXPECT_EQ(both, layers);
  }
  EXPECT_EQ(seen["final_norm"], std::vector<int64_t>{-1});
  EXPECT_EQ(seen["lm_head"], std::vector<int64_t>{-1});
}

INSTANTIATE_TEST_SUITE_P(, ModelTest, testing::ValuesIn(kArchitectures),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

} // namespace
