//===- Word.h - Expressions that fold as they are built ---------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_ENCODING_WORD_H
#define DLAVM_ENCODING_WORD_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

#include <cstdint>

namespace dlavm {

/// A non-negative integer of a driver: a constant, or a value (i32, i64 or
/// index) with known bounds. Operators fold constants and neutral elements, and
/// otherwise create one op of the arith dialect at the insertion point of the
/// builder that came with a value. An i32 operation whose bounds leave 32 bits
/// is done in i64, so nothing ever overflows and every op can say so (`nsw`).
class Word {
public:
  /// A constant.
  Word(int64_t constant) : min(constant), max(constant) {}
  /// A value with min <= value <= max.
  Word(mlir::OpBuilder &builder, mlir::Value value, int64_t min, int64_t max)
      : builder(&builder), value(value), min(min), max(max) {}

  bool isConstant() const { return !value; }
  /// The constant; asserts that this is one.
  int64_t getConstant() const;
  int64_t getMin() const { return min; }
  int64_t getMax() const { return max; }

  /// The word as a value of \p type, created at the insertion point of
  /// \p builder where it is a constant or has another type.
  mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Type type) const;
  /// The word as a value of the type that it has; constants become i32, or i64
  /// where 32 signed bits do not hold them.
  mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc) const;

  /// The same word with bounds that are known to be tighter.
  Word withBounds(int64_t newMin, int64_t newMax) const {
    return isConstant() ? *this : Word(*builder, value, newMin, newMax);
  }

  /// Names the value for the driver source, unless it has a name.
  Word named(llvm::StringRef name) const;

  friend Word operator+(const Word &a, const Word &b);
  /// The bounds of the difference are clamped to be non-negative: a program
  /// only subtracts what it knows to be smaller.
  friend Word operator-(const Word &a, const Word &b);
  friend Word operator*(const Word &a, const Word &b);
  friend Word floorDiv(const Word &a, const Word &b);
  friend Word remainder(const Word &a, const Word &b);
  friend Word min(const Word &a, const Word &b);

private:
  template <typename Op>
  static Word create(const Word &a, const Word &b, int64_t min, int64_t max);

  mlir::OpBuilder *builder = nullptr;
  mlir::Value value;
  int64_t min, max;
};

Word operator+(const Word &a, const Word &b);
Word operator-(const Word &a, const Word &b);
Word operator*(const Word &a, const Word &b);
Word floorDiv(const Word &a, const Word &b);
Word remainder(const Word &a, const Word &b);
Word min(const Word &a, const Word &b);
/// The ceiling of a/b, as (a + b - 1) / b.
Word ceilDiv(const Word &a, const Word &b);
/// a rounded up to a multiple of b.
Word roundUp(const Word &a, const Word &b);

} // namespace dlavm

#endif // DLAVM_ENCODING_WORD_H
