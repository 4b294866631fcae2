//===- ChatTemplate.h - Conversations as tokens -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_CHATTEMPLATE_H
#define DLAVM_HOST_CHAT_CHATTEMPLATE_H

#include "host/Tokenizer/Tokenizer.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dlavm::host {

struct Message {
  /// "system", "user" or "assistant"; others where the template has them.
  std::string role;
  std::string content;
};

/// Writes conversations as a model was trained to read them. Functions may be
/// called by several threads at once.
class ChatTemplate {
public:
  virtual ~ChatTemplate() = default;

  /// Opens the chat template of a directory, or of a GGUF file:
  /// chat_template.jinja, else chat_template of tokenizer_config.json, else
  /// that of tokenizer.gguf. Templates are rendered by Python's jinja2, by the
  /// program that $DLAVM_PYTHON names, else python3. Without it, and where
  /// $DLAVM_PYTHON is empty, one of the built-in templates is taken if its form
  /// is recognized. \p note is told of that, and of a directory without
  /// template: messages follow each other as they are then. \p tokenizer must
  /// outlive the template. Throws dlavm::Error, with file and place, if a file
  /// is malformed, the template is no Jinja, or no built-in one is like it.
  static std::unique_ptr<ChatTemplate>
  open(const std::string &directory, const Tokenizer &tokenizer,
       const std::function<void(const std::string &)> &note);
  /// Throws what open does where a file is malformed.
  static void check(const std::string &directory);

  /// The conversation as text that the assistant's next message continues.
  /// Throws dlavm::Error with the message of a template that refuses it.
  virtual std::string render(const std::vector<Message> &messages) = 0;

  /// The same, as token ids; BOS does not begin it twice. Special tokens that
  /// messages write out, alone or together with what stands beside them, are
  /// text, if the template leaves messages as they are, but for white space
  /// around them.
  std::vector<int32_t> encode(const std::vector<Message> &messages);

  /// The tokens that end a message of the assistant.
  const std::vector<int32_t> &getEndTokens() const { return endTokens; }

protected:
  explicit ChatTemplate(const Tokenizer &tokenizer) : tokenizer(tokenizer) {}

  const Tokenizer &tokenizer;
  std::vector<int32_t> endTokens;
  /// Whether the tokenizer adds BOS: no template does.
  bool addSpecial = false;

private:
  struct Special {
    std::string text;
    int32_t id;
  };
  const std::vector<Special> &getSpecials();
  /// A part of a text: where it begins, and where it ends.
  using Place = std::pair<size_t, size_t>;
  std::vector<int32_t> encodeText(const std::string &text) const;
  std::vector<int32_t> findSpecialTokens(const std::string &text) const;
  std::vector<int32_t> encodeApart(const std::string &text,
                                   const std::vector<Place> &contents);

  std::mutex mutex;
  /// Found when they are needed first.
  std::vector<Special> specials;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_CHATTEMPLATE_H
