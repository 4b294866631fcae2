//===- Plan.h - Names for addresses -----------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_PLAN_H
#define DLAVM_CHECK_PLAN_H

#include "DLAVM/Check/FindingLog.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringSet.h"

namespace dlavm {

/// The regions of the plan, by what an operand may find there.
class Plan {
public:
  Plan(const DeviceInfo &device, std::vector<PlanRegion> regions,
       std::vector<PlannedTask> tasks = {});

  bool empty() const { return regions.empty(); }
  /// The regions that hold \p bytes: "hidden", "query[3]", "a or b"; empty if
  /// there are none.
  std::string getName(unsigned memory, ByteRange bytes) const;
  bool isInput(unsigned memory, ByteRange bytes) const;

  /// Where the KV cache of a layer begins that holds the byte at \p address;
  /// nothing if none does.
  std::optional<int64_t> getCacheBegin(unsigned memory, int64_t address) const;

  /// How a range of bytes meets the parameters of the plan: none, a part or all
  /// of one or all of several, or a part of one and more.
  enum class Overlap { None, Whole, Partial };
  Overlap getParameterOverlap(unsigned memory, ByteRange bytes) const;

  /// Calls \p visit with the name, the number of the memory and the bytes of
  /// each parameter of each layer.
  using Visit =
      llvm::function_ref<void(const std::string &, unsigned, ByteRange)>;
  void forEachParameter(Visit visit) const { forEach(Kind::Parameter, visit); }
  /// The same for KV caches.
  void forEachCache(Visit visit) const { forEach(Kind::Cache, visit); }

  /// What the plan says of a task; null if it has none of this name.
  const PlannedTask *getTask(llvm::StringRef name) const;
  bool knowsTasks() const { return !tasks.empty(); }

  void beginRun();
  /// Reports a task that the plan does not have.
  void checkTask(Mark mark, unsigned start, FindingLog &log);
  /// Reports an operand that does not lie within one region of its kind and
  /// layer.
  void check(const Op &op, FindingLog &log);
  /// Reports the parameters that no op of the run has read, though their layer
  /// ran: one that should have took the place of another. Reports the tasks of
  /// the plan that the run did not have.
  void endRun(FindingLog &log, bool onlySomeLayers) const;

private:
  enum class Kind { Buffer, Parameter, Cache };
  struct Region {
    std::string name;
    unsigned memory;
    ByteRange bytes;
    int64_t layerStride;
    int64_t layers;
    Kind kind;
    bool isInput;
    /// The layers whose parameter an op of the run has read.
    llvm::BitVector read = {};

    /// The layer that \p bytes belong to; nothing if they leave the region.
    std::optional<int64_t> find(ByteRange bytes) const;
    std::string getName(int64_t layer) const;
  };
  static Kind getKind(RegisterRole role);
  /// True if an operand of this role may lie in a region of this kind.
  bool mayHold(Kind kind, RegisterRole role) const {
    return kind == getKind(role) || (cachesAreMaps && kind == Kind::Cache &&
                                     role == RegisterRole::MapOut);
  }
  /// The same, for what a task writes: its result, where the plan says so.
  bool mayHold(const Region &region, const Operand &operand,
               const PlannedTask *task) const;
  void forEach(Kind kind, Visit visit) const;
  Region *find(const Operand &operand,
               llvm::function_ref<bool(const Region &)> holds);
  void check(const Op &op, const Operand &operand, FindingLog &log) const;

  llvm::StringMap<PlannedTask> tasks;
  /// The names that the run has had.
  llvm::StringSet<> seen;
  const bool cachesAreMaps;
  /// The layers that the run has reached.
  llvm::BitVector reached;
  std::vector<Region> regions;
  /// From a memory's number and an address to the regions that begin there.
  llvm::DenseMap<std::pair<unsigned, int64_t>, llvm::SmallVector<unsigned, 1>>
      byBegin;
  /// For each op name the regions that held the operands of its last group:
  /// mostly they hold those of the next one too.
  std::vector<llvm::SmallVector<Region *, 6>> lastRegions;
};

/// The number of one of the device's memories.
unsigned getMemoryIndex(const DeviceInfo &device, const Memory &memory);

} // namespace dlavm

#endif // DLAVM_CHECK_PLAN_H
