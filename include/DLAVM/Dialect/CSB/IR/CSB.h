//===- CSB.h - The csb dialect ----------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_CSB_IR_CSB_H
#define DLAVM_DIALECT_CSB_IR_CSB_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "DLAVM/Dialect/CSB/IR/CSBDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "DLAVM/Dialect/CSB/IR/CSBTypes.h.inc"
#define GET_OP_CLASSES
#include "DLAVM/Dialect/CSB/IR/CSBOps.h.inc"

namespace dlavm {
class RegisterTable;
} // namespace dlavm

namespace dlavm::csb {

/// The table of a record. With \p keepsValues, those registers that start no
/// task keep theirs.
RegisterTableOp createRegisterTable(mlir::OpBuilder &builder,
                                    const RegisterTable &table,
                                    bool keepsValues);

/// What \p parameter says, without MLIR.
ParameterInfo getParameterInfo(ParameterOp parameter);

} // namespace dlavm::csb

#endif // DLAVM_DIALECT_CSB_IR_CSB_H
