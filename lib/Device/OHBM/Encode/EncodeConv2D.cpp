//===- EncodeConv2D.cpp - Convolutions ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads like sections 4.12 and 5.4 of the register document.
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

LogicalResult ohbm::verifyConv2D(Operation *task, const DeviceInfo &device) {
  auto op = cast<accel::Conv2DOp>(task);
  const llm::WindowAttr window = op.getWindow();
  const int64_t channels = op.getInputChannels();
  // Fields of registers.
  constexpr int64_t mostSize = 65535, mostStep = 255;
  if (std::max(window.getKernelRows(), window.getKernelColumns()) > mostSize ||
      std::max({window.getRowStride(), window.getColumnStride(),
                window.getRowPadding(), window.getColumnPadding()}) > mostStep)
    return op.emitOpError()
           << "has a kernel, strides or a padding that the registers of "
           << device.getName() << " cannot hold: kernels have up to "
           << mostSize << ", the others up to " << mostStep;
  if (op.getRelu() && device["Relu_Before_Scale"] != 0)
    return op.emitOpError() << "has relu behind scale and bias, but "
                            << device.getName() << " computes it before them";
  const int64_t rows = imageRows(device, window.getColumns(), channels);
  if (rows < std::min<int64_t>(window.getRows(), window.getKernelRows()))
    return op.emitOpError()
           << "needs " << window.getKernelRows() << " rows of "
           << window.getColumns() << " pixels with " << channels
           << " channels on the chip at once, but the activation memory of "
           << device.getName() << " holds " << rows
           << "; make the image narrower";
  if (kernelChannels(device, window, channels) < 1)
    return op.emitOpError()
           << "has " << window.getKernelPixels() << " weights for each of "
           << channels << " input channels, but the weight memory of "
           << device.getName() << " does not hold those of " << device["Tout"]
           << " output channels";
  return success();
}

dlavm::Partition ohbm::partitionConv2D(Operation *task,
                                       const DeviceInfo &device,
                                       const TaskCounts &) {
  auto op = cast<accel::Conv2DOp>(task);
  const llm::WindowAttr window = op.getWindow();
  const int64_t inputs = op.getInputChannels();
  const RowSlices slices = sliceRows(device, window, inputs);
  PartitionLoop rows = {TaskDimension::ImageRows, slices.middle,
                        describeActivationMemory(device)};
  rows.firstRows = slices.first;
  rows.mostInputRows = imageRows(device, window.getColumns(), inputs);
  const PartitionLoop channels = {TaskDimension::OutputChannels,
                                  kernelChannels(device, window, inputs),
                                  describeWeightMemory(device)};
  if (keepsKernels(device, window, inputs, op.getOutputChannels()))
    return {{channels, rows}};
  return {{rows, channels}};
}

static Word encodeKernel(int64_t size, int64_t step, const Word &padding) {
  return (size << 16) + (step << 8) + padding;
}

void ohbm::encodeConv2D(Operation *task, TaskWriter &writer) {
  auto op = cast<accel::Conv2DOp>(task);
  const DeviceInfo &device = writer.getDevice();
  const llm::WindowAttr window = op.getWindow();
  const int64_t inputs = op.getInputChannels();
  const int64_t channelBytes =
      kernelBytes(device, window.getKernelPixels(), inputs);
  const MapOperand input = writer.getMap(op.getInput());
  const MapOperand output = writer.getMap(op.getOutput());
  const Part part = getPart(writer, op.getPart());
  const Word inputRows = writer.getWord(op.getPart()[4]);
  const Word outputRows = writer.getWord(op.getPart()[5]);
  const Word padding = writer.getWord(op.getPart()[6]);
  const Word row = floorDiv(part.first, lanes(device)).named("surface");
  const Word wordRow =
      floorDiv(part.first, lanes(device) / 2).named("word_row");

  writer.write("InputChannels", alignTo(inputs, device["Tout"]));
  writer.write("InputWidth", window.getColumns());
  writer.write("InputRows", inputRows);
  writer.write("OutputWidth", window.getOutputColumns());
  writer.write("OutputRows", outputRows);
  writer.write("OutputChannels", roundUp(part.channels, device["Tout"]));
  writer.write("FirstChannel", part.first);
  writer.write("InputAddress", input.address);
  writer.write("WeightAddress",
               writer.getObject(op.getWeight()) +
                   channelBytes / device["HBM_Port"] * part.first);
  writer.write("ChannelBits", 8 * channelBytes);
  writer.write("OutputAddress", output.address + output.line * row);
  writer.writeNamed("Relu", op.getRelu() ? "On" : "Off");
  writer.write("Flags", part.reusesWeight + 2 * part.reusesInput +
                            device["Scale_Bias_Flag"]);
  writer.writeNamed("Kind", "Convolution");
  writer.write("RowKernel", encodeKernel(window.getKernelRows(),
                                         window.getRowStride(), padding));
  writer.write("ColumnKernel",
               encodeKernel(window.getKernelColumns(), window.getColumnStride(),
                            window.getColumnPadding()));
  writer.write("ScaleBiasAddress", writer.getObject(op.getScaleBias()) +
                                       rowBytes(device) * wordRow);
  writer.write("InputSurface", input.line);
  writer.write("InputLine", rowBytes(device) * window.getColumns());
  writer.write("OutputSurface", output.line);
  writer.write("OutputLine", rowBytes(device) * window.getOutputColumns());
  writer.writeNamed("Opcode", "Start");
}
