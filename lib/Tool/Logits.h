//===- Logits.h - Logits that a token can be chosen from --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_LOGITS_H
#define DLAVM_TOOL_LOGITS_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cmath>

namespace dlavm {

/// Fails if one of the logits of the token at \p position is no finite number:
/// the largest of them means nothing then.
template <typename Range>
llvm::Error checkLogits(const Range &logits, int64_t position) {
  for (auto [id, logit] : llvm::enumerate(logits))
    if (!std::isfinite(logit))
      return llvm::createStringError(
          "the logit of id " + llvm::Twine(id) +
          " after the token at position " + llvm::Twine(position) + " is " +
          (std::isnan(logit) ? "NaN" : "infinite") +
          ", so no token can be chosen; do values of the model exceed the "
          "range of its arithmetic?");
  return llvm::Error::success();
}

} // namespace dlavm

#endif // DLAVM_TOOL_LOGITS_H
