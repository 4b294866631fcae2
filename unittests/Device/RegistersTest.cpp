//===- RegistersTest.cpp - Register tables of all devices -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include "gtest/gtest.h"

#include <set>

using namespace dlavm;

namespace {

const DeviceRegistry &getRegistry() {
  static const DeviceRegistry registry = [] {
    DeviceRegistry devices;
    edgellm::registerDevices(devices);
    return devices;
  }();
  return registry;
}

/// Calls \p visit(table) for every table of every device.
template <typename Visit> void forEachTable(Visit visit) {
  for (const auto &[name, device] : getRegistry().getDevices())
    for (const auto &[kind, support] : device.getTasks()) {
      SCOPED_TRACE(name + " " + support.registers.getName().str());
      visit(support.registers);
    }
}

unsigned count(const RegisterTable &table, RegisterRole role) {
  return llvm::count_if(table.getRegisters(),
                        [&](const Register &reg) { return reg.role == role; });
}

std::vector<uint32_t> getWrittenNumbers(const RegisterTable &table) {
  std::vector<uint32_t> numbers;
  for (const Register &reg : table.getRegisters())
    if (isWritten(reg.role))
      numbers.push_back(reg.number);
  return numbers;
}

TEST(Registers, NamesAndNumbersAreUniqueInATable) {
  forEachTable([](const RegisterTable &table) {
    std::set<std::string> names;
    std::set<uint32_t> numbers;
    for (const Register &reg : table.getRegisters()) {
      EXPECT_TRUE(names.insert(reg.name).second) << reg.name;
      EXPECT_TRUE(numbers.insert(reg.number).second) << reg.number;
    }
  });
}

TEST(Registers, NamesAreIdentifiersOfTheDriverSource) {
  auto expectIdentifier = [](const std::string &name) {
    ASSERT_FALSE(name.empty());
    EXPECT_TRUE(llvm::isUpper(name[0])) << name;
    EXPECT_TRUE(llvm::all_of(name, llvm::isAlnum)) << name;
  };
  forEachTable([&](const RegisterTable &table) {
    // Registers, and values, of a table share a C++ namespace.
    std::set<std::string> names, valueNames;
    for (const Register &reg : table.getRegisters()) {
      expectIdentifier(reg.name);
      EXPECT_TRUE(names.insert(reg.name).second) << reg.name;
      for (const NamedValue &value : reg.values) {
        expectIdentifier(value.name);
        EXPECT_TRUE(valueNames.insert(value.name).second) << value.name;
      }
      for (const BitField &field : reg.fields)
        expectIdentifier(field.name);
    }
  });
}

TEST(Registers, TasksAreWrittenInAscendingOrder) {
  forEachTable([](const RegisterTable &table) {
    EXPECT_TRUE(llvm::is_sorted(getWrittenNumbers(table)));
  });
}

TEST(Registers, TheLastWriteStartsAndAStatusEnds) {
  forEachTable([](const RegisterTable &table) {
    ASSERT_EQ(count(table, RegisterRole::Opcode), 1u);
    ASSERT_GE(count(table, RegisterRole::Status), 1u);
    EXPECT_EQ(table.getOpcode().number, getWrittenNumbers(table).back());
    EXPECT_EQ(table.getStatus().value, 1u);
    EXPECT_FALSE(table.getOpcode().values.empty());
  });
}

TEST(Registers, TheOpcodeTellsTasksApart) {
  for (const auto &[name, device] : getRegistry().getDevices()) {
    std::set<std::pair<uint32_t, uint32_t>> starts;
    for (const auto &[kind, support] : device.getTasks()) {
      const Register &opcode = support.registers.getOpcode();
      for (const NamedValue &value : opcode.values)
        EXPECT_TRUE(starts.insert({opcode.number, value.value}).second)
            << name << " " << opcode.number << " = " << value.value;
    }
  }
}

TEST(Registers, NamedValuesOfARegisterDiffer) {
  forEachTable([](const RegisterTable &table) {
    for (const Register &reg : table.getRegisters()) {
      std::set<uint32_t> values;
      for (const NamedValue &value : reg.values)
        EXPECT_TRUE(values.insert(value.value).second) << value.name;
    }
  });
}

TEST(Registers, ReservedRegistersHaveNoNamedValues) {
  forEachTable([](const RegisterTable &table) {
    for (const Register &reg : table.getRegisters()) {
      if (reg.role != RegisterRole::Reserved)
        continue;
      EXPECT_LE(reg.value, 1u) << reg.name;
      EXPECT_TRUE(reg.values.empty()) << reg.name;
    }
  });
}

// Sections 4.1, 4.2, 4.5, 4.10 and 4.11 of the register document.
TEST(Registers, EdgeLLMWritesTheRegistersOfTheDocument) {
  const DeviceInfo device = edgellm::createDevice20241128();
  auto expect = [&](TaskKind kind, uint32_t first, uint32_t last,
                    uint32_t status) {
    const RegisterTable &table = device.getTask(kind)->registers;
    SCOPED_TRACE(table.getName().str());
    std::vector<uint32_t> numbers;
    for (uint32_t number = first; number <= last; ++number)
      numbers.push_back(number);
    EXPECT_EQ(getWrittenNumbers(table), numbers);
    EXPECT_EQ(table.getStatus().number, status);
  };
  expect(TaskKind::Linear, 2, 33, 1);
  for (TaskKind kind : {TaskKind::Norm, TaskKind::Activation, TaskKind::Softmax,
                        TaskKind::Rope, TaskKind::Scores, TaskKind::Values})
    expect(kind, 194, 209, 193);
  expect(TaskKind::KVAppend, 195, 209, 193);
  expect(TaskKind::Elementwise, 130, 142, 129);
  expect(TaskKind::WeightCopy, 68, 73, 64);
  EXPECT_EQ(device.getTask(TaskKind::Linear)
                ->registers.lookup(RegisterRole::Result)
                ->number,
            40u);
}

// The examples of sections 4.1 and 4.6 of the register document.
TEST(Registers, EdgeLLMPacksTheFieldsOfTheDocument) {
  const DeviceInfo device = edgellm::createDevice20241128();
  auto split = [&](TaskKind kind, const char *name, uint32_t value) {
    std::vector<std::pair<std::string, uint32_t>> parts;
    for (const BitField &field :
         device.getTask(kind)->registers.get(name).fields)
      parts.push_back({field.name, field.get(value)});
    return parts;
  };
  using Parts = std::vector<std::pair<std::string, uint32_t>>;
  EXPECT_EQ(split(TaskKind::Linear, "ScaleGroup", 5769216),
            (Parts{{"Log2Channels", 11}, {"Channels", 2048}}));
  EXPECT_EQ(split(TaskKind::Linear, "QuantizationBlock", 3670144),
            (Parts{{"Log2Channels", 7}, {"Channels", 128}}));
  for (TaskKind kind : {TaskKind::Scores, TaskKind::Values}) {
    EXPECT_EQ(split(kind, "BankStepAndScale", 29584705),
              (Parts{{"BankStep", 28}, {"Scale", 224577}}));
    EXPECT_EQ(split(kind, "HeadConfiguration", 991234),
              (Parts{{"GroupHeadsMinus1", 15}, {"Heads", 32}, {"KVHeads", 2}}));
    EXPECT_EQ(split(kind, "HeadConfiguration", 8224),
              (Parts{{"GroupHeadsMinus1", 0}, {"Heads", 32}, {"KVHeads", 32}}));
  }
  EXPECT_EQ((BitField{"All", 0, 32}).get(0xffffffff), 0xffffffff);
}

TEST(Registers, LooksUpByNameAndByNumber) {
  RegisterTable table("t", "a task");
  table.add({"Width", 7, RegisterRole::Count, "tokens", "", 0, {}});
  table.add({"Go", 9, RegisterRole::Opcode, "", "", 0, {}});
  table.addValue({"Start", 3});
  EXPECT_EQ(table.get("Width").number, 7u);
  EXPECT_EQ(table.lookup(9), &table.getOpcode());
  EXPECT_EQ(table.getOpcode().values.front().value, 3u);
  EXPECT_EQ(table.lookup("Height"), nullptr);
  EXPECT_EQ(table.lookup(8), nullptr);
  EXPECT_DEATH(table.get("Height"), "register table t has no register Height");
}

TEST(Registers, RenumberingKeepsTheOrderOfTheWrites) {
  RegisterTable table("t", "a task");
  table.add({"Width", 7, RegisterRole::Count, "tokens", "", 0, {}});
  table.add({"Go", 9, RegisterRole::Opcode, "", "", 0, {}});
  table.renumber("Width", 12);
  EXPECT_EQ(getWrittenNumbers(table), (std::vector<uint32_t>{12, 9}));
  EXPECT_EQ(table.lookup(12)->name, "Width");
  EXPECT_EQ(table.lookup(7), nullptr);
}

TEST(Registers, RolesSayWhatIsAnAddressAndWhatIsWritten) {
  for (RegisterRole role :
       {RegisterRole::MapIn, RegisterRole::MapOut, RegisterRole::Weight,
        RegisterRole::ScaleBias, RegisterRole::NormWeight,
        RegisterRole::RopeTable, RegisterRole::ActivationTable,
        RegisterRole::CacheIn, RegisterRole::CacheOut}) {
    EXPECT_TRUE(isAddress(role)) << stringify(role).str();
    EXPECT_TRUE(isWritten(role)) << stringify(role).str();
  }
  for (RegisterRole role :
       {RegisterRole::Count, RegisterRole::Tokens, RegisterRole::Past,
        RegisterRole::Keys, RegisterRole::Stride, RegisterRole::Code,
        RegisterRole::Reserved, RegisterRole::Selector,
        RegisterRole::HighAddress, RegisterRole::TransferIn,
        RegisterRole::TransferOut, RegisterRole::Opcode}) {
    EXPECT_FALSE(isAddress(role)) << stringify(role).str();
    EXPECT_TRUE(isWritten(role)) << stringify(role).str();
  }
  for (RegisterRole role : {RegisterRole::Status, RegisterRole::Result}) {
    EXPECT_FALSE(isAddress(role)) << stringify(role).str();
    EXPECT_FALSE(isWritten(role)) << stringify(role).str();
  }
}

} // namespace
