//===- DriverTable.h - What a compiled driver offers ---------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_DRIVERTABLE_H
#define DLAVM_HOST_DRIVER_DRIVERTABLE_H

// Also text that is compiled with each driver, so it has no more than C and
// <cstdint> and includes nothing else.

#include <cstddef>
#include <cstdint>

extern "C" {

/// Who calls a function of the table. What the driver throws goes no further
/// than the function, which may be of another compiler's library.
struct DLAVMCaller {
  /// A dlavm::Device; null for functions that need none.
  void *device;
  /// Called with the message of what was thrown, before the function returns 1.
  void (*fail)(const DLAVMCaller *caller, const char *message);
};

/// Functions return 0, or 1 if they failed. Null where the driver has none.
struct DLAVMDriver {
  uint64_t fingerprint;
  int32_t maxTokens;
  int (*loadParameters)(const DLAVMCaller *caller, const char *directory);
  /// Fills rows, of all ids: FP16 [ids][channels].
  int (*readEmbeddings)(const DLAVMCaller *caller, const char *directory,
                        const int32_t *ids, size_t count, uint16_t *rows,
                        size_t size);
  int (*writeInput)(const DLAVMCaller *caller, const uint16_t *rows,
                    int32_t seq);
  int (*run)(const DLAVMCaller *caller, int32_t seq, int32_t past);
  /// Runs a call of one token.
  int (*decode)(const DLAVMCaller *caller, int32_t past);
  int (*readToken)(const DLAVMCaller *caller, int32_t *id);
  /// Hands FP16 logits to take, where they remain until it returns.
  int (*readLogits)(const DLAVMCaller *caller,
                    void (*take)(void *data, const uint16_t *logits,
                                 size_t size),
                    void *data);
};

} // extern "C"

#endif // DLAVM_HOST_DRIVER_DRIVERTABLE_H
