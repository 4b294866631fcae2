//===- EncodeHeads.cpp - Tasks of the misc unit on heads ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per task; it reads like section 4 of the register document.
//
//===----------------------------------------------------------------------===//

#include "../Record/Layouts.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "Encoders.h"
#include "Partition.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;
using llvm::divideCeil;

LogicalResult ohbm::verifyHeads(Operation *task, const DeviceInfo &device) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(task)
      .Case<accel::RopeOp, accel::KVAppendOp, accel::ScoresOp, accel::ValuesOp>(
          [&](auto op) -> LogicalResult {
            if (static_cast<int64_t>(op.getHeadChannels()) ==
                device["MAX_CH_per_HEAD"])
              return success();
            return op.emitOpError()
                   << "has heads of " << op.getHeadChannels()
                   << " channels, but those of " << device.getName() << " have "
                   << device["MAX_CH_per_HEAD"]
                   << "; pad the heads of the model to that size";
          });
}

Word ohbm::packHeadRows(const DeviceInfo &device, int64_t heads) {
  return (static_cast<int64_t>(divideCeil(heads, headsPerRow(device))) << 8) +
         headsPerRow(device);
}

dlavm::Partition ohbm::partitionRope(Operation *task, const DeviceInfo &device,
                                     const TaskCounts &) {
  // By call, one row of all those that a token has counts.
  if (device["Cut_By_Call"] != 0)
    return partitionRows(device, lanes(device));
  auto op = cast<accel::RopeOp>(task);
  return partitionRows(device, divideCeil(op.getHeads(), headsPerRow(device)) *
                                   lanes(device));
}

void ohbm::encodeRope(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::RopeOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand output = writer.getMap(op.getOutput());
  const Word position = writer.getObject(op.getTable()) +
                        rowBytes(device) * writer.getWord(op.getPast());
  const int64_t tableBytes = rowBytes(device) * device["MAX_TOKEN"];

  writer.write("TableAddress", position.named("position"));
  writeMap(writer, writer.getMap(op.getInput()), "Input");
  writeMap(writer, output, "Output");
  writer.write("HeadChannels", device["MAX_CH_per_HEAD"]);
  writer.write("Width", output.tokens);
  writer.writeNamed("Pairing", op.getHalves() ? "Halves" : "Neighbours");
  writer.write("Heads", op.getHeads());
  writer.write("TableSurface", tableBytes);
  writer.write("TableLine", tableBytes);
  writer.write("HeadRows", packHeadRows(device, op.getHeads()));
  writer.writeNamed("Opcode", "Start");
}

void ohbm::encodeKVAppend(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::KVAppendOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());

  writeMap(writer, input, "Input");
  writer.write("CacheAddress", writer.getObject(op.getCache()));
  writer.write("CacheHead", cacheHeadBytes(device));
  writer.write("CacheLine", cacheLineBytes(device));
  writer.write("HeadChannels", device["MAX_CH_per_HEAD"]);
  writer.write("Width", input.tokens);
  writer.write("Heads", op.getHeads());
  writer.write("Past", writer.getWord(op.getPast()));
  writer.writeNamed("Side",
                    op.getSide() == accel::CacheSide::Keys ? "Keys" : "Values");
  writer.write("HeadRows", packHeadRows(device, op.getHeads()));
  writer.writeNamed("Opcode", "Start");
}

dlavm::Partition ohbm::partitionSoftmax(Operation *task,
                                        const DeviceInfo &device,
                                        const TaskCounts &counts) {
  const int64_t heads =
      device["Cut_By_Call"] != 0 ? cast<accel::SoftmaxOp>(task).getHeads() : 1;
  return partitionRows(device, roundUp(counts.total, lanes(device)), heads);
}

void ohbm::encodeSoftmax(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::SoftmaxOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const Word keys = writer.getWord(op.getKeys());
  const Word rows = ceilDiv(keys, lanes(device)).named("column_groups");

  writer.write("InputAddress", input.address);
  writer.write("InputHead", (input.line * rows).named("score_stride"));
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputHead", (output.line * rows).named("score_stride"));
  writer.write("OutputLine", output.line);
  writer.write("Columns", keys);
  writer.write("Heads", op.getHeads());
  writer.write("Columns2", keys);
  writer.write("Width", output.tokens);
  writer.write("Position", writer.getWord(op.getPast()));
  // One token sees all columns; the first of several does not see the others,
  // even if a start has no other.
  writer.write("Mask", op.getMask()
                           ? Word(op.getMask() == accel::MaskKind::Always)
                           : min(output.mapTokens - 1, 1));
  writer.writeNamed("Opcode", "Start");
}
