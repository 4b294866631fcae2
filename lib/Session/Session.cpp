//===- Session.cpp - Generating tokens ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Session/Session.h"

#include "dlavm_runtime.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <cmath>
#include <limits>

using namespace dlavm;
using namespace llvm;

llvm::Error dlavm::checkLogits(ArrayRef<double> logits, int64_t position) {
  for (auto [id, logit] : enumerate(logits))
    if (!std::isfinite(logit))
      return createStringError(
          "the logit of id " + Twine(id) + " after the token at position " +
          Twine(position) + " is " + (std::isnan(logit) ? "NaN" : "infinite") +
          ", so no token can be chosen; do values of the model exceed the "
          "range of its arithmetic?");
  return llvm::Error::success();
}

llvm::Error dlavm::checkRoom(int64_t prompt, int64_t past, int64_t maxTokens) {
  if (prompt <= maxTokens - past)
    return llvm::Error::success();
  return createStringError("a prompt of " + Twine(prompt) + " tokens after " +
                           Twine(past) + " exceeds the context of " +
                           Twine(maxTokens) + " tokens");
}

/// Fails with exceptions.
class Session::Model : public host::TokenModel {
public:
  explicit Model(dlavm::TokenModel &model) : model(model) {}

  int32_t getMaxTokens() const override {
    return static_cast<int32_t>(model.getMaxTokens());
  }
  // Both know which ids they have.
  int32_t getVocabularySize() const override {
    return std::numeric_limits<int32_t>::max();
  }
  int32_t call(const std::vector<int32_t> &ids, int32_t past) override {
    Expected<NextToken> found = model.call(ids, past);
    if (!found)
      throw runtime::Error(toString(found.takeError()));
    next = std::move(*found);
    return next.id;
  }
  bool hasLogits() const override { return !next.logits.empty(); }
  void readLogits(std::vector<float> &logits) override {
    if (next.logits.empty())
      throw runtime::Error("the model yields no logits to choose another token "
                           "than " +
                           std::to_string(next.id) + " by");
    logits.assign(next.logits.begin(), next.logits.end());
  }

  /// What the last call found, with the token that was chosen.
  const NextToken &choose(int32_t id) {
    next.id = id;
    return next;
  }

private:
  dlavm::TokenModel &model;
  NextToken next;
};

Session::Session(TokenModel &model, std::vector<int32_t> endTokens)
    : model(std::make_unique<Model>(model)), session(*this->model),
      endTokens(std::move(endTokens)) {}
Session::~Session() = default;

Expected<host::AnswerEnd>
Session::answer(ArrayRef<int32_t> prompt, int64_t maxNewTokens,
                function_ref<bool(const NextToken &)> consume) {
  if (llvm::Error error =
          checkRoom(prompt.size(), history.size(), model->getMaxTokens()))
    return error;
  const size_t before = history.size();
  append_range(history, prompt);
  host::AnswerOptions options;
  options.maxNewTokens = static_cast<int32_t>(
      std::min<int64_t>(maxNewTokens, std::numeric_limits<int32_t>::max()));
  options.endTokens = endTokens;
  options.readLogits = true;
  try {
    const std::vector<int32_t> ids = history;
    return session.answer(ids, options, [&](const host::GeneratedToken &next) {
      history.push_back(next.id);
      return consume(model->choose(next.id));
    });
  } catch (const runtime::Error &error) {
    history.resize(before);
    return createStringError(error.what());
  }
}
