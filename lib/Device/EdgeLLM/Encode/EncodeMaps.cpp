//===- EncodeMaps.cpp - Tasks of the special engine on whole maps ---------===//
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
using llvm::alignTo;

void edgellm::writeOnChip(TaskWriter &writer, bool input, bool output) {
  if (writer.has("OnChip"))
    writer.write("OnChip", (output ? 2 : 0) + (input ? 1 : 0));
}

void edgellm::encodeNorm(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::NormOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const int64_t channels = alignTo(op.getChannels(), device["Tout"]);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  // Heads are the rows of an image.
  const int64_t heads = op.getHeads().value_or(1);
  auto getLine = [&](const MapOperand &map) {
    return op.getHeads()
               ? (map.line * (channels / device["Tout"])).named("head_stride")
               : map.line;
  };
  // Weights come in words of 16 channels.
  const int64_t words = channels / (device["AXI_DAT_WIDTH"] / 32);

  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", getLine(input));
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", getLine(output));
  writer.write("ChannelGroups", channels / device["Tout"]);
  writer.write("Rows", heads);
  writer.write("Width", input.tokens);
  writer.write("Pixels", op.getHeads() ? (input.tokens * heads).named("pixels")
                                       : input.tokens);
  writer.write("Reciprocal", encodeFP20(1.0f / channels));
  writer.write("WeightBursts", words / device["AXI_BURST_LEN"]);
  writer.writeNamed("Kind", op.getKind() == accel::NormKind::RMS ? "RMSNorm"
                                                                 : "LayerNorm");
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  writer.writeNamed("Opcode", "Start");
}

LogicalResult edgellm::verifyNorm(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::NormOp>(task);
  if (op.getHeads() && failed(verifyNumHeads(op, device, *op.getHeads())))
    return failure();
  const int64_t rest = op.getChannels() % device["Tout"];
  if (rest == 0)
    return success();
  return op.emitOpError() << "has " << op.getChannels()
                          << " channels, which must be a multiple of "
                          << device["Tout"] << " on " << device.getName()
                          << " (" << rest << " too many)";
}

void edgellm::encodeActivation(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ActivationOp>(task);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());

  writer.write("TableAddress", writer.getObject(op.getTable()));
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.surfaces);
  writer.write("Rows", 1);
  writer.write("Width", input.tokens);
  writer.write("Pixels", input.tokens);
  writer.write("ChannelGroups2", input.surfaces);
  writer.write("Channels", op.getChannels());
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  writer.writeNamed("Opcode", "Start");
}

LogicalResult edgellm::verifyElementwise(Operation *task,
                                         const DeviceInfo &device) {
  auto op = cast<accel::ElementwiseOp>(task);
  if (op.getKind() == accel::BinaryKind::Sub)
    return op.emitOpError() << "is a difference; " << device.getName()
                            << " computes sums and products";
  if (accel::haveEqualStrides(op.getLhs(), op.getRhs()))
    return success();
  return op.emitOpError()
         << "combines maps of different numbers of tokens, but "
         << device.getName() << " has one distance between surfaces for both";
}

void edgellm::encodeElementwise(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ElementwiseOp>(task);
  const MapOperand input = writer.getMap(op.getLhs());
  const MapOperand output = writer.getMap(op.getOutput());

  writer.writeNamed(
      "Mode", op.getKind() == accel::BinaryKind::Add ? "Add" : "Multiply");
  writer.write("InputAddress", input.address);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputAddress", output.address);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.write("ChannelGroups", input.surfaces);
  writer.write("Rows", 1);
  writer.write("Width", input.tokens);
  writer.write("OtherAddress", writer.getMap(op.getRhs()).address);
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  writer.writeNamed("Opcode", "Start");
}
