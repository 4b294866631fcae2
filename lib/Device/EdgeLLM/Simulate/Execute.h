//===- Execute.h - What the tasks of edgellm share when simulated --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_SIMULATE_EXECUTE_H
#define DLAVM_LIB_DEVICE_EDGELLM_SIMULATE_EXECUTE_H

#include "../../Simulate/Formulas.h"
#include "../../Simulate/Numbers.h"
#include "DLAVM/Device/TaskExecution.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/Support/MathExtras.h"

#include <array>
#include <vector>

namespace dlavm::edgellm {

using simulate::fromFP20;
using simulate::fromHalf;
using simulate::LaneNumbers;
using simulate::ScaleBias;
using simulate::toHalf;

/// Channels of a pixel, and ports of HBM, in all versions of the family.
inline constexpr int64_t kLanes = 32;
inline constexpr int64_t kPixelBytes = kLanes * 2;

using Pixel = std::array<uint16_t, kLanes>;

/// Distances in bytes between the parts of a map, as registers give them.
struct MapStrides {
  int64_t head = 0;
  int64_t group = 0;
  /// Tokens of a row, and the distance between rows.
  int64_t width = 0;
  int64_t line = 0;
};

/// A feature map in DDR (section 3.1).
class Map {
public:
  Map(TaskExecution &execution, llvm::StringRef reg, MapStrides strides)
      : operand(execution, reg), strides(strides) {}

  Pixel read(int64_t head, int64_t group, int64_t token) const {
    Pixel pixel;
    operand.read(0, place(head, group, token), pixel.data(), kLanes);
    return pixel;
  }
  void write(int64_t head, int64_t group, int64_t token,
             const Pixel &pixel) const {
    operand.write(0, place(head, group, token), pixel.data(), kLanes);
  }

private:
  int64_t place(int64_t head, int64_t group, int64_t token) const {
    return operand.getAddress() + head * strides.head + group * strides.group +
           token / strides.width * strides.line +
           token % strides.width * kPixelBytes;
  }

  TaskOperand operand;
  MapStrides strides;
};

/// Strides of tasks on whole maps: registers PrefixSurface and PrefixLine.
inline MapStrides getMapStrides(const TaskExecution &execution,
                                llvm::StringRef prefix, int64_t width) {
  return {0, execution[(prefix + "Surface").str()], width,
          execution[(prefix + "Line").str()]};
}

/// Strides of tasks on heads: registers PrefixHead and PrefixLine. These maps
/// have one row of any width.
inline MapStrides getHeadStrides(const TaskExecution &execution,
                                 llvm::StringRef prefix) {
  return {execution[(prefix + "Head").str()],
          execution[(prefix + "Line").str()], int64_t(1) << 32, 0};
}

/// False, with a finding, where one of these counts is 0, or where a map of
/// that many pixels is larger than DDR. No task loops longer than that.
bool checkCounts(TaskExecution &execution,
                 llvm::ArrayRef<llvm::StringRef> counts);

/// Makes a task serial if the pixels that it writes are the same in part.
void checkOverlap(TaskExecution &execution, const MapStrides &output,
                  int64_t groups, int64_t tokens, int64_t heads = 1);

/// False, with a finding, for a bank step that no port has an address with.
bool checkBankStep(TaskExecution &execution, llvm::StringRef reg,
                   int64_t bankStep);

/// Where an element of a KV cache in HBM lies (section 3.7). The distances are
/// those of all ports together, as in registers.
ElementPlace placeInCache(bool isKeys, int64_t head, int64_t token,
                          int64_t channel, int64_t headBytes,
                          int64_t lineBytes);

/// Words of scale (upper half) and bias (sections 3.3 and 3.4).
std::vector<ScaleBias> readScaleBias(TaskExecution &execution,
                                     llvm::StringRef reg, int64_t channels);

void executeLinear(TaskExecution &execution);
void executeNorm(TaskExecution &execution);
void executeActivation(TaskExecution &execution);
void executeElementwise(TaskExecution &execution);
void executeRope(TaskExecution &execution);
void executeSoftmax(TaskExecution &execution);
void executeKVAppend(TaskExecution &execution);
void executeScores(TaskExecution &execution);
void executeValues(TaskExecution &execution);
void executeWeightCopy(TaskExecution &execution);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_SIMULATE_EXECUTE_H
