//===- Encode.cpp - From toy tasks to register values ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Encode.h"
#include "../Record/Layouts.h"
#include "DLAVM/Device/FP20.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Encoding/Partition.h"
#include "DLAVM/Encoding/TaskWriter.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::toy;
using namespace mlir;
using llvm::alignTo;
using llvm::divideCeil;

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

/// Tokens of \p channels channels that the input buffer holds.
static int64_t bufferTokens(const DeviceInfo &device, int64_t channels) {
  return device["Input_Values"] / alignTo(channels, device["Lanes"]);
}

/// Output channels that the weight buffer holds.
static int64_t bufferChannels(const DeviceInfo &device, int64_t channels) {
  return llvm::alignDown(device["Weight_Values"] /
                             alignTo(channels, device["Lanes"]),
                         device["Lanes"]);
}

/// What on the chip holds no more, for the report.
static std::string describeBuffer(const DeviceInfo &device, StringRef name,
                                  StringRef parameter) {
  return (name + " buffer of " + Twine(device[parameter]) + " values").str();
}

static LogicalResult verifyLinear(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::LinearOp>(task);
  if (op.getResidual())
    return op.emitOpError() << "has a residual, which a product of "
                            << device.getName() << " cannot take";
  if (op.getRelu())
    return op.emitOpError() << "has relu, which a product of "
                            << device.getName() << " cannot compute";
  const int64_t channels = bufferChannels(device, op.getInputChannels());
  const int64_t outputChannels = op.getOutputChannels();
  if (op.getArgmax() && channels < outputChannels)
    return op.emitOpError()
           << "has an argmax of " << outputChannels
           << " channels, but one start of " << device.getName()
           << " computes at most " << channels;
  if (bufferTokens(device, op.getInputChannels()) < 1 || channels < 1)
    return op.emitOpError()
           << "has " << op.getInputChannels()
           << " input channels, but the buffers of " << device.getName()
           << " hold at most "
           << std::min(device["Input_Values"],
                       device["Weight_Values"] / device["Lanes"]);
  return success();
}

/// The order that moves fewer bytes: inner loops keep what they do not cut.
static dlavm::Partition partitionLinear(Operation *task,
                                        const DeviceInfo &device,
                                        const TaskCounts &counts) {
  auto op = cast<accel::LinearOp>(task);
  const int64_t inputChannels = op.getInputChannels();
  const int64_t outputChannels = op.getOutputChannels();
  const int64_t tokens = bufferTokens(device, inputChannels);
  const int64_t channels = bufferChannels(device, inputChannels);
  dlavm::Partition partition;
  partition.loops = {{TaskDimension::OutputChannels, channels,
                      describeBuffer(device, "weight", "Weight_Values")},
                     {TaskDimension::Tokens, tokens,
                      describeBuffer(device, "input", "Input_Values")}};
  if (channels >= outputChannels || tokens >= counts.tokens.getMax())
    return partition;
  const Word input =
      2 * alignTo(inputChannels, device["Lanes"]) * counts.tokens;
  const int64_t weight = outputChannels * rowBytes(device, inputChannels);
  const int64_t parts = divideCeil(outputChannels, channels);
  partition.isListedOrder = {
      (input * parts + weight).named("bytes_keeping_weight"),
      (input + ceilDiv(counts.tokens, tokens) * weight)
          .named("bytes_keeping_input")};
  return partition;
}

static void encodeLinear(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::LinearOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const OperandRange part = op.getPart();
  const bool hasScaleBias(op.getScaleBias());
  const bool hasArgmax(op.getArgmax());

  writer.writeNamed("Unit", "Matrix");
  writer.write("InputChannels",
               alignTo(op.getInputChannels(), device["Lanes"]));
  writer.write("FirstChannel", writer.getWord(part[0]));
  writer.write("OutputChannels",
               roundUp(writer.getWord(part[1]), device["Lanes"]));
  writer.write("Tokens", input.tokens);
  writer.write("InputLine", input.line);
  writer.write("OutputLine", output.line);
  writer.write("Flags", writer.getWord(part[2]) + 2 * writer.getWord(part[3]) +
                            (hasScaleBias ? 4 : 0) + (hasArgmax ? 8 : 0));
  writer.write("InputAddress", input.address);
  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writer.write("ScaleBiasAddress",
               hasScaleBias ? writer.getObject(op.getScaleBias()) : Word(0));
  writer.write("OutputAddress", output.address);
  writer.write("ArgmaxAddress",
               hasArgmax ? writer.getMap(op.getArgmax()).address : Word(0));
  writer.writeNamed("Go", "Start");
}

//===----------------------------------------------------------------------===//
// Tasks on whole maps
//===----------------------------------------------------------------------===//

/// Tokens that share the input buffer.
template <typename Op>
static dlavm::Partition partitionMap(Operation *task, const DeviceInfo &device,
                                     const TaskCounts &) {
  const int64_t surfaces =
      cast<MemRefType>(cast<Op>(task).getOutput().getType()).getDimSize(0);
  return {
      {{TaskDimension::Tokens, bufferTokens(device, surfaces * device["Lanes"]),
        describeBuffer(device, "input", "Input_Values")}},
      {}};
}

static LogicalResult verifyNorm(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::NormOp>(task);
  if (op.getKind() != accel::NormKind::RMS)
    return op.emitOpError() << "is a layer norm; " << device.getName()
                            << " computes RMS norms only";
  if (op.getHeads())
    return op.emitOpError() << "normalizes each head, but " << device.getName()
                            << " normalizes all channels";
  if (op.getChannels() % device["Lanes"] != 0)
    return op.emitOpError() << "has " << op.getChannels()
                            << " channels, which must be a multiple of "
                            << device["Lanes"] << " on " << device.getName();
  return success();
}

/// What all tasks on maps have.
static void writeMaps(TaskWriter &writer, const MapOperand &input,
                      const MapOperand &output) {
  writer.write("Tokens", input.tokens);
  writer.write("InputLine", input.line);
  writer.write("OutputLine", output.line);
  writer.write("InputAddress", input.address);
  writer.write("OutputAddress", output.address);
  writer.writeNamed("Go", "Start");
}

static void encodeNorm(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::NormOp>(task);
  writer.writeNamed("Unit", "Norm");
  writer.write("Surfaces", op.getChannels() / writer.getDevice()["Lanes"]);
  writer.write("Reciprocal",
               encodeFP20(1.0f / static_cast<float>(op.getChannels())));
  writer.write("WeightAddress", writer.getObject(op.getWeight()));
  writeMaps(writer, writer.getMap(op.getInput()),
            writer.getMap(op.getOutput()));
}

static void encodeActivation(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ActivationOp>(task);
  writer.writeNamed("Unit", "Activation");
  writer.write("Channels", op.getChannels());
  writer.write("TableAddress", writer.getObject(op.getTable()));
  writeMaps(writer, writer.getMap(op.getInput()),
            writer.getMap(op.getOutput()));
}

static LogicalResult verifyElementwise(Operation *task,
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

static void encodeElementwise(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::ElementwiseOp>(task);
  const MapOperand input = writer.getMap(op.getLhs());
  writer.writeNamed("Unit", "Combine");
  writer.writeNamed(
      "Operation", op.getKind() == accel::BinaryKind::Add ? "Add" : "Multiply");
  writer.write("Surfaces", input.surfaces);
  writer.write("OtherAddress", writer.getMap(op.getRhs()).address);
  writeMaps(writer, input, writer.getMap(op.getOutput()));
}

void toy::addEncoding(DeviceInfo &device) {
  TaskSupport &linear = device.addTask(TaskKind::Linear);
  linear.verify = verifyLinear;
  linear.partition = partitionLinear;
  linear.needsPart = true;
  linear.encode = encodeLinear;
  TaskSupport &norm = device.addTask(TaskKind::Norm);
  norm.verify = verifyNorm;
  norm.partition = partitionMap<accel::NormOp>;
  norm.encode = encodeNorm;
  TaskSupport &activation = device.addTask(TaskKind::Activation);
  activation.partition = partitionMap<accel::ActivationOp>;
  activation.encode = encodeActivation;
  TaskSupport &elementwise = device.addTask(TaskKind::Elementwise);
  elementwise.verify = verifyElementwise;
  elementwise.partition = partitionMap<accel::ElementwiseOp>;
  elementwise.encode = encodeElementwise;
}
