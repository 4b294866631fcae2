//===- Session.cpp - Generating tokens ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Session/Session.h"

#include "dlavm_runtime.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

using namespace dlavm::host;
using dlavm::Error;

/// Throws if a logit of the token behind \p position is no finite number: the
/// largest of them means nothing then.
static void checkLogits(const std::vector<float> &logits, size_t position) {
  // All bits of the exponent are 1 in what is not finite. Integers have no
  // order in which they must be added up, so that compilers vectorize this.
  uint32_t count = 0;
  for (float logit : logits) {
    uint32_t bits;
    std::memcpy(&bits, &logit, sizeof bits);
    count += (bits & 0x7f800000) == 0x7f800000;
  }
  if (count == 0)
    return;
  const auto found =
      std::find_if(logits.begin(), logits.end(),
                   [](float logit) { return !std::isfinite(logit); });
  throw Error("the logit of id " + std::to_string(found - logits.begin()) +
              " after the token at position " + std::to_string(position) +
              " is " + (std::isnan(*found) ? "NaN" : "infinite") +
              ", so no token can be chosen; do values of the model exceed the "
              "range of its arithmetic?");
}

AnswerEnd
Session::answer(const std::vector<int32_t> &ids, const AnswerOptions &options,
                const std::function<bool(const GeneratedToken &)> &consume) {
  const auto maxTokens = static_cast<size_t>(model.getMaxTokens());
  if (ids.empty())
    throw Error("there is no token to continue");
  if (ids.size() > maxTokens)
    throw Error("a conversation of " + std::to_string(ids.size()) +
                " tokens exceeds the context of " + std::to_string(maxTokens) +
                " tokens");
  const auto limit =
      static_cast<size_t>(usableIds.value_or(model.getVocabularySize()));
  const size_t known =
      std::mismatch(cached.begin(), cached.end(), ids.begin(), ids.end())
          .first -
      cached.begin();
  // The last token is processed again where all are known: its logits are gone.
  size_t past = std::min(known, ids.size() - 1);
  std::vector<int32_t> history = ids;
  for (int32_t count = 0; count < options.maxNewTokens; ++count) {
    if (history.size() > maxTokens)
      return AnswerEnd::Context;
    // Should the call fail, nobody knows what is behind.
    cached.resize(past);
    const std::vector<int32_t> added(
        history.begin() + static_cast<std::ptrdiff_t>(past), history.end());
    GeneratedToken next{model.call(added, static_cast<int32_t>(past)), nullptr};
    cached.insert(cached.end(), added.begin(), added.end());
    past = history.size();

    const bool isUsable = static_cast<size_t>(next.id) < limit;
    if (options.choose || !isUsable ||
        (model.hasLogits() &&
         (options.readLogits || (options.checkFirst && count == 0)))) {
      model.readLogits(logits);
      if (!model.hasFiniteLogits())
        checkLogits(logits, past - 1);
      next.logits = &logits;
    }
    if (next.logits && logits.size() > limit)
      logits.resize(limit);
    if (options.choose)
      next.id = options.choose(logits, history);
    else if (!isUsable)
      next.id = static_cast<int32_t>(
          std::max_element(logits.begin(), logits.end()) - logits.begin());
    history.push_back(next.id);
    if (!consume(next))
      return AnswerEnd::Consumer;
    if (std::find(options.endTokens.begin(), options.endTokens.end(),
                  next.id) != options.endTokens.end())
      return AnswerEnd::EndToken;
  }
  return AnswerEnd::Length;
}
