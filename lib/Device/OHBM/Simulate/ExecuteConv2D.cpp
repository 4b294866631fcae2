//===- ExecuteConv2D.cpp - Simulated convolutions -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../Simulate/Kernels.h"
#include "Execute.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::divideCeil;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// One start of the matrix unit with a kernel.
class Conv2D {
public:
  explicit Conv2D(TaskExecution &execution) : execution(execution) {}
  void run();

private:
  /// One direction of the kernel: a register (section 4.1).
  struct Kernel {
    explicit Kernel(int64_t code)
        : size(code >> 16), step(code >> 8 & 255), padding(code & 255) {}
    int64_t size, step, padding;
  };

  // Each reads some registers, and reports what the hardware cannot do.
  bool readCounts();
  bool readKernels();
  bool fail(StringRef reg, const Twine &message) {
    execution.fail(reg, message);
    return false;
  }

  void readInput();
  /// The weights of 32 output channels, [kernel rows, kernel columns, input
  /// channels][32].
  std::vector<LaneNumbers> readWeights(const TaskOperand &weights,
                                       int64_t group) const;
  /// Adds up the products of a row of the output with the weights.
  void sumRow(int64_t row, const std::vector<LaneNumbers> &weights,
              std::vector<LaneNumbers> &sums) const;

  TaskExecution &execution;
  const DeviceInfo &device = execution.getDevice();
  const PortLayout layout{device};
  const bool isRelu = execution["Relu"] & 1;
  const bool isReluFirst = device["Relu_Before_Scale"] == 1;
  const bool sumsInFP32 = device["Linear_Accumulator_Bits"] == 32;
  const int code8 = static_cast<int>(device["Weight_Code_8"]);

  const int64_t inputChannels = execution["InputChannels"];
  const int64_t inputRows = execution["InputRows"];
  const int64_t inputWidth = execution["InputWidth"];
  const int64_t outputRows = execution["OutputRows"];
  const int64_t outputWidth = execution["OutputWidth"];
  const int64_t channels = execution["OutputChannels"];
  const int64_t firstChannel = execution["FirstChannel"];
  const Kernel rows{execution["RowKernel"]};
  const Kernel columns{execution["ColumnKernel"]};
  /// Of the weights of a pixel of the kernel, and of the whole kernel.
  int64_t pixelBytes = 0, channelBytes = 0;

  /// [rows][columns][input channels]
  std::vector<double> inputs;
  std::vector<ScaleBias> scaleBias;
};

} // namespace

bool Conv2D::readCounts() {
  if (!checkCounts(execution, {"InputWidth", "InputRows"}, "InputChannels") ||
      !checkCounts(execution, {"OutputWidth", "OutputRows"}, "OutputChannels"))
    return false;
  // D7 of the additions.
  const int64_t rowBits =
      saturatingProduct(inputWidth, llvm::alignTo(inputChannels, layout.lanes) *
                                        device["MAX_DAT_DW"]);
  const int64_t limit = device["Activation_Memory_Bits"] / rowBits;
  if (inputRows > limit)
    return fail("InputRows", "is " + Twine(inputRows) +
                                 ", but the activation memory holds " +
                                 Twine(limit) + " rows of " +
                                 Twine(inputWidth) + " pixels with " +
                                 Twine(inputChannels) + " channels");
  for (StringRef reg : {"OutputChannels", "FirstChannel"})
    if (execution[reg] % kTout != 0)
      return fail(reg, "is " + Twine(execution[reg]) +
                           ", but must be a multiple of " + Twine(kTout));
  return true;
}

bool Conv2D::readKernels() {
  for (auto [reg, kernel] :
       {std::pair("RowKernel", rows), std::pair("ColumnKernel", columns)})
    if (kernel.size == 0 || kernel.step == 0)
      return fail(reg, "has a kernel of " + Twine(kernel.size) +
                           " pixels in steps of " + Twine(kernel.step) +
                           ", but there is at least one of both");
  pixelBytes =
      llvm::alignTo(inputChannels, device["Tin"]) * device["MAX_WT_DW"] / 8;
  channelBytes =
      saturatingProduct(saturatingProduct(rows.size, columns.size), pixelBytes);
  const int64_t bits = saturatingProduct(channelBytes, 8);
  if (execution["ChannelBits"] != bits)
    return fail("ChannelBits", "is " + Twine(execution["ChannelBits"]) +
                                   ", but the kernel has weights of " +
                                   Twine(bits) + " bits");
  if (saturatingProduct(channels, bits) <= device["Weight_Memory_Bits"])
    return true;
  return fail("OutputChannels", "is " + Twine(channels) +
                                    ", but the weight memory of " +
                                    Twine(device["Weight_Memory_Bits"]) +
                                    " bits does not hold their weights");
}

void Conv2D::run() {
  if (!checkReuses(execution, "WeightAddress",
                   {"InputChannels", "InputWidth", "InputRows", "InputAddress",
                    "InputSurface", "InputLine", "RowKernel",
                    "ColumnKernel"}) ||
      !readCounts() || !readKernels())
    return;
  readInput();
  scaleBias =
      readScaleBias(execution, "ScaleBiasAddress", firstChannel, channels);
  const int64_t surface = execution["OutputSurface"];
  const int64_t line = execution["OutputLine"];
  const Map output(execution, "OutputAddress", surface);
  const TaskOperand weights(execution, "WeightAddress");
  const int64_t lane = firstChannel % layout.lanes;
  // Groups of channels that lie in other surfaces may write the same rows.
  if (lane + channels > layout.lanes &&
      surface < saturatingProduct(outputRows - 1, line) +
                    outputWidth * layout.rowBytes)
    execution.setSerial();
  execution.parallelFor(channels / kTout, [&](int64_t group) {
    const std::vector<LaneNumbers> values = readWeights(weights, group);
    std::vector<LaneNumbers> sums(outputWidth);
    std::array<uint16_t, kTout> codes;
    for (int64_t row = 0; row < outputRows; ++row) {
      sumRow(row, values, sums);
      for (int64_t column = 0; column < outputWidth; ++column) {
        for (int64_t i = 0; i < kTout; ++i)
          codes[i] =
              finishProduct(sums[column].lanes[i],
                            &scaleBias[group * kTout + i], isRelu, isReluFirst);
        output.write(row * line, column, lane + group * kTout, codes);
      }
    }
  });
}

void Conv2D::readInput() {
  const Map input(execution, "InputAddress", execution["InputSurface"]);
  const int64_t line = execution["InputLine"];
  inputs.resize(inputRows * inputWidth * inputChannels);
  execution.parallelFor(inputRows, [&](int64_t row) {
    std::vector<uint16_t> codes(inputChannels);
    double *out = &inputs[row * inputWidth * inputChannels];
    for (int64_t column = 0; column < inputWidth; ++column) {
      input.read(row * line, column, 0, codes);
      out = std::transform(codes.begin(), codes.end(), out, fromHalf);
    }
  });
}

std::vector<LaneNumbers> Conv2D::readWeights(const TaskOperand &weights,
                                             int64_t group) const {
  const int64_t pixels = rows.size * columns.size;
  std::vector<LaneNumbers> values(pixels * inputChannels);
  std::vector<uint8_t> bytes(channelBytes);
  // Channels of a port lie side by side (A6).
  const int64_t from =
      weights.getAddress() + group * layout.portChannels * channelBytes;
  for (int64_t lane = 0; lane < kTout; ++lane) {
    weights.read(lane % layout.ports, from + lane / layout.ports * channelBytes,
                 bytes.data(), channelBytes);
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for (int64_t c = 0; c < inputChannels; ++c) {
        const int nibble =
            bytes[pixel * pixelBytes + c / 2] >> (c % 2 == 0 ? 0 : 4) & 15;
        values[pixel * inputChannels + c].lanes[lane] = nibble == 8 ? code8
                                                        : nibble < 8
                                                            ? nibble
                                                            : 8 - nibble;
      }
  }
  return values;
}

void Conv2D::sumRow(int64_t row, const std::vector<LaneNumbers> &weights,
                    std::vector<LaneNumbers> &sums) const {
  std::fill(sums.begin(), sums.end(), LaneNumbers());
  for (int64_t ky = 0; ky < rows.size; ++ky) {
    // Rows outside count as 0 (E4).
    const int64_t y = row * rows.step + ky - rows.padding;
    if (y < 0 || y >= inputRows)
      continue;
    for (int64_t kx = 0; kx < columns.size; ++kx) {
      const LaneNumbers *pixel =
          &weights[(ky * columns.size + kx) * inputChannels];
      for (int64_t column = 0; column < outputWidth; ++column) {
        const int64_t x = column * columns.step + kx - columns.padding;
        if (x < 0 || x >= inputWidth)
          continue;
        const double *values = &inputs[(y * inputWidth + x) * inputChannels];
        double *sum = sums[column].lanes;
        if (!sumsInFP32) {
          simulate::getKernels().accumulate(values, inputChannels, 1,
                                            pixel->lanes, inputChannels, sum);
          continue;
        }
        for (int64_t c = 0; c < inputChannels; ++c)
          for (int64_t lane = 0; lane < kTout; ++lane)
            sum[lane] = static_cast<float>(sum[lane]) +
                        static_cast<float>(values[c]) *
                            static_cast<float>(pixel[c].lanes[lane]);
      }
    }
  }
}

void ohbm::executeConv2D(TaskExecution &execution) { Conv2D(execution).run(); }
