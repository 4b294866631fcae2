//===- Encoding.h - What the encoders of the family share -------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_EDGELLM_ENCODING_H
#define DLAVM_DEVICE_EDGELLM_ENCODING_H

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Device/FP20.h"
#include "DLAVM/Device/TaskWriter.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"

#include "llvm/Support/MathExtras.h"

namespace dlavm::edgellm {

/// The value of a register that has this name.
Word getNamedValue(TaskKind kind, const Device &device, llvm::StringRef reg,
                   llvm::StringRef value);

} // namespace dlavm::edgellm

#endif // DLAVM_DEVICE_EDGELLM_ENCODING_H
