//===- SessionEngineTest.cpp - Tests of a session behind the server -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/SessionEngine.h"

#include "../Chat/Fakes.h"
#include "host/Chat/TemplateProcess.h"

#include "gtest/gtest.h"

#include <stdexcept>

using namespace dlavm::host;

namespace {

/// Refuses a message, or fails at it.
class PickyTemplate : public ChatTemplate {
public:
  explicit PickyTemplate(const Tokenizer &tokenizer)
      : ChatTemplate(tokenizer) {}
  std::string render(const std::vector<Message> &messages) override {
    if (messages.front().content == "b")
      throw dlavm::Error("no b");
    if (messages.front().content == "c")
      throw TemplateFailure("Python is gone");
    return messages.front().content;
  }
};

} // namespace

TEST(SessionEngineTest, WhoseFaultItIs) {
  const FakeTokenizer tokenizer({"a", "b", "c"});
  ScriptedModel model({0});
  PickyTemplate chat(tokenizer);
  SessionEngine engine("model", model, tokenizer, chat, {});
  GenerationRequest request;
  request.isChat = true;
  request.messages = {{"user", "a"}};
  EXPECT_EQ(engine.encode(request), std::vector<int32_t>{0});
  request.messages = {{"user", "b"}};
  EXPECT_EQ(getMessage([&] { engine.encode(request); }), "no b");
  // No dlavm::Error, which is for the client's mistakes.
  request.messages = {{"user", "c"}};
  EXPECT_THROW(engine.encode(request), std::runtime_error);
}
