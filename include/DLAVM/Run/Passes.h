//===- Passes.h - Passes that run programs ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_RUN_PASSES_H
#define DLAVM_RUN_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dlavm {

#define GEN_PASS_DECL
#include "DLAVM/Run/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "DLAVM/Run/Passes.h.inc"

} // namespace dlavm

#endif // DLAVM_RUN_PASSES_H
