//===- CppExpressions.h - C++ expressions of integer values -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_CPP_CPPEXPRESSIONS_H
#define DLAVM_TARGET_CPP_CPPEXPRESSIONS_H

#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"

#include <string>

namespace dlavm {

/// Turns values into C++ expressions, with parentheses only where precedence
/// asks for them.
class CppExpressions {
public:
  explicit CppExpressions(mlir::SymbolTable &symbols) : symbols(symbols) {}

  /// Gives a value a name, which then stands for it.
  void bind(mlir::Value value, llvm::StringRef name) {
    names[value] = name.str();
  }

  /// A value: its name or its expression.
  std::string get(mlir::Value value) { return get(value, Precedence::Lowest); }
  /// A register: `mvm::InputWidth`.
  std::string get(mlir::SymbolRefAttr reg);
  /// The expression of an op, though it has a name.
  std::string compute(mlir::Operation *op) {
    return compute(op, Precedence::Lowest);
  }
  /// The value that a write writes, by name where the register names it, by its
  /// parts where the register has fields.
  std::string getRegisterValue(csb::WriteOp op);

  /// Identifier of a named value of a register, unique in its table.
  static std::string getValueName(csb::RegisterOp reg,
                                  mlir::NamedAttribute value);
  /// `bool`, `int32_t`, `int64_t` or, of rows, `std::vector<uint16_t>`.
  static std::string getType(mlir::Type type);

private:
  std::string getFields(csb::RegisterOp reg, mlir::arith::ConstantOp constant);
  enum class Precedence { Lowest, Comparison, Sum, Product, Unary };
  std::string get(mlir::Value value, Precedence precedence);
  std::string compute(mlir::Operation *op, Precedence precedence);

  mlir::SymbolTable &symbols;
  llvm::DenseMap<mlir::Value, std::string> names;
};

} // namespace dlavm

#endif // DLAVM_TARGET_CPP_CPPEXPRESSIONS_H
