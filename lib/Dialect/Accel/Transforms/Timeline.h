//===- Timeline.h - When buffers hold something -------------------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM Exceptions.
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

/// One value that holds a map: a buffer, or what a function or a loop hands
/// around. It holds something from `first` to `last`. Step k of a run, its k-th
/// task, is the time 2k + 1; the even times are those between steps.
struct Content {
  mlir::Value value;
  llm::DimsAttr dims;
  int64_t first;
  int64_t last;
};

/// A place in memory and the contents that lie there one after the other.
struct Place {
  std::string name;
  int64_t bytes;
  llvm::SmallVector<std::pair<int64_t, int64_t>> live;
  int64_t address = 0;

  /// True if both hold something at the same time.
  bool overlaps(const Place &other) const;
};

/// Follows a run from the function that the host calls through loops and
/// calls, each loop body and each callee once.
class Timeline {
public:
  /// Sizes of places are multiples of \p granule bytes.
  Timeline(mlir::ModuleOp module, int64_t maxTokens, int64_t granule)
      : module(module), maxTokens(maxTokens), granule(granule) {}

  /// Emits an error at a call or loop that would overwrite what it still reads.
  llvm::LogicalResult compute();

  llvm::MutableArrayRef<Place> getPlaces() { return places; }
  llvm::ArrayRef<Content> getContents() const { return contents; }
  Place &getPlace(const Content &content) {
    return places[placeOf[&content - contents.data()]];
  }

  /// The most bytes that hold something at once.
  int64_t getPeak() const;

private:
  unsigned getContent(mlir::Value map);
  void touch(mlir::Value map);
  /// Both lie in the same place.
  void join(mlir::Value a, mlir::Value b);
  llvm::LogicalResult walk(mlir::Block &block);
  llvm::LogicalResult walk(mlir::func::CallOp call);
  llvm::LogicalResult walk(mlir::scf::ForOp loop);
  llvm::LogicalResult checkPlaces();
  void createPlaces();

  mlir::ModuleOp module;
  int64_t maxTokens;
  int64_t granule;
  int64_t now = 0;
  llvm::SmallVector<Content> contents;
  llvm::DenseMap<mlir::Value, unsigned> contentOf;
  llvm::EquivalenceClasses<unsigned> classes;
  llvm::SmallVector<Place> places;
  llvm::SmallVector<unsigned> placeOf;
};

} // namespace dlavm::accel

#endif // DLAVM_DIALECT_ACCEL_TRANSFORMS_TIMELINE_H
