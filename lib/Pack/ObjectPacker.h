//===- ObjectPacker.h - One object after the other ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_OBJECTPACKER_H
#define DLAVM_LIB_PACK_OBJECTPACKER_H

#include "DLAVM/Pack/Packer.h"
#include "DLAVM/Pack/WeightQuantizer.h"

namespace dlavm {

/// Makes the bytes of objects. Has no state, so that threads can share it.
class ObjectPacker {
public:
  ObjectPacker(const DriverPlan &plan, const DeviceInfo &device,
               TensorSource &source, ScaleChoice choice, bool fitsAnew = true,
               std::optional<UsableIds> usableIds = std::nullopt)
      : plan(plan), device(device), source(source), choice(choice),
        quantizer(choice, fitsAnew), usableIds(std::move(usableIds)) {}

  /// Looks at everything but the values: the parameters of all layers are there
  /// and have the right shape, and the plan suits the device.
  llvm::Error check(const PlanObject &object) const;

  /// Packs one layer; adds to \p errors, one for each parameter of the object,
  /// what rounding has done.
  llvm::Error pack(const PlanObject &object, int64_t layer, PackSink sink,
                   llvm::MutableArrayRef<QuantizationError> errors) const;

  // The embedding is no object of the device; its rows are FP16 codes, one
  // after the other.
  llvm::Error checkEmbedding() const;
  int64_t getEmbeddingBytes() const;
  using BytesSink = llvm::function_ref<llvm::Error(
      int64_t offset, llvm::ArrayRef<uint8_t> bytes)>;
  llvm::Error packEmbedding(BytesSink sink) const;

private:
  /// The parameter \p i that an object is made of.
  llvm::Expected<ParameterRows> openRows(const PlanObject &object, size_t i,
                                         int64_t layer) const;
  llvm::Expected<std::vector<uint16_t>>
  readVector(const PlanObject &object, size_t i, int64_t layer) const;

  llvm::Error packWeights(const PlanObject &object, int64_t layer,
                          PackSink sink,
                          llvm::MutableArrayRef<QuantizationError> errors) const;
  llvm::Error packKernels(const PlanObject &object, int64_t layer,
                          PackSink sink, QuantizationError &error) const;
  /// Rounds the weights of one output channel of a convolution; yields their
  /// scale.
  llvm::Expected<uint16_t>
  quantizeKernel(const ParameterInfo &info, int64_t layer,
                 const ParameterRows &rows, int64_t row,
                 llvm::MutableArrayRef<float> weights,
                 llvm::MutableArrayRef<int8_t> values) const;
  /// Multiplies the scales of a convolution's weights into \p scales.
  llvm::Error multiplyScales(const PlanObject &object, int64_t layer,
                             std::vector<uint16_t> &scales) const;
  llvm::Error packPairs(const PlanObject &object, int64_t layer,
                        PackSink sink) const;
  llvm::Error packRopeTable(const PlanObject &object, PackSink sink) const;
  llvm::Error packInstructions(const PlanObject &object, PackSink sink) const;
  llvm::Error packActivationTable(const PlanObject &object,
                                  PackSink sink) const;

  const DriverPlan &plan;
  const DeviceInfo &device;
  TensorSource &source;
  const ScaleChoice choice;
  WeightQuantizer quantizer;
  std::optional<UsableIds> usableIds;
};

} // namespace dlavm

#endif // DLAVM_LIB_PACK_OBJECTPACKER_H
