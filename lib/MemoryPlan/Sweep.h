//===- Sweep.h - Places in the order of time --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_MEMORYPLAN_SWEEP_H
#define DLAVM_LIB_MEMORYPLAN_SWEEP_H

#include "Sections.h"

namespace dlavm::memory_plan {

/// Places buffers as an allocator would, which knows the present only: each one
/// when it begins, into the smallest gap that takes it; of those that begin
/// together the largest first, or the one that lives longest. With
/// \p isBackward, time runs from the end. One that lives several times keeps
/// its place in between. Returns the offsets.
std::vector<int64_t> sweep(const Part &part, bool isBackward,
                           bool isLongestFirst);

} // namespace dlavm::memory_plan

#endif // DLAVM_LIB_MEMORYPLAN_SWEEP_H
