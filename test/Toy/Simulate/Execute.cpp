//===- Execute.cpp - What the tasks of the toy family compute -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums and products are FP64 and each result is rounded once, as in
// docs/Numerics.md. The conversions are the simulator's own.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/TaskExecution.h"
#include "Simulate.h"

#include "llvm/ADT/STLExtras.h"

#include <array>
#include <cmath>
#include <vector>

using namespace dlavm;
using llvm::StringRef;
using llvm::Twine;

static constexpr int64_t kPorts = 4;
static constexpr int64_t kLanes = 16;
/// Of a row, in each port.
static constexpr int64_t kRowBytes = 8;
/// Input channels that share a scale, and the bytes of their weights and it.
static constexpr int64_t kBlock = 128;
static constexpr int64_t kBlockBytes = 66;
static constexpr int64_t kLog2PortStep = 34;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static double fromHalf(uint16_t code) {
  const int exponent = code >> 10 & 31;
  const int fraction = code & 1023;
  double magnitude = std::ldexp(exponent == 0 ? fraction : fraction + 1024,
                                std::max(exponent, 1) - 25);
  if (exponent == 31)
    magnitude = fraction == 0 ? HUGE_VAL : NAN;
  return code >> 15 ? -magnitude : magnitude;
}

static uint16_t toHalf(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (std::isnan(value))
    return sign | 0x7e00;
  if (magnitude >= 65520)
    return sign | 0x7c00;
  const int exponent =
      magnitude == 0 ? -14 : std::max(std::ilogb(magnitude), -14);
  const auto units =
      static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return static_cast<uint16_t>(sign | ((exponent + 14) * 1024 + units));
}

/// The positive number that a Reciprocal register holds.
static double fromFP20(int64_t code) {
  const int exponent = static_cast<int>(code >> 13 & 63);
  const int fraction = code & 8191;
  return std::ldexp(exponent == 0 ? fraction : fraction + 8192,
                    std::max(exponent, 1) - 44);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

namespace {
using Row = std::array<uint16_t, kLanes>;

/// A feature map: four channels of a row in each port.
class Map {
public:
  Map(TaskExecution &execution, StringRef reg, StringRef line)
      : operand(execution, reg, kLog2PortStep), line(execution[line]) {}

  Row read(int64_t surface, int64_t token) const {
    Row row;
    for (int64_t port = 0; port < kPorts; ++port)
      operand.read(port, place(surface, token), &row[port * 4], 4);
    return row;
  }
  void write(int64_t surface, int64_t token, const Row &row) const {
    for (int64_t port = 0; port < kPorts; ++port)
      operand.write(port, place(surface, token), &row[port * 4], 4);
  }

private:
  int64_t place(int64_t surface, int64_t token) const {
    return operand.getAddress() + surface * line + token * kRowBytes;
  }

  TaskOperand operand;
  int64_t line;
};

/// The scale and the bias of a channel.
struct Pair {
  double scale, bias;
};
} // namespace

static std::vector<Pair> readPairs(TaskExecution &execution, StringRef reg,
                                   int64_t first, int64_t count) {
  const TaskOperand operand(execution, reg, kLog2PortStep);
  std::vector<Pair> pairs;
  for (int64_t channel = first; channel < first + count; ++channel) {
    uint16_t codes[2];
    operand.read(channel % kPorts, operand.getAddress() + channel / kPorts * 4,
                 codes, 2);
    pairs.push_back({fromHalf(codes[0]), fromHalf(codes[1])});
  }
  return pairs;
}

/// False, with a finding, where a count is 0 or larger than anything that the
/// buffers hold.
static bool checkCounts(TaskExecution &execution,
                        llvm::ArrayRef<StringRef> counts) {
  for (StringRef reg : counts) {
    const int64_t limit = execution.getDevice()["Weight_Values"];
    if (execution[reg] >= 1 && execution[reg] <= limit)
      continue;
    execution.fail(reg, "is " + Twine(execution[reg]) + ", but must be 1 to " +
                            Twine(limit));
    return false;
  }
  // Small, and surfaces may overlap.
  execution.setSerial();
  return true;
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

namespace {
/// One start of the matrix unit. What it loads stays on the chip for the starts
/// behind it.
class Matrix {
public:
  explicit Matrix(TaskExecution &execution) : execution(execution) {}
  void run();

private:
  bool load();
  void compute(int64_t surface, int64_t token);
  void writeArgmax();

  TaskExecution &execution;
  const int64_t inputChannels = execution["InputChannels"];
  const int64_t blocks = (inputChannels + kBlock - 1) / kBlock;
  const int64_t first = execution["FirstChannel"];
  const int64_t channels = execution["OutputChannels"];
  const int64_t tokens = execution["Tokens"];
  const bool reusesWeight = execution["Flags"] & 1;
  const bool reusesInput = execution["Flags"] & 2;
  const bool hasScaleBias = execution["Flags"] & 4;
  /// Codes [token][channel]; blocks [channel][block].
  std::vector<uint8_t> &inputs = execution.getBuffer("InputAddress");
  std::vector<uint8_t> &weights = execution.getBuffer("WeightAddress");
  std::vector<Pair> pairs;
  /// The output channels of the first token.
  std::vector<double> logits;
};
} // namespace

bool Matrix::load() {
  const size_t inputBytes = 2 * tokens * inputChannels;
  const size_t weightBytes = channels * blocks * kBlockBytes;
  auto isThere = [&](const std::vector<uint8_t> &buffer, size_t bytes,
                     StringRef what) {
    if (buffer.size() == bytes)
      return true;
    execution.fail("Flags", "reuses " + Twine(bytes) + " bytes of " + what +
                                ", but the chip has " + Twine(buffer.size()));
    return false;
  };
  if (reusesInput && !isThere(inputs, inputBytes, "input"))
    return false;
  if (reusesWeight && !isThere(weights, weightBytes, "weights"))
    return false;
  if (!reusesInput) {
    inputs.resize(inputBytes);
    const Map map(execution, "InputAddress", "InputLine");
    for (int64_t token = 0; token < tokens; ++token)
      for (int64_t surface = 0; surface < inputChannels / kLanes; ++surface) {
        const Row row = map.read(surface, token);
        std::memcpy(&inputs[2 * (token * inputChannels + surface * kLanes)],
                    row.data(), sizeof(row));
      }
  }
  if (!reusesWeight) {
    weights.resize(weightBytes);
    const TaskOperand operand(execution, "WeightAddress", kLog2PortStep);
    const int64_t bytes = blocks * kBlockBytes;
    for (int64_t channel = 0; channel < channels; ++channel) {
      const int64_t row = first + channel;
      operand.read(row % kPorts, operand.getAddress() + row / kPorts * bytes,
                   &weights[channel * bytes], bytes);
    }
  }
  return true;
}

void Matrix::compute(int64_t surface, int64_t token) {
  Row row;
  for (int64_t lane = 0; lane < kLanes; ++lane) {
    const int64_t channel = surface * kLanes + lane;
    double sum = 0;
    for (int64_t i = 0; i < inputChannels; ++i) {
      const uint8_t *block =
          &weights[(channel * blocks + i / kBlock) * kBlockBytes];
      const int nibble = block[2 + i % kBlock / 2] >> (i % 2 == 0 ? 4 : 0) & 15;
      const double scale =
          fromHalf(static_cast<uint16_t>(block[0] | block[1] << 8));
      uint16_t code;
      std::memcpy(&code, &inputs[2 * (token * inputChannels + i)], 2);
      sum += fromHalf(code) * (scale * (nibble < 8 ? nibble : nibble - 16));
    }
    if (hasScaleBias)
      sum = sum * pairs[channel].scale + pairs[channel].bias;
    row[lane] = toHalf(sum);
    if (token == 0)
      logits.push_back(fromHalf(row[lane]));
  }
  Map(execution, "OutputAddress", "OutputLine")
      .write(first / kLanes + surface, token, row);
}

void Matrix::run() {
  if (!checkCounts(execution, {"InputChannels", "OutputChannels", "Tokens"}) ||
      !load())
    return;
  if (hasScaleBias)
    pairs = readPairs(execution, "ScaleBiasAddress", first, channels);
  for (int64_t surface = 0; surface < channels / kLanes; ++surface)
    for (int64_t token = 0; token < tokens; ++token)
      compute(surface, token);
  if (execution["Flags"] & 8)
    writeArgmax();
}

void Matrix::writeArgmax() {
  // Of equal logits the first.
  const auto best =
      static_cast<uint32_t>(llvm::max_element(logits) - logits.begin());
  const TaskOperand word(execution, "ArgmaxAddress", kLog2PortStep);
  word.write(0, word.getAddress(), &best, 1);
  execution.setResult("Argmax", best);
}

static void executeMatrix(TaskExecution &execution) { Matrix(execution).run(); }

static void executeNorm(TaskExecution &execution) {
  if (!checkCounts(execution, {"Surfaces", "Tokens"}))
    return;
  const int64_t surfaces = execution["Surfaces"];
  const Map input(execution, "InputAddress", "InputLine");
  const Map output(execution, "OutputAddress", "OutputLine");
  const double reciprocal = fromFP20(execution["Reciprocal"]);
  const double epsilon = execution.getDevice().getTraits().normEpsilon;
  const std::vector<Pair> weights =
      readPairs(execution, "WeightAddress", 0, surfaces * kLanes);
  for (int64_t token = 0; token < execution["Tokens"]; ++token) {
    std::vector<double> x;
    for (int64_t surface = 0; surface < surfaces; ++surface)
      for (uint16_t code : input.read(surface, token))
        x.push_back(fromHalf(code));
    double squares = 0;
    for (double value : x)
      squares += value * value;
    const double deviation = std::sqrt(squares * reciprocal + epsilon);
    for (int64_t surface = 0; surface < surfaces; ++surface) {
      Row row;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const int64_t channel = surface * kLanes + lane;
        row[lane] = toHalf(x[channel] / deviation * weights[channel].scale +
                           weights[channel].bias);
      }
      output.write(surface, token, row);
    }
  }
}

/// A piecewise-linear function of 16 segments, the last of which never ends.
static uint16_t lookUp(const std::array<double, 48> &table, double x) {
  if (std::isnan(x))
    return toHalf(x);
  int64_t segment = 0;
  while (segment < 16 && table[segment] <= x)
    ++segment;
  segment = std::min<int64_t>(segment, 15);
  return segment == 0 ? 0
                      : toHalf(table[16 + segment] * x + table[32 + segment]);
}

static void executeActivation(TaskExecution &execution) {
  if (!checkCounts(execution, {"Channels", "Tokens"}))
    return;
  const Map input(execution, "InputAddress", "InputLine");
  const Map output(execution, "OutputAddress", "OutputLine");
  const TaskOperand operand(execution, "TableAddress", kLog2PortStep);
  std::array<double, 48> table;
  for (int64_t i = 0; i < 48; ++i) {
    uint16_t code;
    operand.read(i % kPorts, operand.getAddress() + i / kPorts * 2, &code, 1);
    table[i] = fromHalf(code);
  }
  const int64_t channels = execution["Channels"];
  for (int64_t first = 0; first < channels; first += kLanes)
    for (int64_t token = 0; token < execution["Tokens"]; ++token) {
      Row row = input.read(first / kLanes, token);
      for (int64_t lane = 0; lane < kLanes; ++lane)
        row[lane] =
            first + lane < channels ? lookUp(table, fromHalf(row[lane])) : 0;
      output.write(first / kLanes, token, row);
    }
}

static void executeCombine(TaskExecution &execution) {
  if (!checkCounts(execution, {"Surfaces", "Tokens"}))
    return;
  const Map input(execution, "InputAddress", "InputLine");
  const Map other(execution, "OtherAddress", "InputLine");
  const Map output(execution, "OutputAddress", "OutputLine");
  const bool multiplies = execution["Operation"] == 2;
  for (int64_t surface = 0; surface < execution["Surfaces"]; ++surface)
    for (int64_t token = 0; token < execution["Tokens"]; ++token) {
      Row row = input.read(surface, token);
      const Row operand = other.read(surface, token);
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const double a = fromHalf(row[lane]), b = fromHalf(operand[lane]);
        row[lane] = toHalf(multiplies ? a * b : a + b);
      }
      output.write(surface, token, row);
    }
}

void toy::addExecution(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).execute = executeMatrix;
  device.addTask(TaskKind::Norm).execute = executeNorm;
  device.addTask(TaskKind::Activation).execute = executeActivation;
  device.addTask(TaskKind::Elementwise).execute = executeCombine;
}
