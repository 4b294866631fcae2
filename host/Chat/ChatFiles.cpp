//===- ChatFiles.cpp - The files of chats ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/ChatFiles.h"

#include "host/Chat/ChatTemplate.h"
#include "host/Chat/GenerationConfig.h"

using namespace dlavm::host;

std::string dlavm::host::findDamage(const std::string &checkpoint) noexcept {
  try {
    ChatTemplate::check(checkpoint);
    (void)GenerationConfig::read(checkpoint, /*choice=*/"", {});
    return "";
  } catch (const std::exception &error) {
    return error.what();
  }
}
