//===- CppExpressions.cpp - C++ expressions of integer values -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CppExpressions.h"
#include "CppFrame.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace dlavm;

std::string CppExpressions::getType(Type type) {
  if (isa<csb::RowsType>(type))
    return "std::vector<uint16_t>";
  if (type.isInteger(1))
    return "bool";
  return type.isInteger(64) ? "int64_t" : "int32_t";
}

std::string CppExpressions::get(SymbolRefAttr reg) {
  Operation *table = symbols.lookup(reg.getRootReference());
  return getCppName(table) + "::" + reg.getLeafReference().str();
}

/// Values of different registers may have the same name: then that of the
/// register comes first.
std::string CppExpressions::getValueName(csb::RegisterOp reg,
                                         NamedAttribute value) {
  StringRef name = value.getName().getValue();
  auto table = cast<csb::RegisterTableOp>(reg->getParentOp());
  unsigned uses = 0;
  for (auto other : table.getBody().getOps<csb::RegisterOp>()) {
    if (DictionaryAttr values = other.getValuesAttr())
      uses += values.contains(name);
  }
  return uses == 1 ? name.str() : (reg.getSymName() + name).str();
}

std::string CppExpressions::getRegisterValue(csb::WriteOp op) {
  auto reg = cast<csb::RegisterOp>(
      SymbolTable::lookupNearestSymbolFrom(op, op.getReg()));
  auto constant = op.getValue().getDefiningOp<arith::ConstantOp>();
  if (constant && reg.getValuesAttr())
    for (NamedAttribute value : reg.getValuesAttr())
      if (cast<IntegerAttr>(value.getValue()).getInt() ==
          cast<IntegerAttr>(constant.getValue()).getInt())
        return getCppName(symbols.lookup(op.getReg().getRootReference())) +
               "::value::" + getValueName(reg, value);
  return constant ? getFields(reg, constant) : get(op.getValue());
}

/// `11 << 19 | 2048` where the fields of the register say all of the number.
std::string CppExpressions::getFields(csb::RegisterOp reg,
                                      arith::ConstantOp constant) {
  int64_t rest = cast<IntegerAttr>(constant.getValue()).getInt();
  std::string text;
  // Beyond, a shift would leave the int.
  if (rest > 0 && rest <= std::numeric_limits<int32_t>::max())
    for (const csb::RegisterOp::Field &field : reg.getBitFields()) {
      const int64_t part =
          rest >> field.low & llvm::maskTrailingOnes<uint64_t>(field.bits);
      if (part == 0)
        continue;
      text += (text.empty() ? "" : " | ") + std::to_string(part);
      if (field.low != 0)
        text += " << " + std::to_string(field.low);
      rest -= part << field.low;
    }
  return rest == 0 && !text.empty() ? text : get(constant.getResult());
}

std::string CppExpressions::get(Value value, Precedence precedence) {
  if (auto it = names.find(value); it != names.end())
    return it->second;
  return compute(value.getDefiningOp(), precedence);
}

/// True if the expression of the value has type int64_t in C++. That of an
/// extension has the type of its operand, and a constant that fits is an int.
static bool isWide(Value value) {
  if (!value.getType().isInteger(64) || value.getDefiningOp<arith::ExtSIOp>())
    return false;
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return !constant ||
         !llvm::isInt<32>(cast<IntegerAttr>(constant.getValue()).getInt());
}

/// C++ has no negative literals: the digits of the least integers stand for
/// positive numbers that need a wider type.
static std::string getLiteral(int64_t value) {
  if (value == std::numeric_limits<int64_t>::min() ||
      value == std::numeric_limits<int32_t>::min())
    return "(" + std::to_string(value + 1) + " - 1)";
  return std::to_string(value);
}

static StringRef getSpelling(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return " == ";
  case arith::CmpIPredicate::ne:
    return " != ";
  case arith::CmpIPredicate::slt:
    return " < ";
  case arith::CmpIPredicate::sle:
    return " <= ";
  case arith::CmpIPredicate::sgt:
    return " > ";
  case arith::CmpIPredicate::sge:
    return " >= ";
  default:
    llvm_unreachable("checkForEmission refuses unsigned comparisons");
  }
}

std::string CppExpressions::compute(Operation *op, Precedence precedence) {
  auto binary = [&](StringRef spelling, Precedence own) -> std::string {
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    // People write the constant of a product first, that of a sum last.
    if (isa<arith::MulIOp>(op) && rhs.getDefiningOp<arith::ConstantOp>())
      std::swap(lhs, rhs);
    auto next = static_cast<Precedence>(static_cast<int>(own) + 1);
    std::string left = get(lhs, own);
    // C++ widens an operand only to the type of the other one.
    if (op->getResult(0).getType().isInteger(64) && !isWide(lhs) &&
        !isWide(rhs))
      left = "int64_t{" + get(lhs) + "}";
    // The right operand keeps its parentheses even in a sum: without them, the
    // left operands would be added first, which may have 32 bits only.
    std::string text = left + spelling.str() + get(rhs, next);
    return own < precedence ? "(" + text + ")" : text;
  };
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([&](arith::ConstantOp op) {
        return getLiteral(cast<IntegerAttr>(op.getValue()).getInt());
      })
      .Case([&](csb::AddressOfOp op) {
        return getCppName(symbols.lookup(op.getSymbol()));
      })
      .Case([&](arith::ExtSIOp op) { return get(op.getIn(), precedence); })
      .Case([&](arith::AddIOp) { return binary(" + ", Precedence::Sum); })
      .Case([&](arith::SubIOp) { return binary(" - ", Precedence::Sum); })
      .Case([&](arith::MulIOp) { return binary(" * ", Precedence::Product); })
      .Case([&](arith::DivSIOp) { return binary(" / ", Precedence::Product); })
      .Case([&](arith::RemSIOp) { return binary(" % ", Precedence::Product); })
      .Case([&](arith::CmpIOp op) {
        return binary(getSpelling(op.getPredicate()), Precedence::Comparison);
      })
      .Case([&](arith::MinSIOp op) {
        const bool wide = op.getType().isInteger(64);
        return std::string("std::min") + (wide ? "<int64_t>(" : "(") +
               get(op.getLhs()) + ", " + get(op.getRhs()) + ")";
      })
      .Case([&](csb::LookupOp op) {
        return getCppName(symbols.lookup(op.getTable())) + "[" +
               get(op.getIndex()) + "]";
      })
      .Case([&](csb::ReadOp op) {
        return "static_cast<int32_t>(device.read(" + get(op.getReg()) + "))";
      })
      .Case([&](csb::SentInstructionsOp op) {
        return "device.sent_instructions(" + get(op.getBuffer()) + ")";
      })
      .Case([&](csb::DMAReadOp op) {
        return "dlavm::read_map(device, " + get(op.getAddress()) + ", " +
               get(op.getTokens()) + ", " + std::to_string(op.getChannels()) +
               ", " + std::to_string(op.getLanes()) +
               (op.getPorts() ? ", " + std::to_string(*op.getPorts()) + ", " +
                                    std::to_string(*op.getPortStride())
                              : "") +
               ")";
      })
      .Case([&](csb::ReadEmbeddingsOp op) {
        return "dlavm::read_embeddings(" + get(op.getDirectory()) + " + \"/" +
               op.getFile().str() + "\", " + get(op.getIds()) + ", " +
               std::to_string(op.getVocabulary()) + ", " +
               std::to_string(op.getChannels()) + ")";
      });
}
