//===- EncodeLinear.cpp - The MVM engine and the copy of its weights ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// One function per task; it reads like section 4 of the register document.
//
//===----------------------------------------------------------------------===//

#include "../Record/Layouts.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "Encoders.h"
#include "Partition.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using namespace mlir;
using llvm::alignTo;

/// A channel count with its logarithm above it, as registers 22 and 23 want.
static Word withLog2(const DeviceInfo &device, int64_t channels) {
  return (static_cast<int64_t>(llvm::Log2_64(channels)) << device["log2_CH"]) +
         channels;
}

void edgellm::encodeLinear(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::LinearOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const int64_t inputChannels = op.getInputChannels();
  const bool hasScaleBias(op.getScaleBias());
  const bool hasResidual(op.getResidual());
  const bool hasArgmax(op.getArgmax());
  const OutputPartition partition = partitionOutputChannels(
      device, inputChannels, op.getOutputChannels(), hasScaleBias);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const bool multiplies = op.getResidualKind() == accel::BinaryKind::Mul;
  std::string mode = hasScaleBias ? "ScaleBias" : "Plain";
  if (hasResidual)
    mode += "Residual";
  if (hasArgmax)
    mode += "Argmax";

  writer.write("InputChannels", alignTo(inputChannels, device["Tout"]));
  writer.write("InputWidth", input.tokens);
  writer.write("InputRows", 1);
  writer.write("OutputWidth", output.tokens);
  writer.write("OutputRows", 1);
  writer.write("SliceChannels", partition.sliceChannels);
  writer.write("LastSliceChannels", partition.lastSliceChannels);
  writer.write("Tokens", input.tokens);
  writer.write("InputAddress", input.address);
  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writer.write("PackageBits", 8 * packageBytes(device, inputChannels));
  writer.write("OutputAddress", output.address);
  writer.write("LastSlice", partition.slices - 1);
  writer.write("BankStep", device["log2_Bank_Step"]);
  writer.writeNamed("ElementwiseMode", multiplies ? "Multiply" : "Add");
  writer.write("ArgmaxAddress",
               hasArgmax ? writer.getMap(op.getArgmax()).address : Word(0));
  writeOnChip(writer, input.isOnChip, output.isOnChip);
  if (writer.has("ScaleGroup")) {
    writer.write("ScaleGroup", withLog2(device, device["WT_CH_Tgroup"]));
    writer.write("QuantizationBlock",
                 withLog2(device, device["T_quant_block"]));
    writer.write("LastGroupChannels", lastGroupChannels(device, inputChannels));
  }
  writer.write("ScaleBiasAddress",
               hasScaleBias ? writer.getObject(op.getScaleBias()) : Word(0));
  writer.write("ResidualAddress",
               hasResidual ? writer.getMap(op.getResidual()).address : Word(0));
  writer.write("InputSurface", input.line);
  writer.write("InputLine", input.line);
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", output.line);
  writer.writeNamed("Mode", mode);
}

LogicalResult edgellm::verifyLinear(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::LinearOp>(task);
  const int64_t channels = op.getInputChannels();
  if (op.isPart())
    return op.emitOpError() << "computes a part of its output channels, but a "
                               "start of "
                            << device.getName() << " computes them all";
  if (op.getRelu())
    return op.emitOpError()
           << "has relu, which a product of " << device.getName()
           << " cannot compute; use llm.activation relu";
  if (op.getResidual() &&
      !accel::haveEqualStrides(op.getResidual(), op.getOutput()))
    return op.emitOpError()
           << "has a residual with another number of tokens than its result, "
              "but "
           << device.getName() << " has one distance between surfaces for both";
  const int64_t ids = int64_t(1) << device["Argmax_Word_Bits"];
  if (op.getArgmax() && static_cast<int64_t>(op.getOutputChannels()) > ids)
    return op.emitOpError()
           << "finds the largest of " << op.getOutputChannels()
           << " channels, but an argmax of " << device.getName() << " has "
           << device["Argmax_Word_Bits"] << " bits, which can tell " << ids;
  if (linearTokens(device, channels) < 1 ||
      weightBufferChannels(device, channels) < device["Tout"])
    return op.emitOpError()
           << "has " << channels << " input channels, but the buffers of "
           << device.getName() << " hold at most "
           << std::min(device["DAT_BRAM_DEPTH"],
                       device["WT_BRAM_DEPTH"] * device["ASYN_FACTOR"] / 2) *
                  device["Tin"];
  return success();
}

dlavm::Partition edgellm::partitionLinear(Operation *task,
                                          const DeviceInfo &device,
                                          const TaskCounts &) {
  auto op = cast<accel::LinearOp>(task);
  return {{{TaskDimension::Tokens, linearTokens(device, op.getInputChannels()),
            "activation buffer of " +
                std::to_string(device["DAT_BRAM_DEPTH"] * device["Tin"]) +
                " values"}},
          {}};
}

void edgellm::encodeWeightCopy(const WeightCopy &copy, TaskWriter &writer) {
  writer.write("Source", copy.source);
  writer.write("DestinationLow", copy.destination);
  writer.write("LengthBits", 8 * copy.bytes);
  writer.write("Port", copy.port);
  writer.writeNamed("Opcode", "Start");
}
