//===- Reducer.h - Small inputs ---------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_REDUCER_H
#define DLAVM_TEST_FUZZ_REDUCER_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>

namespace dlavm {

/// Takes lines and then bytes from \p text as long as \p fails is true for the
/// rest. Tries a limited number of texts.
std::string reduce(std::string text,
                   llvm::function_ref<bool(const std::string &)> fails);

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_REDUCER_H
