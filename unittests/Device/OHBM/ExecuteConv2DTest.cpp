//===- ExecuteConv2DTest.cpp - Simulated ohbm convolutions ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

/// A convolution in memory. Images are tensors whose tokens are pixels.
struct Layer {
  Layer(int64_t outputs, int64_t inputs, uint64_t seed)
      : outputs(outputs), inputs(inputs), values(outputs * kernel() * inputs) {
    Random random(seed);
    for (int8_t &value : values)
      value = static_cast<int8_t>(random.next() % 15) - 7;
    scales = random.halves(outputs);
    biases = random.halves(outputs);
  }
  void load(Machine &machine) {
    machine.load(ObjectKind::ConvWeight,
                 {outputs, kernelRows, kernelColumns, inputs}, machine.object(),
                 [&](const ObjectSupport &support, PortBytes ports) {
                   support.packKernels({kernel(), inputs, values},
                                       machine.device, ports);
                 });
    machine.loadPairs(ObjectKind::ScaleBias, machine.object2(), scales, biases);
  }
  static int64_t kernel() { return kernelRows * kernelColumns; }
  /// Section 3.5.
  int64_t channelBytes(const DeviceInfo &device) const {
    return kernel() * llvm::alignTo(llvm::alignTo(inputs, 32), device["Tin"]) /
           2;
  }

  /// One start: output channels first .. first + count - 1 of rows firstRow ..
  /// firstRow + height - 1 (sections 4.1 and 5.4).
  Values registers(const Machine &machine, int64_t first, int64_t count,
                   int64_t firstRow, int64_t height, int64_t flags = 0,
                   int64_t relu = 0) const {
    const DeviceInfo &device = machine.device;
    const int64_t lanes = machine.traits.lanes;
    const int64_t padding = firstRow == 0 ? rowPadding : 0;
    const int64_t firstInput =
        firstRow == 0 ? 0 : firstRow * rowStep - rowPadding;
    const int64_t end =
        (firstRow + height - 1) * rowStep - rowPadding + kernelRows;
    const int64_t line = machine.surface(columns);
    const int64_t outputLine = machine.surface(outputColumns);
    return {{"InputChannels", llvm::alignTo(inputs, 32)},
            {"InputWidth", columns},
            {"InputRows", std::min(end, rows) - firstInput},
            {"OutputWidth", outputColumns},
            {"OutputRows", height},
            {"OutputChannels", count},
            {"FirstChannel", first},
            {"InputAddress", machine.input() + firstInput * line},
            {"WeightAddress", machine.object() + channelBytes(device) * first /
                                                     device["HBM_Port"]},
            {"ChannelBits", 8 * channelBytes(device)},
            {"OutputAddress", machine.output() + firstRow * outputLine +
                                  first / lanes * outputRows * outputLine},
            {"Relu", relu},
            {"Flags", flags + device["Scale_Bias_Flag"]},
            {"RowKernel", (kernelRows << 16) + (rowStep << 8) + padding},
            {"ColumnKernel",
             (kernelColumns << 16) + (columnStep << 8) + columnPadding},
            {"ScaleBiasAddress", machine.object2() + machine.traits.rowBytes *
                                                         (first / (lanes / 2))},
            {"InputSurface", rows * line},
            {"InputLine", line},
            {"OutputSurface", outputRows * outputLine},
            {"OutputLine", outputLine},
            {"Opcode", 31}};
  }

  double sum(const Tensor &x, int64_t row, int64_t column, int64_t o) const {
    double sum = 0;
    for (int64_t k = 0; k < kernelRows; ++k)
      for (int64_t l = 0; l < kernelColumns; ++l)
        for (int64_t c = 0; c < inputs; ++c) {
          const int64_t y = row * rowStep + k - rowPadding;
          const int64_t z = column * columnStep + l - columnPadding;
          if (y >= 0 && y < rows && z >= 0 && z < columns)
            sum += x.get(0, y * columns + z, c) *
                   values[(o * kernel() + k * kernelColumns + l) * inputs + c];
        }
    return sum;
  }
  /// \p reluFirst is 1 for a relu before scale and bias, 0 for one after them,
  /// and -1 for none.
  Tensor compute(const Tensor &x, int reluFirst = -1) const {
    Tensor result(1, outputRows * outputColumns, outputs);
    for (int64_t i = 0; i < outputRows * outputColumns; ++i)
      for (int64_t o = 0; o < outputs; ++o) {
        double value = sum(x, i / outputColumns, i % outputColumns, o);
        if (reluFirst == 1)
          value = std::max(value, 0.0);
        value = value * halfToDouble(scales[o]);
        value += halfToDouble(biases[o]);
        if (reluFirst == 0)
          value = std::max(value, 0.0);
        result.at(0, i, o) = doubleToHalf(value);
      }
    return result;
  }

  static constexpr int64_t rows = 9, columns = 7, kernelRows = 3,
                           kernelColumns = 2, rowStep = 2, columnStep = 1,
                           rowPadding = 1, columnPadding = 1, outputRows = 5,
                           outputColumns = 8;
  int64_t outputs, inputs;
  std::vector<int8_t> values;
  std::vector<uint16_t> scales, biases;
};

void setImage(Machine &machine, const Tensor &image, int64_t inputs) {
  // What lies beside the channels of an image has weights of 0.
  Tensor padded(1, image.tokens, llvm::alignTo(inputs, 32));
  for (int64_t t = 0; t < image.tokens; ++t)
    for (int64_t c = 0; c < image.channels; ++c)
      padded.at(0, t, c) = image.codes[t * image.channels + c];
  machine.setMap(machine.input(), padded);
}

void expectImage(Machine &machine, const Tensor &expected) {
  expectEqual(machine.getMap(machine.output(), 1, expected.tokens,
                             expected.channels, expected.tokens),
              expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(ExecuteConv2D, SlicesOfRowsAndChannels) {
  // The weights or the rows stay on the chip; several surfaces of both images.
  const Layer layer(640, 600, 1);
  const Tensor x = Random(2).tensor(1, Layer::rows * Layer::columns, 600);
  const Tensor expected = layer.compute(x);
  forEachBoard([&](const DeviceInfo &device) {
    for (bool keepsWeight : {false, true}) {
      Machine machine(device);
      Layer(layer).load(machine);
      setImage(machine, x, 600);
      auto start = [&](int64_t h, int64_t c, int64_t flags) {
        machine.start(TaskKind::Conv2D,
                      layer.registers(machine, c * 288,
                                      std::min<int64_t>(288, 640 - c * 288),
                                      h * 2, std::min<int64_t>(2, 5 - h * 2),
                                      flags));
      };
      if (keepsWeight)
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t h = 0; h < 3; ++h)
            start(h, c, h > 0 ? 1 : 0);
      else
        for (int64_t h = 0; h < 3; ++h)
          for (int64_t c = 0; c < 3; ++c)
            start(h, c, c > 0 ? 2 : 0);
      expectImage(machine, expected);
    }
  });
}

TEST(ExecuteConv2D, WritesItsLanesOnly) {
  forEachBoard([](const DeviceInfo &device) {
    Machine machine(device);
    Layer layer(96, 8, 1);
    layer.load(machine);
    const Tensor x = Random(2).tensor(1, Layer::rows * Layer::columns, 8);
    setImage(machine, x, 8);
    const Tensor old = Random(3).tensor(1, 40, machine.traits.lanes);
    machine.setMap(machine.output(), old);
    machine.start(TaskKind::Conv2D,
                  layer.registers(machine, 32, 32, 0, Layer::outputRows));
    Tensor expected = old;
    Tensor full = layer.compute(x);
    for (int64_t t = 0; t < 40; ++t)
      for (int64_t o = 32; o < 64; ++o)
        expected.at(0, t, o) = full.at(0, t, o);
    expectImage(machine, expected);
  });
}

TEST(ExecuteConv2D, Relu) {
  for (bool isFirst : {false, true}) {
    DeviceInfo device = newest();
    device.setParameter("Relu_Before_Scale", isFirst);
    Machine machine(device);
    Layer layer(32, 8, 1);
    layer.load(machine);
    const Tensor x = Random(2).tensor(1, Layer::rows * Layer::columns, 8);
    setImage(machine, x, 8);
    machine.start(TaskKind::Conv2D,
                  layer.registers(machine, 0, 32, 0, 5, 0, 1));
    expectImage(machine, layer.compute(x, isFirst));
  }
}

TEST(ExecuteConv2D, OldVersions) {
  Machine machine(lookUp("ohbm-20250312"));
  Layer layer(64, 8, 1);
  layer.load(machine);
  const Tensor x = Random(2).tensor(1, Layer::rows * Layer::columns, 8);
  setImage(machine, x, 8);
  machine.start(TaskKind::Conv2D, layer.registers(machine, 0, 64, 0, 5));
  expectImage(machine, layer.compute(x));
}

TEST(ExecuteConv2D, Findings) {
  const std::tuple<const char *, int64_t, const char *> cases[] = {
      {"InputRows", 0, "InputRows is 0, but the task has at least one of them"},
      {"InputRows", 200,
       "InputRows is 200, but the activation memory holds 146 rows of 7 pixels "
       "with 32 channels"},
      {"OutputChannels", 33,
       "OutputChannels is 33, but must be a multiple of 32"},
      {"FirstChannel", 1, "FirstChannel is 1, but must be a multiple of 32"},
      {"RowKernel", 3 << 16,
       "RowKernel has a kernel of 3 pixels in steps of 0, but there is at "
       "least one of both"},
      {"ChannelBits", 8,
       "ChannelBits is 8, but the kernel has weights of 3072 bits"},
      {"OutputChannels", 8192,
       "OutputChannels is 8192, but the weight memory of 16777216 bits does "
       "not hold their weights"},
      {"Flags", 5, "Flags is 5, but the start before was no product"}};
  for (const auto &[reg, value, text] : cases) {
    Machine machine(newest());
    Layer layer(32, 8, 1);
    layer.load(machine);
    Values values = layer.registers(machine, 0, 32, 0, 5);
    values[reg] = value;
    machine.start(TaskKind::Conv2D, values);
    expectFinding(machine, text);
  }
}

TEST(ExecuteConv2D, OtherRowsOnTheChip) {
  Machine machine(newest());
  Layer layer(64, 8, 1);
  layer.load(machine);
  setImage(machine, Random(2).tensor(1, Layer::rows * Layer::columns, 8), 8);
  machine.start(TaskKind::Conv2D, layer.registers(machine, 0, 32, 0, 2));
  machine.start(TaskKind::Conv2D, layer.registers(machine, 32, 32, 2, 2, 2));
  expectFinding(machine, "Flags is 6, but the start before had InputRows");
}

} // namespace
