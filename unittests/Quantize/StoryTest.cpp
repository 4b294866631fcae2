//===- StoryTest.cpp - A trained model, rounded ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/Quantize/QuantizeModel.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Parallel.h"
#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace dlavm;
using namespace llvm;

static constexpr char kStory[] = DLAVM_SHARED_DIR "/models/story-656k";

namespace {

using Sequence = std::vector<int32_t>;

/// A checkpoint of which some matrices are rounded.
class SomeRounded : public TensorSource {
public:
  explicit SomeRounded(TensorSource &original) : original(original) {}

  Expected<std::shared_ptr<const Tensor>> getTensor(StringRef name) override {
    auto it = elements.find(name);
    if (it == elements.end())
      return original.getTensor(name);
    const auto &[shape, values] = it->second;
    return std::make_shared<FloatTensor>(
        ElementType::F32, shape,
        ArrayRef(reinterpret_cast<const uint8_t *>(values.data()),
                 values.size() * sizeof(float)),
        "rounded");
  }
  void add(StringRef name, const QuantizedMatrix &matrix) {
    auto &[shape, values] = elements[name];
    shape = {matrix.rows, matrix.columns};
    for (int64_t row = 0; row < matrix.rows; ++row)
      for (int64_t column = 0; column < matrix.columns; ++column)
        values.push_back(matrix.getWeight(row, column));
  }

private:
  TensorSource &original;
  StringMap<std::pair<std::array<int64_t, 2>, std::vector<float>>> elements;
};

class Story : public testing::Test {
protected:
  void SetUp() override {
    if (!sys::fs::exists(kStory))
      GTEST_SKIP() << kStory << " is missing";
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    checkpoint = cantFail(Checkpoint::open(kStory));
    ImportOptions options;
    options.checkpoint = checkpoint.get();
    module = importModel(kStory, options, context);
    ASSERT_TRUE(module);
  }

  std::unique_ptr<Interpreter> createInterpreter(TensorSource &tensors,
                                                 InterpreterOptions options) {
    return std::move(*Interpreter::create(*module, tensors, options));
  }
  /// Texts of the model, chosen at random as it expects them.
  std::vector<Sequence> sample(size_t count, size_t tokens, unsigned seed);
  /// The mean KL divergence from FP64 of what \p model predicts.
  double getDivergence(Interpreter &model, ArrayRef<Sequence> texts);

  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  std::unique_ptr<Checkpoint> checkpoint;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

std::vector<double> getProbabilities(ArrayRef<double> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> result;
  double sum = 0;
  for (double logit : logits) {
    result.push_back(std::exp(logit - largest));
    sum += result.back();
  }
  for (double &value : result)
    value /= sum;
  return result;
}

} // namespace

std::vector<Sequence> Story::sample(size_t count, size_t tokens,
                                    unsigned seed) {
  std::vector<Sequence> texts(count, Sequence{1});
  parallelFor(0, count, [&](size_t i) {
    std::unique_ptr<Interpreter> model = createInterpreter(*checkpoint, {});
    std::mt19937 random(seed + i);
    while (texts[i].size() < tokens) {
      Interpreter::Result result = cantFail(model->run(
          cantFail(model->embed(texts[i].back())), texts[i].size() - 1));
      double chosen = random() * 0x1p-32;
      int32_t id = -1;
      for (double probability : getProbabilities(result.maps.front().values)) {
        ++id;
        chosen -= probability;
        if (chosen < 0)
          break;
      }
      texts[i].push_back(id);
    }
  });
  return texts;
}

double Story::getDivergence(Interpreter &model, ArrayRef<Sequence> texts) {
  InterpreterOptions options;
  options.keepsAllTokens = true;
  std::unique_ptr<Interpreter> exact = createInterpreter(*checkpoint, options);
  double sum = 0;
  int64_t count = 0;
  for (const Sequence &text : texts) {
    const MapValue input = cantFail(exact->embed(text));
    const MapValue wanted = cantFail(exact->run(input, 0)).maps.front();
    const MapValue found = cantFail(model.run(input, 0)).maps.front();
    for (int64_t i = 0; i < wanted.tokens; ++i) {
      auto getToken = [&](const MapValue &map) {
        return getProbabilities(
            ArrayRef(map.values).slice(i * map.channels, map.channels));
      };
      for (auto [p, q] : zip_equal(getToken(wanted), getToken(found)))
        if (p > 0)
          sum += p * std::log(p / q);
      ++count;
    }
  }
  return sum / static_cast<double>(count);
}

TEST_F(Story, IsBetterThanRoundingToNearest) {
  const std::vector<Sequence> calibration = sample(20, 240, 1);
  const std::vector<Sequence> others = sample(8, 240, 1000);
  SomeRounded rounded(*checkpoint);
  std::vector<std::string> names;
  int64_t progress = 0;
  QuantizeModelOptions options;
  options.progress = [&](int64_t done, int64_t total) {
    EXPECT_GT(done, progress);
    EXPECT_LE(done, total);
    progress = done;
  };
  Error error =
      quantizeModel(*module, *checkpoint, calibration, options,
                    [&](StringRef name, const QuantizedMatrix &matrix) {
                      names.push_back(name.str());
                      rounded.add(name, matrix);
                      return Error::success();
                    });
  ASSERT_FALSE(static_cast<bool>(error));
  EXPECT_EQ(progress, 2 + 1);
  std::vector<std::string> expected = getLinearTensors(*module);
  EXPECT_EQ(names.size(), 2u * 7 + 1);
  // The output layer, which is the embedding here.
  EXPECT_EQ(names.back(), "model.embed_tokens.weight");
  llvm::sort(names);
  llvm::sort(expected);
  EXPECT_EQ(names, expected);

  InterpreterOptions exact, int4;
  exact.keepsAllTokens = int4.keepsAllTokens = true;
  int4.arithmetic = Arithmetic::FP64INT4;
  const double nearest =
      getDivergence(*createInterpreter(*checkpoint, int4), others);
  const double found =
      getDivergence(*createInterpreter(rounded, exact), others);
  EXPECT_LT(found, 0.070);
  EXPECT_LT(found, 0.6 * nearest);
}
