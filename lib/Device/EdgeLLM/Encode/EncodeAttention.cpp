//===- EncodeAttention.cpp - Tasks of the special engine on heads ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// One function per task; it reads like section 4 of the register document.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/FP20.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "Encoders.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using namespace mlir;
using llvm::divideCeil;

/// Distances in the whole KV cache, all ports together (section 3.7).
static int64_t cacheLine(const DeviceInfo &device) {
  return device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
}

static int64_t headGroups(const DeviceInfo &device) {
  return divideCeil(device["MAX_CH_per_HEAD"], device["Tout"]);
}

LogicalResult edgellm::verifyHeads(Operation *task, const DeviceInfo &device) {
  for (Value operand : task->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type || type.getRank() != 4)
      continue;
    const int64_t heads = type.getDimSize(0);
    if (heads > device["MAX_HEADS"])
      return task->emitOpError()
             << "has " << heads << " heads, but a task of " << device.getName()
             << " takes at most " << device["MAX_HEADS"];
  }
  // The channels of scores and probabilities are tokens.
  if (isa<accel::SoftmaxOp>(task))
    return success();
  Value map = isa<accel::ValuesOp>(task)
                  ? cast<accel::ValuesOp>(task).getOutput()
                  : task->getOperand(0);
  const int64_t groups = cast<MemRefType>(map.getType()).getDimSize(1);
  if (groups == headGroups(device))
    return success();
  return task->emitOpError()
         << "has heads of " << groups * device["Tout"]
         << " channels (rounded up to a multiple of " << device["Tout"]
         << "), but those of " << device.getName() << " have "
         << device["MAX_CH_per_HEAD"]
         << "; pad the heads of the model to that size";
}

void edgellm::encodeRope(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::RopeOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const Word past = writer.getWord(op.getPast());
  const int64_t plane = device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
  const Word position =
      writer.getObject(op.getTable()) + device["Pixel_Data_Bytes"] * past;

  writer.write("TableAddress", position.named("position"));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", output.head);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.groups);
  writer.write("Width", input.tokens);
  writer.write("Past", past);
  writer.write("Heads", input.heads);
  writer.write("TableHalf", 2 * plane);
  writer.write("TableLine", plane);
  writer.writeNamed("Opcode", "Start");
}

void edgellm::encodeKVAppend(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::KVAppendOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());

  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("CacheAddress", writer.getObject(op.getCache()));
  writer.write("CacheHead", headGroups(device) * cacheLine(device));
  writer.write("CacheLine", cacheLine(device));
  writer.write("BankStep", device["log2_Bank_Step"]);
  writer.write("Past", writer.getWord(op.getPast()));
  writer.write("Width", input.tokens);
  writer.write("Heads", input.heads);
  writer.write("ChannelGroups", input.groups);
  writer.writeNamed("Transpose",
                    op.getSide() == accel::CacheSide::Keys ? "Keys" : "Values");
  writer.writeNamed("Opcode", "Start");
}

/// The registers that both attention products share.
static void encodeAttention(TaskWriter &writer, Value inputMap, Value outputMap,
                            Value cache, Value keys, double scale,
                            int64_t queryHeads, int64_t kvHeads) {
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(inputMap);
  const MapOperand output = writer.getMap(outputMap);
  const int64_t group = queryHeads / kvHeads;

  writer.write("CacheAddress", writer.getObject(cache));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", output.head);
  writer.write("OutputLine", output.line);
  writer.write("CacheHead", headGroups(device) * cacheLine(device));
  writer.write("CacheLine", cacheLine(device));
  writer.write("HeadChannels", device["MAX_CH_per_HEAD"]);
  writer.write("Columns", writer.getWord(keys));
  writer.write("Width", input.tokens);
  writer.write("BankStepAndScale", (device["log2_Bank_Step"] << 20) +
                                       encodeFP20(static_cast<float>(scale)));
  writer.write("HeadConfiguration",
               ((group - 1) << 16) + (queryHeads << 8) + kvHeads);
  writer.writeNamed("Opcode", "Start");
}

static int64_t getHeads(Value map) {
  return cast<MemRefType>(map.getType()).getDimSize(0);
}

void edgellm::encodeScores(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ScoresOp>(task);
  encodeAttention(writer, op.getInput(), op.getOutput(), op.getCache(),
                  op.getKeys(), op.getScale().convertToDouble(),
                  getHeads(op.getInput()), op.getKvHeads());
}

void edgellm::encodeValues(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ValuesOp>(task);
  encodeAttention(writer, op.getInput(), op.getOutput(), op.getCache(),
                  op.getKeys(), 1.0, getHeads(op.getInput()), op.getKvHeads());
}

/// Tokens whose rows of one KV head's query heads, each of \p width values, fit
/// the activation buffer (section 5.3).
static Word attentionTokens(const DeviceInfo &device, const Word &width,
                            Value map, int64_t kvHeads) {
  const int64_t group = getHeads(map) / kvHeads;
  return floorDiv(device["S_bits"], group * device["MAX_DAT_DW"] * width);
}

Word edgellm::maxTokensScores(Operation *task, const DeviceInfo &device,
                              const Word &) {
  auto op = cast<accel::ScoresOp>(task);
  return attentionTokens(device, device["MAX_CH_per_HEAD"], op.getInput(),
                         op.getKvHeads());
}

Word edgellm::maxTokensValues(Operation *task, const DeviceInfo &device,
                              const Word &total) {
  auto op = cast<accel::ValuesOp>(task);
  return attentionTokens(device, roundUp(total, device["Tout"]), op.getInput(),
                         op.getKvHeads());
}

void edgellm::encodeSoftmax(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::SoftmaxOp>(task);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());

  // One token sees all columns; the first of several does not see the others.
  writer.write("Mask", min(input.tokens - 1, 1));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", input.head);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", output.head);
  writer.write("OutputLine", output.line);
  writer.write("ColumnGroups", input.groups);
  writer.write("Heads", input.heads);
  writer.write("Columns", writer.getWord(op.getKeys()));
  writer.write("Width", input.tokens);
  writer.write("Rows", input.tokens);
  writer.write("Past", writer.getWord(op.getPast()));
  writer.writeNamed("Opcode", "Start");
}
