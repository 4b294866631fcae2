//===- ChatFiles.h - The files of chats ---------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_CHATFILES_H
#define DLAVM_HOST_CHAT_CHATFILES_H

#include <string>

namespace dlavm::host {

/// What is wrong with the chat template or the generation_config.json of a
/// checkpoint, so that no chat would take it; empty if nothing is. The template
/// is not rendered, and the tokenizer not read. Does not throw.
std::string findDamage(const std::string &checkpoint) noexcept;

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_CHATFILES_H
