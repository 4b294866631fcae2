//===- Session.cpp - Generating tokens ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Session/Session.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

Error dlavm::checkLogits(ArrayRef<double> logits, int64_t position) {
  for (auto [id, logit] : enumerate(logits))
    if (!std::isfinite(logit))
      return createStringError(
          "the logit of id " + Twine(id) + " after the token at position " +
          Twine(position) + " is " + (std::isnan(logit) ? "NaN" : "infinite") +
          ", so no token can be chosen; do values of the model exceed the "
          "range of its arithmetic?");
  return Error::success();
}

Error dlavm::checkRoom(int64_t prompt, int64_t past, int64_t maxTokens) {
  if (prompt <= maxTokens - past)
    return Error::success();
  return createStringError("a prompt of " + Twine(prompt) + " tokens after " +
                           Twine(past) + " exceeds the context of " +
                           Twine(maxTokens) + " tokens");
}

Expected<Session::End>
Session::answer(ArrayRef<int32_t> prompt, int64_t maxNewTokens,
                function_ref<bool(const NextToken &)> consume) {
  std::vector<int32_t> ids;
  if (pending)
    ids.push_back(*pending);
  const int64_t maxTokens = model.getMaxTokens();
  const int64_t before = past + static_cast<int64_t>(ids.size());
  if (Error error = checkRoom(prompt.size(), before, maxTokens))
    return error;
  append_range(ids, prompt);
  for (int64_t count = 0; count < maxNewTokens; ++count) {
    if (past + static_cast<int64_t>(ids.size()) > maxTokens)
      return End::Context;
    Expected<NextToken> next = model.call(ids, past);
    if (!next)
      return next.takeError();
    past += static_cast<int64_t>(ids.size());
    if (Error error = checkLogits(next->logits, past - 1))
      return error;
    pending = next->id;
    ids = {next->id};
    if (!consume(*next))
      return End::Consumer;
    if (is_contained(endTokens, next->id))
      return End::EndToken;
  }
  return End::Length;
}
