//===- Parameter.h - Parameters of a model --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_PARAMETER_H
#define DLAVM_CHECKPOINT_PARAMETER_H

#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <string>

namespace dlavm {

/// How the channels of heads lie along one dimension of a parameter. The tensor
/// of the checkpoint has `heads * channels` of them, the parameter getSize().
struct HeadLayout {
  int64_t heads = 0;
  /// Channels of a head in the checkpoint.
  int64_t channels = 0;
  /// The first channels of a head that the rotary embedding rotates, where the
  /// parameter has its pairs side by side (channels 2i and 2i + 1) but the
  /// checkpoint has them half a rotation apart (i and i + interleaved / 2). 0
  /// where both agree.
  int64_t interleaved = 0;
  /// Channels of a head in the parameter; the last ones are 0.
  int64_t paddedChannels = 0;
  /// The heads are in so many groups, and behind each the parameter has so many
  /// heads that are 0.
  int64_t groups = 1;
  int64_t emptyHeads = 0;

  /// Channels of the dimension in the parameter.
  int64_t getSize() const {
    return saturatingProduct(saturatingProduct(getSlots(), groups),
                             paddedChannels);
  }
  /// Heads of a group in the parameter.
  int64_t getSlots() const { return heads / groups + emptyHeads; }

  /// The index in the checkpoint of the parameter's row or column \p index, or
  /// nothing where it is padding.
  std::optional<int64_t> getSource(int64_t index) const {
    const int64_t slot = index / paddedChannels;
    const int64_t place = slot % getSlots();
    const int64_t head = slot / getSlots() * (heads / groups) + place;
    int64_t channel = index % paddedChannels;
    if (channel >= channels || place >= heads / groups)
      return std::nullopt;
    if (channel < interleaved)
      channel = channel / 2 + channel % 2 * (interleaved / 2);
    return head * channels + channel;
  }
  bool operator==(const HeadLayout &other) const {
    return heads == other.heads && channels == other.channels &&
           interleaved == other.interleaved &&
           paddedChannels == other.paddedChannels && groups == other.groups &&
           emptyHeads == other.emptyHeads;
  }
};

/// Rows of a stored tensor. A parameter has those from `first` on, or with a
/// `stride` the first `run` of every `stride` rows from `first` on.
struct RowSlice {
  int64_t first = 0;
  int64_t run = 0;
  int64_t stride = 0;

  /// The tensor's row that is row \p row of the parameter.
  int64_t getSource(int64_t row) const {
    return first + (stride ? row / run * stride + row % run : row);
  }
  /// The rows that a tensor has at least, of which \p rows, one or more, are
  /// the parameter's.
  int64_t getEnd(int64_t rows) const { return getSource(rows - 1) + 1; }
  bool operator==(const RowSlice &other) const {
    return first == other.first && run == other.run && stride == other.stride;
  }
};

/// What an `llm.parameter` says, and an entry of `parameters` in plan.json.
struct ParameterInfo {
  std::string name;
  /// Tensor of the checkpoint with `{layer}` for the layer number; empty where
  /// all elements have the value `splat`.
  std::string tensor;
  /// Where the parameter is a slice of the tensor's rows; otherwise it is the
  /// whole tensor.
  std::optional<RowSlice> rows;
  double splat = 0;
  /// 0 where the parameter belongs to no layer.
  int64_t layers = 0;
  /// [channels] or [output channels, input channels].
  llvm::SmallVector<int64_t, 2> shape;
  std::optional<HeadLayout> rowHeads;
  std::optional<HeadLayout> columnHeads;
  /// Of a matrix whose rows are [kernel rows, kernel columns, channels] where
  /// the checkpoint has [channels, kernel rows, kernel columns]: both sizes of
  /// the kernel; empty for others.
  llvm::SmallVector<int64_t, 2> kernel = {};
  /// Whether each row of the tensor, a matrix, is divided by its Euclidean
  /// length, or by 1e-12 where it is less.
  bool isNormalized = false;
  /// What all elements of the tensor are multiplied with, thereafter.
  double factor = 1;

  /// Input channels of a kernel.
  int64_t getKernelChannels() const {
    return shape.back() / (kernel[0] * kernel[1]);
  }
  bool operator==(const ParameterInfo &other) const {
    return name == other.name && tensor == other.tensor && rows == other.rows &&
           splat == other.splat && layers == other.layers &&
           shape == other.shape && rowHeads == other.rowHeads &&
           columnHeads == other.columnHeads && kernel == other.kernel &&
           isNormalized == other.isNormalized && factor == other.factor;
  }
  /// The tensor's name for one layer.
  std::string getTensorName(int64_t layer) const;
};

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_PARAMETER_H
