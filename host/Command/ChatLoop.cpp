//===- ChatLoop.cpp - Talking with a model --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/ChatLoop.h"

#include "host/Chat/GenerationConfig.h"
#include "host/Command/Command.h"
#include "host/Support/File.h"

#include "nlohmann/json.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

static const char kHelp[] =
    R"(A line is a message. One that ends in \ goes on with the next line.
/reset           begins a new conversation
/system [TEXT]   prints the system message, or begins a new conversation with this one; "" is none
/stats           prints how fast the last answer was, how tokens are chosen, and how full the context is
/save FILE       writes the conversation as JSON
/quit            ends, as Ctrl-D does
//TEXT           is the message /TEXT
Ctrl-C stops an answer when its token is computed; once more ends at once.
)";

namespace {

class ChatLoop {
public:
  ChatLoop(Conversation &conversation, const std::string &system,
           const TextOptions &options, LineReader &reader,
           Interrupts &interrupts)
      : conversation(conversation), system(system), options(options),
        reader(reader), interrupts(interrupts) {}

  void run() {
    conversation.reset(system);
    std::string message;
    // Standard output that nobody reads ends it, too.
    while (std::cout && readMessage(message)) {
      try {
        if (message.compare(0, 2, "//") == 0)
          answer(message.substr(1));
        else if (message[0] != '/')
          answer(message);
        else if (!runCommand(message))
          return;
      } catch (const Error &error) {
        if (!reader.isInteractive())
          throw;
        std::cout.flush();
        std::cerr << "error: " << error.what() << std::endl;
      }
    }
  }

private:
  /// Returns false at the end.
  bool readMessage(std::string &message) {
    message.clear();
    bool wasInterrupted = false;
    const char *prompt = "> ";
    while (true) {
      interrupts.clear();
      std::string line;
      switch (reader.read(prompt, line)) {
      case LineReader::Result::End:
        return !message.empty();
      case LineReader::Result::Interrupted:
        if (wasInterrupted || !reader.isInteractive())
          return false;
        wasInterrupted = true;
        message.clear();
        prompt = "> ";
        printNote("once more, or Ctrl-D, ends");
        continue;
      case LineReader::Result::Line:
        wasInterrupted = false;
        if (!line.empty() && line.back() == '\r')
          line.pop_back();
        if (!line.empty() && line.back() == '\\') {
          line.back() = '\n';
          message += line;
          prompt = "... ";
          continue;
        }
        message += line;
        if (message.find_first_not_of(" \t\n") != std::string::npos)
          return true;
        message.clear();
      }
    }
  }

  void answer(const std::string &message) {
    TextOptions turn = options;
    turn.sampling.seed += count++;
    interrupts.clear();
    const Interrupts::EndAtSecond endAtSecond;
    bool endsLine = false;
    last = conversation.ask(message, turn, [&](const TextPiece &piece) {
      if (!piece.text.empty()) {
        std::cout << makePrintable(piece.text) << std::flush;
        endsLine = piece.text.back() == '\n';
      }
      return !interrupts.isPending() && std::cout;
    });
    if (!endsLine)
      std::cout << std::endl;
    if (last->reason == FinishReason::Length)
      printNote("the answer ends after " + std::to_string(last->newTokens) +
                " tokens, as --max-new-tokens says");
    else if (last->reason == FinishReason::Context)
      printNote("the context of " +
                std::to_string(conversation.getMaxTokens()) +
                " tokens is full; /reset begins a new conversation");
    else if (last->reason == FinishReason::Cancelled && std::cout)
      printNote("stopped");
  }

  /// What a model writes may be anything, but must not control the terminal.
  std::string makePrintable(const std::string &text) const {
    if (!reader.isInteractive())
      return text;
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      // U+0080 to U+009F are controls as well.
      const bool isLong = byte == 0xc2 && i + 1 < text.size() &&
                          static_cast<unsigned char>(text[i + 1]) < 0xa0;
      if (isLong || byte == 0x7f ||
          (byte < ' ' && byte != '\n' && byte != '\t')) {
        result += "\xef\xbf\xbd";
        i += isLong;
      } else {
        result += text[i];
      }
    }
    return result;
  }

  /// Returns false to end.
  bool runCommand(const std::string &line) {
    const size_t space = line.find(' ');
    const std::string name = line.substr(0, space);
    std::string argument;
    if (space != std::string::npos) {
      const size_t first = line.find_first_not_of(' ', space);
      if (first != std::string::npos)
        argument = line.substr(first);
    }
    if (name == "/quit")
      return false;
    if (name == "/help")
      std::cout << kHelp << std::flush;
    else if (name == "/reset")
      conversation.reset(system);
    else if (name == "/stats")
      printStatistics();
    else if (name == "/save")
      save(argument);
    else if (name == "/system" && argument.empty())
      std::cout << (system.empty() ? "no system message" : system) << std::endl;
    else if (name == "/system")
      conversation.reset(system = argument == "\"\"" ? "" : argument);
    else
      throw Error("there is no command " + name + "; /help lists them, and //" +
                  name.substr(1) + " is a message that begins so");
    return true;
  }

  void printStatistics() const {
    const auto print = [](const char *what, int32_t tokens, int32_t computed,
                          double seconds) {
      char text[160];
      std::snprintf(text, sizeof text, "%s: %d tokens", what, tokens);
      std::cout << text;
      if (computed < tokens && std::strcmp(what, "prompt") == 0)
        std::cout << ", " << tokens - computed << " of them cached";
      std::snprintf(text, sizeof text, ", %.2f s", seconds);
      std::cout << text;
      if (seconds > 0 && computed > 0) {
        std::snprintf(text, sizeof text, ", %.1f tokens/s", computed / seconds);
        std::cout << text;
      }
      std::cout << "\n";
    };
    if (last) {
      print("prompt", last->promptTokens,
            last->promptTokens - last->cachedTokens, last->promptSeconds);
      // The first one belongs to the prompt.
      print("answer", last->newTokens, last->newTokens - 1, last->newSeconds);
    }
    std::cout << "sampling: " << describeSampling(options.sampling);
    if (!options.sampling.isGreedy())
      std::cout << ", seed " << options.sampling.seed;
    std::cout << "\n";
    std::cout << "context: " << conversation.getTokens() << " of "
              << conversation.getMaxTokens() << " tokens" << std::endl;
  }

  void save(const std::string &path) const {
    if (path.empty())
      throw Error("/save needs the name of a file");
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Message &message : conversation.getMessages())
      list.push_back({{"role", message.role}, {"content", message.content}});
    const std::string text =
        list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
        "\n";
    // Never over a file that is there.
    File file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file)
      throw Error("cannot create " + path + ": " + std::strerror(errno));
    // Closing may fail where writing did not.
    if (!file.write(text) || !file.close()) {
      const int error = errno;
      ::unlink(path.c_str());
      throw Error("cannot write " + path + ": " + std::strerror(error));
    }
  }

  Conversation &conversation;
  std::string system;
  TextOptions options;
  LineReader &reader;
  Interrupts &interrupts;
  std::optional<TextResult> last;
  uint64_t count = 0;
};

} // namespace

void dlavm::host::runChatLoop(Conversation &conversation,
                              const std::string &system,
                              const TextOptions &options, LineReader &reader,
                              Interrupts &interrupts) {
  ChatLoop(conversation, system, options, reader, interrupts).run();
}
