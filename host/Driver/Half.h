//===- Half.h - FP16 numbers of devices ----------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_HALF_H
#define DLAVM_HOST_DRIVER_HALF_H

#include <cstddef>
#include <cstdint>

namespace dlavm::host {

/// Converts FP16 codes, exactly. Returns whether all of them are finite
/// numbers.
bool widenHalves(const uint16_t *codes, size_t count, float *values);

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_HALF_H
