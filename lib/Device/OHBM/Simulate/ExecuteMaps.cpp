//===- ExecuteMaps.cpp - Simulated tasks on whole maps --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::divideCeil;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Norm
//===----------------------------------------------------------------------===//

void ohbm::executeNorm(TaskExecution &execution) {
  if (!checkCounts(execution, {"Width"}, "Channels"))
    return;
  const int64_t channels = execution["Channels"];
  const int64_t tokens = execution["Width"];
  const PortLayout layout(execution.getDevice());
  const Map input(execution, "InputAddress", execution["InputSurface"]);
  const Map output(execution, "OutputAddress", execution["OutputSurface"]);
  checkOverlap(execution, tokens, divideCeil(channels, layout.lanes),
               execution["OutputSurface"]);
  const bool isLayerNorm = execution["Kind"] & 1;
  const double reciprocal = fromFP20(execution["Reciprocal"]);
  const double epsilon = execution.getDevice().getTraits().normEpsilon;
  const std::vector<ScaleBias> weights =
      readScaleBias(execution, "WeightAddress", 0, channels);

  execution.parallelFor(tokens, [&](int64_t token) {
    std::vector<uint16_t> codes(channels);
    input.read(0, token, 0, codes);
    std::vector<double> x(channels);
    std::transform(codes.begin(), codes.end(), x.begin(), fromHalf);
    const simulate::NormTerms terms =
        simulate::measure(x, isLayerNorm, reciprocal, epsilon);
    for (int64_t i = 0; i < channels; ++i)
      codes[i] = simulate::normalize(x[i], terms, weights[i]);
    output.write(0, token, 0, codes);
  });
}

//===----------------------------------------------------------------------===//
// Activation
//===----------------------------------------------------------------------===//

/// The table (A4), or with \p keeps the one that a start before has loaded
/// (D5); nothing, with a finding, if that was another one.
static std::optional<simulate::PiecewiseLinear::Codes>
readTable(TaskExecution &execution, bool keeps) {
  simulate::PiecewiseLinear::Codes codes;
  const int64_t address = execution.getAddress("TableAddress");
  // The address of the table, and the table.
  std::vector<uint8_t> &buffer = execution.getBuffer("TableAddress");
  if (!keeps) {
    Map(execution, "TableAddress", 0).read(0, 0, 0, codes);
    buffer.resize(sizeof(address) + sizeof(codes));
    std::memcpy(buffer.data(), &address, sizeof(address));
    std::memcpy(buffer.data() + sizeof(address), codes.data(), sizeof(codes));
    return codes;
  }
  if (buffer.empty()) {
    execution.fail("TableUse", "keeps a table, but none was loaded");
    return std::nullopt;
  }
  int64_t kept;
  std::memcpy(&kept, buffer.data(), sizeof(kept));
  if (kept != address) {
    execution.fail("TableUse", "keeps the table at " + Twine(address) +
                                   ", but the last one that was loaded is at " +
                                   Twine(kept));
    return std::nullopt;
  }
  std::memcpy(codes.data(), buffer.data() + sizeof(address), sizeof(codes));
  return codes;
}

void ohbm::executeActivation(TaskExecution &execution) {
  if (!checkCounts(execution, {"Width"}, "Channels"))
    return;
  const int64_t channels = execution["Channels"];
  const int64_t tokens = execution["Width"];
  const PortLayout layout(execution.getDevice());
  const int64_t surfaces = divideCeil(channels, layout.lanes);
  const Map input(execution, "InputAddress", execution["InputSurface"]);
  const Map output(execution, "OutputAddress", execution["OutputSurface"]);
  checkOverlap(execution, tokens, surfaces, execution["OutputSurface"]);
  // Versions without the register load the table each time.
  const bool keeps = execution.takes("TableUse") && execution["TableUse"] == 2;
  const auto codes = readTable(execution, keeps);
  if (!codes)
    return;
  const simulate::PiecewiseLinear function(
      *codes, execution.getDevice()["Activation_Beyond_Table"] == 1);

  // An input has 2^16 values; many elements are looked up.
  std::vector<uint16_t> values;
  if (surfaces * tokens * layout.lanes > (1 << 18)) {
    values.resize(1 << 16);
    for (size_t code = 0; code < values.size(); ++code)
      values[code] = function.evaluate(static_cast<uint16_t>(code));
  }
  execution.parallelFor(surfaces, [&](int64_t surface) {
    const int64_t first = surface * layout.lanes;
    std::vector<uint16_t> row(std::min(layout.lanes, channels - first));
    for (int64_t token = 0; token < tokens; ++token) {
      input.read(0, token, first, row);
      for (uint16_t &code : row)
        code = values.empty() ? function.evaluate(code) : values[code];
      output.write(0, token, first, row);
    }
  });
}

//===----------------------------------------------------------------------===//
// Element-wise combination
//===----------------------------------------------------------------------===//

void ohbm::executeElementwise(TaskExecution &execution) {
  if (!checkCounts(execution, {"Width"}, "Channels"))
    return;
  const int64_t operation = execution["Operation"];
  if (operation > 2)
    return execution.fail("Operation",
                          "is " + Twine(operation) +
                              ", which nobody knows: 0 adds, 1 subtracts, 2 "
                              "multiplies");
  const int64_t channels = execution["Channels"];
  const int64_t tokens = execution["Width"];
  const PortLayout layout(execution.getDevice());
  const int64_t surfaces = divideCeil(channels, layout.lanes);
  const Map input(execution, "InputAddress", execution["InputSurface"]);
  const Map other(execution, "OtherAddress", execution["OtherSurface"]);
  const Map output(execution, "OutputAddress", execution["OutputSurface"]);
  checkOverlap(execution, tokens, surfaces, execution["OutputSurface"]);

  execution.parallelFor(surfaces, [&](int64_t surface) {
    const int64_t first = surface * layout.lanes;
    std::vector<uint16_t> row(std::min(layout.lanes, channels - first));
    std::vector<uint16_t> operand(row.size());
    for (int64_t token = 0; token < tokens; ++token) {
      input.read(0, token, first, row);
      other.read(0, token, first, operand);
      for (size_t i = 0; i < row.size(); ++i) {
        const double a = fromHalf(row[i]), b = fromHalf(operand[i]);
        row[i] = toHalf(operation == 0   ? a + b
                        : operation == 1 ? a - b
                                         : a * b);
      }
      output.write(0, token, first, row);
    }
  });
}
