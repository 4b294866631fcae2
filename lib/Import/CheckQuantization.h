//===- CheckQuantization.h - Quantized checkpoints ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_CHECKQUANTIZATION_H
#define DLAVM_LIB_IMPORT_CHECKQUANTIZATION_H

#include "ConfigReader.h"

namespace dlavm {

/// Checks the `quantization_config` of a model without tensors: one that no
/// checkpoint can have could not be packed.
mlir::LogicalResult checkQuantization(const ConfigReader &reader);

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_CHECKQUANTIZATION_H
