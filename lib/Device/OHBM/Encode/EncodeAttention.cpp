//===- EncodeAttention.cpp - Products with KV caches ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A start computes the query heads of one KV head, its group. Reads like
// sections 4.3, 4.4 and 5.3 of the register document.
//
//===----------------------------------------------------------------------===//

#include "../Record/Layouts.h"
#include "DLAVM/Device/FP20.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "Encoders.h"
#include "Partition.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;
using llvm::alignTo;

/// Query heads of a KV head.
template <typename Op> static int64_t getGroup(Op op) {
  return op.getHeads() / op.getKvHeads();
}

/// Rows that the queries of a KV head take.
template <typename Op>
static int64_t getGroupRows(Op op, const DeviceInfo &device) {
  return llvm::divideCeil(getGroup(op), headsPerRow(device));
}

//===----------------------------------------------------------------------===//
// Verification and partition
//===----------------------------------------------------------------------===//

LogicalResult ohbm::verifyAttention(Operation *task, const DeviceInfo &device) {
  if (failed(verifyHeads(task, device)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(task)
      .Case<accel::ScoresOp, accel::ValuesOp>([&](auto op) -> LogicalResult {
        const int64_t slots = getGroupRows(op, device) * headsPerRow(device);
        if (op.getSlotsPerKVHead() == slots)
          return success();
        return op.emitOpError()
               << "has " << op.getSlotsPerKVHead() << " slots for the "
               << getGroup(op) << " queries of a KV head, but they take "
               << slots << " on " << device.getName()
               << ", whole rows; run llm-pad-groups before";
      });
}

dlavm::Partition ohbm::partitionScores(Operation *task,
                                       const DeviceInfo &device,
                                       const TaskCounts &counts) {
  auto op = cast<accel::ScoresOp>(task);
  const int64_t group = getGroup(op);
  const int64_t tokens = scoresTokens(device, group);
  const int64_t keys = scoresKeys(device);
  const PartitionLoop tokenLoop = {TaskDimension::Tokens, tokens,
                                   describeActivationMemory(device)};
  const PartitionLoop keyLoop = {TaskDimension::OutputChannels, keys,
                                 describeChannels(device, keys)};
  dlavm::Partition partition;
  // As in products with INT4 weights.
  if (tokens < 1 || tokens >= counts.tokens.getMax())
    partition.loops = {tokenLoop, keyLoop};
  else if (keys >= counts.total.getMax())
    partition.loops = {keyLoop, tokenLoop};
  else
    partition = orderLoops({keyLoop, tokenLoop}, counts, keys,
                           [&](const Word &seq, const Word &total) {
                             return estimateScores(device, group, seq, total);
                           });
  partition.takesOneKVHead = true;
  return partition;
}

dlavm::Partition ohbm::partitionValues(Operation *task,
                                       const DeviceInfo &device,
                                       const TaskCounts &counts) {
  auto op = cast<accel::ValuesOp>(task);
  // The cache of a head moves in a clock or more, so that keeping it is never
  // worse where its channels are not cut.
  const int64_t channels = valuesChannels(device, counts.total.getMax());
  dlavm::Partition partition;
  partition.takesOneKVHead = true;
  partition.loops = {{TaskDimension::OutputChannels, channels,
                      describeChannels(device, channels)},
                     {TaskDimension::Tokens,
                      valuesTokens(device, op.getHeads(), counts.total),
                      describeActivationMemory(device)}};
  return partition;
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

namespace {
/// What a start computes of a KV head.
struct HeadPart : Part {
  Word head;
};
} // namespace

static HeadPart getHeadPart(TaskWriter &writer, ValueRange part) {
  return {getPart(writer, part.drop_front()), writer.getWord(part.front())};
}

/// The registers that both products share.
template <typename Op>
static void encodeAttention(TaskWriter &writer, Op op, const HeadPart &part,
                            const Word &inputChannels, double scale) {
  const DeviceInfo &device = writer.getDevice();
  const Word tokens = writer.getMap(op.getOutput()).tokens;
  const int64_t group = getGroup(op);

  writer.write("InputChannels", inputChannels);
  writer.write("InputWidth", tokens);
  writer.write("OutputWidth", tokens);
  writer.write("OutputHeads", group);
  writer.write("OutputChannels", roundUp(part.channels, device["Tout"]));
  writer.write("FirstChannel", part.first);
  writer.write("ChannelBits", device["MAX_DAT_DW"] * inputChannels);
  writer.write("Flags", part.reusesWeight + 2 * part.reusesInput);
  writer.write("Scale", encodeFP20(static_cast<float>(scale)));
  writer.write("HeadRows", packHeadRows(device, group));
  writer.writeNamed("Opcode", "Start");
}

void ohbm::encodeScores(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ScoresOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const HeadPart part = getHeadPart(writer, op.getPart());
  const int64_t group = getGroup(op);
  const int64_t tokenBytes = 2 * device["MAX_CH_per_HEAD"];
  const Word surfaces = ceilDiv(writer.getWord(op.getKeys()), lanes(device))
                            .named("column_groups");
  const Word outputHead = (output.line * surfaces).named("score_stride");
  const Word surface = floorDiv(part.first, lanes(device)).named("surface");

  encodeAttention(writer, op, part, device["MAX_CH_per_HEAD"],
                  op.getScale().convertToDouble());
  writer.write("InputHeads", device["Scores_With_Slots"] != 0
                                 ? op.getSlotsPerKVHead()
                                 : group);
  writer.write("InputAddress", input.address + getGroupRows(op, device) *
                                                   input.line * part.head);
  writer.write("CacheAddress",
               writer.getObject(op.getCache()) +
                   cacheHeadBytes(device) * part.head +
                   tokenBytes / device["HBM_Port"] * part.first);
  writer.write("OutputAddress", output.address +
                                    group * outputHead * part.head +
                                    output.line * surface);
  writer.writeNamed("Kind", "Scores");
  writer.writeNamed("HeadPacking", "Input");
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputHead", outputHead);
  writer.write("OutputLine", output.line);
}

void ohbm::encodeValues(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ValuesOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const HeadPart part = getHeadPart(writer, op.getPart());
  const int64_t group = getGroup(op);
  const Word keys = writer.getWord(op.getKeys());
  const Word surfaces = ceilDiv(keys, lanes(device)).named("column_groups");
  const Word inputHead = (input.line * surfaces).named("score_stride");

  encodeAttention(writer, op, part, roundUp(keys, device["Tout"]), 1.0);
  writer.write("InputHeads", group);
  writer.write("HeadChannels", device["Values_Head_Width"]);
  writer.write("InputAddress", input.address + group * inputHead * part.head);
  writer.write("CacheAddress",
               writer.getObject(op.getCache()) +
                   cacheHeadBytes(device) * part.head +
                   cacheLineBytes(device) / device["Tout"] * part.first);
  writer.write("OutputAddress", output.address + getGroupRows(op, device) *
                                                     output.line * part.head);
  writer.writeNamed("Kind", "Values");
  writer.write("WeightLine", cacheLineBytes(device));
  writer.writeNamed("HeadPacking", headsPerRow(device) > 1 ? "Output" : "None");
  writer.write("InputHead", inputHead);
  writer.write("InputLine", input.line);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
}
