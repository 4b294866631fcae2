//===- ProgressLine.h - How far a command is --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_PROGRESSLINE_H
#define DLAVM_SUPPORT_PROGRESSLINE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace dlavm {

/// A line on standard error that says how far something is, a few times per
/// second, where that is a terminal; nothing elsewhere. It is gone when its
/// owner is.
class ProgressLine {
public:
  /// \p what is done, as in "packing", and its total, for people in \p
  /// quantity, as in "72 calls".
  ProgressLine(llvm::StringRef what, int64_t total,
               const llvm::Twine &quantity);
  ProgressLine(const ProgressLine &) = delete;
  ~ProgressLine();

  /// \p done of the total are done.
  void update(int64_t done);

private:
  using Clock = std::chrono::steady_clock;

  const std::string what, quantity;
  const int64_t total;
  const bool isShown;
  Clock::time_point last;
};

} // namespace dlavm

#endif // DLAVM_SUPPORT_PROGRESSLINE_H
