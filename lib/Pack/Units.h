//===- Units.h - Work for several threads ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_UNITS_H
#define DLAVM_LIB_PACK_UNITS_H

#include "ObjectPacker.h"

#include <mutex>

namespace dlavm {

/// What one thread does at a time: one layer of one object, or the embedding.
struct Unit {
  /// What it writes.
  int64_t bytes;
  std::function<llvm::Error()> run;
};

/// Counts bytes for PackOptions::progress.
class Progress {
public:
  Progress(const PackOptions &options, int64_t total)
      : callback(options.progress), total(total) {}
  void add(int64_t bytes) {
    if (!callback)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    done += bytes;
    callback(done, total);
  }

private:
  const std::function<void(int64_t, int64_t)> &callback;
  std::mutex mutex;
  int64_t done = 0;
  const int64_t total;
};

/// Runs the units, those with the most bytes first. After an error no other
/// begins; returns the error of the first unit, in their order, that has one.
llvm::Error runUnits(llvm::ArrayRef<Unit> units, unsigned threads);

/// A unit for every object and layer, in their order; fills \p report, which
/// has its final size afterwards. All arguments must live as long as the units.
/// Fails where ObjectPacker::check does.
llvm::Error addObjectUnits(const DriverPlan &plan, const ObjectPacker &packer,
                           PackSink sink, std::vector<Unit> &units,
                           PackReport &report);

} // namespace dlavm

#endif // DLAVM_LIB_PACK_UNITS_H
