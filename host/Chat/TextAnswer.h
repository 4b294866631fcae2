//===- TextAnswer.h - Answers as text ---------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_TEXTANSWER_H
#define DLAVM_HOST_CHAT_TEXTANSWER_H

#include "host/Chat/Sampler.h"
#include "host/Session/Session.h"
#include "host/Tokenizer/Tokenizer.h"

#include <functional>
#include <string>
#include <utility>

namespace dlavm::host {

struct TextOptions {
  int32_t maxNewTokens = 0;
  /// The answer ends with any of these, which is no part of the text.
  std::vector<int32_t> endTokens;
  /// The answer ends before any of these, also where it goes across tokens.
  /// None may be empty.
  std::vector<std::string> stopStrings;
  SamplingOptions sampling;
  /// How many tokens each TokenLogprob lists; with -1, there are no
  /// TokenLogprobs.
  int32_t topLogprobs = -1;
  /// The answer goes on with the text of the prompt; otherwise it begins one,
  /// and some tokenizers leave out a space there.
  bool continuesText = false;
};

/// A token that an answer may go on with.
struct TokenCandidate {
  int32_t id;
  /// What it adds to the answer, also where it is a special one; maybe only a
  /// part of a character.
  std::string bytes;
  /// The natural logarithm of the probability that the model gives it: before
  /// penalties, temperature and all else of SamplingOptions.
  float logprob;
};

/// A token of an answer.
struct TokenLogprob : TokenCandidate {
  /// The most probable tokens, most probable first.
  std::vector<TokenCandidate> top;
};

/// What an answer grows by.
struct TextPiece {
  /// Whole characters of UTF-8; it may be empty.
  std::string text;
  /// Tokens whose text is handed out by now, if they were asked for.
  std::vector<TokenLogprob> tokens;
};

/// Why an answer ended.
enum class FinishReason { EndToken, StopString, Length, Context, Cancelled };

struct TextResult {
  FinishReason reason;
  /// Tokens of the conversation before the answer, and how many of them the KV
  /// caches held already.
  int32_t promptTokens, cachedTokens;
  /// Tokens of the answer, an end token and those of a stop string among them.
  int32_t newTokens;
  /// Time to the first token of the answer, and from there to the last.
  double promptSeconds, newSeconds;
  /// The tokens of the answer.
  std::vector<int32_t> ids;
};

/// Continues \p ids. \p consume is called once for each token but an end token,
/// as soon as it is known, with the text that cannot be the begin of a stop
/// string any more, and once more at the end if something is left. It returns
/// false to cancel the answer. Throws as Session::answer and Sampler do, and if
/// an option is out of its range or needs logits of a model that has none.
TextResult answerText(Session &session, const Tokenizer &tokenizer,
                      const std::vector<int32_t> &ids,
                      const TextOptions &options,
                      const std::function<bool(const TextPiece &)> &consume);

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_TEXTANSWER_H
