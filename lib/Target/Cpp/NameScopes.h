//===- NameScopes.h - What driver source names ------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_CPP_NAMESCOPES_H
#define DLAVM_TARGET_CPP_NAMESCOPES_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringSet.h"

#include <string>

namespace dlavm {

/// The names that are visible at one place of driver source.
class NameScope {
public:
  /// Those that the frame of a driver defines.
  NameScope() : names({"kMaxTokens", "kParameterFiles", "kFingerprint"}) {}

  /// True for a name that is new here, which it is no more.
  bool insert(llvm::StringRef name) { return names.insert(name).second; }
  /// Inserts and returns an identifier that is new here, like \p wish.
  std::string create(llvm::StringRef wish);

private:
  llvm::StringSet<> names;
};

/// True for the ops of the arith dialect that driver source has expressions
/// for, constants aside.
bool isArithmetic(mlir::Operation *op);

/// True if driver source must have a name for the result of \p op. Constants
/// and symbols are printed where they are used, and so is what is used once in
/// its own block. A read keeps its place among the other accesses to the
/// device.
bool needsName(mlir::Operation *op);

/// Visits what has a name in the driver source of a module, as it is declared
/// there, until \p visit fails: the op with the attribute `csb.name` and what
/// it names, a result or a loop variable, or no value. For an argument, the op
/// is its function. `scope` has the names that are visible.
mlir::LogicalResult walkNamed(
    mlir::ModuleOp module,
    llvm::function_ref<mlir::LogicalResult(mlir::Operation *op,
                                           mlir::Value value, NameScope &scope)>
        visit);

/// The name that \p op, and \p value there, has; empty if none. As above.
llvm::StringRef getName(mlir::Operation *op, mlir::Value value);

} // namespace dlavm

#endif // DLAVM_TARGET_CPP_NAMESCOPES_H
