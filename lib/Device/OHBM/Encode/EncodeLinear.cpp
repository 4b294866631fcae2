//===- EncodeLinear.cpp - Products with INT4 weights ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads like section 4.2 of the register document.
//
//===----------------------------------------------------------------------===//

#include "../Record/Layouts.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "Encoders.h"
#include "Partition.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using namespace mlir;
using llvm::alignTo;
using llvm::divideCeil;

LogicalResult ohbm::verifyLinear(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::LinearOp>(task);
  if (op.getResidual())
    return op.emitOpError() << "has a residual, which a product of "
                            << device.getName() << " cannot take";
  if (op.getRelu() && op.getScaleBias() && device["Relu_Before_Scale"] != 0)
    return op.emitOpError() << "has relu behind scale and bias, but "
                            << device.getName() << " has it before them";
  const int64_t channels = op.getInputChannels();
  if (linearTokens(device, channels) >= 1 &&
      linearChannels(device, channels, device["Tout"]) >= 1)
    return success();
  const int64_t most = std::min(
      device["Activation_Memory_Bits"] / device["MAX_DAT_DW"],
      device["Weight_Memory_Bits"] / (device["Tout"] * device["MAX_WT_DW"]));
  return op.emitOpError() << "has " << channels
                          << " input channels, but the memories on the chip of "
                          << device.getName() << " hold at most " << most;
}

dlavm::Partition ohbm::partitionLinear(Operation *task,
                                       const DeviceInfo &device,
                                       const TaskCounts &counts) {
  auto op = cast<accel::LinearOp>(task);
  const int64_t inputs = op.getInputChannels();
  const int64_t outputs = op.getOutputChannels();
  const int64_t tokens = linearTokens(device, inputs);
  const int64_t channels = linearChannels(device, inputs, outputs);
  const PartitionLoop tokenLoop = {TaskDimension::Tokens, tokens,
                                   describeActivationMemory(device)};
  const PartitionLoop channelLoop = {TaskDimension::OutputChannels, channels,
                                     describeChannels(device, channels)};
  // Going through all channels first keeps the input. Where only one of the two
  // dimensions is cut, or nothing fits, no estimate has to be compared.
  if (channels < 1 || tokens < 1 || tokens >= counts.tokens.getMax())
    return {{tokenLoop, channelLoop}};
  const int64_t weight =
      alignTo(outputs, device["Tout"]) * channelBytes(device, inputs);
  if (channels >= outputs && weight >= clockBits(device))
    return {{channelLoop, tokenLoop}};
  return orderLoops({channelLoop, tokenLoop}, counts, counts.total.getMax(),
                    [&](const Word &seq, const Word &) {
                      return estimateLinear(device, inputs, outputs, seq);
                    });
}

/// A channel count with its logarithm above it, as registers 22 and 23 want.
static Word withLog2(const DeviceInfo &device, int64_t channels) {
  return (static_cast<int64_t>(llvm::Log2_64(channels)) << device["log2_CH"]) +
         channels;
}

void ohbm::encodeLinear(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::LinearOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const int64_t inputs = op.getInputChannels();
  const int64_t outputs = alignTo(op.getOutputChannels(), device["Tout"]);
  const int64_t channelsPerStart = linearChannels(device, inputs, outputs);
  const bool hasScaleBias(op.getScaleBias());
  const bool hasArgmax(op.getArgmax());
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const Part part = getPart(writer, op.getPart());
  // A row has as many channels as lanes, or half as many words.
  const Word row = floorDiv(part.first, lanes(device)).named("surface");
  const Word wordRow =
      floorDiv(part.first, lanes(device) / 2).named("word_row");
  const int64_t group = groupChannels(device);

  writer.write("InputChannels", alignTo(inputs, device["Tout"]));
  writer.write("InputWidth", input.tokens);
  writer.write("OutputWidth", output.tokens);
  writer.write("OutputChannels", roundUp(part.channels, device["Tout"]));
  writer.write("FirstChannel", part.first);
  writer.write("LastSlice",
               hasArgmax ? divideCeil(outputs, channelsPerStart) - 1 : 0);
  writer.write("InputAddress", input.address);
  writer.write("WeightAddress", writer.getObject(op.getWeight()) +
                                    channelBytes(device, inputs) /
                                        device["HBM_Port"] * part.first);
  writer.write("ChannelBits", 8 * channelBytes(device, inputs));
  writer.write("OutputAddress", output.address + output.line * row);
  writer.writeNamed("Relu", op.getRelu() ? "On" : "Off");
  writer.write("Flags", part.reusesWeight + 2 * part.reusesInput +
                            (hasScaleBias ? device["Scale_Bias_Flag"] : 0));
  writer.writeNamed("Kind", "Int4");
  writer.write("ScaleGroup", withLog2(device, group));
  writer.write("QuantizationBlock", withLog2(device, device["T_quant_block"]));
  writer.write("LastGroupChannels",
               paddedInputs(device, inputs) -
                   group * (scaleGroups(device, inputs) - 1));
  writer.write("ScaleBiasAddress", hasScaleBias
                                       ? writer.getObject(op.getScaleBias()) +
                                             rowBytes(device) * wordRow
                                       : Word(0));
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.writeNamed("Opcode", hasArgmax      ? "ScaleBiasArgmax"
                              : hasScaleBias ? "ScaleBias"
                                             : "Plain");
}
