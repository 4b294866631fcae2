//===- Passes.h - Passes of Dialect/CSB/Transforms ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_H
#define DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dlavm::csb {

#define GEN_PASS_DECL
#include "DLAVM/Dialect/CSB/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "DLAVM/Dialect/CSB/Transforms/Passes.h.inc"

} // namespace dlavm::csb

#endif // DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_H
