//===- Reference.h - What the calls of a driver should give -----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_COMPARE_REFERENCE_H
#define DLAVM_COMPARE_REFERENCE_H

#include "DLAVM/Interpreter/Interpreter.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <string>
#include <vector>

namespace dlavm {

/// The result of one op of a call, row-major [maps, tokens, channels].
struct ExpectedMap {
  /// -1 outside the layers.
  int64_t layer = -1;
  /// The name of the task that computes it, or of the KV cache.
  std::string name;
  int64_t maps = 0, tokens = 0, channels = 0;
  /// Whether the channels are tokens of the KV cache, so that each map begins a
  /// surface on the device.
  bool hasTokensAsChannels = false;
  /// FP16 values are exact.
  std::vector<float> values;
};

/// One call of the model and everything that it should give.
struct ExpectedCall {
  int64_t seq = 0;
  int64_t past = 0;
  /// FP16 codes, row-major [seq, channels].
  std::vector<uint16_t> input;
  /// In the order in which they are computed. An op that appends to a KV cache
  /// has what it appends.
  std::vector<ExpectedMap> ops;
  /// All KV caches of all layers after the call.
  std::vector<ExpectedMap> caches;
  /// The function's first map, [tokens, channels]: the logits.
  std::vector<float> output;
  std::optional<int32_t> token;
};

/// A KV cache of a model.
struct CacheInfo {
  /// The symbol in the llm module.
  std::string symbol;
  /// The object in plan.json. Its address serves to find elements.
  std::string object;
  bool isKeys = false;
  int64_t layers = 1;
};

/// The reference interpreter as a source of expectations.
class Reference {
public:
  /// The module is the one that `dlavm compile` wrote: its ops have task names.
  /// Module and tensors must outlive the reference.
  static mlir::FailureOr<Reference> create(mlir::ModuleOp module,
                                           TensorSource &tensors,
                                           const InterpreterOptions &options);

  /// Runs a call; \p input is [1, seq, channels]. Its values are rounded to
  /// FP16 in what the driver gets.
  llvm::Expected<ExpectedCall> call(const MapValue &input, int64_t past);

  Interpreter &getInterpreter() { return *interpreter; }
  llvm::ArrayRef<CacheInfo> getCaches() const { return caches; }
  /// The cache that a task appends to, or null.
  const CacheInfo *getAppended(llvm::StringRef task) const;
  /// The cache that is this object of plan.json, or null.
  const CacheInfo *getCache(llvm::StringRef object) const;

private:
  std::unique_ptr<Interpreter> interpreter;
  std::vector<CacheInfo> caches;
  /// From the names of tasks to indices of `caches`.
  llvm::StringMap<size_t> appended;
  /// The tasks whose channels are tokens.
  llvm::StringSet<> attention;
};

} // namespace dlavm

#endif // DLAVM_COMPARE_REFERENCE_H
