//===- Session.h - Generating tokens ----------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SESSION_SESSION_H
#define DLAVM_HOST_SESSION_SESSION_H

#include "host/Session/TokenModel.h"

#include <functional>
#include <optional>

namespace dlavm::host {

/// A token that was generated.
struct GeneratedToken {
  int32_t id;
  /// Those that it was chosen from, or null where nobody read them.
  const std::vector<float> *logits;
};

/// Why an answer ended.
enum class AnswerEnd {
  /// It has as many tokens as were asked for.
  Length,
  /// With one of the end tokens, which belongs to it.
  EndToken,
  /// The context is full.
  Context,
  /// Whoever consumes its tokens wanted no more.
  Consumer,
};

/// Chooses a token; it may change the logits.
using ChooseToken = std::function<int32_t(std::vector<float> &logits,
                                          const std::vector<int32_t> &history)>;

struct AnswerOptions {
  int32_t maxNewTokens = 0;
  std::vector<int32_t> endTokens;
  /// Chooses each token; without it, the one with the largest logit is chosen,
  /// by the model itself where that is possible.
  ChooseToken choose;
  /// Read the logits of each token even where nobody chooses by them.
  bool readLogits = false;
  /// Look at those of the first token even where nobody wants them.
  bool checkFirst = true;
};

/// A conversation with a model. What the KV caches hold is not computed again.
class Session {
public:
  explicit Session(TokenModel &model) : model(model) {}

  /// Only ids below are generated: a vocabulary may have more than the
  /// tokenizer.
  void limitIds(int32_t count) { usableIds = count; }

  /// Continues \p ids, which is all of the conversation and at least one token,
  /// with up to \p options.maxNewTokens tokens. Each goes to \p consume as soon
  /// as it is known, which returns false to end the answer. Throws if the
  /// context has no room for the ids, or no token can be chosen as logits are
  /// not finite; they are looked at where they are read, and with the first
  /// token of an answer.
  AnswerEnd answer(const std::vector<int32_t> &ids,
                   const AnswerOptions &options,
                   const std::function<bool(const GeneratedToken &)> &consume);

  /// The tokens that the KV caches hold.
  const std::vector<int32_t> &getCached() const { return cached; }
  /// The caches hold these tokens now.
  void setCached(std::vector<int32_t> ids) { cached = std::move(ids); }

private:
  TokenModel &model;
  std::optional<int32_t> usableIds;
  std::vector<int32_t> cached;
  /// Of the last token: memory that is not taken anew for each.
  std::vector<float> logits;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SESSION_SESSION_H
