//===- CardFaults.cpp - What goes wrong with a card -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Board/SimulatedCard.h"

#include "llvm/ADT/StringSwitch.h"

#include <cerrno>

using namespace dlavm;
using llvm::StringRef;

/// 0 for a name that is none of these.
static int getErrno(StringRef name) {
  return llvm::StringSwitch<int>(name)
      .Case("EAGAIN", EAGAIN)
      .Case("EINVAL", EINVAL)
      .Case("EIO", EIO)
      .Case("ENODEV", ENODEV)
      .Case("ENOMEM", ENOMEM)
      .Case("ETIMEDOUT", ETIMEDOUT)
      .Default(0);
}

std::optional<std::string> CardFaults::add(StringRef text) {
  const auto [kind, arguments] = text.split(':');
  const auto [first, second] = arguments.split(':');
  const bool hasOne = !arguments.contains(':');
  uint64_t number = 0;
  const bool hasNumber = !first.getAsInteger(0, number);

  if ((kind == "stuck" || kind == "gone") && hasOne && hasNumber) {
    (kind == "stuck" ? stuckAfter : goneAfter) = number;
    return std::nullopt;
  }
  if (kind == "short" && hasOne && hasNumber && number > 0) {
    shortBytes = number;
    return std::nullopt;
  }
  if ((kind == "write-fails" || kind == "read-fails") && hasNumber) {
    const int error = getErrno(second);
    (kind == "write-fails" ? failingWrites : failingReads) =
        Failure{number, error};
    if (error != 0)
      return std::nullopt;
  }
  unsigned bit = 0;
  if (kind == "flip" && hasNumber && !second.getAsInteger(10, bit) && bit < 8) {
    flips.push_back({number, bit});
    return std::nullopt;
  }
  return ("'" + text +
          "' is no fault; there are stuck:STARTS, gone:STARTS, short:BYTES, "
          "write-fails:TRANSFERS:ERRNO and read-fails:TRANSFERS:ERRNO, with "
          "EAGAIN, EINVAL, EIO, ENODEV, ENOMEM or ETIMEDOUT, and "
          "flip:ADDRESS:BIT, with a bit from 0 to 7")
      .str();
}
