//===- ProgramValues.cpp - What values depend on --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

ProgramValues::ProgramValues(const FlatProgram &program, SymbolTable &symbols)
    : past(func::FuncOp(*program.function).getArgument(0)),
      firstPast(program.firstPast), symbols(symbols) {}

ProgramValues::Dependence ProgramValues::get(Value value) {
  if (auto it = dependences.find(value); it != dependences.end())
    return it->second;
  Dependence result;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    result = {value == past, value != past};
  } else {
    for (Value operand : value.getDefiningOp()->getOperands()) {
      const Dependence other = get(operand);
      result.onPast |= other.onPast;
      result.onLayer |= other.onLayer;
    }
  }
  return dependences[value] = result;
}

static std::optional<LayerValue> add(LayerValue a, LayerValue b) {
  auto first = llvm::checkedAdd(a.first, b.first);
  auto step = llvm::checkedAdd(a.step, b.step);
  if (!first || !step)
    return std::nullopt;
  return LayerValue{*first, *step};
}

static std::optional<LayerValue> multiply(LayerValue a, int64_t factor) {
  auto first = llvm::checkedMul(a.first, factor);
  auto step = llvm::checkedMul(a.step, factor);
  if (!first || !step)
    return std::nullopt;
  return LayerValue{*first, *step};
}

/// The quotient of what is not negative, and the rest.
static std::optional<std::pair<LayerValue, LayerValue>>
divide(LayerValue a, int64_t divisor, int64_t layers) {
  std::optional<int64_t> end =
      llvm::checkedMulAdd<int64_t>(layers - 1, a.step, a.first);
  if (divisor < 1 || a.first < 0 || !end || *end < 0)
    return std::nullopt;
  if (a.step % divisor == 0)
    return std::pair(LayerValue{a.first / divisor, a.step / divisor},
                     LayerValue{a.first % divisor, 0});
  const int64_t quotient = a.first / divisor;
  if (*end / divisor != quotient)
    return std::nullopt;
  return std::pair(LayerValue{quotient, 0},
                   LayerValue{a.first - quotient * divisor, a.step});
}

FailureOr<LayerValue> ProgramValues::evaluate(Value value, int64_t layers) {
  if (auto it = values.find(value); it != values.end())
    return it->second;
  if (isa<BlockArgument>(value))
    return values[value] =
               value == past ? LayerValue{firstPast, 0} : LayerValue{0, 1};
  Operation *op = value.getDefiningOp();
  SmallVector<LayerValue> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<LayerValue> known = evaluate(operand, layers);
    if (failed(known))
      return failure();
    operands.push_back(*known);
  }
  using Result = std::optional<LayerValue>;
  Result result =
      llvm::TypeSwitch<Operation *, Result>(op)
          .Case([&](arith::ConstantOp op) -> Result {
            std::optional<int64_t> number = getConstantIntValue(op.getResult());
            return number ? Result(LayerValue{*number, 0}) : std::nullopt;
          })
          .Case([&](AddressOfOp op) -> Result {
            return LayerValue{
                llvm::TypeSwitch<Operation *, int64_t>(
                    symbols.lookup(op.getSymbol()))
                    .Case<BufferOp, ObjectOp>(
                        [](auto symbol) { return symbol.getAddress(); })
                    .Case([](ConstantOp symbol) { return symbol.getValue(); }),
                0};
          })
          .Case([&](arith::ExtSIOp) -> Result { return operands[0]; })
          .Case([&](arith::AddIOp) { return add(operands[0], operands[1]); })
          .Case([&](arith::SubIOp) -> Result {
            Result negative = multiply(operands[1], -1);
            return negative ? add(operands[0], *negative) : std::nullopt;
          })
          .Case([&](arith::MulIOp) -> Result {
            if (operands[1].step == 0)
              return multiply(operands[0], operands[1].first);
            if (operands[0].step == 0)
              return multiply(operands[1], operands[0].first);
            return std::nullopt;
          })
          .Case<arith::DivSIOp, arith::RemSIOp>([&](Operation *op) -> Result {
            if (operands[1].step != 0)
              return std::nullopt;
            auto parts = divide(operands[0], operands[1].first, layers);
            if (!parts)
              return std::nullopt;
            return isa<arith::DivSIOp>(op) ? parts->first : parts->second;
          })
          .Case([&](arith::MinSIOp) -> Result {
            if (operands[0].step != 0 || operands[1].step != 0)
              return std::nullopt;
            return LayerValue{std::min(operands[0].first, operands[1].first),
                              0};
          })
          .Default([](Operation *) { return std::nullopt; });
  if (result)
    return values[value] = *result;
  return op->emitOpError("has a result that does not change by the same number "
                         "from layer to layer, so instruction blocks cannot be "
                         "made for all layers at once; compile with "
                         "--mode=direct");
}
