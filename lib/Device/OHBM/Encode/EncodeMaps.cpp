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
                                     const TaskCounts &) {
  return partitionMap<accel::NormOp>(task, device);
}

LogicalResult ohbm::verifyNorm(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::NormOp>(task);
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
  const MapOperand output = writer.getMap(op.getOutput());
  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writeMap(writer, writer.getMap(op.getInput()), "Input");
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
