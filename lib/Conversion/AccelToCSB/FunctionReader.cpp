//===- FunctionReader.cpp - What registers need to know of a map --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionReader.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

#include <limits>
#include <utility>

using namespace mlir;
using namespace dlavm;

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

Word FunctionReader::compute(AffineExpr expr, Value user) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dim.getPosition() == 0 ? seq : past;
  std::optional<llm::TokenRange> range = llm::getRange(expr, maxTokens);
  if (!range) {
    fail(user, "counts " + llm::stringifyTokens(expr) +
                   ", which 64 bits may not hold");
    return 0;
  }
  auto binary = cast<AffineBinaryOpExpr>(expr);
  const Word lhs = compute(binary.getLHS(), user);
  auto combine = [&]() -> Word {
    // Affine expressions have no difference: they add a negative constant.
    auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
    if (expr.getKind() == AffineExprKind::Add && constant &&
        constant.getValue() < 0)
      return lhs - (-constant.getValue());
    const Word rhs = compute(binary.getRHS(), user);
    if (expr.getKind() == AffineExprKind::Add)
      return lhs + rhs;
    if (expr.getKind() == AffineExprKind::Mul)
      return lhs * rhs;
    // C++ rounds toward zero.
    if (lhs.getMin() < 0) {
      fail(user, "divides " + llm::stringifyTokens(binary.getLHS()) +
                     ", which may be negative");
      return 0;
    }
    if (expr.getKind() == AffineExprKind::FloorDiv)
      return floorDiv(lhs, rhs);
    if (expr.getKind() == AffineExprKind::CeilDiv)
      return ceilDiv(lhs, rhs).named("column_groups");
    return remainder(lhs, rhs);
  };
  return combine().withBounds(range->min, range->max);
}

Word FunctionReader::getTokens(AffineExpr expr, Value user) {
  const Word word = compute(expr, user);
  if (word.getMin() < 0) {
    fail(user,
         "counts " + llm::stringifyTokens(expr) + ", which may be negative");
    return 0;
  }
  AffineExpr total = llm::DimsAttr::getTotal(expr.getContext());
  if (seq.isConstant())
    total = total.replace(llm::DimsAttr::getSeq(expr.getContext()),
                          getAffineConstantExpr(1, expr.getContext()));
  return expr == total ? word.named("total") : word;
}

void FunctionReader::fail(Value value, const Twine &why) {
  // What follows from the first error is none of its own.
  if (std::exchange(failed, true))
    return;
  if (Operation *op = value.getDefiningOp())
    op->emitOpError(why);
  else
    emitError(value.getLoc()) << "this argument " << why;
}

Word FunctionReader::getWord(OpFoldResult value) {
  if (auto attr = dyn_cast<Attribute>(value))
    return cast<IntegerAttr>(attr).getInt();
  return getWord(cast<Value>(value));
}

Word FunctionReader::getWord(Value index) {
  numSteps = 0;
  return computeWord(index);
}

Word FunctionReader::getNumber(Value index) {
  const Word word = getWord(index);
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (word.getMin() >= 0 && word.getMax() <= most)
    return word;
  fail(index, "may be " + Twine(word.getMin()) + " to " + Twine(word.getMax()) +
                  ", but loops and calls of a driver take 0 to " + Twine(most));
  return 0;
}

Word FunctionReader::computeWord(Value index) {
  if (failed)
    return 0;
  // What is used twice is computed twice, so few ops can be many steps.
  if (++numSteps > 1000) {
    fail(index, "takes more than 1000 steps to compute");
    return 0;
  }
  if (auto it = words.find(index); it != words.end())
    return it->second;
  Operation *op = index.getDefiningOp();
  if (!op) {
    fail(index, "is no layer and no loop variable");
    return 0;
  }
  auto binary = [&](auto combine) {
    return combine(computeWord(op->getOperand(0)),
                   computeWord(op->getOperand(1)));
  };
  Word word =
      llvm::TypeSwitch<Operation *, Word>(op)
          .Case([&](accel::TokensOp op) {
            return getTokens(op.getExpr(), op.getCount());
          })
          .Case([&](arith::ConstantOp op) {
            return Word(cast<IntegerAttr>(op.getValue()).getInt());
          })
          .Case([&](arith::AddIOp) {
            return binary([](auto a, auto b) { return a + b; });
          })
          .Case([&](arith::SubIOp) {
            return binary([](auto a, auto b) { return a - b; });
          })
          .Case([&](arith::MulIOp) {
            const Word a = computeWord(op->getOperand(0));
            const Word b = computeWord(op->getOperand(1));
            if (!llvm::checkedMul(a.getMin(), b.getMin()) ||
                !llvm::checkedMul(a.getMax(), b.getMax())) {
              fail(index, "may need more than 64 bits");
              return Word(0);
            }
            return a * b;
          })
          .Case([&](arith::DivSIOp) {
            const Word divisor = computeWord(op->getOperand(1));
            if (divisor.getMin() < 1) {
              fail(index, "may divide by 0");
              return Word(0);
            }
            return floorDiv(computeWord(op->getOperand(0)), divisor);
          })
          .Case([&](arith::MinSIOp) {
            return binary([](auto a, auto b) { return min(a, b); });
          })
          .Default([&](Operation *) -> Word {
            fail(index, "is no arithmetic that a driver can do; addi, subi, "
                        "muli, divsi and minsi are");
            return 0;
          });
  // As sizes are, so that sums stay within 64 bits.
  constexpr int64_t most = int64_t(1) << 40;
  if (word.getMin() < -most || word.getMax() > most) {
    fail(index, "may be " + Twine(word.getMin()) + " to " +
                    Twine(word.getMax()) + ", but drivers count up to 2^40");
    return 0;
  }
  if (auto name = dyn_cast<NameLoc>(op->getLoc()))
    word = word.named(name.getName());
  // Not remembered: the next use may stand outside the loop that this one is
  // in.
  return word;
}

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

Word FunctionReader::getSymbol(FlatSymbolRefAttr symbol, int64_t value) {
  auto op = csb::AddressOfOp::create(builder, builder.getUnknownLoc(),
                                     builder.getI64Type(), symbol);
  return Word(builder, op, value, value);
}

Word FunctionReader::getObject(Value object) {
  auto op = object.getDefiningOp<accel::GetObjectOp>();
  if (!op) {
    fail(object, "is no accel.get_object");
    return 0;
  }
  const ObjectInfo &info = symbols.getObject(op.getObjectAttr());
  const Word base = getSymbol(op.getObjectAttr(), info.address);
  if (!op.getLayer())
    return base;
  const Word layer = getWord(op.getLayer());
  if (layer.isConstant() && layer.getConstant() == 0)
    return base;
  const Word offset = layer * getSymbol(info.strideSymbol, info.stride);
  return (base + offset.named(info.strideSymbol.getValue()))
      .named(op.getObject());
}

FunctionReader::View FunctionReader::getView(MemRefType type, const Word &base,
                                             SmallVector<Word> sizes) {
  View view;
  view.base = base;
  view.sizes = std::move(sizes);
  if (type.getRank() == 3)
    view.mapTokens = view.sizes[1];
  view.strides.assign(type.getRank(), 0);
  Word stride = type.getElementTypeBitWidth() / 8;
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    view.strides[i] = stride;
    stride = stride * view.sizes[i];
    // Each port has its share of a row.
    if (i == 2)
      stride = floorDiv(stride, symbols.getMapPorts());
  }
  return view;
}

FunctionReader::View FunctionReader::getView(Value map) {
  Operation *op = map.getDefiningOp();
  auto type = cast<MemRefType>(map.getType());
  if (auto buffer = dyn_cast_or_null<accel::BufferOp>(op)) {
    SmallVector<Word> sizes;
    for (AffineExpr dim : buffer.getDims().getMap().getResults())
      sizes.push_back(getTokens(dim, map));
    if (std::optional<int64_t> slice = buffer.getSlice())
      sizes[1] = min(sizes[1], *slice).named("slice_tokens");
    FlatSymbolRefAttr symbol = symbols.getBuffer(buffer);
    failed |= !symbol;
    return getView(type, symbol ? getSymbol(symbol, *buffer.getAddress()) : 0,
                   std::move(sizes));
  }
  if (auto cache = dyn_cast_or_null<accel::CacheMapOp>(op))
    return getView(type, getObject(cache.getCache()),
                   SmallVector<Word>(type.getShape()));
  if (auto subview = dyn_cast_or_null<memref::SubViewOp>(op)) {
    View view = getView(subview.getSource());
    if (!subview.hasUnitStride())
      fail(map, "selects with steps, which no register can say");
    if (subview.getDroppedDims().any())
      fail(map, "drops dimensions; a task takes maps with all of them");
    if (failed)
      return {};
    Word start = 0;
    for (auto [i, offset] : llvm::enumerate(subview.getMixedOffsets())) {
      const Word word = getWord(offset);
      if (word.getMin() < 0 || word.getMax() > view.sizes[i].getMax())
        fail(map, "begins outside of the map that it is a part of: at " +
                      Twine(word.getMax()) + " in dimension " + Twine(i) +
                      ", which has " + Twine(view.sizes[i].getMax()));
      if (failed)
        return {};
      start = start + word * view.strides[i];
      if (i == 1)
        view.firstToken = view.firstToken + word;
    }
    // In a KV cache, the call has its place.
    if (subview.getSource().getDefiningOp<accel::CacheMapOp>())
      view.base = view.base + start.named("past_offset");
    else
      view.offset = view.offset + start;
    for (auto [i, size] : llvm::enumerate(subview.getMixedSizes()))
      view.sizes[i] = getWord(size);
    return view;
  }
  fail(map, "is no view that registers can describe; memref.subview of an "
            "accel.buffer is");
  return {};
}

MapOperand FunctionReader::getMap(Value map) {
  View view = getView(map);
  if (failed)
    return {0, 0, 1, 1};
  const Word address = view.base + view.offset.named("offset");
  // The result of an argmax is one word.
  if (view.sizes.size() != 3)
    return {address, 0, 1, 1};
  return {address,         view.strides[0].named("line_stride"),
          view.sizes[1],   view.sizes[0],
          view.firstToken, view.mapTokens,
          symbols.isOnChip(map)};
}
