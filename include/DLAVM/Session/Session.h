//===- Session.h - Generating tokens ----------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SESSION_SESSION_H
#define DLAVM_SESSION_SESSION_H

#include "host/Session/Session.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace dlavm {

/// What follows a history of tokens.
struct NextToken {
  int32_t id = 0;
  /// One for each id of the vocabulary; empty where nobody reads them.
  std::vector<double> logits;
};

/// What computes tokens: a driver on the simulator, or an interpreter. It keeps
/// the KV caches from call to call. host::TokenModel without exceptions, and
/// with logits in FP64.
class TokenModel {
public:
  virtual ~TokenModel() = default;
  /// The largest context, in tokens.
  virtual int64_t getMaxTokens() const = 0;
  /// Appends \p ids to the first \p past tokens of the history.
  virtual llvm::Expected<NextToken> call(llvm::ArrayRef<int32_t> ids,
                                         int64_t past) = 0;
};

/// Fails if one of the logits of the token at \p position is no finite number:
/// the largest of them means nothing then.
llvm::Error checkLogits(llvm::ArrayRef<double> logits, int64_t position);

/// Fails if a prompt has no room behind \p past tokens of the history.
llvm::Error checkRoom(int64_t prompt, int64_t past, int64_t maxTokens);

/// A conversation with a model: prompts and the answers to them make one
/// history. host::Session generates them.
class Session {
public:
  /// An answer ends with one of \p endTokens, which belongs to it.
  Session(TokenModel &model, std::vector<int32_t> endTokens);
  ~Session();

  /// Only ids below are generated: a vocabulary may have more than the
  /// tokenizer.
  void limitIds(int32_t count) { session.limitIds(count); }

  /// Continues the history with \p prompt, and generates up to \p maxNewTokens
  /// tokens. Each goes to \p consume as soon as it is known, which returns
  /// false to end the answer. Fails if the context has no room for the prompt,
  /// or there is no token to choose.
  llvm::Expected<host::AnswerEnd>
  answer(llvm::ArrayRef<int32_t> prompt, int64_t maxNewTokens,
         llvm::function_ref<bool(const NextToken &)> consume);

private:
  class Model;
  std::unique_ptr<Model> model;
  host::Session session;
  std::vector<int32_t> endTokens;
  std::vector<int32_t> history;
};

} // namespace dlavm

#endif // DLAVM_SESSION_SESSION_H
