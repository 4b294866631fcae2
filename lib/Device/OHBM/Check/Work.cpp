//===- Work.cpp - What a start of ohbm moves and computes -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Worked out from register values alone. Extents are what a start may touch;
// this is what it moves. Sections named in comments are those of the ohbm
// register document.
//
//===----------------------------------------------------------------------===//

#include "Rules.h"

#include <cmath>

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::StringRef;

namespace {
/// Puts the work of a start together.
class WorkBuilder {
public:
  WorkBuilder(const RegisterValues &values, const DeviceInfo &device)
      : g(device), values(values), device(device) {}

  double operator[](StringRef reg) const {
    return static_cast<double>(values[reg]);
  }
  /// The rows of so many channels.
  double rows(double channels) const { return std::ceil(channels / g.lanes); }
  double headRows(double heads) const {
    return std::ceil(heads / g.headsPerRow);
  }

  void add(StringRef reg, double bytes) {
    work.traffic.push_back({&values.getTable().get(reg), bytes});
  }
  /// Rows of all ports.
  void addRows(StringRef reg, double count) {
    add(reg, count * g.rowBytes * g.ports);
  }
  /// What a product takes from the chip, which register 16 says, moves no byte.
  void addInput(double count) {
    addRows("InputAddress", values["Flags"] & 2 ? 0 : count);
  }
  void addWeight(StringRef reg) {
    const double bytes = (*this)["OutputChannels"] * (*this)["ChannelBits"] / 8;
    add(reg, values["Flags"] & 1 ? 0 : bytes);
  }
  /// A word for each output channel.
  void addScaleBias() {
    add("ScaleBiasAddress", 4 * (*this)["OutputChannels"]);
  }
  /// Tin inputs and Tout outputs take a cycle, with weights of \p weightBits
  /// bits where INT4 has the whole width of the unit.
  void multiply(double count, double inputs, double weightBits) {
    const double outputs = (*this)["OutputChannels"];
    work.operations = 2 * count * inputs * outputs;
    work.cycles = count * std::ceil(inputs / device["Tin"]) *
                  std::ceil(outputs / device["Tout"]) * weightBits /
                  device["MAX_WT_DW"];
  }

  const Geometry g;
  TaskWork work;

private:
  const RegisterValues &values;
  const DeviceInfo &device;
};
} // namespace

static TaskWork linearWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  const double tokens = w["InputWidth"], inputs = w["InputChannels"];
  w.addInput(tokens * w.rows(inputs));
  w.addWeight("WeightAddress");
  w.addRows("OutputAddress", tokens * w.rows(w["OutputChannels"]));
  if (hasScaleBias(v))
    w.addScaleBias();
  w.multiply(tokens, inputs, device["MAX_WT_DW"]);
  return w.work;
}

static TaskWork conv2DWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  const double pixels = w["OutputRows"] * w["OutputWidth"];
  w.addInput(w["InputRows"] * w["InputWidth"] * w.rows(w["InputChannels"]));
  w.addWeight("WeightAddress");
  w.addRows("OutputAddress", pixels * w.rows(w["OutputChannels"]));
  w.addScaleBias();
  // The weights of a channel are those of the whole kernel (4.12).
  w.multiply(pixels, w["ChannelBits"] / device["MAX_WT_DW"],
             device["MAX_WT_DW"]);
  return w.work;
}

static TaskWork scoresWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  const double heads = w["OutputHeads"], tokens = w["InputWidth"];
  w.addInput(tokens * w.headRows(heads));
  w.addWeight("CacheAddress");
  w.addRows("OutputAddress", heads * tokens * w.rows(w["OutputChannels"]));
  w.multiply(heads * tokens, w["InputChannels"], device["MAX_DAT_DW"]);
  return w.work;
}

static TaskWork valuesWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  const double heads = w["OutputHeads"], tokens = w["InputWidth"];
  w.addInput(heads * tokens * w.rows(w["InputChannels"]));
  w.addWeight("CacheAddress");
  w.addRows("OutputAddress", tokens * w.headRows(heads));
  w.multiply(heads * tokens, w["InputChannels"], device["MAX_DAT_DW"]);
  return w.work;
}

/// Maps of so many rows each.
static TaskWork mapWork(WorkBuilder w, double rows,
                        std::initializer_list<StringRef> maps) {
  for (StringRef map : maps)
    w.addRows(map, rows);
  w.work.operations = rows * w.g.lanes;
  return w.work;
}

static TaskWork normWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  w.add("WeightAddress", 4 * w["Channels"]);
  return mapWork(w, w["Width"] * w.rows(w["Channels"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork activationWork(const RegisterValues &v,
                               const DeviceInfo &device) {
  WorkBuilder w(v, device);
  // Versions without the register load the table in each start.
  const bool keepsTable = v.has("TableUse") && v["TableUse"] == 2;
  w.addRows("TableAddress", keepsTable ? 0 : 1);
  return mapWork(w, w["Width"] * w.rows(w["Channels"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork softmaxWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  return mapWork(w, w["Heads"] * w["Width"] * w.rows(w["Columns"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork ropeWork(const RegisterValues &v, const DeviceInfo &device) {
  WorkBuilder w(v, device);
  w.addRows("TableAddress", w["Width"]);
  return mapWork(w, w["Width"] * w.headRows(w["Heads"]),
                 {"InputAddress", "OutputAddress"});
}

static TaskWork kvAppendWork(const RegisterValues &v,
                             const DeviceInfo &device) {
  WorkBuilder w(v, device);
  w.add("CacheAddress",
        w["Heads"] * w["Width"] * w.g.headChannels * device["MAX_DAT_DW"] / 8);
  return mapWork(w, w["Width"] * w.headRows(w["Heads"]), {"InputAddress"});
}

static TaskWork elementwiseWork(const RegisterValues &v,
                                const DeviceInfo &device) {
  WorkBuilder w(v, device);
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
