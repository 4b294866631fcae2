//===- PastDecision.cpp - What a history decides --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PastDecision.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlavm::csb;

namespace {

/// The value for a call after \p past tokens, if nothing else has a say in it.
class PastEvaluator {
public:
  PastEvaluator(Value past, int64_t number)
      : known({{past, IntegerAttr::get(past.getType(), number)}}) {}

  std::optional<int64_t> get(Value value) {
    auto result = dyn_cast_or_null<IntegerAttr>(evaluate(value));
    if (!result)
      return std::nullopt;
    return result.getType().isInteger(1) ? result.getValue().getZExtValue()
                                         : result.getValue().getSExtValue();
  }

private:
  Attribute evaluate(Value value) {
    if (auto it = known.find(value); it != known.end())
      return it->second;
    const Attribute result = fold(value);
    return known[value] = result;
  }

  Attribute fold(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getNumResults() != 1)
      return {};
    SmallVector<Attribute> operands;
    for (Value operand : op->getOperands())
      operands.push_back(evaluate(operand));
    SmallVector<OpFoldResult> results;
    if (llvm::is_contained(operands, Attribute()) ||
        failed(op->fold(operands, results)) || results.size() != 1)
      return {};
    if (auto attribute = dyn_cast<Attribute>(results.front()))
      return attribute;
    return evaluate(cast<Value>(results.front()));
  }

  llvm::DenseMap<Value, Attribute> known;
};

} // namespace

std::optional<int64_t> PastDecision::get(Value past, int64_t number) const {
  std::optional<int64_t> result = PastEvaluator(past, number).get(value);
  return result && step > 0 ? countTrips(lower, *result, step) : result;
}

int64_t PastDecision::countTrips(int64_t lower, int64_t upper, int64_t step) {
  return upper > lower ? llvm::divideCeil(upper - lower, step) : 0;
}
