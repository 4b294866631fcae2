//===- SymbolicValues.h - Equal values of a register program ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_CSB_TRANSFORMS_SYMBOLICVALUES_H
#define DLAVM_LIB_DIALECT_CSB_TRANSFORMS_SYMBOLICVALUES_H

#include "mlir/IR/Operation.h"

#include <optional>

namespace dlavm::csb {

/// Numbers what values stand for in one run of a program: two that have the
/// same number are the same integer whenever they are computed. Integers are
/// those of mathematics; widening to more bits is no other value.
class SymbolicValues {
public:
  /// 0 is no value.
  using Id = unsigned;

  SymbolicValues();

  Id getConstant(int64_t value);
  /// A value of its own. It changes from one iteration to the next of so many
  /// loops, the innermost of which is number \p depth; 0 for none.
  Id create(int64_t min, int64_t max, unsigned depth);
  /// The result of an op with one, or an id of its own if nothing is known.
  Id compute(mlir::Operation *op, llvm::ArrayRef<Id> operands, unsigned depth);
  /// The number of \p id as the 32 bits of a register.
  Id truncate(Id id);

  int64_t getMin(Id id) const { return nodes[id].min; }
  int64_t getMax(Id id) const { return nodes[id].max; }
  std::optional<int64_t> lookupConstant(Id id) const;
  /// The innermost loop with whose iterations the value changes; 0 for none.
  unsigned getDepth(Id id) const { return nodes[id].depth; }
  /// An op that computes the value from those of `getOperands`, or null.
  mlir::Operation *getOp(Id id) const { return nodes[id].op; }
  llvm::SmallVector<Id, 2> getOperands(Id id) const;

private:
  struct Node {
    mlir::Operation *op = nullptr;
    Id lhs = 0, rhs = 0;
    unsigned depth = 0;
    int64_t min = 0, max = 0;
  };
  using OpKind = std::tuple<mlir::OperationName, mlir::Attribute, mlir::Type>;

  /// Ops of one number compute the same from the same operands.
  unsigned getKind(mlir::Operation *op);

  std::vector<Node> nodes;
  llvm::DenseMap<int64_t, Id> constants;
  llvm::DenseMap<mlir::Operation *, unsigned> kinds;
  llvm::SmallVector<OpKind> kindsOfOps;
  llvm::DenseMap<std::tuple<unsigned, Id, Id>, Id> computed;
};

} // namespace dlavm::csb

#endif // DLAVM_LIB_DIALECT_CSB_TRANSFORMS_SYMBOLICVALUES_H
