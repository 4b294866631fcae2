//===- ChatProgram.cpp - A chat with a model for tests --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model repeats the last message, byte by byte. It waits before each byte
// and never ends where the message is "endless", is full of controls where it
// is "controls", and has a context of 200 bytes. The argument is a directory
// with a chat template that ends a message of the user with "]".
//
//===----------------------------------------------------------------------===//

#include "Fakes.h"
#include "host/Command/ChatLoop.h"
#include "host/Command/Command.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

using namespace dlavm::host;

namespace {

class EchoModel : public TokenModel {
public:
  int32_t getMaxTokens() const override { return 200; }
  int32_t getVocabularySize() const override { return 256; }
  int32_t call(const std::vector<int32_t> &ids, int32_t past) override {
    history.resize(static_cast<size_t>(past));
    for (int32_t id : ids)
      history += static_cast<char>(id);
    // [user:TEXT]>ANSWER
    const size_t begin = history.rfind("[user:") + 6;
    const size_t end = history.find("]>", begin);
    const std::string text = history.substr(begin, end - begin);
    const size_t written = history.size() - end - 2;
    if (text == "endless") {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return 'x';
    }
    if (text == "stuck") {
      std::cerr << "stuck now" << std::endl;
      while (true)
        std::this_thread::sleep_for(std::chrono::hours(1));
    }
    if (text == "failure")
      throw dlavm::Error("the card is gone");
    const std::string answer = text == "controls" ? "\x1b[2J\xc2\x9b" : text;
    return written < answer.size() ? static_cast<unsigned char>(answer[written])
                                   : 0;
  }
  bool hasLogits() const override { return false; }
  void readLogits(std::vector<float> &) override {}

private:
  std::string history;
};

} // namespace

static int run(const char *directory, const char *system) {
  std::vector<std::string> pieces = {"<end>"};
  for (int byte = 1; byte < 256; ++byte)
    pieces.push_back(std::string(1, static_cast<char>(byte)));
  FakeTokenizer tokenizer(pieces);
  tokenizer.end = 0;
  EchoModel model;
  Session session(model);
  const auto chatTemplate = ChatTemplate::open(directory, tokenizer, printNote);
  Conversation conversation(session, tokenizer, *chatTemplate,
                            model.getMaxTokens());
  TextOptions options;
  options.maxNewTokens = 1000;
  Interrupts interrupts;
  const auto reader = LineReader::open(interrupts, "chat_history");
  runChatLoop(conversation, system, options, *reader, interrupts);
  return 0;
}

int main(int argc, char **argv) {
  initProgram();
  if (argc < 2)
    return 2;
  try {
    return run(argv[1], argc > 2 ? argv[2] : "");
  } catch (const std::exception &error) {
    std::cout.flush();
    std::cerr << "error: " << error.what() << std::endl;
    return 1;
  }
}
