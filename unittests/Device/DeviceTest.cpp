//===- DeviceTest.cpp - Device records and their registry -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../lib/Device/EdgeLLM/Encode/Partition.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace dlavm;

namespace {

TEST(Device, NamesItsFamilyAndVersion) {
  const Device device = edgellm::createDevice20241128();
  EXPECT_EQ(device.getFamily(), "edgellm");
  EXPECT_EQ(device.getVersion(), "20241128");
  EXPECT_EQ(device.getName(), "edgellm-20241128");
}

TEST(Device, ParametersAreAddedOrChanged) {
  Device device("family", "1");
  device.addParameter("depth", 16, "words");
  device.addParameter("width", 4, "bits");
  device.setParameter("depth", 32);
  ASSERT_EQ(device.getParameters().size(), 2u);
  EXPECT_EQ(device["depth"], 32);
  EXPECT_EQ(device.getParameters()[0].meaning, "words");
  EXPECT_DEATH(device["dept"], "device family-1 has no parameter dept");
}

TEST(Device, AVersionStartsAsACopy) {
  const Device parent = edgellm::createDevice20241128();
  const Device child = parent.derive("next");
  EXPECT_EQ(child.getName(), "edgellm-next");
  ASSERT_EQ(child.getParameters().size(), parent.getParameters().size());
  for (const Parameter &parameter : parent.getParameters())
    EXPECT_EQ(child[parameter.name], parameter.value) << parameter.name;
  EXPECT_EQ(child.getTasks().size(), parent.getTasks().size());
  EXPECT_EQ(child.getMemories().size(), parent.getMemories().size());
  EXPECT_EQ(child.normEpsilon, parent.normEpsilon);
  EXPECT_EQ(child.weightCopyBytes, parent.weightCopyBytes);
}

TEST(Device, AVersionChangesNothingInItsParent) {
  const Device parent = edgellm::createDevice20241128();
  auto encode = parent.getTask(TaskKind::Norm)->encode;
  Device child = parent.derive("next");
  child.setParameter("MAX_TOKEN", 1024);
  child.addParameter("NEW", 1, "not in the parent");
  child.addTask(TaskKind::Linear).registers.renumber("InputWidth", 34);
  child.addTask(TaskKind::Norm).encode = nullptr;
  child.addObject(
      ObjectKind::RopeTable,
      {MemorySpace::HBM,
       [](llvm::ArrayRef<int64_t>, const Device &) { return int64_t(1); }});
  EXPECT_EQ(child["MAX_TOKEN"], 1024);
  EXPECT_EQ(parent["MAX_TOKEN"], 2048);
  EXPECT_EQ(parent.getParameters().size() + 1, child.getParameters().size());
  auto number = [](const Device &device) {
    return device.getTask(TaskKind::Linear)->registers.get("InputWidth").number;
  };
  EXPECT_EQ(number(child), 34u);
  EXPECT_EQ(number(parent), 3u);
  EXPECT_EQ(parent.getTask(TaskKind::Norm)->encode, encode);
  EXPECT_EQ(child.getTask(TaskKind::Norm)->encode, nullptr);
  EXPECT_EQ(parent.getObject(ObjectKind::RopeTable).space, MemorySpace::DDR);
}

// The formulas take their numbers from the record.
TEST(Device, FormulasFollowTheParameters) {
  Device child = edgellm::createDevice20241128().derive("next");
  child.setParameter("DAT_BRAM_DEPTH", 8192);
  child.setParameter("WT_BRAM_DEPTH", 1024);
  child.setParameter("MAX_TOKEN", 1024);
  // The columns of 20240923 in Appendix A of the register document.
  EXPECT_EQ(edgellm::linearTokens(child, 3584), 292);
  EXPECT_EQ(edgellm::linearTokens(child, 13696), 76);
  EXPECT_EQ(edgellm::linearTokens(child, 18944), 55);
  auto slice = [&](int64_t inputs) {
    return edgellm::partitionOutputChannels(child, inputs, 65024, true)
        .sliceChannels;
  };
  EXPECT_EQ(slice(4096), 512);
  EXPECT_EQ(slice(11008), 128);
  EXPECT_EQ(slice(18944), 64);
  auto bytes = [&](ObjectKind kind, llvm::ArrayRef<int64_t> shape) {
    return child.getObject(kind).bytes(shape, child);
  };
  EXPECT_EQ(bytes(ObjectKind::RopeTable, {}), 524288 / 2);
  EXPECT_EQ(bytes(ObjectKind::KVCache, {2}), 32768 / 2);
}

TEST(Device, TasksThatAreNotThereAreNull) {
  const Device device("family", "1");
  EXPECT_EQ(device.getTask(TaskKind::Linear), nullptr);
}

TEST(DeviceRegistry, ListsItsDevices) {
  DeviceRegistry registry;
  EXPECT_EQ(registry.getNames(), "");
  edgellm::registerDevices(registry);
  const Device *device = registry.lookup("edgellm-20241128");
  ASSERT_NE(device, nullptr);
  registry.add(device->derive("synthetic"));
  ASSERT_NE(registry.lookup("edgellm-synthetic"), nullptr);
  EXPECT_EQ(registry.lookup("edgellm-synthetic")->getVersion(), "synthetic");
  EXPECT_EQ(registry.lookup("edgellm"), nullptr);
  EXPECT_NE(registry.getNames().find("edgellm-20241128"), std::string::npos);
  EXPECT_NE(registry.getNames().find(", edgellm-synthetic"), std::string::npos);
}

TEST(DeviceRegistry, ADeviceOfTheSameNameReplaces) {
  DeviceRegistry registry;
  Device device("family", "1");
  registry.add(device);
  device.addParameter("depth", 1, "words");
  registry.add(device);
  EXPECT_EQ(registry.getNames(), "family-1");
  EXPECT_EQ((*registry.lookup("family-1"))["depth"], 1);
}

TEST(DeviceRegistry, PrintsParametersAndMemories) {
  DeviceRegistry registry;
  Device device("family", "1");
  device.addParameter("depth", 16, "words of a buffer");
  device.addMemory({MemorySpace::DDR, 4096, 0, 1, 0, 1024, 64});
  device.addMemory({MemorySpace::HBM, 256, 0, 32, 256, 512, 512});
  registry.add(device);
  std::string text;
  llvm::raw_string_ostream os(text);
  printDevices(registry, os);
  EXPECT_EQ(text,
            "family-1\n"
            "  depth                            16  words of a buffer\n"
            "  Norm_Epsilon                  1e-05  what norms add to "
            "the mean square\n"
            "  DDR: 1 port of 4096 bytes, buffers at multiples of 1024\n"
            "  HBM: 32 ports of 256 bytes, buffers at multiples of 512\n");
}

TEST(DeviceRegistry, PrintsRegisterPages) {
  Device device("family", "1");
  RegisterTable table("mvm", "a product");
  table.add({"Mode", 33, RegisterRole::Opcode, "", "form", 0, {}});
  table.addValue({"Plain", 287});
  table.addValue({"ScaleBias", 799});
  table.add({"Status", 1, RegisterRole::Status, "", "done", 1, {}});
  device.addTask(TaskKind::Linear).registers = table;
  std::string text;
  llvm::raw_string_ostream os(text);
  printRegisterPage(device, os);
  EXPECT_NE(text.find("# Registers of family-1\n"), std::string::npos);
  EXPECT_NE(text.find("## mvm: a product\n"), std::string::npos);
  EXPECT_NE(text.find("| 33 | Mode | opcode, starts |  | form: 287 = Plain; "
                      "799 = ScaleBias |\n"),
            std::string::npos);
  EXPECT_NE(text.find("| 1 | Status | status, polled |  | done |\n"),
            std::string::npos);
}

} // namespace
