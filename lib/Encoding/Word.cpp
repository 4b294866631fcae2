//===- Word.cpp - Expressions that fold as they are built -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Encoding/Word.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <limits>

using namespace dlavm;
using namespace mlir;

static bool fitsI32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

int64_t Word::getConstant() const {
  assert(isConstant() && "the word is no constant");
  return min;
}

Value Word::materialize(OpBuilder &builder, Location loc, Type type) const {
  if (isConstant())
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(type, min));
  if (value.getType() == type)
    return value;
  assert(type.isInteger(64) && value.getType().isInteger(32) &&
         "words only widen");
  return arith::ExtSIOp::create(builder, loc, type, value);
}

Value Word::materialize(OpBuilder &builder, Location loc) const {
  if (!isConstant())
    return value;
  return materialize(
      builder, loc, fitsI32(min) ? builder.getI32Type() : builder.getI64Type());
}

Word Word::named(llvm::StringRef name) const {
  if (Operation *op = value ? value.getDefiningOp() : nullptr)
    if (!isa<NameLoc>(op->getLoc()))
      op->setLoc(
          NameLoc::get(StringAttr::get(op->getContext(), name), op->getLoc()));
  return *this;
}

template <typename Op>
Word Word::create(const Word &a, const Word &b, int64_t min, int64_t max) {
  const Word &typed = a.value ? a : b;
  OpBuilder &builder = *typed.builder;
  Type type = typed.value.getType();
  const bool wide = (a.value && a.value.getType().isInteger(64)) ||
                    (b.value && b.value.getType().isInteger(64)) ||
                    !fitsI32(min) || !fitsI32(max) || !fitsI32(a.min) ||
                    !fitsI32(b.min);
  if (!type.isIndex() && wide)
    type = builder.getI64Type();
  // CSE gives an op the location of one that it replaces only where it has none
  // itself: names must not depend on whether the model was read from a file.
  const Location loc = builder.getUnknownLoc();
  Value lhs = a.materialize(builder, loc, type);
  Value rhs = b.materialize(builder, loc, type);
  auto op = Op::create(builder, loc, lhs, rhs);
  if constexpr (std::is_same_v<Op, arith::AddIOp> ||
                std::is_same_v<Op, arith::SubIOp> ||
                std::is_same_v<Op, arith::MulIOp>)
    op.setOverflowFlags(arith::IntegerOverflowFlags::nsw);
  return Word(builder, op, min, max);
}

Word dlavm::operator+(const Word &a, const Word &b) {
  if (a.isConstant() && b.isConstant())
    return a.min + b.min;
  if (a.isConstant() && a.min == 0)
    return b;
  if (b.isConstant() && b.min == 0)
    return a;
  return Word::create<arith::AddIOp>(a, b, a.min + b.min, a.max + b.max);
}

Word dlavm::operator-(const Word &a, const Word &b) {
  if (a.isConstant() && b.isConstant())
    return a.min - b.min;
  if (b.isConstant() && b.min == 0)
    return a;
  return Word::create<arith::SubIOp>(a, b, std::max<int64_t>(0, a.min - b.max),
                                     std::max<int64_t>(0, a.max - b.min));
}

Word dlavm::operator*(const Word &a, const Word &b) {
  if (a.isConstant() && b.isConstant())
    return a.min * b.min;
  // The constant comes first, as people write it.
  if (b.isConstant())
    return b * a;
  if (a.isConstant() && a.min == 0)
    return a;
  if (a.isConstant() && a.min == 1)
    return b;
  return Word::create<arith::MulIOp>(a, b, a.min * b.min, a.max * b.max);
}

Word dlavm::floorDiv(const Word &a, const Word &b) {
  if (b.isConstant() && b.min == 1)
    return a;
  const int64_t least = a.min / std::max<int64_t>(1, b.max);
  const int64_t most = a.max / std::max<int64_t>(1, b.min);
  if (least == most)
    return least;
  return Word::create<arith::DivSIOp>(a, b, least, most);
}

Word dlavm::remainder(const Word &a, const Word &b) {
  if (a.isConstant() && b.isConstant())
    return a.min % b.min;
  if (b.isConstant() && b.min == 1)
    return 0;
  if (a.max < b.min)
    return a;
  // Within one multiple of the divisor the remainder rises with the dividend.
  if (b.isConstant() && a.min / b.min == a.max / b.min)
    return Word::create<arith::RemSIOp>(a, b, a.min % b.min, a.max % b.min);
  return Word::create<arith::RemSIOp>(a, b, 0, std::min(a.max, b.max - 1));
}

Word dlavm::min(const Word &a, const Word &b) {
  if (a.max <= b.min)
    return a;
  if (b.max <= a.min)
    return b;
  return Word::create<arith::MinSIOp>(a, b, std::min(a.min, b.min),
                                      std::min(a.max, b.max));
}

Word dlavm::ceilDiv(const Word &a, const Word &b) {
  // Where the bounds decide, no sum is left behind.
  const int64_t least =
      llvm::divideCeilSigned(a.getMin(), std::max<int64_t>(1, b.getMax()));
  const int64_t most =
      llvm::divideCeilSigned(a.getMax(), std::max<int64_t>(1, b.getMin()));
  if (least == most)
    return least;
  return floorDiv(a + (b - 1), b);
}

Word dlavm::roundUp(const Word &a, const Word &b) { return b * ceilDiv(a, b); }
