//===- Passes.h - Passes of Target ------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_PASSES_H
#define DLAVM_TARGET_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dlavm {

#define GEN_PASS_DECL
#include "DLAVM/Target/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "DLAVM/Target/Passes.h.inc"

} // namespace dlavm

#endif // DLAVM_TARGET_PASSES_H
