//===- SymbolicValues.cpp - Equal values of a register program -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SymbolicValues.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

using namespace mlir;
using namespace dlavm::csb;

SymbolicValues::SymbolicValues() { nodes.emplace_back(); }

SymbolicValues::Id SymbolicValues::getConstant(int64_t value) {
  auto [it, isNew] = constants.try_emplace(value, nodes.size());
  if (isNew)
    nodes.push_back({nullptr, 0, 0, 0, value, value});
  return it->second;
}

SymbolicValues::Id SymbolicValues::create(int64_t min, int64_t max,
                                          unsigned depth) {
  if (min == max)
    return getConstant(min);
  nodes.push_back({nullptr, 0, 0, depth, min, max});
  return nodes.size() - 1;
}

std::optional<int64_t> SymbolicValues::lookupConstant(Id id) const {
  const Node &node = nodes[id];
  return node.min == node.max ? std::optional(node.min) : std::nullopt;
}

SmallVector<SymbolicValues::Id, 2> SymbolicValues::getOperands(Id id) const {
  SmallVector<Id, 2> operands;
  for (Id operand : {nodes[id].lhs, nodes[id].rhs})
    if (operand)
      operands.push_back(operand);
  return operands;
}

SymbolicValues::Id SymbolicValues::truncate(Id id) {
  const std::optional<int64_t> value = lookupConstant(id);
  return value ? getConstant(static_cast<uint32_t>(*value)) : id;
}

unsigned SymbolicValues::getKind(Operation *op) {
  auto [it, isNew] = kinds.try_emplace(op, 0);
  if (isNew) {
    // There are few; attributes besides the properties are names.
    const OpKind kind(op->getName(), op->getPropertiesAsAttribute(),
                      op->getResult(0).getType());
    auto found = llvm::find(kindsOfOps, kind);
    it->second = found - kindsOfOps.begin();
    if (found == kindsOfOps.end())
      kindsOfOps.push_back(kind);
  }
  return it->second;
}

static unsigned getBits(Value value) {
  return ConstantIntRanges::getStorageBitwidth(value.getType());
}

/// What an op yields at least and at most.
static std::pair<int64_t, int64_t> getSignedRange(unsigned bits) {
  return {APInt::getSignedMinValue(bits).getSExtValue(),
          APInt::getSignedMaxValue(bits).getSExtValue()};
}

SymbolicValues::Id SymbolicValues::compute(Operation *op, ArrayRef<Id> operands,
                                           unsigned depth) {
  const unsigned bits = getBits(op->getResult(0));
  if (bits == 0 || bits > 64)
    return create(INT64_MIN, INT64_MAX, depth);
  auto [min, max] = getSignedRange(bits);
  if (isa<arith::ExtSIOp>(op))
    return operands[0];
  if (operands.empty() || operands.size() > 2 ||
      llvm::any_of(op->getOperandTypes(),
                   [](Type type) { return !type.isIntOrIndex(); }))
    return create(min, max, depth);
  // What is nothing but another value.
  for (unsigned i = 0; i < operands.size(); ++i)
    if (std::optional<int64_t> value = lookupConstant(operands[i]))
      if ((*value == 0 && isa<arith::AddIOp>(op)) ||
          (*value == 1 && isa<arith::MulIOp>(op)))
        return operands[1 - i];

  const Id rhs = operands.size() == 2 ? operands[1] : 0;
  const std::tuple key(getKind(op), operands[0], rhs);
  if (auto it = computed.find(key); it != computed.end())
    return it->second;
  if (auto interface = dyn_cast<InferIntRangeInterface>(op)) {
    SmallVector<ConstantIntRanges> ranges;
    for (auto [operand, value] : llvm::zip_equal(operands, op->getOperands())) {
      const unsigned width = getBits(value);
      const auto [lowest, highest] = getSignedRange(width);
      const bool fits = getMin(operand) >= lowest && getMax(operand) <= highest;
      ranges.push_back(ConstantIntRanges::fromSigned(
          APInt(width, fits ? getMin(operand) : lowest, /*isSigned=*/true),
          APInt(width, fits ? getMax(operand) : highest, /*isSigned=*/true)));
    }
    interface.inferResultRanges(ranges,
                                [&](Value, const ConstantIntRanges &range) {
                                  min = range.smin().getSExtValue();
                                  max = range.smax().getSExtValue();
                                });
  }
  Id id;
  if (min == max) {
    id = getConstant(min);
  } else {
    id = nodes.size();
    nodes.push_back({op, operands[0], rhs,
                     std::max(getDepth(operands[0]), rhs ? getDepth(rhs) : 0),
                     min, max});
  }
  return computed[key] = id;
}
