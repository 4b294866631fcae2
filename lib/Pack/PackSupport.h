//===- PackSupport.h - What all objects need ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_PACKSUPPORT_H
#define DLAVM_LIB_PACK_PACKSUPPORT_H

#include "DLAVM/Pack/Packer.h"

namespace dlavm {

/// What a thread packs before it hands it over: little enough to stay in the
/// cache, and much enough that writing to files costs nothing.
inline constexpr int64_t kChunkBytes = 512 << 10;
/// The error for a value that cannot be packed; \p row and \p column are those
/// of the parameter, the message names those of the tensor.
llvm::Error refuseValue(const ParameterInfo &info, int64_t layer, int64_t row,
                        int64_t column, double value, llvm::StringRef limit);

/// Cuts bytes into as many ranges of the same size as there are ports.
std::vector<llvm::MutableArrayRef<uint8_t>>
cutPorts(llvm::MutableArrayRef<uint8_t> bytes, int64_t ports);

/// Hands over the first \p bytes of all ports.
llvm::Error sendPorts(const PlanObject &object, int64_t layer, int64_t offset,
                      PortBytes ports, size_t bytes, PackSink sink);

/// Rounds to FP16 codes. Returns the index of the first value that is not
/// finite or overflows.
std::optional<size_t> roundToHalf(llvm::ArrayRef<double> values,
                                  llvm::MutableArrayRef<uint16_t> codes);

/// The error for that value.
llvm::Error refuseHalf(const ParameterInfo &info, int64_t layer, int64_t row,
                       int64_t column, double value);

} // namespace dlavm

#endif // DLAVM_LIB_PACK_PACKSUPPORT_H
