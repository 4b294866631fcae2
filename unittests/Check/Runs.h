//===- Runs.h - A small run that is right, for tests ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_CHECK_RUNS_H
#define DLAVM_UNITTESTS_CHECK_RUNS_H

#include "DLAVM/Check/Checker.h"
#include "Starts.h"

#include <vector>

namespace dlavm::test {

/// A start of an op.
struct MarkedStart {
  int32_t layer;
  std::string name;
  Start start;
};
using Starts = std::vector<MarkedStart>;

/// Where the maps of the run lie. The largest have 7372800 bytes.
constexpr uint32_t mapAddress(uint32_t number) {
  return 0x1000000 + number * 0x800000;
}
enum MapNumber : uint32_t { X, Normed, Q, QRoped, K, KRoped, S, P };
constexpr uint32_t weightStride = 0x200000;
constexpr uint32_t cacheBegin = 0x8000000;
constexpr uint32_t cacheBytes = 32768;
constexpr uint32_t normBytes = 16384;

/// Appends an op that takes as many starts as it needs for 300 tokens.
inline void addSlices(Starts &run, int32_t layer, const std::string &name,
                      Start start, uint32_t most) {
  for (uint32_t token = 0; token < 300; token += most) {
    const uint32_t width = std::min(most, 300 - token);
    Start slice = start;
    for (const char *reg : {"InputWidth", "OutputWidth", "Tokens", "Width"})
      if (slice.values.count(reg))
        slice[reg] = width;
    for (const char *reg : {"InputAddress", "OutputAddress", "ResidualAddress"})
      if (slice.values.count(reg) && slice[reg] != 0)
        slice[reg] += 64 * token;
    run.push_back({layer, name, slice});
  }
}

/// One attention layer: 300 tokens after 77 others, 32 query and 2 KV heads.
inline void addLayer(Starts &run, int32_t layer) {
  const uint32_t weights = layer * weightStride;
  const uint32_t caches = cacheBegin + layer * 2 * cacheBytes;
  auto with = [](Start start, uint32_t input, uint32_t output) {
    start["InputAddress"] = mapAddress(input);
    start["OutputAddress"] = mapAddress(output);
    return start;
  };
  auto append = [&](uint32_t input, uint32_t cache, uint32_t transpose) {
    Start start = kvAppend();
    start["InputAddress"] = mapAddress(input);
    start["CacheAddress"] = cache;
    start["Transpose"] = transpose;
    return start;
  };
  Start narrow = linear();
  narrow["SliceChannels"] = narrow["LastSliceChannels"] = 256;
  narrow["LastSlice"] = 0;
  Start scaleBias = with(linear(), Normed, Q);
  scaleBias["WeightAddress"] = weights;
  Start key = with(narrow, Normed, K);
  key["WeightAddress"] = weights + 0x80000;
  Start value = with(narrow, Normed, K);
  value["WeightAddress"] = weights + 0x90000;
  Start ropeKey = with(rope(), K, KRoped);
  ropeKey["Heads"] = 2;
  Start residual = with(linear(), QRoped, Q);
  residual["WeightAddress"] = weights + 0xa0000;
  residual["ResidualAddress"] = mapAddress(X);
  residual["Mode"] = 1823;

  auto add = [&](const std::string &name, const Start &start, uint32_t most) {
    addSlices(run, layer, name, start, most);
  };
  Start inputNorm = with(norm(), X, Normed);
  inputNorm["WeightAddress"] = 0x100000 + layer * normBytes;
  add("norm", inputNorm, 300);
  add("query", scaleBias, 128);
  add("rope_query", with(rope(), Q, QRoped), 300);
  add("key", key, 128);
  add("rope_key", ropeKey, 300);
  add("append_keys", append(KRoped, caches, 1), 300);
  Start product = with(scores(), QRoped, S);
  product["CacheAddress"] = caches;
  add("scores", product, 128);
  add("softmax", with(softmax(), S, P), 300);
  add("value", value, 128);
  add("append_values", append(K, caches + cacheBytes, 0), 300);
  product = with(values(), P, QRoped);
  product["CacheAddress"] = caches + cacheBytes;
  add("values", product, 42);
  add("output", residual, 128);
  Start outputNorm = with(norm(), Q, X);
  outputNorm["WeightAddress"] = 0x100000 + layer * normBytes;
  add("norm2", outputNorm, 300);
}

/// Two layers.
inline Starts makeRun() {
  Starts run;
  addLayer(run, 0);
  addLayer(run, 1);
  return run;
}

inline std::vector<PlanRegion> makePlan() {
  const char *ddr = "DDR", *hbm = "HBM";
  std::vector<PlanRegion> plan = {
      {"scale_bias", ddr, 0x8000, 0x8000 + normBytes, 0, 0, "parameter"},
      {"rope_table", ddr, 0, 524288, 0, 0, "parameter"},
      {"norm_weight", ddr, 0x100000, 0x100000 + normBytes, normBytes, 2,
       "parameter"},
      {"x", ddr, mapAddress(X), mapAddress(X) + 2457600, 0, 0, "input"},
      {"weights", hbm, 0, 0x100000, weightStride, 2, "parameter"},
      {"keys", hbm, cacheBegin, cacheBegin + cacheBytes, 2 * cacheBytes, 2,
       "cache"},
      {"values", hbm, cacheBegin + cacheBytes, cacheBegin + 2 * cacheBytes,
       2 * cacheBytes, 2, "cache"}};
  const std::pair<const char *, uint32_t> buffers[] = {{"normed", Normed},
                                                       {"q", Q},
                                                       {"q_roped", QRoped},
                                                       {"k", K},
                                                       {"k_roped", KRoped},
                                                       {"s", S},
                                                       {"p", P}};
  for (auto [name, number] : buffers)
    plan.push_back({name, ddr, mapAddress(number), mapAddress(number + 1), 0, 0,
                    "buffer"});
  return plan;
}

/// The first start of an op in layer 0.
inline MarkedStart &find(Starts &run, const std::string &name,
                         int32_t layer = 0) {
  for (MarkedStart &start : run)
    if (start.name == name && start.layer == layer)
      return start;
  llvm_unreachable("no such op");
}

inline void writeStart(Checker &checker, const Start &start) {
  const RegisterTable &table = getDevice().getTask(start.kind)->registers;
  for (const Register &reg : table.getRegisters())
    if (isWritten(reg.role))
      checker.write(reg.number, start.values.at(reg.name));
}

inline void feed(Checker &checker, const Starts &run, int64_t past = 77,
                 bool onlySomeLayers = false) {
  checker.beginRun(300, past);
  for (const MarkedStart &start : run) {
    checker.task(start.layer, start.name);
    writeStart(checker, start.start);
    checker.poll(
        getDevice().getTask(start.start.kind)->registers.getStatus().number, 1);
  }
  checker.endRun(onlySomeLayers);
}

} // namespace dlavm::test

#endif // DLAVM_UNITTESTS_CHECK_RUNS_H
