//===- Record.cpp - Records of the toy family -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Record.h"
#include "Layouts.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::toy;
using llvm::alignTo;

static void addRegisterTables(DeviceInfo &device) {
  RegisterTable table;
  TaskKind kind;
#define TABLE(k, n, title)                                                     \
  kind = TaskKind::k;                                                          \
  table = RegisterTable(#n, title);
#define REG(n, number, role, unit, meaning)                                    \
  table.add({#n, number, RegisterRole::role, unit, meaning, 0, {}});
#define FIXED(n, number, role, value, meaning)                                 \
  table.add({#n, number, RegisterRole::role, "", meaning, value, {}});
#define HIGH(n, shift, bits) table.addHigh({#n, shift, bits});
#define FIELD(n, low, bits) table.addField({#n, low, bits});
#define VALUE(n, value) table.addValue({#n, value});
#define END() device.addTask(kind).registers = table;
#include "Registers.def"
}

static void addObjects(DeviceInfo &device) {
  using Shape = llvm::ArrayRef<int64_t>;
  ObjectSupport &weight = device.addObject(
      ObjectKind::Weight,
      {"URAM", [](Shape shape, const DeviceInfo &d) -> int64_t {
         return alignTo(shape[0], d["Lanes"]) / d["Ports"] *
                rowBytes(d, shape[1]);
       }});
  weight.packWeights = packWeights;
  weight.readWeights = readWeights;
  for (ObjectKind kind : {ObjectKind::ScaleBias, ObjectKind::NormWeight}) {
    ObjectSupport &pairs = device.addObject(
        kind, {"URAM", [](Shape shape, const DeviceInfo &d) -> int64_t {
                 return 4 * alignTo(shape[0], d["Lanes"]) / d["Ports"];
               }});
    pairs.packPairs = packPairs;
    pairs.readPairs = readPairs;
  }
  // 16 breakpoints, slopes and intercepts.
  device
      .addObject(ObjectKind::ActivationTable,
                 {"URAM",
                  [](Shape, const DeviceInfo &d) -> int64_t {
                    return 3 * 16 * 2 / d["Ports"];
                  }})
      .packSegments = packSegments;
}

static Traits getTraits(const DeviceInfo &device) {
  Traits traits;
  traits.lanes = device["Lanes"];
  traits.rowBytes = device["Lanes"] * 2 / device["Ports"];
  traits.channelGranularity = device["Lanes"];
  traits.headChannels = device["Lanes"];
  traits.maxTokens = device["Context"];
  traits.weightBlock = device["Block"];
  traits.rotatesHalves = true;
  return traits;
}

/// Each port has four neighbouring channels of a row.
static ElementPlace placeLane(const DeviceInfo &device, int64_t lane) {
  const int64_t share = device["Lanes"] / device["Ports"];
  return {lane / share, lane % share * 2};
}

DeviceInfo toy::createRecord1() {
  DeviceInfo device("toy", "1");
  device.addParameter("Lanes", 16, "channels of a row");
  device.addParameter("Ports", 4, "ports of the memory");
  device.addParameter("Block", 128, "input channels per weight scale");
  device.addParameter("Context", 96, "tokens of the largest map");
  device.addParameter("Input_Values", 256,
                      "values that the input buffer holds");
  device.addParameter("Weight_Values", 1024,
                      "values that the weight buffer holds");
  // Eight buffers or objects fill the first 4 GiB.
  device.addBoard({"toy",
                   "a board of the tests",
                   "none",
                   /*registerWindow=*/0,
                   {{"URAM", int64_t(1) << 34, int64_t(1) << 40, 4,
                     int64_t(1) << 34, /*alignment=*/1 << 29,
                     /*minimumAlignment=*/8}}});
  device.setMapMemory("URAM");
  device.traits = getTraits;
  device.placeLane = placeLane;
  addObjects(device);
  addRegisterTables(device);
  return device;
}
