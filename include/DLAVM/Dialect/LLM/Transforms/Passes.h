//===- Passes.h - Passes of Dialect/LLM/Transforms ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_H
#define DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace dlavm::llm {

#define GEN_PASS_DECL
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"

} // namespace dlavm::llm

#endif // DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_H
