//===- Passes.h - Passes of Conversion ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_PASSES_H
#define DLAVM_CONVERSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dlavm {

#define GEN_PASS_DECL
#include "DLAVM/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "DLAVM/Conversion/Passes.h.inc"

} // namespace dlavm

#endif // DLAVM_CONVERSION_PASSES_H
