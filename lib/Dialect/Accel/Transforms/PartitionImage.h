//===- PartitionImage.h - Cut a convolution to what fits --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_PARTITIONIMAGE_H
#define DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_PARTITIONIMAGE_H

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Encoding/Partition.h"

namespace dlavm::accel {

/// Replaces a task with a window by its starts, as \p partition says: a loop of
/// output channels and one of image rows. False if one start takes it all.
bool partitionImage(TaskOpInterface task, const Partition &partition);

} // namespace dlavm::accel

#endif // DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_PARTITIONIMAGE_H
