//===- Fingerprint.h - Which parameter files fit a driver ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_ACCELTOCSB_FINGERPRINT_H
#define DLAVM_CONVERSION_ACCELTOCSB_FINGERPRINT_H

#include "ProgramSymbols.h"

#include <string>

namespace dlavm {

/// 16 hexadecimal digits that are the same for two drivers if and, but for a
/// collision of a 64-bit hash, only if they read the same parameter files: the
/// device, the objects with files, what they are made of, and the embedding
/// decide. Where the files go does not count.
std::string getFingerprint(mlir::ModuleOp module,
                           const ProgramSymbols &symbols);

} // namespace dlavm

#endif // DLAVM_CONVERSION_ACCELTOCSB_FINGERPRINT_H
