//===- ChatLoop.h - Talking with a model ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_CHATLOOP_H
#define DLAVM_HOST_COMMAND_CHATLOOP_H

#include "host/Chat/Conversation.h"
#include "host/Command/LineReader.h"

namespace dlavm::host {

/// Answers the lines of \p reader on standard output until they end, or /quit.
/// Lines that begin with / are commands. An interrupt stops an answer; two
/// where none is written end the loop. Where nobody sits at the other end,
/// failures are exceptions; else they are printed. Each answer has a seed of
/// its own, which follows from that of \p options.
void runChatLoop(Conversation &conversation, const std::string &system,
                 const TextOptions &options, LineReader &reader,
                 Interrupts &interrupts);

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_CHATLOOP_H
