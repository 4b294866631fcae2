//===- LLM.h - The llm dialect ----------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_IR_LLM_H
#define DLAVM_DIALECT_LLM_IR_LLM_H

#include "DLAVM/Checkpoint/Parameter.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

#include "DLAVM/Dialect/LLM/IR/LLMDialect.h.inc"

#include "DLAVM/Dialect/LLM/IR/LLMEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "DLAVM/Dialect/LLM/IR/LLMAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "DLAVM/Dialect/LLM/IR/LLMTypes.h.inc"
#define GET_OP_CLASSES
#include "DLAVM/Dialect/LLM/IR/LLMOps.h.inc"

namespace dlavm::llm {

/// The dimensions of \p type as expressions of seq and past: its encoding, or
/// its static shape as constants.
DimsAttr getDims(mlir::RankedTensorType type);

/// The tensor type with these dimensions: with an encoding if one of them
/// depends on a token count, without otherwise.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<mlir::AffineExpr> dims,
                                     mlir::Type elementType);

/// The largest context that the module of \p op states, or nullopt.
std::optional<int64_t> getMaxTokens(mlir::Operation *op);

/// All layers of the model whose configuration made \p module, or nullopt.
std::optional<int64_t> getModelLayers(mlir::ModuleOp module);

/// The least and the largest value that \p expr takes over the calls of a
/// context of \p maxTokens tokens: seq >= 1, past >= 0, seq + past <=
/// maxTokens. Exact for sums of multiples, quotients and remainders of seq and
/// past; where several remainders of both compete, the bounds may lie beyond
/// what a call reaches. nullopt where 64 bits do not hold them, or an
/// expression divides by what is no positive constant.
struct TokenRange {
  int64_t min;
  int64_t max;
};
std::optional<TokenRange> getRange(mlir::AffineExpr expr, int64_t maxTokens);

/// The largest product of \p exprs over these calls, all in the same call.
std::optional<int64_t> getMaxProduct(llvm::ArrayRef<mlir::AffineExpr> exprs,
                                     int64_t maxTokens);

/// The most layers of a model. There is something for each of them in memory.
constexpr int64_t kMaxLayers = 65536;
/// Emits an error and fails if \p layers are more.
llvm::LogicalResult verifyLayers(mlir::Operation *op,
                                 std::optional<int64_t> layers);

/// Emits an error and fails if \p module has another symbol table in it: what
/// ops of the llm level name is declared in the module.
llvm::LogicalResult verifyFlat(mlir::ModuleOp module);

/// What \p parameter says, without MLIR.
ParameterInfo getParameterInfo(ParameterOp parameter);

/// The name of the hardware task of \p op, or null where it has none (yet): the
/// attribute `llm.task`.
mlir::StringAttr getTaskName(mlir::Operation *op);

/// True if \p op is a loop over the layers of the model: the attribute
/// `llm.layer_loop`.
bool isLayerLoop(mlir::Operation *op);

/// A symbol's name with letters, digits and underscores only, so that the
/// driver source and file names can show it.
std::string toIdentifier(llvm::StringRef symbol);

/// Checks that \p map gives affine expressions of seq and past that can be
/// computed with 64 bits in every call, whatever the largest context; divisors
/// are positive.
llvm::LogicalResult
verifyTokens(llvm::function_ref<mlir::InFlightDiagnostic()> emitError,
             mlir::AffineMap map);

/// An expression of seq and past as `#llm.dims` prints it: "seq + past".
std::string stringifyTokens(mlir::AffineExpr expr);
/// Parses one.
mlir::ParseResult parseTokenExpr(mlir::AsmParser &parser,
                                 mlir::AffineExpr &expr);

} // namespace dlavm::llm

#endif // DLAVM_DIALECT_LLM_IR_LLM_H
