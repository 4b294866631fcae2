//===- ExecuteAttention.cpp - Simulated products with the KV cache -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the EdgeLLM register document; the
// numbers are those of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::divideCeil;
using llvm::Twine;

namespace {

/// What trp_mvm and f2w_mvm share: rows of query heads times the cache of their
/// KV head (4.6 and 4.8).
class Attention {
public:
  Attention(TaskExecution &execution, bool readsKeys)
      : execution(execution), readsKeys(readsKeys),
        rowLength(readsKeys ? headChannels : getDepth()),
        outputLength(readsKeys ? columns : headChannels) {}
  void run();

private:
  /// Versions give the channels of a head in one register or another.
  int64_t getHeadChannels() const;
  /// The columns that a sum of P x V has, which some versions give twice.
  int64_t getDepth() const;
  double getScale() const;
  bool check();
  void readRows();
  /// Reads elements first .. first + count - 1 of what rows are multiplied
  /// with, for the output group.
  void readCache(const TaskOperand &cache, int64_t kvHead, int64_t group,
                 int64_t first, int64_t count, LaneNumbers *to) const;
  /// The same of a cache that is a feature map in DDR, whose pixels have 32
  /// channels of a token.
  void readMap(const TaskOperand &cache, int64_t kvHead, int64_t group,
               int64_t first, int64_t count, LaneNumbers *to) const;
  void computeGroup(const TaskOperand &cache, const Map &output, int64_t kvHead,
                    int64_t group) const;

  TaskExecution &execution;
  const bool readsKeys;
  const bool isMap = execution.getDevice()["KV_Cache_In_DDR"];
  const int64_t columns = execution["Columns"];
  const int64_t headChannels = getHeadChannels();
  /// Elements that are summed over, and elements of an output row.
  const int64_t rowLength;
  const int64_t outputLength;
  const int64_t tokens = execution["Width"];
  const int64_t headBytes = execution["CacheHead"];
  const int64_t lineBytes = execution["CacheLine"];
  /// Of the scale that stands below the bank step.
  const int64_t scaleBits = execution.getDevice()["sCONV_OUT_DW"];
  const int64_t bankStep =
      isMap ? 0 : execution["BankStepAndScale"] >> scaleBits;
  const double scale = getScale();
  const int64_t config = execution["HeadConfiguration"];
  const int64_t queryHeads = config >> 8 & 0xff;
  const int64_t kvHeads = config & 0xff;
  const int64_t headsPerKV = (config >> 16) + 1;
  /// [query head][token][stride]
  std::vector<double> rows;
  const int64_t stride = llvm::alignTo(rowLength, kLanes);
};

} // namespace

int64_t Attention::getHeadChannels() const {
  if (execution.has("HeadChannels"))
    return execution["HeadChannels"];
  return kLanes * execution[readsKeys ? "DepthGroups" : "HeadGroups"];
}

int64_t Attention::getDepth() const {
  if (execution.has("Depth"))
    return std::min(columns, execution["Depth"]);
  if (execution.has("DepthGroups"))
    return std::min(columns, kLanes * execution["DepthGroups"]);
  return columns;
}

double Attention::getScale() const {
  if (execution.has("Scale"))
    return fromHalf(execution["Scale"] & 0xffff);
  if (!execution.has("BankStepAndScale"))
    return 1;
  const int64_t code = execution["BankStepAndScale"];
  return scaleBits == 16 ? fromHalf(code & 0xffff) : fromFP20(code);
}

bool Attention::check() {
  if (!checkCounts(execution, {"Width", "Columns"}) ||
      (!isMap && !checkBankStep(execution, "BankStepAndScale", bankStep)))
    return false;
  for (llvm::StringRef reg :
       {"HeadChannels", "HeadGroups", "Depth", "DepthGroups"})
    if (execution.has(reg) && !checkCounts(execution, {reg}))
      return false;
  const DeviceInfo &device = execution.getDevice();
  if (queryHeads == 0 || kvHeads == 0) {
    execution.fail("HeadConfiguration",
                   "is " + Twine(config) + ", a task without heads");
    return false;
  }
  // One KV head's rows and its part of the cache lie in buffers (5.3).
  const int64_t bits = device["MAX_DAT_DW"];
  const int64_t rowBits = saturatingProduct(headsPerKV * bits, stride);
  if (device["S_bits"] > 0 &&
      saturatingProduct(rowBits, tokens) > device["S_bits"]) {
    execution.fail("Width", "is " + Twine(tokens) +
                                ", but the activation buffer holds " +
                                Twine(device["S_bits"] / rowBits) +
                                " tokens of " + Twine(headsPerKV) +
                                " heads with " + Twine(rowLength) + " values");
    return false;
  }
  const int64_t limit = device["MAX_TOKEN"] * device["MAX_CH_per_HEAD"];
  if (saturatingProduct(columns, headChannels) > limit) {
    execution.fail("Columns", "is " + Twine(columns) +
                                  ", but the buffer of the KV cache holds " +
                                  Twine(limit / headChannels) + " tokens of " +
                                  Twine(headChannels) + " channels");
    return false;
  }
  return true;
}

void Attention::readRows() {
  const Map input(execution, "InputAddress",
                  getHeadStrides(execution, "Input"));
  rows.resize(queryHeads * tokens * stride);
  execution.parallelFor(queryHeads, [&](int64_t head) {
    for (int64_t group = 0; group < stride / kLanes; ++group)
      for (int64_t token = 0; token < tokens; ++token) {
        const Pixel pixel = input.read(head, group, token);
        double *to = &rows[(head * tokens + token) * stride + group * kLanes];
        for (int64_t lane = 0; lane < kLanes; ++lane)
          to[lane] = fromHalf(pixel[lane]);
      }
  });
}

void Attention::readMap(const TaskOperand &cache, int64_t kvHead, int64_t group,
                        int64_t first, int64_t count, LaneNumbers *to) const {
  auto read = [&](int64_t token, int64_t line, int64_t lanes, Pixel &pixel) {
    cache.read(0,
               cache.getAddress() + kvHead * headBytes + line * lineBytes +
                   token * kPixelBytes,
               pixel.data(), lanes, {token, false});
  };
  const int64_t lanes = std::min(kLanes, outputLength - group * kLanes);
  Pixel pixel;
  if (readsKeys) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      read(group * kLanes + lane, first / kLanes, count, pixel);
      for (int64_t i = 0; i < count; ++i)
        to[i].lanes[lane] = fromHalf(pixel[i]);
    }
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    read(first + i, group, lanes, pixel);
    for (int64_t lane = 0; lane < lanes; ++lane)
      to[i].lanes[lane] = fromHalf(pixel[lane]);
  }
}

void Attention::readCache(const TaskOperand &cache, int64_t kvHead,
                          int64_t group, int64_t first, int64_t count,
                          LaneNumbers *to) const {
  if (isMap)
    return readMap(cache, kvHead, group, first, count, to);
  // A pixel of the cache has 32 channels of a key, or a channel of 32 values.
  const int64_t lanes = std::min(kLanes, outputLength - group * kLanes);
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Pixel pixel;
    const int64_t output = group * kLanes + lane;
    const int64_t token = readsKeys ? output : first;
    const ElementPlace place =
        placeInCache(readsKeys, kvHead, token, readsKeys ? first : output,
                     headBytes, lineBytes);
    cache.read(place.port, cache.getAddress() + place.offset, pixel.data(),
               count, {token, !readsKeys});
    for (int64_t i = 0; i < count; ++i)
      to[i].lanes[lane] = fromHalf(pixel[i]);
  }
}

void Attention::computeGroup(const TaskOperand &cache, const Map &output,
                             int64_t kvHead, int64_t group) const {
  const int64_t firstHead = kvHead * headsPerKV;
  const int64_t heads = std::min(headsPerKV, queryHeads - firstHead);
  if (heads <= 0)
    return;
  // The rows of the heads follow each other.
  std::vector<LaneNumbers> sums(heads * tokens);
  std::array<LaneNumbers, kLanes> numbers = {};
  for (int64_t first = 0; first < rowLength; first += kLanes) {
    const int64_t count = std::min(kLanes, rowLength - first);
    readCache(cache, kvHead, group, first, count, numbers.data());
    simulate::getKernels().accumulate(
        &rows[firstHead * tokens * stride + first], stride, heads * tokens,
        numbers.front().lanes, count, sums.front().lanes);
  }
  const int64_t lanes = std::min(kLanes, outputLength - group * kLanes);
  for (int64_t head = 0; head < heads; ++head)
    for (int64_t token = 0; token < tokens; ++token) {
      Pixel pixel = {};
      for (int64_t lane = 0; lane < lanes; ++lane)
        pixel[lane] = toHalf(sums[head * tokens + token].lanes[lane] * scale);
      output.write(firstHead + head, group, token, pixel);
    }
}

void Attention::run() {
  if (!check())
    return;
  readRows();
  const MapStrides strides = getHeadStrides(execution, "Output");
  const Map output(execution, "OutputAddress", strides);
  const TaskOperand cache(execution, "CacheAddress", bankStep);
  const int64_t groups = divideCeil(outputLength, kLanes);
  checkOverlap(execution, strides, groups, tokens, queryHeads);
  execution.parallelFor(kvHeads * groups, [&](int64_t index) {
    computeGroup(cache, output, index / groups, index % groups);
  });
}

void edgellm::executeScores(TaskExecution &execution) {
  Attention(execution, /*readsKeys=*/true).run();
}

void edgellm::executeValues(TaskExecution &execution) {
  Attention(execution, /*readsKeys=*/false).run();
}
