//===- TextAnswer.cpp - Answers as text -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/TextAnswer.h"

#include "dlavm_runtime.h"
#include "host/Chat/Logits.h"
#include "host/Chat/StopFinder.h"
#include "host/Tokenizer/UTF8.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>

using namespace dlavm::host;
using dlavm::Error;

namespace {

/// A token, and which bytes of the answer it added.
struct PendingToken {
  TokenLogprob token;
  size_t begin, end;
};

} // namespace

/// What a token adds to a text, or is as its beginning.
static std::string getBytes(const Tokenizer &tokenizer, int32_t id,
                            bool isFirst) {
  const std::string bytes = tokenizer.getBytes(id);
  if (!isFirst || !isUTF8(bytes))
    return bytes;
  return tokenizer.decode({id}, /*skipSpecial=*/false);
}

static TokenLogprob getLogprob(const Tokenizer &tokenizer, int32_t id,
                               bool isFirst, const std::vector<float> &logits,
                               int32_t top) {
  const float largest = logits[findLargest(logits)];
  std::vector<float> weights = logits;
  exponentiate(weights, largest, 1);
  double sum = 0;
  for (double block : sumBlocks(weights))
    sum += block;
  const double logSum = largest + std::log(sum);
  const auto describe = [&](int32_t id) {
    return TokenCandidate{
        id, getBytes(tokenizer, id, isFirst),
        static_cast<float>(logits[static_cast<size_t>(id)] - logSum)};
  };
  TokenLogprob token{describe(id), {}};
  for (int32_t other : sortLargest(logits, static_cast<size_t>(top)))
    token.top.push_back(describe(other));
  return token;
}

TextResult
dlavm::host::answerText(Session &session, const Tokenizer &tokenizer,
                        const std::vector<int32_t> &ids,
                        const TextOptions &options,
                        const std::function<bool(const TextPiece &)> &consume) {
  if (options.topLogprobs < -1)
    throw Error("the number of log probabilities is negative");
  for (const std::string &string : options.stopStrings)
    if (string.empty())
      throw Error("a stop string is empty, but every text ends with that");
  const bool wantsLogprobs = options.topLogprobs >= 0;
  Sampler sampler(options.sampling, ids.size());
  // As the model has them: the sampler overwrites its logits.
  std::vector<float> original;
  AnswerOptions answer;
  answer.maxNewTokens = options.maxNewTokens;
  answer.endTokens = options.endTokens;
  answer.readLogits = wantsLogprobs;
  if (!options.sampling.isGreedy())
    answer.choose = [&](std::vector<float> &logits,
                        const std::vector<int32_t> &history) {
      if (wantsLogprobs)
        original = logits;
      return sampler(logits, history);
    };

  TextResult result{FinishReason::Length, 0, 0, 0, 0, 0, {}};
  result.promptTokens = static_cast<int32_t>(ids.size());
  if (!ids.empty()) {
    const std::vector<int32_t> &cached = session.getCached();
    const auto same =
        std::mismatch(cached.begin(), cached.end(), ids.begin(), ids.end());
    result.cachedTokens = static_cast<int32_t>(std::min<std::ptrdiff_t>(
        same.first - cached.begin(), result.promptTokens - 1));
  }

  TextStream stream(tokenizer);
  // Special tokens begin no text.
  bool isFirst = true;
  if (options.continuesText) {
    constexpr size_t context = 16;
    for (size_t i = ids.size() - std::min(ids.size(), context); i < ids.size();
         ++i) {
      stream.add(ids[i]);
      isFirst &= tokenizer.isSpecial(ids[i]);
    }
  }
  StopFinder stop(options.stopStrings);
  std::deque<PendingToken> pending;
  size_t added = 0, handedOut = 0;
  // Hands out the text, and the tokens that it is made of. A token that a stop
  // string cuts belongs to the text.
  const auto handOut = [&](TextPiece piece) {
    handedOut += piece.text.size();
    while (!pending.empty() &&
           (pending.front().end <= handedOut ||
            (stop.hasFound() && pending.front().begin < handedOut))) {
      piece.tokens.push_back(std::move(pending.front().token));
      pending.pop_front();
    }
    return consume(piece);
  };

  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  Clock::time_point firstToken = start, lastToken = start;
  const auto consumeToken = [&](const GeneratedToken &next) {
    lastToken = Clock::now();
    if (result.ids.empty())
      firstToken = lastToken;
    result.ids.push_back(next.id);
    if (std::find(options.endTokens.begin(), options.endTokens.end(),
                  next.id) != options.endTokens.end())
      return true;
    const std::string text = stream.add(next.id);
    if (wantsLogprobs) {
      if (!next.logits)
        throw Error("the driver has no read_logits, so there are no log "
                    "probabilities; compile a model whose result is the "
                    "logits");
      pending.push_back({getLogprob(tokenizer, next.id, isFirst,
                                    answer.choose ? original : *next.logits,
                                    options.topLogprobs),
                         added, added + text.size()});
    }
    isFirst &= tokenizer.isSpecial(next.id);
    added += text.size();
    const bool goesOn = handOut({stop.add(text), {}});
    return goesOn && !stop.hasFound();
  };
  switch (session.answer(ids, answer, consumeToken)) {
  case AnswerEnd::Length:
    result.reason = FinishReason::Length;
    break;
  case AnswerEnd::EndToken:
    result.reason = FinishReason::EndToken;
    break;
  case AnswerEnd::Context:
    result.reason = FinishReason::Context;
    break;
  case AnswerEnd::Consumer:
    result.reason =
        stop.hasFound() ? FinishReason::StopString : FinishReason::Cancelled;
    break;
  }
  result.newTokens = static_cast<int32_t>(result.ids.size());
  const auto seconds = [](Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  result.promptSeconds = seconds(firstToken - start);
  result.newSeconds = seconds(lastToken - firstToken);
  if (result.reason == FinishReason::Cancelled || stop.hasFound())
    return result;

  std::string rest = stream.finish();
  added += rest.size();
  rest = stop.add(rest);
  if (stop.hasFound())
    result.reason = FinishReason::StopString;
  else
    rest += stop.finish();
  if ((!rest.empty() || !pending.empty()) && !handOut({rest, {}}))
    result.reason = FinishReason::Cancelled;
  return result;
}
