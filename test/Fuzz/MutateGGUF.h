//===- MutateGGUF.h - GGUF files that say something else --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_MUTATEGGUF_H
#define DLAVM_TEST_FUZZ_MUTATEGGUF_H

#include "Random.h"

#include "llvm/ADT/StringRef.h"

#include <string>

namespace dlavm {

/// Changes one thing in \p file: a pair of the metadata or the entry of a
/// tensor is left out, doubled, brought from \p other, renamed; a value, its
/// type, a dimension, an encoding, an offset, a length or a count is another.
/// Returns \p file itself if it cannot be cut into these parts.
std::string mutateGGUF(Random &random, llvm::StringRef file,
                       llvm::StringRef other);

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_MUTATEGGUF_H
