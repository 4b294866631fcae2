//===- ConversationTest.cpp - Tests of conversations ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/Conversation.h"
#include "Fakes.h"

#include "gtest/gtest.h"

using namespace dlavm::host;

using Ids = std::vector<int32_t>;

namespace {

/// Notes what it is called with.
class NotingModel : public ScriptedModel {
public:
  using ScriptedModel::ScriptedModel;
  int32_t call(const Ids &ids, int32_t past) override {
    calls.emplace_back(past, ids);
    return ScriptedModel::call(ids, past);
  }
  std::vector<std::pair<int32_t, Ids>> calls;
};

/// Messages are one letter roles, and their contents.
class LetterTemplate : public ChatTemplate {
public:
  explicit LetterTemplate(const Tokenizer &tokenizer)
      : ChatTemplate(tokenizer) {
    endTokens = {5};
  }
  std::string render(const std::vector<Message> &messages) override {
    std::string text;
    for (const Message &message : messages) {
      if (message.content == "bad")
        throw dlavm::Error("bad message");
      text += message.role.substr(0, 1) + message.content;
      if (message.role == "assistant")
        text += "<end>";
    }
    return text + "a";
  }
};

class ConversationTest : public testing::Test {
protected:
  std::string ask(const std::string &content) {
    model.calls.clear();
    std::string text;
    conversation.ask(content, options, [&](const TextPiece &piece) {
      text += piece.text;
      return !isCancelled;
    });
    return text;
  }
  std::string getConversation() const {
    std::string text;
    for (const Message &message : conversation.getMessages())
      text += message.role + ":" + message.content + ";";
    return text;
  }

  FakeTokenizer tokenizer{{"", "a", "s", "u", "x", "<end>", "y"}};
  NotingModel model{{6, 5}, 64, 16};
  Session session{model};
  LetterTemplate letters{tokenizer};
  Conversation conversation{session, tokenizer, letters, 16};
  TextOptions options{100, {}, {}, {}, -1};
  bool isCancelled = false;
};

} // namespace

TEST_F(ConversationTest, OnlyWhatChangedIsSent) {
  conversation.reset("x");
  EXPECT_EQ(ask("xx"), "y");
  EXPECT_EQ(getConversation(), "system:x;user:xx;assistant:y;");
  EXPECT_EQ(model.calls[0], std::make_pair(0, Ids{2, 4, 3, 4, 4, 1}));
  EXPECT_EQ(conversation.getTokens(), 8);
  EXPECT_EQ(ask("x"), "y");
  // The answer is there already; its end token was not computed yet.
  EXPECT_EQ(model.calls[0], std::make_pair(7, Ids{5, 3, 4, 1}));
  EXPECT_EQ(conversation.getTokens(), 13);
  conversation.reset("");
  EXPECT_EQ(ask("x"), "y");
  EXPECT_EQ(getConversation(), "user:x;assistant:y;");
}

TEST_F(ConversationTest, TheContextIsFull) {
  ask("xxxx");
  EXPECT_EQ(conversation.getTokens(), 8);
  EXPECT_EQ(getMessage([&] { ask("xxxxxxxxx"); }),
            "with this message the conversation has 19 tokens, but the "
            "context holds 16; begin a new conversation, or write less");
  EXPECT_EQ(getConversation(), "user:xxxx;assistant:y;");
  // Not too long, but without room for all of the answer.
  model.next = 0;
  options.maxNewTokens = 100;
  const auto result = conversation.ask("xxxxxx", options,
                                       [](const TextPiece &) { return true; });
  EXPECT_EQ(result.reason, FinishReason::Context);
  EXPECT_EQ(conversation.getTokens(), 17);
}

TEST_F(ConversationTest, WhatFailsLeavesNothing) {
  EXPECT_EQ(getMessage([&] { ask("bad"); }), "bad message");
  EXPECT_EQ(getConversation(), "");
  options.sampling.topP = 2;
  EXPECT_NE(getMessage([&] { ask("x"); }), "");
  EXPECT_EQ(getConversation(), "");
}

TEST_F(ConversationTest, CancelledAnswersStay) {
  isCancelled = true;
  EXPECT_EQ(ask("x"), "y");
  EXPECT_EQ(getConversation(), "user:x;assistant:y;");
  // But for those without text.
  tokenizer = FakeTokenizer({"", "a", "s", "u", "x", "<end>", "<y>"});
  conversation.reset("");
  model.next = 0;
  EXPECT_EQ(ask("x"), "");
  EXPECT_EQ(getConversation(), "");
}
