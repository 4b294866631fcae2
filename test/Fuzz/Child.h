//===- Child.h - Work that may crash or hang --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_CHILD_H
#define DLAVM_TEST_FUZZ_CHILD_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace dlavm {

/// How the work of a child ended where it did not return.
struct Death {
  uint64_t index;
  /// "Segmentation fault", "more than 10 seconds"
  std::string cause;
  bool isHang = false;
};

/// Calls \p work in a child process with the numbers from \p first to \p end,
/// until one ends it; each has \p seconds of CPU time, and memory is limited.
/// What the child prints goes to \p log, or nowhere.
std::optional<Death> runInChild(uint64_t first, uint64_t end, unsigned seconds,
                                llvm::function_ref<void(uint64_t)> work,
                                llvm::StringRef log = "/dev/null");

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_CHILD_H
