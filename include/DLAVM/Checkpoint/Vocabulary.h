//===- Vocabulary.h - How large vocabularies are ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_VOCABULARY_H
#define DLAVM_CHECKPOINT_VOCABULARY_H

#include <cstdint>

namespace dlavm {

/// No vocabulary has as many tokens.
constexpr int64_t kMaxEmbeddingRows = int64_t(1) << 22;

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_VOCABULARY_H
