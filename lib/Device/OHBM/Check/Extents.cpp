//===- Extents.cpp - Bytes that a start of ohbm touches -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Worked out from register values alone, in bytes of each port. Sections named
// in comments are those of the ohbm register document; C1 to C6 are in its
// additions.
//
//===----------------------------------------------------------------------===//

#include "Rules.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::divideCeil;
using llvm::StringRef;

namespace {
/// Collects the extents of a start.
class Extents {
public:
  Extents(const RegisterValues &values, const DeviceInfo &device,
          llvm::SmallVectorImpl<Extent> &extents)
      : g(device), values(values), extents(extents) {}

  /// \p bytes from \p offset behind the address on; nothing where there are
  /// none.
  void add(StringRef identifier, int64_t bytes, int64_t offset = 0,
           bool isReused = false) {
    const Register &reg = values.getTable().get(identifier);
    const int64_t begin = values.getAddress(reg) + offset;
    if (bytes > 0)
      extents.push_back({&reg, begin, begin + bytes, isReused});
  }
  /// From the first byte to the last of \p width tokens in \p rows rows for
  /// each of \p heads heads.
  void addMap(StringRef identifier, int64_t heads, int64_t headStride,
              int64_t rows, int64_t stride, int64_t width,
              bool isReused = false) {
    if (heads > 0 && rows > 0 && width > 0)
      add(identifier,
          saturatingProduct(heads - 1, headStride) +
              saturatingProduct(rows - 1, stride) +
              saturatingProduct(width, g.rowBytes),
          0, isReused);
  }
  void addMap(StringRef identifier, int64_t rows, int64_t stride, int64_t width,
              bool isReused = false) {
    addMap(identifier, 1, 0, rows, stride, width, isReused);
  }

  const Geometry g;

private:
  const RegisterValues &values;
  llvm::SmallVectorImpl<Extent> &extents;
};
} // namespace

/// What register 16 of a matrix task says is on the chip.
static bool reusesInput(const RegisterValues &v) { return v["Flags"] & 2; }
static bool reusesWeight(const RegisterValues &v) { return v["Flags"] & 1; }

// C1.
static void linearExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const Geometry &g = extents.g;
  const int64_t first = v["FirstChannel"], channels = v["OutputChannels"];
  extents.addMap("InputAddress", g.rows(v["InputChannels"]), v["InputSurface"],
                 v["InputWidth"], reusesInput(v));
  extents.add("WeightAddress",
              saturatingProduct(channels, v["ChannelBits"] / 8) / g.ports, 0,
              reusesWeight(v));
  extents.addMap("OutputAddress", Geometry::rows(first, channels, g.lanes),
                 v["OutputSurface"], v["InputWidth"]);
  if (hasScaleBias(v))
    extents.add("ScaleBiasAddress",
                g.rowBytes * Geometry::rows(first, channels, g.lanes / 2));
}

// C5.
static void conv2DExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const Geometry &g = extents.g;
  const int64_t first = v["FirstChannel"], channels = v["OutputChannels"];
  extents.addMap("InputAddress", g.rows(v["InputChannels"]), v["InputSurface"],
                 v["InputRows"], v["InputLine"], v["InputWidth"],
                 reusesInput(v));
  extents.add("WeightAddress",
              saturatingProduct(channels, v["ChannelBits"] / 8) / g.ports, 0,
              reusesWeight(v));
  extents.addMap("OutputAddress", Geometry::rows(first, channels, g.lanes),
                 v["OutputSurface"], v["OutputRows"], v["OutputLine"],
                 v["OutputWidth"]);
  extents.add("ScaleBiasAddress",
              g.rowBytes * Geometry::rows(first, channels, g.lanes / 2));
}

// C2. The start may read each key of the KV head up to the last; the address is
// that of its first.
static void scoresExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const Geometry &g = extents.g;
  const int64_t first = v["FirstChannel"], heads = v["OutputHeads"];
  extents.addMap("InputAddress", g.headRows(heads), v["InputSurface"],
                 v["InputWidth"], reusesInput(v));
  if (heads > 0)
    extents.add("CacheAddress", g.headStride(device),
                -(first * 2 * g.headChannels / g.ports), reusesWeight(v));
  extents.addMap("OutputAddress", heads, v["OutputHead"],
                 Geometry::rows(first, v["OutputChannels"], g.lanes),
                 v["OutputLine"], v["InputWidth"]);
}

// C3. The last row of a KV head is written as a whole.
static void valuesExtents(const RegisterValues &v, const DeviceInfo &device,
                          llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const Geometry &g = extents.g;
  const int64_t heads = v["OutputHeads"];
  extents.addMap("InputAddress", heads, v["InputHead"],
                 g.rows(v["InputChannels"]), v["InputLine"], v["InputWidth"],
                 reusesInput(v));
  if (heads > 0)
    extents.add("CacheAddress", g.headStride(device),
                -(v["FirstChannel"] / 32 * g.lineStride(device)),
                reusesWeight(v));
  extents.addMap("OutputAddress", g.headRows(heads), v["OutputSurface"],
                 v["InputWidth"]);
}

// C4.
static void normExtents(const RegisterValues &v, const DeviceInfo &device,
                        llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const Geometry &g = extents.g;
  const int64_t rows = g.rows(v["Channels"]);
  // Words of two lanes.
  extents.add("WeightAddress",
              g.rowBytes * divideCeil(v["Channels"], g.lanes / 2));
  extents.addMap("InputAddress", rows, v["InputSurface"], v["Width"]);
  extents.addMap("OutputAddress", rows, v["OutputSurface"], v["Width"]);
}

static void activationExtents(const RegisterValues &v, const DeviceInfo &device,
                              llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t rows = extents.g.rows(v["Channels"]);
  // Versions without the register load the table in each start.
  const bool keepsTable = v.has("TableUse") && v["TableUse"] == 2;
  extents.add("TableAddress", extents.g.rowBytes, 0, keepsTable);
  extents.addMap("InputAddress", rows, v["InputSurface"], v["Width"]);
  extents.addMap("OutputAddress", rows, v["OutputSurface"], v["Width"]);
}

static void softmaxExtents(const RegisterValues &v, const DeviceInfo &device,
                           llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t rows = extents.g.rows(v["Columns"]);
  extents.addMap("InputAddress", v["Heads"], v["InputHead"], rows,
                 v["InputLine"], v["Width"]);
  extents.addMap("OutputAddress", v["Heads"], v["OutputHead"], rows,
                 v["OutputLine"], v["Width"]);
}

static void ropeExtents(const RegisterValues &v, const DeviceInfo &device,
                        llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t rows = extents.g.headRows(v["Heads"]);
  extents.addMap("TableAddress", 1, 0, v["Width"]);
  extents.addMap("InputAddress", rows, v["InputSurface"], v["Width"]);
  extents.addMap("OutputAddress", rows, v["OutputSurface"], v["Width"]);
}

static void kvAppendExtents(const RegisterValues &v, const DeviceInfo &device,
                            llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  extents.addMap("InputAddress", extents.g.headRows(v["Heads"]),
                 v["InputSurface"], v["Width"]);
  extents.add("CacheAddress",
              saturatingProduct(v["Heads"], extents.g.headStride(device)));
}

static void elementwiseExtents(const RegisterValues &v,
                               const DeviceInfo &device,
                               llvm::SmallVectorImpl<Extent> &result) {
  Extents extents(v, device, result);
  const int64_t rows = extents.g.rows(v["Channels"]);
  for (StringRef map : {"Input", "Other", "Output"})
    extents.addMap((map + "Address").str(), rows, v[(map + "Surface").str()],
                   v["Width"]);
}

void ohbm::addExtents(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).extents = linearExtents;
  device.addTask(TaskKind::Conv2D).extents = conv2DExtents;
  device.addTask(TaskKind::Scores).extents = scoresExtents;
  device.addTask(TaskKind::Values).extents = valuesExtents;
  device.addTask(TaskKind::Norm).extents = normExtents;
  device.addTask(TaskKind::Activation).extents = activationExtents;
  device.addTask(TaskKind::Softmax).extents = softmaxExtents;
  device.addTask(TaskKind::Rope).extents = ropeExtents;
  device.addTask(TaskKind::KVAppend).extents = kvAppendExtents;
  device.addTask(TaskKind::Elementwise).extents = elementwiseExtents;
}
