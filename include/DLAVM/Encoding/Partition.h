//===- Partition.h - How starts share a task --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_ENCODING_PARTITION_H
#define DLAVM_ENCODING_PARTITION_H

#include "DLAVM/Encoding/Word.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <string>

namespace dlavm {

/// A dimension of a task that starts can share.
enum class TaskDimension {
  Tokens,
  OutputChannels,
  /// Of a norm, whose heads fill whole surfaces; not together with tokens.
  Heads,
  /// Rows of the image that a task with a window computes. Neighbouring starts
  /// read some rows of its input twice.
  ImageRows,
};

/// What a device knows when it partitions a task, as expressions of the call.
struct TaskCounts {
  /// Tokens that the task computes.
  Word tokens;
  /// Tokens in the KV caches after the call, seq + past.
  Word total;
};

/// A loop over the parts of one dimension.
struct PartitionLoop {
  TaskDimension dimension;
  /// The most that one start takes; at least 1, or the task does not fit the
  /// chip.
  Word step;
  /// What on the chip holds no more, for the report.
  std::string limit = {};
  /// Of image rows: those of the first start, which has padding above them and
  /// takes at least as many as the others; and the most rows of the input that
  /// a start can read.
  int64_t firstRows = 0;
  int64_t mostInputRows = 0;
};

/// The loops that cut a task to starts, outermost first, each dimension at most
/// once; none where one start takes it all.
struct Partition {
  llvm::SmallVector<PartitionLoop, 2> loops;
  /// Where the order of the loops depends on the call: it is as listed where
  /// the first is less than the second, and the other way round elsewhere.
  std::optional<std::pair<Word, Word>> isListedOrder = {};
  /// Whether a start of an attention product takes one KV head, so that a loop
  /// over these stands around the others.
  bool takesOneKVHead = false;

  /// Whether loops over tokens and output channels stand around a start. They
  /// are right in both orders, as the start is told what it reuses; a record
  /// lists that of the known programs.
  bool hasTwoOrders() const {
    return loops.size() == 2 &&
           llvm::all_of(loops, [](const PartitionLoop &loop) {
             return loop.dimension == TaskDimension::Tokens ||
                    loop.dimension == TaskDimension::OutputChannels;
           });
  }
};

} // namespace dlavm

#endif // DLAVM_ENCODING_PARTITION_H
