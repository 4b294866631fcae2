//===- Numerics.h - How the interpreter rounds ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_INTERPRETER_NUMERICS_H
#define DLAVM_LIB_INTERPRETER_NUMERICS_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Pack/ActivationTable.h"
#include "DLAVM/Support/Half.h"

#include <map>

namespace dlavm::interpreter {

/// The value that a 20-bit constant register holds for \p value: 1 sign, 6
/// exponent (bias 31) and 13 fraction bits. Formula: the EdgeLLM register
/// document, section 1.6, with the carry that the original software loses.
double roundToFP20(double value);

/// 0 where \p value is not above it; NaN stays NaN.
inline double relu(double value) { return value <= 0 ? 0 : value; }

/// Where what a device computes differs from exact mathematics. Ops ask this
/// object, so each op is written once for all arithmetics.
class Numerics {
public:
  /// Exact where \p device is null.
  explicit Numerics(const DeviceInfo *device)
      : device(device), traits(device ? device->getTraits() : Traits()) {}

  /// The device whose arithmetic this is, or null.
  const DeviceInfo *getDevice() const { return device; }

  /// What is left of an op's result in memory: FP16 on a device.
  double store(double value) const {
    return device ? halfToDouble(doubleToHalf(value)) : value;
  }
  /// What is left of the scale of attention scores in a task's register.
  double scale(double value) const {
    if (traits.hasScaleInFP16)
      return store(value);
    return device ? roundToFP20(value) : value;
  }
  /// What a norm multiplies a sum over \p channels with to get their mean. A
  /// device counts the channels in whole groups.
  double reciprocal(int64_t channels) const;
  /// The epsilon of a norm whose model wants \p epsilon.
  double epsilon(double epsilon) const {
    return device ? traits.normEpsilon : epsilon;
  }

  /// Whether linear layers sum in FP32, and not in FP64.
  bool sumsInFP32() const { return traits.sumsInFP32; }
  /// Whether softmax computes in FP32, and not in FP64.
  bool hasSoftmaxInFP32() const { return traits.hasSoftmaxInFP32; }
  /// Whether argmax takes the highest index of equal logits, and not the
  /// lowest.
  bool takesLastOfEqual() const { return traits.takesLastOfEqual; }

  /// Fits the table of an activation function. False if there is none.
  bool addActivation(llm::ActivationKind kind);
  /// The value of an activation function, which a device looks up in the table
  /// that was added.
  double activate(llm::ActivationKind kind, double x) const;

private:
  double lookUp(const ActivationTable &table, double x) const;

  const DeviceInfo *device;
  /// Of the device; without one, its conventions are those of mathematics.
  const Traits traits;
  std::map<llm::ActivationKind, ActivationTable> tables;
};

} // namespace dlavm::interpreter

#endif // DLAVM_LIB_INTERPRETER_NUMERICS_H
