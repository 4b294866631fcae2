//===- BuiltinTemplates.h - Chat templates without Jinja --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_BUILTINTEMPLATES_H
#define DLAVM_HOST_CHAT_BUILTINTEMPLATES_H

#include "host/Chat/ChatTemplate.h"

#include <optional>

namespace dlavm::host {

/// Writes conversations as the templates of a kind do, with the generation
/// prompt. Throws dlavm::Error where these refuse a conversation.
class BuiltinTemplate {
public:
  /// The built-in template that writes what this Jinja template writes, if
  /// there is one.
  static std::optional<BuiltinTemplate> recognize(const std::string &jinja);

  const std::string &getName() const { return name; }
  std::string render(const std::vector<Message> &messages,
                     const std::string &bosToken,
                     const std::string &eosToken) const {
    return write(messages, bosToken, eosToken);
  }

private:
  using Write = std::function<std::string(const std::vector<Message> &messages,
                                          const std::string &bosToken,
                                          const std::string &eosToken)>;
  BuiltinTemplate(std::string name, Write write)
      : name(std::move(name)), write(std::move(write)) {}

  std::string name;
  Write write;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_BUILTINTEMPLATES_H
