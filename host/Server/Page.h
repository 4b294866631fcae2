//===- Page.h - The chat page --------------------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_PAGE_H
#define DLAVM_HOST_SERVER_PAGE_H

#include <string_view>

namespace dlavm::host {

/// page.html. Each "{{nonce}}" in it stands for the number, used once, that the
/// header Content-Security-Policy allows its script and style with.
std::string_view getPage();

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_PAGE_H
