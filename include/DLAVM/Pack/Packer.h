//===- Packer.h - Parameters as the device holds them ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Turns the tensors of a checkpoint into the bytes that a driver loads. How
// weights are rounded, tables computed and vectors converted is decided here;
// where the results lie in memory is a matter of the device (ObjectSupport).
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_PACKER_H
#define DLAVM_PACK_PACKER_H

#include "DLAVM/Checkpoint/TensorSource.h"
#include "DLAVM/Pack/RowQuantizer.h"
#include "DLAVM/Plan/DriverPlan.h"

#include <functional>

namespace dlavm {

/// The ids of the tokenizer, where the vocabulary has more.
struct UsableIds {
  /// The object with the scales and biases of the logits.
  std::string object;
  /// The logits from this id on get the scale 0 and the bias -65504, the least
  /// finite number of FP16, so that they never win.
  int64_t count = 0;
};

struct PackOptions {
  ScaleChoice scaleChoice = ScaleChoice::AbsMax;
  /// Whether blocks of a quantized checkpoint may be fitted anew; otherwise the
  /// first that would have to be is an error.
  bool fitsAnew = true;
  /// Refuse a checkpoint with blocks of which at most one weight is left.
  bool isStrict = false;
  /// 0 takes all of the machine.
  unsigned threads = 0;
  /// The tokens that end a text; they go into the plan.
  std::vector<int32_t> endTokens;
  std::optional<UsableIds> usableIds;
  /// Files that packDirectory writes as they are, by name: those of the
  /// tokenizer.
  std::vector<std::pair<std::string, std::string>> texts;
  /// Files of an earlier packing that are removed if they are none of these.
  std::vector<std::string> formerTexts;
  /// Files that packDirectory must not write over: those of the checkpoint.
  std::vector<std::string> inputs;
  /// Hears how many bytes of how many are done; from any thread, but from one
  /// at a time.
  std::function<void(int64_t done, int64_t total)> progress;
};

/// Takes bytes of an object; \p offset is from the beginning of the object in
/// that layer and port. One thread hands over all bytes of an object's layer,
/// those of each port in ascending order without gaps; several threads call for
/// different objects and layers.
using PackSink = llvm::function_ref<llvm::Error(
    const PlanObject &object, int64_t layer, int64_t port, int64_t offset,
    llvm::ArrayRef<uint8_t> bytes)>;

/// What rounding has done, and how well tables fit.
struct PackReport {
  struct Matrix {
    std::string parameter;
    int64_t layer;
    QuantizationError error;
  };
  struct Table {
    std::string object;
    std::string function;
    double maxError;
  };
  /// Says which blocks have lost all their weights but for at most one; empty
  /// where none has.
  std::string describeLoss() const;

  /// In the order of the plan's objects.
  std::vector<Matrix> matrices;
  std::vector<Table> tables;
};

/// Packs all objects of all layers. Looks for missing tensors and wrong shapes
/// before it hands over the first byte. Errors name object, tensor and layer;
/// besides those of the sink they are: a tensor is missing or has the wrong
/// shape, a value is not finite or does not fit FP16, the plan does not suit
/// the device.
llvm::Expected<PackReport>
packObjects(const DriverPlan &plan, const DeviceInfo &device,
            TensorSource &source, const PackOptions &options, PackSink sink);

/// Packs one layer of one object, on this thread.
llvm::Error packObject(const DriverPlan &plan, const DeviceInfo &device,
                       TensorSource &source, ScaleChoice choice,
                       const PlanObject &object, int64_t layer, PackSink sink);

} // namespace dlavm

#endif // DLAVM_PACK_PACKER_H
