//===- Timeline.h - When buffers hold something -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_TRANSFORMS_TIMELINE_H
#define DLAVM_DIALECT_ACCEL_TRANSFORMS_TIMELINE_H

#include "DLAVM/Dialect/Accel/IR/Accel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace dlavm::accel {

/// The times from `first` to `last`. Step k of a run, its k-th task, is the
/// time 2k + 1; the even times are those between steps.
struct Interval {
  int64_t first;
  int64_t last;
};

/// One value that holds a map: a buffer, or what a function or a loop hands
/// around. It holds something once per call of its function.
struct Content {
  mlir::Value value;
  mlir::func::FuncOp function;
  llm::DimsAttr dims;
  llvm::SmallVector<Interval, 1> live;
  /// The call that the last interval belongs to.
  unsigned call;
};

/// A place in memory and the contents that lie there one after the other.
struct Place {
  std::string name;
  int64_t bytes;
  llvm::SmallVector<Interval> live;
  int64_t address = 0;
};

/// Follows a run from the function that the host calls through loops, branches
/// and calls: each loop body once, both branches one after the other, each
/// callee at every call.
class Timeline {
public:
  /// Places lie in \p memory, and have as many bytes in each of its ports.
  Timeline(mlir::ModuleOp module, int64_t maxTokens, const Memory &memory)
      : module(module), maxTokens(maxTokens), memory(memory) {}

  /// Emits an error at a call or loop that would overwrite what it still reads,
  /// and at an op that is no known part of a run.
  llvm::LogicalResult compute();

  llvm::MutableArrayRef<Place> getPlaces() { return places; }
  llvm::ArrayRef<Content> getContents() const { return contents; }
  Place &getPlace(const Content &content) {
    return places[placeOf[&content - contents.data()]];
  }

private:
  unsigned getContent(mlir::Value map);
  void touch(mlir::Value map);
  /// Both lie in the same place.
  void join(mlir::Value a, mlir::Value b);
  llvm::LogicalResult walk(mlir::func::FuncOp function);
  llvm::LogicalResult walk(mlir::Block &block);
  llvm::LogicalResult walk(mlir::func::CallOp call);
  llvm::LogicalResult walk(mlir::scf::ForOp loop);
  llvm::LogicalResult walk(mlir::scf::IfOp branch);
  llvm::FailureOr<int64_t> getBytes(BufferOp buffer);
  llvm::LogicalResult checkPlaces();
  llvm::LogicalResult createPlaces();

  mlir::ModuleOp module;
  int64_t maxTokens;
  const Memory &memory;
  int64_t now = 0;
  unsigned numCalls = 0;
  /// The call that each function is in, or was in last.
  llvm::DenseMap<mlir::Operation *, unsigned> currentCall;
  llvm::SmallVector<Content> contents;
  llvm::DenseMap<mlir::Value, unsigned> contentOf;
  llvm::EquivalenceClasses<unsigned> classes;
  llvm::SmallVector<Place> places;
  llvm::SmallVector<unsigned> placeOf;
};

} // namespace dlavm::accel

#endif // DLAVM_DIALECT_ACCEL_TRANSFORMS_TIMELINE_H
