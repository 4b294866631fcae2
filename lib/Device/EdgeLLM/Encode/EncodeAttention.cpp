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
#include "DLAVM/Support/Half.h"
#include "Encoders.h"

#include "llvm/ADT/TypeSwitch.h"
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

/// Of scores and probabilities, whose channels are tokens.
static Word columnGroups(const DeviceInfo &device, const Word &keys) {
  return ceilDiv(keys, device["Tout"]).named("column_groups");
}

/// The distance between heads of \p groups channel groups, which are groups of
/// columns in scores and probabilities.
static Word headStride(const MapOperand &map, const Word &groups) {
  return (map.line * groups)
      .named(groups.isConstant() ? "head_stride" : "score_stride");
}

LogicalResult edgellm::verifyNumHeads(Operation *task, const DeviceInfo &device,
                                      int64_t heads) {
  if (heads <= device["MAX_HEADS"])
    return success();
  return task->emitOpError()
         << "has " << heads << " heads, but a task of " << device.getName()
         << " takes at most " << device["MAX_HEADS"];
}

/// One start computes all KV heads, and their queries have no gaps.
template <typename Op>
static LogicalResult verifyWhole(Op op, const DeviceInfo &device) {
  if (op.isPart())
    return op.emitOpError()
           << "computes a part of its KV heads, but a start of "
           << device.getName() << " computes them all";
  const int64_t group = op.getHeads() / op.getKvHeads();
  if (op.getSlotsPerKVHead() == group)
    return success();
  return op.emitOpError() << "has " << op.getSlotsPerKVHead()
                          << " slots for the " << group
                          << " queries of a KV head, but " << device.getName()
                          << " takes them without gaps";
}

LogicalResult edgellm::verifyHeads(Operation *task, const DeviceInfo &device) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(task)
      .Case<accel::RopeOp, accel::KVAppendOp, accel::ScoresOp, accel::ValuesOp>(
          [&](auto op) -> LogicalResult {
            if (failed(verifyNumHeads(op, device, op.getHeads())))
              return failure();
            if constexpr (std::is_same_v<decltype(op), accel::ScoresOp> ||
                          std::is_same_v<decltype(op), accel::ValuesOp>)
              if (failed(verifyWhole(op, device)))
                return failure();
            if (static_cast<int64_t>(op.getHeadChannels()) ==
                device["MAX_CH_per_HEAD"])
              return success();
            return op.emitOpError()
                   << "has heads of " << op.getHeadChannels()
                   << " channels, but those of " << device.getName() << " have "
                   << device["MAX_CH_per_HEAD"]
                   << "; pad the heads of the model to that size";
          })
      .Case([&](accel::SoftmaxOp op) {
        return verifyNumHeads(op, device, op.getHeads());
      });
}

void edgellm::encodeRope(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::RopeOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const int64_t groups = headGroups(device);
  const Word inputHead = headStride(input, groups);
  const Word past = writer.getWord(op.getPast());
  const int64_t plane = device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
  const Word position =
      writer.getObject(op.getTable()) + device["Pixel_Data_Bytes"] * past;

  writer.write("TableAddress", position.named("position"));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", inputHead);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", headStride(output, groups));
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", groups);
  writer.write("Width", input.tokens);
  writer.write("Past", past);
  writer.write("Heads", op.getHeads());
  writer.write("TableHalf", 2 * plane);
  writer.write("TableLine", plane);
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  writer.writeNamed("Opcode", "Start");
}

void edgellm::encodeKVAppend(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::KVAppendOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const int64_t groups = headGroups(device);

  writer.write("InputAddress", input.address);
  writer.write("InputHead", headStride(input, groups));
  writer.write("InputLine", input.line);
  writer.write("CacheAddress", writer.getObject(op.getCache()));
  writer.write("CacheHead", groups * cacheLine(device));
  writer.write("CacheLine", cacheLine(device));
  writer.write("BankStep", device["log2_Bank_Step"]);
  writer.write("Past", writer.getWord(op.getPast()));
  writer.write("Width", input.tokens);
  writer.write("Heads", op.getHeads());
  writer.write("ChannelGroups", groups);
  writer.writeNamed("Transpose",
                    op.getSide() == accel::CacheSide::Keys ? "Keys" : "Values");
  writer.writeNamed("Opcode", "Start");
}

/// The code of a scale, in as many bits as the device gives it.
static int64_t encodeScale(const DeviceInfo &device, double scale) {
  return device["sCONV_OUT_DW"] == 16 ? doubleToHalf(scale)
                                      : encodeFP20(static_cast<float>(scale));
}

/// The registers that both attention products share. Heads of the input have \p
/// inputGroups channel groups.
template <typename Op>
static void encodeAttention(TaskWriter &writer, Op op, const Word &inputGroups,
                            const Word &outputGroups, double scale) {
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const int64_t heads = op.getHeads(), kvHeads = op.getKvHeads();

  writer.write("CacheAddress", writer.getObject(op.getCache()));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", headStride(input, inputGroups));
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", headStride(output, outputGroups));
  writer.write("OutputLine", output.line);
  writer.write("CacheHead", headGroups(device) * cacheLine(device));
  writer.write("CacheLine", cacheLine(device));
  writer.write("Columns", writer.getWord(op.getKeys()));
  writer.write("Width", input.tokens);
  // Registers 203 and 206 differ among the versions.
  if (writer.has("HeadChannels"))
    writer.write("HeadChannels", device["MAX_CH_per_HEAD"]);
  if (writer.has("HeadGroups"))
    writer.write("HeadGroups", headGroups(device));
  if (writer.has("Depth"))
    writer.write("Depth", writer.getWord(op.getKeys()));
  if (writer.has("DepthGroups"))
    writer.write("DepthGroups", inputGroups);
  if (writer.has("Scale"))
    writer.write("Scale", encodeScale(device, scale));
  if (writer.has("BankStepAndScale"))
    writer.write("BankStepAndScale",
                 (device["log2_Bank_Step"] << device["sCONV_OUT_DW"]) +
                     encodeScale(device, scale));
  writer.write("HeadConfiguration",
               ((heads / kvHeads - 1) << 16) + (heads << 8) + kvHeads);
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  writer.writeNamed("Opcode", "Start");
}

void edgellm::encodeScores(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ScoresOp>(task);
  const DeviceInfo &device = writer.getDevice();
  encodeAttention(writer, op, headGroups(device),
                  columnGroups(device, writer.getWord(op.getKeys())),
                  op.getScale().convertToDouble());
}

void edgellm::encodeValues(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ValuesOp>(task);
  const DeviceInfo &device = writer.getDevice();
  encodeAttention(writer, op,
                  columnGroups(device, writer.getWord(op.getKeys())),
                  headGroups(device), 1.0);
}

/// Tokens whose rows of one KV head's query heads, each of \p width values, fit
/// the activation buffer (section 5.3).
template <typename Op>
static Partition partitionTokens(const DeviceInfo &device, const Word &width,
                                 Op op) {
  if (device["S_bits"] == 0)
    return {};
  const int64_t group = op.getHeads() / op.getKvHeads();
  return {{{TaskDimension::Tokens,
            floorDiv(device["S_bits"], group * device["MAX_DAT_DW"] * width),
            "attention buffer of " +
                std::to_string(device["S_bits"] / device["MAX_DAT_DW"]) +
                " values"}},
          {}};
}

Partition edgellm::partitionScores(Operation *task, const DeviceInfo &device,
                                   const TaskCounts &) {
  auto op = cast<accel::ScoresOp>(task);
  return partitionTokens(device, device["MAX_CH_per_HEAD"], op);
}

Partition edgellm::partitionValues(Operation *task, const DeviceInfo &device,
                                   const TaskCounts &counts) {
  auto op = cast<accel::ValuesOp>(task);
  return partitionTokens(device, roundUp(counts.total, device["Tout"]), op);
}

void edgellm::encodeSoftmax(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::SoftmaxOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const Word keys = writer.getWord(op.getKeys());
  const Word groups = columnGroups(device, keys);

  // One token sees all columns; the first of several does not see the others.
  writer.write("Mask", op.getMask()
                           ? Word(op.getMask() == accel::MaskKind::Always)
                           : min(input.tokens - 1, 1));
  writer.write("InputAddress", input.address);
  writer.write("InputHead", headStride(input, groups));
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", headStride(output, groups));
  writer.write("OutputLine", output.line);
  writer.write("ColumnGroups", groups);
  writer.write("Heads", op.getHeads());
  writer.write("Columns", keys);
  writer.write("Width", input.tokens);
  writer.write("Rows", input.tokens);
  writer.write("Past", writer.getWord(op.getPast()));
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  writer.writeNamed("Opcode", "Start");
}
