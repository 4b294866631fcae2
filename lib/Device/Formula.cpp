//===- Formula.cpp - A number worked out from register values -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Formula.h"
#include "DLAVM/Device/DeviceInfo.h"

#include <cmath>

using namespace dlavm;

Formula::Formula(Kind kind, Formula a, Formula b)
    : kind(kind), operands(std::make_shared<const std::pair<Formula, Formula>>(
                      std::move(a), std::move(b))) {}

double Formula::evaluate(const RegisterValues &values) const {
  if (kind == Kind::Number)
    return number;
  if (kind == Kind::Register)
    return static_cast<double>(values[*reg]);
  const double a = operands->first.evaluate(values);
  const double b = operands->second.evaluate(values);
  switch (kind) {
  case Kind::Add:
    return a + b;
  case Kind::Subtract:
    return a - b;
  case Kind::Multiply:
    return a * b;
  case Kind::Divide:
    return a / b;
  case Kind::CeilDivide:
    return std::ceil(a / b);
  case Kind::ShiftRight:
    return std::floor(std::ldexp(a, -static_cast<int>(b)));
  case Kind::And:
    return static_cast<uint32_t>(a) & static_cast<uint32_t>(b);
  case Kind::Equal:
    return a == b;
  case Kind::Number:
  case Kind::Register:
    break;
  }
  llvm_unreachable("has no operands");
}

llvm::json::Value Formula::toJSON() const {
  if (kind == Kind::Number)
    return number;
  if (kind == Kind::Register)
    return reg->name;
  static constexpr llvm::StringLiteral names[] = {
      "", "", "+", "-", "*", "/", "ceildiv", ">>", "&", "="};
  return llvm::json::Array{names[static_cast<size_t>(kind)],
                           operands->first.toJSON(), operands->second.toJSON()};
}

void Formula::visitRegisters(
    llvm::function_ref<void(const Register &)> visit) const {
  if (reg)
    visit(*reg);
  if (!operands)
    return;
  operands->first.visitRegisters(visit);
  operands->second.visitRegisters(visit);
}
