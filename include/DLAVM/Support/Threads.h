//===- Threads.h - How many threads can start ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_THREADS_H
#define DLAVM_SUPPORT_THREADS_H

namespace dlavm {

/// How many threads may work: \p wanted, or all of the machine if that is 0, or
/// fewer where a limit of the process or the system is in the way. At least 1,
/// which is the caller. Pools of threads end the process where they cannot
/// start them.
unsigned countThreads(unsigned wanted);

/// Limits llvm::parallelFor to as many.
void limitParallelism(unsigned wanted);

} // namespace dlavm

#endif // DLAVM_SUPPORT_THREADS_H
