//===- Conversation.cpp - Messages to and fro -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/Conversation.h"

#include "dlavm_runtime.h"

using namespace dlavm::host;
using dlavm::Error;

void Conversation::reset(const std::string &system) {
  messages.clear();
  tokens = 0;
  if (!system.empty())
    messages.push_back({"system", system});
}

TextResult
Conversation::ask(const std::string &content, TextOptions options,
                  const std::function<bool(const TextPiece &)> &consume) {
  std::vector<Message> asked = messages;
  asked.push_back({"user", content});
  const std::vector<int32_t> ids = chatTemplate.encode(asked);
  if (ids.size() > static_cast<size_t>(maxTokens))
    throw Error("with this message the conversation has " +
                std::to_string(ids.size()) + " tokens, but the context holds " +
                std::to_string(maxTokens) +
                "; begin a new conversation, or write less");
  const std::vector<int32_t> &ends = chatTemplate.getEndTokens();
  options.endTokens.insert(options.endTokens.end(), ends.begin(), ends.end());
  std::string answer;
  const TextResult result =
      answerText(session, tokenizer, ids, options, [&](const TextPiece &piece) {
        answer += piece.text;
        return consume(piece);
      });
  if (answer.empty() && result.reason == FinishReason::Cancelled)
    return result;
  asked.push_back({"assistant", answer});
  messages = std::move(asked);
  tokens = result.promptTokens + result.newTokens;
  return result;
}
