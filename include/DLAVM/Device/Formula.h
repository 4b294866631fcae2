//===- Formula.h - A number worked out from register values -----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_FORMULA_H
#define DLAVM_DEVICE_FORMULA_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <memory>

namespace dlavm {

struct Register;
class RegisterValues;

/// A formula of the register values of a start. It is kept and not only
/// evaluated, so that a page can evaluate it as well. Registers of a wrong
/// driver hold anything, so that it counts in doubles.
class Formula {
public:
  /// A constant.
  Formula(double number = 0) : kind(Kind::Number), number(number) {}
  /// The value of a register, which must outlive the formula.
  explicit Formula(const Register &reg) : kind(Kind::Register), reg(&reg) {}

  double evaluate(const RegisterValues &values) const;

  /// A number, the name of a register, or a list of "+", "-", "*", "/",
  /// "ceildiv", ">>", "&" or "=" and two of these. "=" is 1 or 0.
  llvm::json::Value toJSON() const;
  /// Calls \p visit with each register, some more than once.
  void visitRegisters(llvm::function_ref<void(const Register &)> visit) const;

  friend Formula operator+(Formula a, Formula b) {
    return Formula(Kind::Add, std::move(a), std::move(b));
  }
  friend Formula operator-(Formula a, Formula b) {
    return Formula(Kind::Subtract, std::move(a), std::move(b));
  }
  friend Formula operator*(Formula a, Formula b) {
    return Formula(Kind::Multiply, std::move(a), std::move(b));
  }
  friend Formula operator/(Formula a, Formula b) {
    return Formula(Kind::Divide, std::move(a), std::move(b));
  }
  /// The bits from \p bit on.
  friend Formula operator>>(Formula a, unsigned bit) {
    return Formula(Kind::ShiftRight, std::move(a), Formula(bit));
  }
  friend Formula operator&(Formula a, uint32_t mask) {
    return Formula(Kind::And, std::move(a), Formula(mask));
  }
  /// Rounded up.
  friend Formula ceilDiv(Formula a, Formula b) {
    return Formula(Kind::CeilDivide, std::move(a), std::move(b));
  }
  /// 1 where both are equal, and 0 elsewhere.
  friend Formula isEqual(Formula a, Formula b) {
    return Formula(Kind::Equal, std::move(a), std::move(b));
  }

private:
  enum class Kind : uint8_t {
    Number,
    Register,
    Add,
    Subtract,
    Multiply,
    Divide,
    CeilDivide,
    ShiftRight,
    And,
    Equal
  };
  Formula(Kind kind, Formula a, Formula b);

  Kind kind;
  double number = 0;
  const Register *reg = nullptr;
  /// The operands. Formulas share what they have in common.
  std::shared_ptr<const std::pair<Formula, Formula>> operands;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_FORMULA_H
