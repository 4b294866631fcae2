//===- CommandNames.h - What the commands are called ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_COMMANDNAMES_H
#define DLAVM_HOST_COMMAND_COMMANDNAMES_H

namespace dlavm::host {

/// For lists of commands in programs that do not have the commands themselves.
struct CommandName {
  const char *name, *description;
};

constexpr CommandName kChatName = {
    "chat", "talk with the model that the driver in DIR computes"};
constexpr CommandName kDoctorName = {
    "doctor", "examine a card: nodes, memory, and tasks of the driver in DIR"};
constexpr CommandName kServeName = {
    "serve", "answer clients of OpenAI's interface, and browsers"};
constexpr CommandName kTokenizeName = {
    "tokenize", "print the tokens of a text, or the text of tokens"};

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_COMMANDNAMES_H
