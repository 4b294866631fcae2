//===- Execute.cpp - What the tasks of ohbm share when simulated ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Simulate.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::StringRef;
using llvm::Twine;

bool ohbm::checkCounts(TaskExecution &execution,
                       llvm::ArrayRef<StringRef> counts, StringRef channels) {
  const PortLayout layout(execution.getDevice());
  const int64_t limit =
      execution.getDevice().getMapMemory().capacity / layout.rowBytes;
  int64_t rows = 1, most = 0;
  StringRef largest;
  auto add = [&](StringRef reg, int64_t perRow) {
    if (execution[reg] == 0) {
      execution.fail(reg, "is 0, but the task has at least one of them");
      return false;
    }
    const int64_t count = llvm::divideCeil(execution[reg], perRow);
    rows = saturatingProduct(rows, count);
    if (count > most) {
      most = count;
      largest = reg;
    }
    return true;
  };
  for (StringRef count : counts)
    if (!add(count, 1))
      return false;
  if (!channels.empty() && !add(channels, layout.lanes))
    return false;
  if (rows <= limit)
    return true;
  execution.fail(largest, "is " + Twine(execution[largest]) +
                              ", which makes a map larger than HBM");
  return false;
}

void ohbm::checkOverlap(TaskExecution &execution, int64_t tokens,
                        int64_t surfaces, int64_t surface, int64_t heads,
                        int64_t head) {
  const int64_t bytes = tokens * PortLayout(execution.getDevice()).rowBytes;
  if ((surfaces > 1 && surface < bytes) ||
      (heads > 1 && head < (surfaces - 1) * surface + bytes))
    execution.setSerial();
}

std::optional<int64_t> ohbm::readHeadsPerRow(TaskExecution &execution,
                                             int64_t headChannels) {
  const int64_t heads = execution["HeadRows"] & 0xff;
  const int64_t lanes = PortLayout(execution.getDevice()).lanes;
  if (heads >= 1 && saturatingProduct(heads, headChannels) <= lanes)
    return heads;
  execution.fail("HeadRows", "has " + Twine(heads) + " heads of " +
                                 Twine(headChannels) +
                                 " channels in a row, which has " +
                                 Twine(lanes) + " lanes");
  return std::nullopt;
}

std::vector<ScaleBias> ohbm::readScaleBias(TaskExecution &execution,
                                           StringRef reg, int64_t first,
                                           int64_t count) {
  // A word is two lanes, first the bias.
  const PortLayout layout(execution.getDevice());
  std::vector<uint16_t> codes(2 * count);
  Map(execution, reg, layout.rowBytes)
      .read(0, 0, 2 * first % layout.lanes, codes);
  std::vector<ScaleBias> result(count);
  for (int64_t i = 0; i < count; ++i)
    result[i] = {fromHalf(codes[2 * i + 1]), fromHalf(codes[2 * i])};
  return result;
}

/// The same for one operand of a start.
static bool checkReuse(TaskExecution &execution, bool reuses, StringRef operand,
                       llvm::ArrayRef<StringRef> registers) {
  // The number of the start and the values of the registers.
  std::vector<int64_t> values = {execution.getIndex()};
  for (StringRef reg : registers)
    values.push_back(reg == operand ? execution.getAddress(reg)
                                    : execution[reg]);
  std::vector<uint8_t> &buffer = execution.getBuffer(operand);
  std::vector<int64_t> before(buffer.size() / sizeof(int64_t));
  std::copy_n(buffer.data(), buffer.size(),
              reinterpret_cast<uint8_t *>(before.data()));
  const auto *bytes = reinterpret_cast<const uint8_t *>(values.data());
  buffer.assign(bytes, bytes + values.size() * sizeof(int64_t));
  if (!reuses)
    return true;
  if (before.empty() || before.front() + 1 != values.front()) {
    execution.fail("Flags", "is " + Twine(execution["Flags"]) +
                                ", but the start before was no product");
    return false;
  }
  for (auto [reg, now, then] :
       llvm::zip_equal(registers, llvm::ArrayRef(values).drop_front(),
                       llvm::ArrayRef(before).drop_front())) {
    if (now == then)
      continue;
    execution.fail("Flags", "is " + Twine(execution["Flags"]) +
                                ", but the start before had " + reg + " = " +
                                Twine(then) + ", this one has " + Twine(now));
    return false;
  }
  return true;
}

bool ohbm::checkReuses(TaskExecution &execution, StringRef weights,
                       llvm::ArrayRef<StringRef> inputRegisters) {
  const bool hasWeights =
      checkReuse(execution, execution["Flags"] & 1, weights,
                 {"InputChannels", "OutputChannels", "FirstChannel", weights,
                  "ChannelBits", "Kind", "WeightLine"});
  const bool hasInput = checkReuse(execution, execution["Flags"] & 2,
                                   "InputAddress", inputRegisters);
  return hasWeights && hasInput;
}

uint16_t ohbm::finishProduct(double sum, const ScaleBias *scaleBias,
                             bool isRelu, bool isReluFirst) {
  // NaN stays NaN.
  auto relu = [&](bool applies) {
    if (isRelu && applies && sum <= 0)
      sum = 0;
  };
  relu(isReluFirst);
  if (scaleBias)
    sum = sum * scaleBias->scale + scaleBias->bias;
  relu(!isReluFirst);
  return toHalf(sum);
}

void ohbm::addExecution(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).execute = executeLinear;
  device.addTask(TaskKind::Conv2D).execute = executeConv2D;
  device.addTask(TaskKind::Norm).execute = executeNorm;
  device.addTask(TaskKind::Activation).execute = executeActivation;
  device.addTask(TaskKind::Elementwise).execute = executeElementwise;
  device.addTask(TaskKind::Rope).execute = executeRope;
  device.addTask(TaskKind::Softmax).execute = executeSoftmax;
  device.addTask(TaskKind::KVAppend).execute = executeKVAppend;
  device.addTask(TaskKind::Scores).execute = executeScores;
  device.addTask(TaskKind::Values).execute = executeValues;
}
