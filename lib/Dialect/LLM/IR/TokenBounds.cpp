//===- TokenBounds.cpp - Bounds of expressions of seq and past ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Branch and bound over the calls of a module, the triangle seq >= 1,
// past >= 0, seq + past <= N. Products are not affine, so no linear program
// finds their maximum.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <array>
#include <limits>
#include <queue>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

namespace {

struct Term;

/// seq * `seq` + past * `past` + `constant` + the terms.
struct Sum {
  int64_t seq = 0, past = 0, constant = 0;
  std::vector<Term> terms;

  /// Adds \p factor times \p expr; false where 64 bits do not do or it divides
  /// by what is not positive.
  bool add(AffineExpr expr, int64_t factor);
  bool usesDim(unsigned position) const;
};

/// `factor` times a quotient or remainder of `dividend` by `divisor`.
struct Term {
  AffineExpr expr;
  int64_t factor;
  Sum dividend;
  int64_t divisor;
};

/// The calls with seq and past in these ranges and seq + past <= N.
struct Calls {
  int64_t leastSeq, mostSeq, leastPast, mostPast;

  /// Takes away what no call of a context of \p maxTokens is in; false if
  /// nothing is left.
  bool clip(int64_t maxTokens) {
    mostSeq = std::min(mostSeq, maxTokens - leastPast);
    mostPast = std::min(mostPast, maxTokens - leastSeq);
    return leastSeq <= mostSeq && leastPast <= mostPast;
  }
  /// The corners of the polygon; what is linear has its extremes there.
  std::array<std::pair<int64_t, int64_t>, 5>
  getCorners(int64_t maxTokens) const {
    return {{{leastSeq, leastPast},
             {mostSeq, leastPast},
             {leastSeq, mostPast},
             {mostSeq, std::min(mostPast, maxTokens - mostSeq)},
             {std::min(mostSeq, maxTokens - mostPast), mostPast}}};
  }
  int64_t getSize() const {
    return std::max(mostSeq - leastSeq, mostPast - leastPast);
  }
};

/// Finds the maximum of a product of sums.
class Maximum {
public:
  Maximum(ArrayRef<Sum> factors, int64_t maxTokens)
      : factors(factors), maxTokens(maxTokens) {}
  /// nullopt where 64 bits do not hold it.
  std::optional<int64_t> find();

private:
  struct Candidate {
    int64_t most;
    Calls calls;
    /// The queue takes the largest first, of equals the one with fewer calls.
    bool operator<(const Candidate &other) const {
      if (most != other.most)
        return most < other.most;
      return calls.getSize() > other.calls.getSize();
    }
  };

  std::optional<TokenRange> bound(const Sum &sum, const Calls &calls) const;
  std::optional<TokenRange> bound(const Term &term, const Calls &calls) const;
  std::optional<TokenRange> bound(const Calls &calls) const;
  /// False where 64 bits do not hold a bound.
  bool add(Calls calls);

  ArrayRef<Sum> factors;
  int64_t maxTokens;
  std::priority_queue<Candidate> candidates;
  int64_t found = std::numeric_limits<int64_t>::min();
};

} // namespace

bool Sum::add(AffineExpr expr, int64_t factor) {
  auto accumulate = [factor](int64_t &to, int64_t value) {
    std::optional<int64_t> sum = llvm::checkedMulAdd(factor, value, to);
    to = sum.value_or(0);
    return sum.has_value();
  };
  if (auto number = dyn_cast<AffineConstantExpr>(expr))
    return accumulate(constant, number.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return accumulate(dim.getPosition() == 0 ? seq : past, 1);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return add(binary.getLHS(), factor) && add(binary.getRHS(), factor);
  auto number = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!number)
    return false;
  if (expr.getKind() == AffineExprKind::Mul) {
    std::optional<int64_t> product =
        llvm::checkedMul(factor, number.getValue());
    return product && add(binary.getLHS(), *product);
  }
  auto known =
      llvm::find_if(terms, [&](const Term &term) { return term.expr == expr; });
  if (known != terms.end())
    return accumulate(known->factor, 1);
  Term term = {expr, factor, {}, number.getValue()};
  if (term.divisor < 1 || !term.dividend.add(binary.getLHS(), 1))
    return false;
  terms.push_back(std::move(term));
  return true;
}

bool Sum::usesDim(unsigned position) const {
  return (position == 0 ? seq : past) != 0 ||
         llvm::any_of(terms, [&](const Term &term) {
           return term.dividend.usesDim(position);
         });
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

static std::optional<TokenRange> getProduct(const TokenRange &a,
                                            const TokenRange &b) {
  std::optional<TokenRange> result;
  for (int64_t x : {a.min, a.max})
    for (int64_t y : {b.min, b.max}) {
      std::optional<int64_t> product = llvm::checkedMul(x, y);
      if (!product)
        return std::nullopt;
      if (!result)
        result = {*product, *product};
      result = {std::min(result->min, *product),
                std::max(result->max, *product)};
    }
  return result;
}

static std::optional<TokenRange> getSum(const TokenRange &a,
                                        const TokenRange &b) {
  std::optional<int64_t> min = llvm::checkedAdd(a.min, b.min);
  std::optional<int64_t> max = llvm::checkedAdd(a.max, b.max);
  if (!min || !max)
    return std::nullopt;
  return TokenRange{*min, *max};
}

std::optional<TokenRange> Maximum::bound(const Term &term,
                                         const Calls &calls) const {
  std::optional<TokenRange> dividend = bound(term.dividend, calls);
  if (!dividend)
    return std::nullopt;
  auto floor = [&](int64_t value) {
    return llvm::divideFloorSigned(value, term.divisor);
  };
  auto ceil = [&](int64_t value) {
    return llvm::divideCeilSigned(value, term.divisor);
  };
  TokenRange range = {floor(dividend->min), floor(dividend->max)};
  if (term.expr.getKind() == AffineExprKind::CeilDiv) {
    range = {ceil(dividend->min), ceil(dividend->max)};
  } else if (term.expr.getKind() == AffineExprKind::Mod) {
    // It rises until the next multiple of the divisor.
    if (range.min == range.max)
      range = {llvm::mod(dividend->min, term.divisor),
               llvm::mod(dividend->max, term.divisor)};
    else
      range = {0, term.divisor - 1};
  }
  return getProduct(range, {term.factor, term.factor});
}

std::optional<TokenRange> Maximum::bound(const Sum &sum,
                                         const Calls &calls) const {
  std::optional<TokenRange> result;
  for (auto [seq, past] : calls.getCorners(maxTokens)) {
    std::optional<int64_t> value =
        llvm::checkedMulAdd(sum.seq, seq, sum.constant);
    if (value)
      value = llvm::checkedMulAdd(sum.past, past, *value);
    if (!value)
      return std::nullopt;
    if (!result)
      result = {*value, *value};
    result = {std::min(result->min, *value), std::max(result->max, *value)};
  }
  for (const Term &term : sum.terms) {
    std::optional<TokenRange> range = bound(term, calls);
    if (range)
      range = getSum(*result, *range);
    if (!range)
      return std::nullopt;
    result = range;
  }
  return result;
}

std::optional<TokenRange> Maximum::bound(const Calls &calls) const {
  std::optional<TokenRange> result = TokenRange{1, 1};
  for (const Sum &factor : factors) {
    std::optional<TokenRange> range = bound(factor, calls);
    if (range)
      range = getProduct(*result, *range);
    if (!range)
      return std::nullopt;
    result = range;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Search
//===----------------------------------------------------------------------===//

bool Maximum::add(Calls calls) {
  if (!calls.clip(maxTokens))
    return true;
  std::optional<TokenRange> range = bound(calls);
  if (!range)
    return false;
  for (auto [seq, past] : calls.getCorners(maxTokens))
    found = std::max(found, bound({seq, seq, past, past})->max);
  candidates.push({range->max, calls});
  return true;
}

std::optional<int64_t> Maximum::find() {
  // Expressions of the one count do not depend on the other.
  auto uses = [&](unsigned position) {
    return llvm::any_of(factors,
                        [&](const Sum &sum) { return sum.usesDim(position); });
  };
  if (maxTokens < 1 ||
      !add({1, uses(0) ? maxTokens : 1, 0, uses(1) ? maxTokens - 1 : 0}))
    return std::nullopt;
  // Models need no step, and expressions with few remainders some hundred. What
  // is still open after so many is bounded all the same, only not sharply.
  constexpr unsigned maxSteps = 1 << 14;
  for (unsigned step = 0; step < maxSteps; ++step) {
    const auto [most, calls] = candidates.top();
    if (most <= found)
      return found;
    candidates.pop();
    Calls lower = calls, upper = calls;
    if (calls.mostSeq - calls.leastSeq >= calls.mostPast - calls.leastPast) {
      lower.mostSeq = calls.leastSeq + (calls.mostSeq - calls.leastSeq) / 2;
      upper.leastSeq = lower.mostSeq + 1;
    } else {
      lower.mostPast = calls.leastPast + (calls.mostPast - calls.leastPast) / 2;
      upper.leastPast = lower.mostPast + 1;
    }
    if (!add(lower) || !add(upper))
      return std::nullopt;
  }
  return candidates.top().most;
}

std::optional<int64_t> dlavm::llm::getMaxProduct(ArrayRef<AffineExpr> exprs,
                                                 int64_t maxTokens) {
  SmallVector<Sum> factors(exprs.size());
  for (auto [expr, factor] : llvm::zip_equal(exprs, factors))
    if (!factor.add(expr, 1))
      return std::nullopt;
  return Maximum(factors, maxTokens).find();
}

std::optional<TokenRange> dlavm::llm::getRange(AffineExpr expr,
                                               int64_t maxTokens) {
  Sum sum, negated;
  if (!sum.add(expr, 1) || !negated.add(expr, -1))
    return std::nullopt;
  std::optional<int64_t> max = Maximum(sum, maxTokens).find();
  std::optional<int64_t> min = Maximum(negated, maxTokens).find();
  if (!min || !max || *min == std::numeric_limits<int64_t>::min())
    return std::nullopt;
  return TokenRange{-*min, *max};
}
