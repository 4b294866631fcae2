//===- MutateJSON.h - JSON that says something else -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_MUTATEJSON_H
#define DLAVM_TEST_FUZZ_MUTATEJSON_H

#include "Random.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace dlavm {

/// Changes one thing in \p text, an object: a key is left out, renamed, brought
/// from \p other; a value is replaced, exchanged with another, put in an array
/// or object; a number is a little or much more or less; an array has an
/// element more or less. Returns \p text itself if it is no object.
std::string mutateJSON(Random &random, llvm::StringRef text,
                       llvm::StringRef other);

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_MUTATEJSON_H
