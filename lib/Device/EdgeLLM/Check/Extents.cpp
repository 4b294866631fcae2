//===- Extents.cpp - Bytes that a start of edgellm touches ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Worked out from register values alone. Sections named in comments are those
// of the EdgeLLM register document.
//
//===----------------------------------------------------------------------===//

#include "Rules.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::divideCeil;
using llvm::StringRef;

namespace {
/// Collects the extents of a start.
class Extents {
public:
  Extents(const RegisterValues &values, const DeviceInfo &device,
          llvm::SmallVectorImpl<Extent> &extents)
      : values(values), device(device), extents(extents) {}

  /// \p bytes from the address on; nothing where there are none.
  void add(StringRef reg, int64_t bytes) {
    const int64_t begin = values[reg];
    if (bytes > 0)
      extents.push_back({&values.getTable().get(reg), begin, begin + bytes});
  }

  /// From the first byte to the last of a map that is cut along two dimensions
  /// (heads and channel groups) and \p width tokens wide.
  void addMap(StringRef reg, int64_t heads, int64_t headStride, int64_t groups,
              int64_t groupStride, int64_t width) {
    if (heads > 0 && groups > 0 && width > 0)
      add(reg, saturatingProduct(heads - 1, headStride) +
                   saturatingProduct(groups - 1, groupStride) +
                   saturatingProduct(width, device["Pixel_Data_Bytes"]));
  }
  void addMap(StringRef reg, int64_t groups, int64_t stride, int64_t width) {
    addMap(reg, 1, 0, groups, stride, width);
  }

  /// The whole cache of that many heads, in every port (3.7).
  void addCache(StringRef reg, int64_t heads) {
    const int64_t ports = device["KV_Cache_In_DDR"] ? 1 : device["HBM_Port"];
    add(reg, saturatingProduct(heads, device["MAX_TOKEN"] *
                                          device["MAX_CH_per_HEAD"] *
                                          device["MAX_DAT_DW"] / 8 / ports));
  }

private:
  const RegisterValues &values;
  const DeviceInfo &device;
  llvm::SmallVectorImpl<Extent> &extents;
};
} // namespace

static void linearExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t outputChannels =
      saturatingProduct(v["LastSlice"], v["SliceChannels"]) +
      v["LastSliceChannels"];
  const int64_t outputGroups = divideCeil(outputChannels, device["Tout"]);
  extents.addMap("InputAddress", v["InputChannels"] / device["Tout"],
                 v["InputSurface"], v["InputWidth"]);
  extents.add("WeightAddress",
              saturatingProduct(outputGroups, v["PackageBits"] / 8));
  extents.addMap("OutputAddress", outputGroups, v["OutputSurface"],
                 v["InputWidth"]);
  if (hasScaleBias(v))
    extents.add("ScaleBiasAddress", 4 * outputChannels);
  // The residual has no strides of its own.
  if (hasResidual(v))
    extents.addMap("ResidualAddress", outputGroups, v["OutputSurface"],
                   v["InputWidth"]);
  if (hasArgmax(v))
    extents.add("ArgmaxAddress", device["Pixel_Data_Bytes"]);
}

static void normExtents(const RegisterValues &v, const DeviceInfo &device,
                        llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t groups = v["ChannelGroups"];
  extents.add("WeightAddress", 4 * device["Tout"] * groups);
  extents.addMap("InputAddress", v["Rows"], v["InputLine"], groups,
                 v["InputSurface"], v["Width"]);
  extents.addMap("OutputAddress", v["Rows"], v["OutputLine"], groups,
                 v["OutputSurface"], v["Width"]);
}

static void activationExtents(const RegisterValues &v, const DeviceInfo &device,
                              llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t groups = v["ChannelGroups"];
  // 16 breakpoints, slopes and intercepts of 2 bytes (3.6).
  extents.add("TableAddress", 3 * 16 * 2);
  extents.addMap("InputAddress", groups, v["InputSurface"], v["Width"]);
  extents.addMap("OutputAddress", groups, v["OutputSurface"], v["Width"]);
}

static void softmaxExtents(const RegisterValues &v, const DeviceInfo &device,
                           llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  extents.addMap("InputAddress", v["Heads"], v["InputHead"], v["ColumnGroups"],
                 v["InputLine"], v["Width"]);
  extents.addMap("OutputAddress", v["Heads"], v["OutputHead"],
                 v["ColumnGroups"], v["OutputLine"], v["Width"]);
}

static void ropeExtents(const RegisterValues &v, const DeviceInfo &device,
                        llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  // From the first position in plane 0 to the last in plane 3 (3.5).
  extents.addMap("TableAddress", 2, v["TableHalf"], 2, v["TableLine"],
                 v["Width"]);
  extents.addMap("InputAddress", v["Heads"], v["InputHead"], v["ChannelGroups"],
                 v["InputLine"], v["Width"]);
  extents.addMap("OutputAddress", v["Heads"], v["OutputHead"],
                 v["ChannelGroups"], v["OutputLine"], v["Width"]);
}

static void scoresExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const HeadConfiguration heads(v["HeadConfiguration"]);
  extents.addCache("CacheAddress", heads.kvHeads);
  extents.addMap("InputAddress", heads.queryHeads, v["InputHead"],
                 headGroups(device), v["InputLine"], v["Width"]);
  extents.addMap("OutputAddress", heads.queryHeads, v["OutputHead"],
                 divideCeil(v["Columns"], device["Tout"]), v["OutputLine"],
                 v["Width"]);
}

static void valuesExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const HeadConfiguration heads(v["HeadConfiguration"]);
  extents.addCache("CacheAddress", heads.kvHeads);
  extents.addMap("InputAddress", heads.queryHeads, v["InputHead"],
                 divideCeil(v["Columns"], device["Tout"]), v["InputLine"],
                 v["Width"]);
  extents.addMap("OutputAddress", heads.queryHeads, v["OutputHead"],
                 headGroups(device), v["OutputLine"], v["Width"]);
}

static void kvAppendExtents(const RegisterValues &v, const DeviceInfo &device,
                            llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  extents.addMap("InputAddress", v["Heads"], v["InputHead"], v["ChannelGroups"],
                 v["InputLine"], v["Width"]);
  extents.addCache("CacheAddress", v["Heads"]);
}

static void elementwiseExtents(const RegisterValues &v,
                               const DeviceInfo &device,
                               llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t groups = v["ChannelGroups"];
  extents.addMap("InputAddress", groups, v["InputSurface"], v["Width"]);
  extents.addMap("OtherAddress", groups, v["InputSurface"], v["Width"]);
  extents.addMap("OutputAddress", groups, v["OutputSurface"], v["Width"]);
}

void edgellm::addExtents(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).extents = linearExtents;
  device.addTask(TaskKind::Norm).extents = normExtents;
  device.addTask(TaskKind::Activation).extents = activationExtents;
  device.addTask(TaskKind::Softmax).extents = softmaxExtents;
  device.addTask(TaskKind::Rope).extents = ropeExtents;
  device.addTask(TaskKind::Scores).extents = scoresExtents;
  device.addTask(TaskKind::Values).extents = valuesExtents;
  device.addTask(TaskKind::KVAppend).extents = kvAppendExtents;
  device.addTask(TaskKind::Elementwise).extents = elementwiseExtents;
}
