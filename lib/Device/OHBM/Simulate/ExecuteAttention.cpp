//===- ExecuteAttention.cpp - Simulated products with the KV cache --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

#include <array>

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::divideCeil;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// What Q x K^T and P x V share: rows of the query heads of a KV head times its
/// cache.
class Attention {
public:
  Attention(TaskExecution &execution, bool readsKeys)
      : execution(execution), readsKeys(readsKeys) {}
  void run();

private:
  bool check();
  void readRows();
  /// Reads elements first .. first + count - 1 of what rows are multiplied
  /// with, for 32 outputs.
  void readCache(const TaskOperand &cache, int64_t index, int64_t first,
                 int64_t count, LaneNumbers *to) const;
  /// Computes 32 keys, or 32 channels of values, for all rows.
  void computeGroup(const TaskOperand &cache, const Map &output,
                    int64_t index) const;
  void writeScores(const Map &output, int64_t index,
                   llvm::ArrayRef<LaneNumbers> sums) const;
  void writeValues(const Map &output, int64_t index,
                   llvm::ArrayRef<LaneNumbers> sums) const;
  std::array<uint16_t, kTout> finish(const LaneNumbers &sums) const;

  TaskExecution &execution;
  const bool readsKeys;
  const DeviceInfo &device = execution.getDevice();
  const PortLayout layout{device};
  /// Elements that are summed over: channels of a key, or columns.
  const int64_t rowLength = execution["InputChannels"];
  const int64_t inputTokens = execution["InputWidth"];
  const int64_t tokens = execution["OutputWidth"];
  const int64_t heads = execution["OutputHeads"];
  /// Outputs of this start: keys, or channels of values.
  const int64_t outputs = execution["OutputChannels"];
  const int64_t firstOutput = execution["FirstChannel"];
  const int64_t headChannels = device["MAX_CH_per_HEAD"];
  const double scale = fromFP20(execution["Scale"]);
  const int64_t cachedTokens = execution.getCachedTokens();
  /// Of the map that has several heads in a row.
  int64_t headsPerRow = 1;
  /// [head][token][stride]
  std::vector<double> rows;
  const int64_t stride = llvm::alignTo(rowLength, kTout);
  /// For each row whether all columns that it takes part of are defined.
  std::vector<uint8_t> isDefined;
};

} // namespace

bool Attention::check() {
  if (!checkCounts(execution, {"OutputHeads", "InputWidth"}, "InputChannels") ||
      !checkCounts(execution, {"OutputHeads", "OutputWidth"}, "OutputChannels"))
    return false;
  // D7 of the additions. Several queries share a row, probabilities do not.
  const int64_t most = device["Max_Slice_Channels"];
  const int64_t tokenBits =
      device["MAX_DAT_DW"] *
      (readsKeys ? llvm::alignTo(heads * rowLength, layout.lanes)
                 : heads * llvm::alignTo(rowLength, layout.lanes));
  const int64_t limit = device["Activation_Memory_Bits"] / tokenBits;
  if (inputTokens > limit) {
    execution.fail("InputWidth", "is " + Twine(inputTokens) +
                                     ", but the activation memory holds " +
                                     Twine(limit) + " tokens of " +
                                     Twine(heads) + " heads with " +
                                     Twine(rowLength) + " values");
    return false;
  }
  const int64_t outputBits = rowLength * device["MAX_DAT_DW"];
  const int64_t fits =
      std::min(most, device["Weight_Memory_Bits"] / outputBits);
  if (outputs % kTout != 0 || outputs > fits) {
    execution.fail("OutputChannels",
                   "is " + Twine(outputs) + ", but must be a multiple of " +
                       Twine(kTout) + " up to " + Twine(fits));
    return false;
  }
  if (firstOutput % kTout != 0 ||
      (!readsKeys && firstOutput + outputs > headChannels)) {
    execution.fail("FirstChannel",
                   "is " + Twine(firstOutput) + ", but must be a multiple of " +
                       Twine(kTout) + (readsKeys ? "" : " within a head"));
    return false;
  }
  const int64_t packing = execution["HeadPacking"];
  if (packing != 0) {
    const std::optional<int64_t> found =
        readHeadsPerRow(execution, readsKeys ? rowLength : headChannels);
    if (!found)
      return false;
    headsPerRow = *found;
  }
  return true;
}

void Attention::readRows() {
  const int64_t surface = execution[readsKeys ? "InputSurface" : "InputHead"];
  const Map input(execution, "InputAddress", execution["InputLine"]);
  // What is computed but not read counts as 0.
  const int64_t rowTokens = std::max(tokens, inputTokens);
  rows.resize(heads * rowTokens * stride);
  isDefined.resize(heads * rowTokens, true);
  execution.parallelFor(heads, [&](int64_t head) {
    // Query heads share rows.
    const int64_t offset = (readsKeys ? head / headsPerRow : head) * surface;
    const int64_t channel = readsKeys ? head % headsPerRow * rowLength : 0;
    std::vector<uint16_t> codes(rowLength);
    for (int64_t token = 0; token < inputTokens; ++token) {
      input.read(offset, token, channel, codes);
      const int64_t row = head * tokens + token;
      if (token >= tokens)
        continue;
      std::transform(codes.begin(), codes.end(), &rows[row * stride], fromHalf);
      // Whatever the cache has where no token is, +0 times it is 0.
      if (!readsKeys)
        isDefined[row] = llvm::all_of(
            llvm::drop_begin(codes, std::min(cachedTokens, rowLength)),
            [](uint16_t code) { return code == 0; });
    }
  });
}

void Attention::readCache(const TaskOperand &cache, int64_t index,
                          int64_t first, int64_t count, LaneNumbers *to) const {
  // A token of keys, or a channel of values, is like an output channel of
  // weights: 32 share the ports (A5).
  const int64_t group = readsKeys
                            ? execution["ChannelBits"] / 8 * layout.portChannels
                            : execution["WeightLine"];
  const int64_t step = group / layout.portChannels;
  std::vector<uint16_t> codes(count);
  for (int64_t lane = 0; lane < kTout; ++lane) {
    const CachePositions positions =
        readsKeys ? CachePositions{firstOutput + index * kTout + lane, false}
                  : CachePositions{first, true};
    cache.read(lane % layout.ports,
               cache.getAddress() + index * group + lane / layout.ports * step +
                   2 * first,
               codes.data(), count, positions);
    for (int64_t i = 0; i < count; ++i)
      to[i].lanes[lane] = fromHalf(codes[i]);
  }
}

std::array<uint16_t, kTout> Attention::finish(const LaneNumbers &sums) const {
  std::array<uint16_t, kTout> codes;
  for (int64_t lane = 0; lane < kTout; ++lane)
    codes[lane] = toHalf(sums.lanes[lane] * scale);
  return codes;
}

void Attention::writeScores(const Map &output, int64_t index,
                            llvm::ArrayRef<LaneNumbers> sums) const {
  const int64_t first = firstOutput + index * kTout;
  // Scores of keys that no token has written are computed all the same.
  const int64_t defined = std::clamp<int64_t>(cachedTokens - first, 0, kTout);
  const int64_t headBytes = execution["OutputHead"];
  for (int64_t head = 0; head < heads; ++head)
    for (int64_t token = 0; token < tokens; ++token) {
      const auto codes = finish(sums[head * tokens + token]);
      const int64_t lane = firstOutput % layout.lanes + index * kTout;
      output.write(head * headBytes, token, lane,
                   llvm::ArrayRef(codes).take_front(defined));
      output.write(head * headBytes, token, lane + defined,
                   llvm::ArrayRef(codes).drop_front(defined),
                   /*isDefined=*/false);
    }
}

void Attention::writeValues(const Map &output, int64_t index,
                            llvm::ArrayRef<LaneNumbers> sums) const {
  const int64_t surface = execution["OutputSurface"];
  const std::array<uint16_t, kTout> zeros = {};
  // Slots behind the heads of the last row are written with it.
  const int64_t slots = llvm::alignTo(heads, headsPerRow);
  for (int64_t head = 0; head < slots; ++head)
    for (int64_t token = 0; token < tokens; ++token) {
      const int64_t row = head * tokens + token;
      const int64_t offset = head / headsPerRow * surface;
      const int64_t lane =
          head % headsPerRow * headChannels + firstOutput + index * kTout;
      if (head < heads)
        output.write(offset, token, lane, finish(sums[row]), isDefined[row]);
      else
        output.write(offset, token, lane, zeros);
    }
}

void Attention::computeGroup(const TaskOperand &cache, const Map &output,
                             int64_t index) const {
  // A piece of the cache stays in the first caches of the processor.
  constexpr int64_t piece = 128;
  std::vector<LaneNumbers> sums(heads * tokens);
  std::vector<LaneNumbers> numbers(piece);
  for (int64_t first = 0; first < rowLength; first += piece) {
    const int64_t count = std::min(piece, rowLength - first);
    readCache(cache, index, first, count, numbers.data());
    simulate::getKernels().accumulate(&rows[first], stride, heads * tokens,
                                      numbers.front().lanes, count,
                                      sums.front().lanes);
  }
  if (readsKeys)
    writeScores(output, index, sums);
  else
    writeValues(output, index, sums);
}

void Attention::run() {
  if (!checkReuses(execution, "CacheAddress",
                   {"InputChannels", "InputWidth", "InputHeads", "InputAddress",
                    readsKeys ? "InputSurface" : "InputHead", "InputLine"}) ||
      !check())
    return;
  readRows();
  const Map output(execution, "OutputAddress", execution["OutputLine"]);
  const TaskOperand cache(execution, "CacheAddress");
  if (readsKeys)
    checkOverlap(execution, tokens,
                 divideCeil(firstOutput % layout.lanes + outputs, layout.lanes),
                 execution["OutputLine"], heads, execution["OutputHead"]);
  else
    checkOverlap(execution, tokens, divideCeil(heads, headsPerRow),
                 execution["OutputSurface"]);
  execution.parallelFor(outputs / kTout, [&](int64_t index) {
    computeGroup(cache, output, index);
  });
}

void ohbm::executeScores(TaskExecution &execution) {
  Attention(execution, /*readsKeys=*/true).run();
}

void ohbm::executeValues(TaskExecution &execution) {
  Attention(execution, /*readsKeys=*/false).run();
}
