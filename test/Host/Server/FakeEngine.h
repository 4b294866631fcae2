//===- FakeEngine.h - Answers without a model ----------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_HOST_SERVER_FAKEENGINE_H
#define DLAVM_TEST_HOST_SERVER_FAKEENGINE_H

#include "host/Server/Engine.h"

#include "dlavm_runtime.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace dlavm::host {

/// Answers each prompt with a text that follows from its last message. A byte
/// of a prompt is a token; a word of an answer is one.
///
///     say TEXT         TEXT
///     count N          1 2 3 ... N
///     fail N           fails after N tokens
///     slow MS PROMPT   as PROMPT, and waits before each token
///
/// All else is repeated. The byte 7 is not decoded.
class FakeEngine : public Engine {
public:
  static constexpr int32_t endToken = 256, firstWord = 257;

  ModelFacts facts{"fake", 8192, 100000, true};

  ModelFacts getFacts() const override { return facts; }

  std::vector<int32_t> encode(const GenerationRequest &request) override {
    if (!request.promptIds.empty())
      return request.promptIds;
    if (!request.isChat)
      return toIds(request.prompt);
    std::string text;
    for (const Message &message : request.messages) {
      if (message.role == "system" && message.content == "refuse")
        throw Error("the template has no role system");
      if (message.role == "system" && message.content == "break")
        throw std::runtime_error("the template takes too long");
      text += message.role + ":" + message.content + "\n";
    }
    return toIds(text);
  }

  std::string decode(const std::vector<int32_t> &ids) override {
    if (std::find(ids.begin(), ids.end(), 7) != ids.end())
      throw Error("there is no such token");
    return toText(ids);
  }

  std::string toText(const std::vector<int32_t> &ids) {
    const std::lock_guard<std::mutex> lock(mutex);
    std::string text;
    for (int32_t id : ids) {
      if (id < 256)
        text += static_cast<char>(id);
      else if (const size_t word = id - firstWord; word < words.size())
        text += words[word];
    }
    return text;
  }

  std::vector<int32_t> getEndTokens(bool) override { return {endToken}; }

  TextResult
  complete(const std::vector<int32_t> &ids, const TextOptions &options,
           const std::function<bool(const TextPiece &)> &consume) override {
    TextResult result{};
    result.promptTokens = static_cast<int32_t>(ids.size());
    result.cachedTokens = static_cast<int32_t>(
        std::mismatch(cached.begin(), cached.end(), ids.begin(), ids.end())
            .first -
        cached.begin());
    cached = ids;
    std::string prompt = toText(ids);
    if (!prompt.empty() && prompt.back() == '\n')
      prompt.pop_back();
    // The last message.
    prompt.insert(0, "\n");
    if (const size_t last = prompt.rfind("\nuser:"); last != std::string::npos)
      prompt.erase(0, last + 6);
    else
      prompt.erase(0, 1);

    std::istringstream in(prompt);
    std::string command;
    int64_t delay = 0, number = 0;
    in >> command;
    if (command == "slow")
      in >> delay >> command;
    const bool counts = command == "count" || command == "fail";
    std::string rest;
    if (counts)
      in >> number;
    else
      std::getline(in, rest, '\0');
    if (!counts && command != "say")
      rest = "You said: " + command + rest;
    else if (!rest.empty())
      rest.erase(0, 1);

    std::string all;
    size_t position = 0;
    for (int32_t i = 0;; ++i) {
      std::string word;
      if (counts) {
        if (command == "fail" && i == number)
          throw Error("the device is gone");
        if (i < number)
          word = (i > 0 ? " " : "") + std::to_string(i + 1);
      } else {
        const size_t next = rest.find(' ', position + 1);
        word = position >= rest.size()
                   ? ""
                   : rest.substr(position, next == std::string::npos
                                               ? std::string::npos
                                               : next - position);
        position += word.size();
      }
      if (i == options.maxNewTokens) {
        result.reason = FinishReason::Length;
        return result;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(delay));
      ++result.newTokens;
      if (word.empty()) {
        result.reason = FinishReason::EndToken;
        return result;
      }
      TextPiece piece;
      piece.text = word;
      const size_t before = all.size();
      all += word;
      for (const std::string &stop : options.stopStrings)
        if (const size_t found = all.find(stop); found != std::string::npos) {
          all.resize(found);
          result.reason = FinishReason::StopString;
          piece.text = found > before ? all.substr(before) : "";
          consume(piece);
          return result;
        }
      if (options.topLogprobs >= 0) {
        TokenLogprob token{{toId(word), word, -0.5f}, {}};
        for (int32_t k = 0; k < options.topLogprobs; ++k)
          token.top.push_back(
              k == 0 ? token
                     : TokenCandidate{'a' + k, std::string(1, char('a' + k)),
                                      -0.5f - k});
        piece.tokens.push_back(token);
      }
      if (!consume(piece)) {
        result.reason = FinishReason::Cancelled;
        return result;
      }
    }
  }

private:
  static std::vector<int32_t> toIds(const std::string &text) {
    std::vector<int32_t> ids;
    for (char c : text)
      ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }

  int32_t toId(const std::string &word) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto [found, isNew] =
        wordIds.emplace(word, firstWord + static_cast<int32_t>(words.size()));
    if (isNew)
      words.push_back(word);
    return found->second;
  }

  std::mutex mutex;
  std::map<std::string, int32_t> wordIds;
  std::vector<std::string> words;
  std::vector<int32_t> cached;
};

} // namespace dlavm::host

#endif // DLAVM_TEST_HOST_SERVER_FAKEENGINE_H
