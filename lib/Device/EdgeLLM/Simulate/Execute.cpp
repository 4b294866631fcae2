//===- Execute.cpp - What the tasks of edgellm share when simulated ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Simulate.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::Twine;

bool edgellm::checkCounts(TaskExecution &execution,
                          llvm::ArrayRef<llvm::StringRef> counts) {
  const int64_t limit =
      execution.getDevice().getMapMemory().capacity / kPixelBytes;
  int64_t pixels = 1;
  llvm::StringRef largest = counts.front();
  for (llvm::StringRef count : counts) {
    if (execution[count] == 0) {
      execution.fail(count, "is 0, but the task has at least one of them");
      return false;
    }
    if (execution[count] > execution[largest])
      largest = count;
    pixels = saturatingProduct(pixels, execution[count]);
  }
  if (pixels <= limit)
    return true;
  execution.fail(largest, "is " + Twine(execution[largest]) +
                              ", which makes a map larger than DDR");
  return false;
}

void edgellm::checkOverlap(TaskExecution &execution, const MapStrides &output,
                           int64_t groups, int64_t tokens, int64_t heads) {
  const int64_t row = std::min(tokens, output.width) * kPixelBytes;
  // Rows lie in groups, or groups in rows.
  const int64_t rows = llvm::divideCeil(tokens, output.width);
  const bool interleaves =
      output.group < saturatingProduct(rows, output.line) &&
      output.line < saturatingProduct(groups, output.group);
  if (output.group < row || (rows > 1 && (output.line < row || interleaves)) ||
      (heads > 1 && output.head < saturatingProduct(groups, output.group)))
    execution.setSerial();
}

bool edgellm::checkBankStep(TaskExecution &execution, llvm::StringRef reg,
                            int64_t bankStep) {
  if (bankStep <= 32)
    return true;
  execution.fail(reg, "is " + Twine(execution[reg]) + ": ports that are 2^" +
                          Twine(bankStep) + " bytes apart have no address");
  return false;
}

ElementPlace edgellm::placeInCache(bool isKeys, int64_t head, int64_t token,
                                   int64_t channel, int64_t headBytes,
                                   int64_t lineBytes) {
  // Each port has its share of the distances; 32 tokens have one pixel there.
  const int64_t pixel = head * (headBytes / kLanes) +
                        channel / kLanes * (lineBytes / kLanes) +
                        token / kLanes * kPixelBytes;
  if (isKeys)
    return {token % kLanes, pixel + channel % kLanes * 2};
  return {channel % kLanes, pixel + token % kLanes * 2};
}

std::vector<ScaleBias> edgellm::readScaleBias(TaskExecution &execution,
                                              llvm::StringRef reg,
                                              int64_t channels) {
  const TaskOperand operand(execution, reg);
  std::vector<ScaleBias> result(channels);
  for (int64_t i = 0; i < channels; i += kLanes) {
    std::array<uint32_t, kLanes> words;
    const int64_t count = std::min(kLanes, channels - i);
    operand.read(0, operand.getAddress() + 4 * i, words.data(), count);
    for (int64_t lane = 0; lane < count; ++lane)
      result[i + lane] = {fromHalf(words[lane] >> 16),
                          fromHalf(words[lane] & 0xffff)};
  }
  return result;
}

/// The place in a cache of the size that the device gives it (section 3.7).
static ElementPlace placeCacheElement(const DeviceInfo &device, bool isKeys,
                                      int64_t head, int64_t token,
                                      int64_t channel) {
  // WT_LINE and WT_HEAD.
  const int64_t lineBytes = kPixelBytes * device["MAX_TOKEN"];
  const int64_t headBytes =
      lineBytes * llvm::divideCeil(device["MAX_CH_per_HEAD"], kLanes);
  // A feature map, whatever it holds.
  if (device["KV_Cache_In_DDR"])
    return {0, head * headBytes + channel / kLanes * lineBytes +
                   token * kPixelBytes + channel % kLanes * 2};
  return placeInCache(isKeys, head, token, channel, headBytes, lineBytes);
}

void edgellm::addExecution(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).execute = executeLinear;
  device.addTask(TaskKind::Norm).execute = executeNorm;
  device.addTask(TaskKind::Activation).execute = executeActivation;
  device.addTask(TaskKind::Elementwise).execute = executeElementwise;
  device.addTask(TaskKind::Rope).execute = executeRope;
  device.addTask(TaskKind::Softmax).execute = executeSoftmax;
  device.addTask(TaskKind::KVAppend).execute = executeKVAppend;
  device.addTask(TaskKind::Scores).execute = executeScores;
  device.addTask(TaskKind::Values).execute = executeValues;
  device.addTask(TaskKind::WeightCopy).execute = executeWeightCopy;
  device.placeCacheElement = placeCacheElement;
}
