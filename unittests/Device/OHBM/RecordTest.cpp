//===- RecordTest.cpp - Records and sizes of the ohbm family --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values are the tables of the register document; the section is named
// at each.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Device/OHBM/Encode/Partition.h"
#include "../../../lib/Device/OHBM/Record/Layouts.h"
#include "LookUp.h"

#include "llvm/ADT/STLExtras.h"

#include <set>

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

int64_t bytes(const DeviceInfo &device, ObjectKind kind,
              llvm::ArrayRef<int64_t> shape) {
  return device.getObject(kind)->bytes(shape, device);
}

std::vector<uint32_t> getWrittenNumbers(const RegisterTable &table) {
  std::vector<uint32_t> numbers;
  for (const Register &reg : table.getRegisters())
    if (isWritten(reg.role))
      numbers.push_back(reg.number);
  return numbers;
}

std::vector<uint32_t> range(uint32_t first, uint32_t last) {
  std::vector<uint32_t> numbers;
  for (uint32_t number = first; number <= last; ++number)
    numbers.push_back(number);
  return numbers;
}

} // namespace

TEST(Record, AllAreComplete) {
  std::set<std::string> names;
  for (const DeviceInfo &device : getDevices()) {
    EXPECT_TRUE(names.insert(device.getName()).second) << device.getName();
    EXPECT_EQ(llvm::toString(validate(device)), "");
  }
  EXPECT_EQ(names, (std::set<std::string>{
                       "ohbm-20250312", "ohbm-20250314", "ohbm-20250316",
                       "ohbm-20250323", "ohbm-20250326", "ohbm-20250329",
                       "ohbm-20250407", "ohbm-v80-20250326"}));
}

// Section 2.2.
TEST(Record, DerivedValues) {
  EXPECT_EQ(rowBytes(newest()), 32);
  EXPECT_EQ(lanes(newest()), 512);
  EXPECT_EQ(clockBits(newest()), 8192);
  EXPECT_EQ(groupChannels(newest()), 2048);
  EXPECT_EQ(headsPerRow(newest()), 4);
  EXPECT_EQ(portChannels(newest()), 1);
  EXPECT_EQ(rowBytes(v80()), 64);
  EXPECT_EQ(lanes(v80()), 128);
  EXPECT_EQ(clockBits(v80()), 2048);
  EXPECT_EQ(groupChannels(v80()), 2048);
  EXPECT_EQ(headsPerRow(v80()), 1);
  EXPECT_EQ(portChannels(v80()), 8);
}

// Sections 3.4 and 7.2.
TEST(Record, WeightMatrices) {
  struct Row {
    bool isV80;
    int64_t outputs, inputs, padded, groups, channel, port;
  };
  const Row rows[] = {{false, 4096, 4096, 4096, 2, 2112, 270336},
                      {false, 256, 4096, 4096, 2, 2112, 16896},
                      {false, 13696, 4096, 4096, 2, 2112, 903936},
                      {false, 4096, 13696, 13696, 7, 7072, 905216},
                      {false, 65024, 4096, 4096, 2, 2112, 4291584},
                      {false, 4096, 3584, 3584, 2, 1856, 237568},
                      {false, 3584, 18944, 18944, 10, 9792, 1096704},
                      {false, 152064, 3584, 3584, 2, 1856, 8819712},
                      {true, 3584, 3584, 3584, 2, 1856, 1662976},
                      {true, 3584, 18944, 18944, 10, 9792, 8773632},
                      {true, 152064, 3584, 3584, 2, 1856, 70557696},
                      {false, 33, 33, 128, 1, 96, 192},
                      {true, 33, 33, 64, 1, 64, 1024}};
  for (const Row &row : rows) {
    const DeviceInfo &device = row.isV80 ? v80() : newest();
    SCOPED_TRACE(device.getName() + " [" + std::to_string(row.outputs) + ", " +
                 std::to_string(row.inputs) + "]");
    EXPECT_EQ(paddedInputs(device, row.inputs), row.padded);
    EXPECT_EQ(scaleGroups(device, row.inputs), row.groups);
    EXPECT_EQ(channelBytes(device, row.inputs), row.channel);
    EXPECT_EQ(bytes(device, ObjectKind::Weight, {row.outputs, row.inputs}),
              row.port);
  }
}

// Section 3.5: what tasks read, and no more (D24).
TEST(Record, Kernels) {
  EXPECT_EQ(bytes(newest(), ObjectKind::ConvWeight, {128, 3, 3, 64}), 2304);
  EXPECT_EQ(bytes(newest(), ObjectKind::ConvWeight, {129, 1, 1, 129}), 5 * 128);
  EXPECT_EQ(bytes(v80(), ObjectKind::ConvWeight, {1792, 14, 14, 3}),
            1792 * 196 * 64 / 2 / 4);
}

// Sections 3.6 to 3.10 and 7.2.
TEST(Record, OtherObjects) {
  const std::pair<int64_t, int64_t> sizes[] = {
      {4096, 512}, {256, 64}, {13696, 1728},   {65024, 8128},
      {3584, 448}, {512, 64}, {152064, 19008}, {18944, 2368}};
  for (auto [channels, size] : sizes) {
    EXPECT_EQ(bytes(newest(), ObjectKind::ScaleBias, {channels}), size);
    EXPECT_EQ(bytes(newest(), ObjectKind::NormWeight, {channels}), size);
  }
  for (int64_t channels : {3584, 512, 18944, 152064})
    EXPECT_EQ(bytes(v80(), ObjectKind::ScaleBias, {channels}), channels);
  EXPECT_EQ(bytes(newest(), ObjectKind::RopeTable, {}), 65536);
  EXPECT_EQ(bytes(v80(), ObjectKind::RopeTable, {}), 131072);
  EXPECT_EQ(bytes(newest(), ObjectKind::ActivationTable, {}), 64);
  EXPECT_EQ(bytes(v80(), ObjectKind::ActivationTable, {}), 128);
  EXPECT_EQ(bytes(newest(), ObjectKind::KVCache, {2}), 32768);
  EXPECT_EQ(bytes(newest(), ObjectKind::KVCache, {4}), 65536);
  EXPECT_EQ(bytes(v80(), ObjectKind::KVCache, {4}), 524288);
  EXPECT_EQ(cacheHeadBytes(newest()), 16384);
  EXPECT_EQ(cacheLineBytes(newest()), 4096);
  EXPECT_EQ(cacheHeadBytes(v80()), 131072);
  EXPECT_EQ(cacheLineBytes(v80()), 32768);
}

// Section 1.4, and the appendix for older versions.
TEST(Record, WrittenRegisters) {
  std::vector<uint32_t> elementwise = range(130, 142);
  elementwise.push_back(145);
  for (const DeviceInfo &device : getDevices())
    for (const auto &[kind, support] : device.getTasks()) {
      const RegisterTable &table = support.registers;
      SCOPED_TRACE(device.getName() + " " + table.getName().str());
      const bool isProduct =
          kind == TaskKind::Linear || kind == TaskKind::Conv2D ||
          kind == TaskKind::Scores || kind == TaskKind::Values;
      const bool isOld =
          device.getFamily() == "ohbm" && device.getVersion() < "20250323";
      EXPECT_EQ(getWrittenNumbers(table),
                kind == TaskKind::Elementwise ? elementwise
                : !isProduct                  ? range(130, 145)
                                              : range(2, isOld ? 33 : 34));
      EXPECT_EQ(table.getStatus().number, isProduct ? 1u : 129u);
      const bool hasHighAddresses =
          !isOld &&
          !(device.getVersion() == "20250323" && kind == TaskKind::KVAppend);
      EXPECT_EQ(table.lookup(RegisterRole::HighAddress) != nullptr,
                hasHighAddresses);
      for (const Register &reg : table.getRegisters())
        EXPECT_EQ(reg.high.has_value(), hasHighAddresses && isAddress(reg.role))
            << reg.name;
    }
}

// Register 17.
TEST(Record, KindsOfProducts) {
  for (const DeviceInfo &device : getDevices()) {
    const bool isOld =
        device.getFamily() == "ohbm" && device.getVersion() < "20250323";
    uint32_t expected = isOld ? 0 : 1;
    for (TaskKind kind :
         {TaskKind::Linear, TaskKind::Scores, TaskKind::Values}) {
      const Register *selector =
          device.getTask(kind)->registers.lookup(RegisterRole::Selector);
      ASSERT_TRUE(selector);
      EXPECT_EQ(selector->values.front().value, expected) << device.getName();
      expected += kind == TaskKind::Linear ? 2 : 1;
    }
  }
}

// Section 1.1 and what D13 says of the V80.
TEST(Record, Memories) {
  EXPECT_EQ(newest().getMapMemory().capacity, int64_t(1) << 28);
  EXPECT_EQ(newest().getMapMemory().portStride, int64_t(1) << 28);
  EXPECT_EQ(v80().getMapMemory().capacity, int64_t(1) << 33);
  EXPECT_EQ(v80().getMapMemory().portStride, int64_t(1) << 33);
  EXPECT_EQ(v80().getMapMemory().ports, 4);
}
