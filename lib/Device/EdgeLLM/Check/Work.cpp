//===- Work.cpp - What a start of edgellm moves and computes --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas of register values alone. Extents are what a start may touch; this
// is what it moves. Sections named in comments are those of the EdgeLLM
// register document.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/WorkBuilder.h"
#include "Rules.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::StringRef;

namespace {
/// Puts the work of a start together.
class MapWork : public WorkBuilder {
public:
  using WorkBuilder::WorkBuilder;

  /// The channel groups of so many channels.
  Formula groups(Formula channels) const {
    return ceilDiv(channels, device["Tout"]);
  }
  Formula headChannels() const { return device["MAX_CH_per_HEAD"]; }

  void addPixels(StringRef reg, Formula pixels) {
    add(reg, pixels * device["Pixel_Data_Bytes"]);
  }
  /// Numbers of a KV cache.
  void addCache(Formula numbers) {
    add("CacheAddress", numbers * device["MAX_DAT_DW"] / 8);
  }
  /// Tin inputs and Tout outputs take a cycle, with weights of \p weightBits
  /// bits where INT4 has the whole width of the unit.
  void multiply(Formula rows, Formula inputs, Formula outputs,
                double weightBits) {
    WorkBuilder::multiply(rows, inputs, outputs, device["Tin"], device["Tout"],
                          weightBits / device["MAX_WT_DW"]);
  }
  /// One number of each lane of so many pixels.
  void compute(Formula pixels) { work.operations = pixels * device["Tout"]; }
};
} // namespace

static TaskWork linearWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  MapWork w(registers, device);
  const Formula tokens = w["InputWidth"], inputs = w["InputChannels"];
  const Formula outputs =
      w["LastSlice"] * w["SliceChannels"] + w["LastSliceChannels"];
  w.addPixels("InputAddress", tokens * w.groups(inputs));
  w.add("WeightAddress", outputs * w["PackageBits"] / 8);
  w.addPixels("OutputAddress", tokens * w.groups(outputs));
  w.add("ScaleBiasAddress", hasScaleBias(w) * 4 * outputs);
  w.addPixels("ResidualAddress", hasResidual(w) * tokens * w.groups(outputs));
  w.addPixels("ArgmaxAddress", hasArgmax(w));
  w.multiply(tokens, inputs, outputs, device["MAX_WT_DW"]);
  return w.work;
}

/// Maps of the same size, of which the last is written.
static TaskWork mapWork(MapWork w, Formula pixels,
                        std::initializer_list<StringRef> maps) {
  for (StringRef map : maps)
    w.addPixels(map, pixels);
  w.compute(pixels);
  return w.work;
}

static TaskWork normWork(const RegisterTable &registers,
                         const DeviceInfo &device) {
  MapWork w(registers, device);
  w.add("WeightAddress", 4 * w["ChannelGroups"] * device["Tout"]);
  return mapWork(w, w["Rows"] * w["ChannelGroups"] * w["Width"],
                 {"InputAddress", "OutputAddress"});
}

static TaskWork activationWork(const RegisterTable &registers,
                               const DeviceInfo &device) {
  MapWork w(registers, device);
  w.add("TableAddress", device["Activation_Table_Bytes"]);
  return mapWork(w, w["ChannelGroups"] * w["Width"],
                 {"InputAddress", "OutputAddress"});
}

static TaskWork softmaxWork(const RegisterTable &registers,
                            const DeviceInfo &device) {
  MapWork w(registers, device);
  return mapWork(w, w["Heads"] * w["ColumnGroups"] * w["Width"],
                 {"InputAddress", "OutputAddress"});
}

static TaskWork ropeWork(const RegisterTable &registers,
                         const DeviceInfo &device) {
  MapWork w(registers, device);
  // A pixel of each of the four planes (3.5).
  w.addPixels("TableAddress", 4 * w["Width"]);
  return mapWork(w, w["Heads"] * w["ChannelGroups"] * w["Width"],
                 {"InputAddress", "OutputAddress"});
}

/// A product with a KV cache: Q x K^T or P x V.
static TaskWork attentionWork(const RegisterTable &registers,
                              const DeviceInfo &device, bool readsColumns) {
  MapWork w(registers, device);
  const HeadConfiguration heads(w["HeadConfiguration"]);
  const Formula rows = heads.queryHeads * w["Width"];
  const Formula inputs = readsColumns ? w["Columns"] : w.headChannels();
  const Formula outputs = readsColumns ? w.headChannels() : w["Columns"];
  w.addCache(heads.kvHeads * w["Columns"] * w.headChannels());
  w.addPixels("InputAddress", rows * w.groups(inputs));
  w.addPixels("OutputAddress", rows * w.groups(outputs));
  w.multiply(rows, inputs, outputs, device["MAX_DAT_DW"]);
  return w.work;
}

static TaskWork scoresWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  return attentionWork(registers, device, /*readsColumns=*/false);
}

static TaskWork valuesWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  return attentionWork(registers, device, /*readsColumns=*/true);
}

static TaskWork kvAppendWork(const RegisterTable &registers,
                             const DeviceInfo &device) {
  MapWork w(registers, device);
  w.addCache(w["Heads"] * w["Width"] * w.headChannels());
  return mapWork(w, w["Heads"] * w["ChannelGroups"] * w["Width"],
                 {"InputAddress"});
}

static TaskWork elementwiseWork(const RegisterTable &registers,
                                const DeviceInfo &device) {
  MapWork w(registers, device);
  return mapWork(w, w["ChannelGroups"] * w["Width"],
                 {"InputAddress", "OtherAddress", "OutputAddress"});
}

static TaskWork weightCopyWork(const RegisterTable &registers,
                               const DeviceInfo &device) {
  MapWork w(registers, device);
  w.add("Source", w["LengthBits"] / 8);
  w.add("DestinationLow", w["LengthBits"] / 8);
  return w.work;
}

void edgellm::addWork(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).work = linearWork;
  device.addTask(TaskKind::Norm).work = normWork;
  device.addTask(TaskKind::Activation).work = activationWork;
  device.addTask(TaskKind::Softmax).work = softmaxWork;
  device.addTask(TaskKind::Rope).work = ropeWork;
  device.addTask(TaskKind::Scores).work = scoresWork;
  device.addTask(TaskKind::Values).work = valuesWork;
  device.addTask(TaskKind::KVAppend).work = kvAppendWork;
  device.addTask(TaskKind::Elementwise).work = elementwiseWork;
  device.addTask(TaskKind::WeightCopy).work = weightCopyWork;
}
