//===- EncodeMaps.cpp - Tasks of the misc unit on whole maps --------------===//
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
#include "DLAVM/Device/FP20.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "Encoders.h"
#include "Partition.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;
using llvm::alignTo;

void ohbm::writeMap(TaskWriter &writer, const MapOperand &map,
                    llvm::StringRef prefix) {
  writer.write((prefix + "Address").str(), map.address);
  writer.write((prefix + "Surface").str(), map.line);
  writer.write((prefix + "Line").str(), map.line);
}

/// Tokens that share the activation memory.
template <typename Op>
static dlavm::Partition partitionMap(Operation *task,
                                     const DeviceInfo &device) {
  const int64_t channels = cast<Op>(task).getChannels();
  return partitionRows(device, rowChannels(device, channels));
}

dlavm::Partition ohbm::partitionNorm(Operation *task, const DeviceInfo &device,
                                     const TaskCounts &counts) {
  if (!cast<accel::NormOp>(task).getHeads())
    return partitionMap<accel::NormOp>(task, device);
  // Rows of a head are never cut for the activation memory, but no map is known
  // to be wider than the context.
  return {{{TaskDimension::Heads, floorDiv(device["MAX_TOKEN"], counts.tokens),
            "width of " + std::to_string(device["MAX_TOKEN"]) + " tokens"}}};
}

/// True if \p map has all tokens of its buffer.
static bool hasAllTokens(Value map) {
  auto view = map.getDefiningOp<memref::SubViewOp>();
  if (!view)
    return true;
  auto buffer = accel::getRoot(view);
  const AffineExpr all = buffer ? buffer.getDims().getDim(1) : AffineExpr();
  const OpFoldResult size = view.getMixedSizes()[1];
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return all && all == *constant;
  auto tokens = cast<Value>(size).getDefiningOp<accel::TokensOp>();
  return tokens && tokens.getExpr() == all;
}

/// The heads of a map, a surface each, are one map of as many times the tokens.
static LogicalResult verifyNormOfHeads(accel::NormOp op,
                                       const DeviceInfo &device) {
  if (headsPerRow(device) != 1)
    return op.emitOpError("normalizes each of ")
           << *op.getHeads() << " heads, but a norm of " << device.getName()
           << " takes whole rows, which have " << headsPerRow(device)
           << " heads; devices with one head in a row can do it, like "
              "ohbm-v80-20250326";
  if (static_cast<int64_t>(op.getChannels()) != lanes(device))
    return op.emitOpError("normalizes heads of ")
           << op.getChannels() << " channels, but those of " << device.getName()
           << " have " << lanes(device)
           << "; pad the heads of the model to that size";
  if (!hasAllTokens(op.getInput()) || !hasAllTokens(op.getOutput()))
    return op.emitOpError("normalizes heads of some tokens of a map, but ")
           << device.getName() << " takes all of them";
  return success();
}

LogicalResult ohbm::verifyNorm(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::NormOp>(task);
  if (op.getHeads())
    return verifyNormOfHeads(op, device);
  const int64_t rest = op.getChannels() % device["Tout"];
  if (rest == 0)
    return success();
  return op.emitOpError() << "has " << op.getChannels()
                          << " channels, which must be a multiple of "
                          << device["Tout"] << " on " << device.getName()
                          << " (" << rest << " too many)";
}

void ohbm::encodeNorm(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::NormOp>(task);
  const int64_t channels = op.getChannels();
  MapOperand input = writer.getMap(op.getInput());
  MapOperand output = writer.getMap(op.getOutput());
  // The tokens of all heads follow each other, in one surface.
  if (op.getHeads())
    for (MapOperand *map : {&input, &output}) {
      map->line = (map->line * map->surfaces).named("heads_stride");
      map->tokens = (map->tokens * map->surfaces).named("rows");
    }
  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writeMap(writer, input, "Input");
  writeMap(writer, output, "Output");
  writer.write("Channels", channels);
  writer.write("Width", output.tokens);
  writer.writeNamed("Kind", op.getKind() == accel::NormKind::RMS ? "RMSNorm"
                                                                 : "LayerNorm");
  if (writer.has("AllTokens"))
    writer.write("AllTokens", output.mapTokens);
  writer.write("Reciprocal", encodeFP20(1.0f / static_cast<float>(channels)));
  writer.writeNamed("Opcode", "Start");
}

dlavm::Partition ohbm::partitionActivation(Operation *task,
                                           const DeviceInfo &device,
                                           const TaskCounts &) {
  return partitionMap<accel::ActivationOp>(task, device);
}

void ohbm::encodeActivation(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ActivationOp>(task);
  const MapOperand output = writer.getMap(op.getOutput());
  writer.write("TableAddress", writer.getObject(op.getTable()));
  writeMap(writer, writer.getMap(op.getInput()), "Input");
  writeMap(writer, output, "Output");
  writer.write("Channels",
               alignTo(op.getChannels(), writer.getDevice()["Tout"]));
  writer.write("Width", output.tokens);
  // The first start loads the table, the others keep it.
  if (writer.has("TableUse"))
    writer.write("TableUse", min(output.firstToken, 1) + 1);
  writer.writeNamed("Opcode", "Start");
}

dlavm::Partition ohbm::partitionElementwise(Operation *task,
                                            const DeviceInfo &device,
                                            const TaskCounts &) {
  if (device["Cut_By_Call"] != 0)
    return {};
  return partitionMap<accel::ElementwiseOp>(task, device);
}

static StringRef getOperation(accel::BinaryKind kind) {
  switch (kind) {
  case accel::BinaryKind::Add:
    return "Add";
  case accel::BinaryKind::Sub:
    return "Subtract";
  case accel::BinaryKind::Mul:
    return "Multiply";
  }
  llvm_unreachable("not a kind of combination");
}

void ohbm::encodeElementwise(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ElementwiseOp>(task);
  const MapOperand output = writer.getMap(op.getOutput());
  writer.writeNamed("Operation", getOperation(op.getKind()));
  writeMap(writer, writer.getMap(op.getLhs()), "Input");
  writeMap(writer, output, "Output");
  writer.write("Channels",
               alignTo(op.getChannels(), writer.getDevice()["Tout"]));
  writer.write("Width", output.tokens);
  writeMap(writer, writer.getMap(op.getRhs()), "Other");
  writer.writeNamed("Opcode", "Start");
}
