//===- Work.cpp - What a start of ohbm moves and computes -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas of register values alone. Extents are what a start may touch; this
// is what it moves. Sections named in comments are those of the ohbm
// register document.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/WorkBuilder.h"
#include "Rules.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::StringRef;

namespace {
/// Puts the work of a start together.
class RowWork : public WorkBuilder {
public:
  RowWork(const RegisterTable &registers, const DeviceInfo &device)
      : WorkBuilder(registers, device), g(device) {}

  /// The rows of so many channels.
  Formula rows(Formula channels) const { return ceilDiv(channels, g.lanes); }
  Formula headRows(Formula heads) const {
    return ceilDiv(heads, g.headsPerRow);
  }

  /// Rows of all ports.
  void addRows(StringRef reg, Formula count) {
    add(reg, count * g.rowBytes * g.ports);
  }
  /// Whether the register of flags has this bit.
  Formula flag(unsigned bit) const { return (*this)["Flags"] >> bit & 1; }
  /// What a product takes from the chip, which register 16 says, moves no byte.
  void addInput(Formula count) {
    addRows("InputAddress", count * (1 - flag(1)));
  }
  void addWeight(StringRef reg) {
    const Formula bytes =
        (*this)["OutputChannels"] * (*this)["ChannelBits"] / 8;
    add(reg, bytes * (1 - flag(0)));
  }
  /// A word for each output channel, \p times times.
  void addScaleBias(Formula times = 1) {
    add("ScaleBiasAddress", times * 4 * (*this)["OutputChannels"]);
  }
  /// Tin inputs and Tout outputs take a cycle, with weights of \p weightBits
  /// bits where INT4 has the whole width of the unit.
  void multiply(Formula count, Formula inputs, double weightBits) {
    WorkBuilder::multiply(count, inputs, (*this)["OutputChannels"],
                          device["Tin"], device["Tout"],
                          weightBits / device["MAX_WT_DW"]);
  }

  const Geometry g;
};
} // namespace

static TaskWork linearWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  RowWork w(registers, device);
  const Formula tokens = w["InputWidth"], inputs = w["InputChannels"];
  w.addInput(tokens * w.rows(inputs));
  w.addWeight("WeightAddress");
  w.addRows("OutputAddress", tokens * w.rows(w["OutputChannels"]));
  w.addScaleBias(hasScaleBias(w));
  w.multiply(tokens, inputs, device["MAX_WT_DW"]);
  return w.work;
}

static TaskWork conv2DWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  RowWork w(registers, device);
  const Formula pixels = w["OutputRows"] * w["OutputWidth"];
  w.addInput(w["InputRows"] * w["InputWidth"] * w.rows(w["InputChannels"]));
  w.addWeight("WeightAddress");
  w.addRows("OutputAddress", pixels * w.rows(w["OutputChannels"]));
  w.addScaleBias();
  // The weights of a channel are those of the whole kernel (4.12).
  w.multiply(pixels, w["ChannelBits"] / device["MAX_WT_DW"],
             device["MAX_WT_DW"]);
  return w.work;
}

static TaskWork scoresWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  RowWork w(registers, device);
  const Formula heads = w["OutputHeads"], tokens = w["InputWidth"];
  w.addInput(tokens * w.headRows(heads));
  w.addWeight("CacheAddress");
  w.addRows("OutputAddress", heads * tokens * w.rows(w["OutputChannels"]));
  w.multiply(heads * tokens, w["InputChannels"], device["MAX_DAT_DW"]);
  return w.work;
}

static TaskWork valuesWork(const RegisterTable &registers,
                           const DeviceInfo &device) {
  RowWork w(registers, device);
  const Formula heads = w["OutputHeads"], tokens = w["InputWidth"];
  w.addInput(heads * tokens * w.rows(w["InputChannels"]));
  w.addWeight("CacheAddress");
  w.addRows("OutputAddress", tokens * w.headRows(heads));
  w.multiply(heads * tokens, w["InputChannels"], device["MAX_DAT_DW"]);
  return w.work;
}

/// Maps of so many rows each.
static TaskWork mapWork(RowWork w, Formula rows,
                        std::initializer_list<StringRef> maps) {
  for (StringRef map : maps)
    w.addRows(map, rows);
  w.work.operations = rows * w.g.lanes;
  return w.work;
}

static TaskWork normWork(const RegisterTable &registers,
                         const DeviceInfo &device) {
  RowWork w(registers, device);
  w.add("WeightAddress", 4 * w["Channels"]);
  return mapWork(w, w["Width"] * w.rows(w["Channels"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork activationWork(const RegisterTable &registers,
                               const DeviceInfo &device) {
  RowWork w(registers, device);
  // Versions without the register load the table in each start.
  w.addRows("TableAddress",
            registers.lookup("TableUse") ? 1 - isEqual(w["TableUse"], 2) : 1);
  return mapWork(w, w["Width"] * w.rows(w["Channels"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork softmaxWork(const RegisterTable &registers,
                            const DeviceInfo &device) {
  RowWork w(registers, device);
  return mapWork(w, w["Heads"] * w["Width"] * w.rows(w["Columns"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork ropeWork(const RegisterTable &registers,
                         const DeviceInfo &device) {
  RowWork w(registers, device);
  w.addRows("TableAddress", w["Width"]);
  return mapWork(w, w["Width"] * w.headRows(w["Heads"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork kvAppendWork(const RegisterTable &registers,
                             const DeviceInfo &device) {
  RowWork w(registers, device);
  w.add("CacheAddress",
        w["Heads"] * w["Width"] * w.g.headChannels * device["MAX_DAT_DW"] / 8);
  return mapWork(w, w["Width"] * w.headRows(w["Heads"]), {"InputAddress"});
}

static TaskWork elementwiseWork(const RegisterTable &registers,
                                const DeviceInfo &device) {
  RowWork w(registers, device);
  return mapWork(w, w["Width"] * w.rows(w["Channels"]),
                 {"InputAddress", "OtherAddress", "OutputAddress"});
}

void ohbm::addWork(DeviceInfo &device) {
  device.addTask(TaskKind::Linear).work = linearWork;
  device.addTask(TaskKind::Conv2D).work = conv2DWork;
  device.addTask(TaskKind::Scores).work = scoresWork;
  device.addTask(TaskKind::Values).work = valuesWork;
  device.addTask(TaskKind::Norm).work = normWork;
  device.addTask(TaskKind::Activation).work = activationWork;
  device.addTask(TaskKind::Softmax).work = softmaxWork;
  device.addTask(TaskKind::Rope).work = ropeWork;
  device.addTask(TaskKind::KVAppend).work = kvAppendWork;
  device.addTask(TaskKind::Elementwise).work = elementwiseWork;
}
