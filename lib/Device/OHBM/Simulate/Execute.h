//===- Execute.h - What the tasks of ohbm share when simulated --*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections and letters named in comments are those of the ohbm register
// document and of its additions; the numbers are those of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_SIMULATE_EXECUTE_H
#define DLAVM_LIB_DEVICE_OHBM_SIMULATE_EXECUTE_H

#include "../../Simulate/Formulas.h"
#include "../../Simulate/Numbers.h"
#include "DLAVM/Device/TaskExecution.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/Support/MathExtras.h"

#include <vector>

namespace dlavm::ohbm {

using simulate::fromFP20;
using simulate::fromHalf;
using simulate::LaneNumbers;
using simulate::ScaleBias;
using simulate::toHalf;

/// Output channels, keys or channels of values that are computed together.
inline constexpr int64_t kTout = 32;

/// How the ports share what lies in memory (sections 1.1 and 2.2).
struct PortLayout {
  explicit PortLayout(const DeviceInfo &device)
      : ports(device["HBM_Port"]), rowBytes(device["HBM_AXI_DATA_WIDTH"] / 8),
        portLanes(rowBytes / 2), lanes(ports * portLanes),
        portChannels(kTout / ports) {}

  int64_t ports;
  /// Of a row in each port, and its channels there and in all ports.
  int64_t rowBytes, portLanes, lanes;
  /// Output channels of 32 that share a port, n_sub.
  int64_t portChannels;
};

/// Rows in HBM (section 3.1): one for each token, and where it has more
/// channels than lanes one for each surface.
class Map {
public:
  /// \p surface is the distance between surfaces.
  Map(TaskExecution &execution, llvm::StringRef reg, int64_t surface)
      : operand(execution, reg), layout(execution.getDevice()),
        surface(surface) {}

  /// Channels from \p channel on of a token. The row of token 0 and channel 0
  /// is \p offset bytes behind the address.
  void read(int64_t offset, int64_t token, int64_t channel,
            llvm::MutableArrayRef<uint16_t> codes) const {
    forEachPart(offset, token, channel, codes.size(),
                [&](int64_t port, int64_t place, int64_t i, int64_t count) {
                  operand.read(port, place, &codes[i], count);
                });
  }
  /// Writes these channels, and no others of their rows.
  void write(int64_t offset, int64_t token, int64_t channel,
             llvm::ArrayRef<uint16_t> codes, bool isDefined = true) const {
    forEachPart(offset, token, channel, codes.size(),
                [&](int64_t port, int64_t place, int64_t i, int64_t count) {
                  operand.write(port, place, &codes[i], count, {}, isDefined);
                });
  }

private:
  /// Calls \p visit(port, address, first, count) for the channels of each port
  /// that the range has a part of (A1).
  template <typename Visit>
  void forEachPart(int64_t offset, int64_t token, int64_t channel,
                   int64_t count, Visit visit) const {
    for (int64_t i = 0, part; i < count; i += part) {
      const int64_t lane = (channel + i) % layout.lanes;
      const int64_t row = (channel + i) / layout.lanes;
      const int64_t portLane = lane % layout.portLanes;
      part = std::min(count - i, layout.portLanes - portLane);
      visit(lane / layout.portLanes,
            operand.getAddress() + offset + row * surface +
                token * layout.rowBytes + 2 * portLane,
            i, part);
    }
  }

  TaskOperand operand;
  PortLayout layout;
  int64_t surface;
};

/// False, with a finding, where one of these counts is 0, or where HBM does not
/// have as many rows. No task loops longer than that. \p channels, if any,
/// share rows.
bool checkCounts(TaskExecution &execution,
                 llvm::ArrayRef<llvm::StringRef> counts,
                 llvm::StringRef channels = "");

/// Makes a task serial if the rows that it writes are the same in part.
void checkOverlap(TaskExecution &execution, int64_t tokens, int64_t surfaces,
                  int64_t surface, int64_t heads = 1, int64_t head = 0);

/// Several heads in a row, as a register packs it: rows of a group of heads and
/// heads of a row; nothing, with a finding, where they do not fit.
std::optional<int64_t> readHeadsPerRow(TaskExecution &execution,
                                       int64_t headChannels);

/// Channels first .. first + count - 1 of words of scale (upper half) and bias
/// (A2); the address is that of the row of \p first.
std::vector<ScaleBias> readScaleBias(TaskExecution &execution,
                                     llvm::StringRef reg, int64_t first,
                                     int64_t count);

/// False, with a finding, if a start of the matrix unit reuses weights or input
/// that the flags say are on the chip, but the start before it was none with
/// equal registers (D4): those that say what of the \p weights is used, and
/// \p inputRegisters. Where they are equal the memory still has what the chip
/// has. Each start remembers its registers, whatever it reuses.
bool checkReuses(TaskExecution &execution, llvm::StringRef weights,
                 llvm::ArrayRef<llvm::StringRef> inputRegisters);

/// The FP16 code of a sum of products behind scale and bias, if there are some,
/// and relu, which may come before them.
uint16_t finishProduct(double sum, const ScaleBias *scaleBias, bool isRelu,
                       bool isReluFirst);

void executeLinear(TaskExecution &execution);
void executeConv2D(TaskExecution &execution);
void executeNorm(TaskExecution &execution);
void executeActivation(TaskExecution &execution);
void executeElementwise(TaskExecution &execution);
void executeRope(TaskExecution &execution);
void executeSoftmax(TaskExecution &execution);
void executeKVAppend(TaskExecution &execution);
void executeScores(TaskExecution &execution);
void executeValues(TaskExecution &execution);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_SIMULATE_EXECUTE_H
