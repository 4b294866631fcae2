//===- SanitizerDefaults.cpp - Defaults of AddressSanitizer -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// LLVM's allocators poison and unpoison memory in headers, but Debian's
// libraries were built without: what our code poisons they would not unpoison.
extern "C" const char *__asan_default_options();
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0";
}
