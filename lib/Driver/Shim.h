//===- Shim.h - What is compiled around a driver --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DRIVER_SHIM_H
#define DLAVM_LIB_DRIVER_SHIM_H

#include "DLAVM/Driver/DriverPlan.h"

#include <limits>

namespace dlavm {

/// What the compiled shim calls; its layout is repeated in the shim.
struct ShimCallbacks {
  void *sink;
  void (*task)(void *sink, int32_t layer, const char *name);
  void (*write)(void *sink, uint32_t reg, uint32_t value);
  void (*poll)(void *sink, uint32_t reg, uint32_t value);
  uint32_t (*read)(void *sink, uint32_t reg);
  void (*dmaWrite)(void *sink, uint64_t address, const void *data,
                   size_t bytes);
  void (*dmaRead)(void *sink, uint64_t address, void *data, size_t bytes);
};

/// A call of one of the driver's functions; repeated in the shim, too.
struct ShimCall {
  /// Other functions are FirstFunction + the index in DriverPlan::functions.
  enum Function : int32_t {
    Run,
    LoadParameters,
    ReadEmbeddings,
    FirstFunction
  };
  int32_t function = Run;
  int32_t seq = 0;
  int32_t past = 0;
  int32_t token = 0;
  const char *directory = nullptr;
  const int32_t *ids = nullptr;
  size_t numIds = 0;
  const uint16_t *input = nullptr;
  /// How many register accesses the call may make.
  uint64_t budget = std::numeric_limits<uint64_t>::max();
  /// Where \p outputSize elements are expected.
  uint16_t *output = nullptr;
  size_t outputSize = 0;
};

/// The source of a library with the driver of \p plan and the function
///
///     const char *dlavm_call(const ShimCallbacks *, ShimCall *)
///
/// that returns the message of the driver's exception, or null.
std::string getShimSource(const DriverPlan &plan);

} // namespace dlavm

#endif // DLAVM_LIB_DRIVER_SHIM_H
