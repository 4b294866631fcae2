//===- Dataflow.h - Who wrote what an op reads ------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECK_DATAFLOW_H
#define DLAVM_LIB_CHECK_DATAFLOW_H

#include "DLAVM/Check/Plan.h"

#include <map>
#include <tuple>

namespace dlavm {

/// Follows the bytes of all memories through a run. Ops come as groups of
/// starts; within a group, everything is read before anything is written.
class Dataflow {
public:
  Dataflow(const DeviceInfo &device, const Plan &plan, FindingLog &log)
      : device(device), traits(device.getTraits()), plan(plan), log(log),
        memories(device.getMemories().size()) {}

  void beginRun(int64_t seq, int64_t past);
  void add(const Op &op);

private:
  /// Bytes of a map, and the op that wrote them last in this run.
  struct Written {
    ByteRange bytes;
    Mark writer;
    /// Grows with every group of starts.
    unsigned order;
    bool isRead;
  };
  /// A parameter that an op of this run has read.
  struct Parameter {
    ByteRange bytes;
    Mark reader;
  };
  /// A KV cache that an op of this run has used.
  struct Cache {
    ByteRange bytes;
    int32_t layer;
    std::optional<Mark> writer;
    std::optional<Mark> reader;
    const DecodedTask *readerTask;
  };
  /// What an op read through a register, and when.
  struct LastRead {
    int64_t begin;
    unsigned order;
  };
  struct MemoryState {
    // Of this run.
    RangeVector<Written> maps;
    RangeVector<Parameter> parameters;
    RangeVector<Cache> caches;
    // Of all runs. What one run writes must spare what others read.
    ByteSet everParameter;
    ByteSet everWritten;
  };

  void checkDisjoint(const Op &op);
  void readParameter(const Op &op, const Operand &operand);
  void useCache(const Op &op, const Operand &operand);
  void checkCache(const Op &op, const Operand &operand, Cache &cache);
  /// Finds who wrote the tokens of the call into a cache that is a map.
  void findWriter(const Op &op, const Operand &operand, Cache &cache);
  void checkSlice(const Op &op, const Operand &operand, const Written &written);
  void readMap(const Op &op, const Operand &operand);
  void writeMap(const Op &op, const Operand &operand);
  /// Bytes that hold something else than a parameter.
  void touch(const Op &op, const Operand &operand);
  void report(const Op &op, const Operand &operand, const llvm::Twine &message);

  const DeviceInfo &device;
  const Traits traits;
  const Plan &plan;
  FindingLog &log;
  std::vector<MemoryState> memories;
  int64_t seq = 0, past = 0;
  unsigned order = 0;
  /// Of this run, by layer, name and register.
  std::map<std::tuple<int32_t, unsigned, const Register *>, LastRead> lastReads;
};

} // namespace dlavm

#endif // DLAVM_LIB_CHECK_DATAFLOW_H
