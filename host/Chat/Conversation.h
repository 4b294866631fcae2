//===- Conversation.h - Messages to and fro ---------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_CONVERSATION_H
#define DLAVM_HOST_CHAT_CONVERSATION_H

#include "host/Chat/ChatTemplate.h"
#include "host/Chat/TextAnswer.h"

namespace dlavm::host {

/// A conversation of a user with a model. It is encoded anew for each answer;
/// what the KV caches hold of it is not computed again.
class Conversation {
public:
  /// All of them outlive the conversation.
  Conversation(Session &session, const Tokenizer &tokenizer,
               ChatTemplate &chatTemplate, int32_t maxTokens)
      : session(session), tokenizer(tokenizer), chatTemplate(chatTemplate),
        maxTokens(maxTokens) {}

  /// Begins anew, with a system message unless it is empty.
  void reset(const std::string &system);

  /// Adds the message of the user and the answer to it, also one that was
  /// cancelled. Where there is no answer, the conversation is what it was
  /// before: if answerText or the template throws, or the context has no room,
  /// which throws as well. \p options.endTokens are further ones than the
  /// template's.
  TextResult ask(const std::string &content, TextOptions options,
                 const std::function<bool(const TextPiece &)> &consume);

  const std::vector<Message> &getMessages() const { return messages; }
  /// Tokens of the conversation with its last answer.
  int32_t getTokens() const { return tokens; }
  int32_t getMaxTokens() const { return maxTokens; }

private:
  Session &session;
  const Tokenizer &tokenizer;
  ChatTemplate &chatTemplate;
  int32_t maxTokens;
  std::vector<Message> messages;
  int32_t tokens = 0;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_CONVERSATION_H
