//===- RegisterFlow.h - What registers hold in a register program -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_CSB_TRANSFORMS_REGISTERFLOW_H
#define DLAVM_LIB_DIALECT_CSB_TRANSFORMS_REGISTERFLOW_H

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "SymbolicValues.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace dlavm::csb {

/// How a value is had before a loop: it is there, a constant, or computed once
/// more by a copy of an op.
struct Recipe {
  mlir::Value value;
  std::optional<int64_t> constant;
  mlir::Operation *op = nullptr;
  std::vector<Recipe> operands;
  /// What it is had as; `value` may have fewer bits.
  mlir::Type type;

  bool operator==(const Recipe &other) const;
  mlir::Value build(mlir::OpBuilder &builder, mlir::Location loc) const;
};

/// A register that holds the same value at the beginning of each iteration but
/// the first, which then writes that value: it can be written before the loop.
struct Hoist {
  Recipe value;
  /// The first writes of an iteration, each in a branch of its own.
  llvm::SmallVector<WriteOp, 1> writes;
};

/// Follows the values of registers forward through all functions that the host
/// calls: at their entry nothing is known; a call goes on in its function; at
/// the beginning of a loop and behind a branch a register has a value if it is
/// the same on all ways. Only registers that keep their value are followed.
class RegisterFlow {
public:
  explicit RegisterFlow(mlir::ModuleOp module);

  /// False if no register keeps its value.
  bool hasRegisters() const { return !tables.empty(); }

  /// Fails, with an error, at an op that is no part of a register program.
  mlir::LogicalResult run();

  /// Each write that is ever run, and whether the register always holds its
  /// value before.
  llvm::MapVector<WriteOp, bool> writes;
  /// What can be written before a loop, by the number of the register. None
  /// where it differs between calls of the function.
  llvm::MapVector<mlir::scf::ForOp, llvm::MapVector<unsigned, Hoist>> hoists;

private:
  using Id = SymbolicValues::Id;

  /// A register of one table. Those of the same number share an index.
  struct Reg {
    unsigned index = 0;
    bool keepsValue = false;
    mlir::StringAttr table;
  };
  struct State {
    /// By index; 0 where it is not known.
    std::vector<Id> values;
    /// Whether a task may have started that nobody has polled yet.
    bool isRunning = false;
    bool operator==(const State &other) const {
      return values == other.values && isRunning == other.isRunning;
    }
  };
  /// What an iteration does first to each register.
  struct FirstUse {
    enum Kind { None, Write, Other } kind = None;
    Id value = 0;
    llvm::SmallVector<WriteOp, 1> writes;
  };
  using Uses = std::vector<FirstUse>;
  using Env = llvm::DenseMap<mlir::Value, Id>;

  mlir::LogicalResult visitRoot(mlir::func::FuncOp function);
  mlir::LogicalResult visit(mlir::Block &block);
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visit(mlir::scf::ForOp loop);
  mlir::LogicalResult visit(mlir::scf::IfOp op);
  mlir::LogicalResult visit(mlir::func::CallOp call);
  /// Nothing is known of any register from here on.
  void forget();
  void visit(WriteOp write);

  Id get(mlir::Value value);
  void set(mlir::Value value, Id id) { (*env)[value] = id; }
  /// An id of its own for what nothing is known of.
  void setUnknown(mlir::Value value);
  State meet(const State &a, const State &b) const;
  /// Forgets what holds for one iteration of the innermost loop only.
  void leaveIteration();
  /// Of uses on two ways.
  static Uses meet(const Uses &a, const Uses &b);
  std::vector<Uses> copyUses() const;
  void meetUses(llvm::ArrayRef<Uses> others);

  /// One iteration from \p entry on.
  mlir::LogicalResult visitBody(mlir::scf::ForOp loop, const State &entry);
  void collectHoists(mlir::scf::ForOp loop, const State &entry,
                     const Uses &uses);
  std::optional<Recipe> getRecipe(Id id, mlir::Type type,
                                  mlir::scf::ForOp loop);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::DenseMap<mlir::Attribute, Reg> registers;
  llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<unsigned>> tables;
  unsigned numRegisters = 0;

  SymbolicValues values;
  State state;
  Env *env = nullptr;
  /// The loops around the op that is visited.
  unsigned depth = 0;
  /// Not while it is not yet known what holds at the beginning of a loop.
  bool isRecording = true;
  /// Of each loop around, while recording.
  llvm::SmallVector<Uses *> uses;
};

} // namespace dlavm::csb

#endif // DLAVM_LIB_DIALECT_CSB_TRANSFORMS_REGISTERFLOW_H
