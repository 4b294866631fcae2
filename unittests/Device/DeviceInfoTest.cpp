//===- DeviceInfoTest.cpp - Device records and their registry -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../lib/Device/EdgeLLM/Encode/Partition.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace dlavm;

namespace {

Board createBoard(std::vector<Memory> memories, std::string name = "board") {
  return {std::move(name), "a board", "none", 0x400, std::move(memories)};
}

/// A complete record of a device that does nothing.
DeviceInfo createSmallest() {
  DeviceInfo device("family", "1");
  device.addBoard(createBoard({{"DDR", 4096, 0, 1, 0, 1024, 64}}));
  device.setMapMemory("DDR");
  device.traits = [](const DeviceInfo &) {
    Traits traits;
    traits.lanes = 64;
    traits.rowBytes = 128;
    traits.channelGranularity = 32;
    traits.headChannels = 64;
    traits.maxTokens = 16;
    traits.weightBlock = 128;
    return traits;
  };
  device.placeLane = [](const DeviceInfo &, int64_t lane) {
    return ElementPlace{0, 2 * lane};
  };
  return device;
}

/// A table that validates.
RegisterTable createTable(const char *name) {
  RegisterTable table(name, "a task");
  table.add({"Input", 3, RegisterRole::MapIn, "bytes", "", 0, {}});
  table.add({"Width", 4, RegisterRole::Tokens, "tokens", "", 0, {}});
  table.add({"Go", 9, RegisterRole::Opcode, "", "", 0, {}});
  table.addValue({"Start", 1});
  table.add({"Status", 1, RegisterRole::Status, "", "", 1, {}});
  return table;
}

std::string getProblem(const DeviceInfo &device) {
  return llvm::toString(validate(device));
}

TEST(DeviceInfo, NamesItsFamilyAndVersion) {
  const DeviceInfo device = edgellm::createDevice20241128();
  EXPECT_EQ(device.getFamily(), "edgellm");
  EXPECT_EQ(device.getVersion(), "20241128");
  EXPECT_EQ(device.getName(), "edgellm-20241128");
}

TEST(DeviceInfo, ParametersAreAddedOrChanged) {
  DeviceInfo device("family", "1");
  device.addParameter("depth", 16, "words");
  device.addParameter("width", 4, "bits");
  device.setParameter("depth", 32);
  ASSERT_EQ(device.getParameters().size(), 2u);
  EXPECT_EQ(device["depth"], 32);
  EXPECT_EQ(device.getParameters()[0].meaning, "words");
  EXPECT_DEATH(device["dept"], "device family-1 has no parameter dept");
}

TEST(DeviceInfo, AVersionStartsAsACopy) {
  const DeviceInfo parent = edgellm::createDevice20241128();
  const DeviceInfo child = parent.derive("next");
  EXPECT_EQ(child.getName(), "edgellm-next");
  ASSERT_EQ(child.getParameters().size(), parent.getParameters().size());
  for (const Parameter &parameter : parent.getParameters())
    EXPECT_EQ(child[parameter.name], parameter.value) << parameter.name;
  EXPECT_EQ(child.getTasks().size(), parent.getTasks().size());
  EXPECT_EQ(child.getMemories().size(), parent.getMemories().size());
  EXPECT_EQ(child.getTraits().normEpsilon, parent.getTraits().normEpsilon);
  EXPECT_EQ(child.weightCopyBytes, parent.weightCopyBytes);
}

TEST(DeviceInfo, AVersionChangesNothingInItsParent) {
  const DeviceInfo parent = edgellm::createDevice20241128();
  auto encode = parent.getTask(TaskKind::Norm)->encode;
  DeviceInfo child = parent.derive("next");
  child.setParameter("MAX_TOKEN", 1024);
  child.addParameter("NEW", 1, "not in the parent");
  child.addTask(TaskKind::Linear).registers.renumber("InputWidth", 34);
  child.addTask(TaskKind::Norm).encode = nullptr;
  child.addObject(ObjectKind::RopeTable,
                  {"HBM", [](llvm::ArrayRef<int64_t>, const DeviceInfo &) {
                     return int64_t(1);
                   }});
  EXPECT_EQ(child["MAX_TOKEN"], 1024);
  EXPECT_EQ(parent["MAX_TOKEN"], 2048);
  EXPECT_EQ(parent.getParameters().size() + 1, child.getParameters().size());
  auto number = [](const DeviceInfo &device) {
    return device.getTask(TaskKind::Linear)->registers.get("InputWidth").number;
  };
  EXPECT_EQ(number(child), 34u);
  EXPECT_EQ(number(parent), 3u);
  EXPECT_EQ(parent.getTask(TaskKind::Norm)->encode, encode);
  EXPECT_EQ(child.getTask(TaskKind::Norm)->encode, nullptr);
  EXPECT_EQ(parent.getObject(ObjectKind::RopeTable)->memory, "DDR");
}

// The formulas take their numbers from the record.
TEST(DeviceInfo, FormulasFollowTheParameters) {
  DeviceInfo child = edgellm::createDevice20241128().derive("next");
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
    return child.getObject(kind)->bytes(shape, child);
  };
  EXPECT_EQ(bytes(ObjectKind::RopeTable, {}), 524288 / 2);
  EXPECT_EQ(bytes(ObjectKind::KVCache, {2}), 32768 / 2);
}

TEST(DeviceInfo, TasksThatAreNotThereAreNull) {
  const DeviceInfo device("family", "1");
  EXPECT_EQ(device.getTask(TaskKind::Linear), nullptr);
}

TEST(Validate, ACompleteRecordIsAccepted) {
  DeviceInfo device = createSmallest();
  EXPECT_EQ(getProblem(device), "");
  device.addTask(TaskKind::Norm).registers = createTable("norm");
  EXPECT_EQ(getProblem(device), "");
  EXPECT_EQ(getProblem(edgellm::createDevice20241128()), "");
}

TEST(Validate, NothingIsComplete) {
  EXPECT_EQ(getProblem(DeviceInfo("family", "1")),
            "the record of family-1 is not complete: it is on no board; no "
            "memory holds feature maps; it has no traits");
}

TEST(Validate, Memories) {
  DeviceInfo device = createSmallest();
  device.setBoards({createBoard({{"DDR", 4096, 0, 1, 0, 1024, 64},
                                 {"DDR", 4096, 0, 4, 1024, 1024, 48}})});
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the memory 'DDR' needs a "
            "name of its own; the memory 'DDR' has ports that overlap for the "
            "host; the memory 'DDR' places buffers at multiples of 1024, which "
            "is no multiple of 48");
  device = createSmallest();
  device.setMapMemory("SRAM");
  EXPECT_EQ(getProblem(device), "the record of family-1 is not complete: no "
                                "memory holds feature maps");
  device = createSmallest();
  device.addObject(ObjectKind::Weight, {"HBM", nullptr});
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: objects lie in 'HBM', "
            "which is no memory of the device; objects in HBM have no size");
}

TEST(Validate, Conventions) {
  DeviceInfo device = createSmallest();
  device.addParameter("Tie", 2, "of equal values", {0, 1});
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the parameter Tie of "
            "family-1 is 2, but must be 0 or 1");
}

TEST(Validate, Tables) {
  DeviceInfo device = createSmallest();
  RegisterTable table = createTable("norm");
  table.add({"Width", 5, RegisterRole::Tokens, "tokens", "", 0, {}});
  table.add({"Weight", 6, RegisterRole::NormWeight, "bytes", "", 0, {}});
  device.addTask(TaskKind::Norm).registers = table;
  EXPECT_EQ(
      getProblem(device),
      "the record of family-1 is not complete: the register table norm has "
      "several registers with the role 'tokens of the start'; the register "
      "table norm has two registers 'Width'; norm::Weight is the address of "
      "something that the device has no object for");
  device.addTask(TaskKind::Norm).registers = RegisterTable("norm", "");
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the register table norm "
            "needs one opcode register; the register table norm needs one "
            "status register");
}

// Forms of a task may have status registers of their own.
TEST(Validate, StatusRegisters) {
  DeviceInfo device = createSmallest();
  RegisterTable table = createTable("norm");
  table.add({"Other", 5, RegisterRole::Status, "", "", 1, {}});
  device.addTask(TaskKind::Norm).registers = table;
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the register table norm "
            "needs one status register");
  Register opcode = table.getOpcode();
  opcode.values.push_back({"Special", 2, "Other"});
  table.replace(opcode.name, opcode);
  device.addTask(TaskKind::Norm).registers = table;
  EXPECT_EQ(getProblem(device), "");
  const TaskDecoder decoder(device);
  const std::vector<uint32_t> file(10);
  EXPECT_EQ(decoder.lookup(9, 1, file)->status,
            &device.getTask(TaskKind::Norm)->registers.getStatus());
  EXPECT_EQ(decoder.lookup(9, 2, file)->status->number, 5u);
  opcode.values.back().status = "Input";
  table.replace(opcode.name, opcode);
  device.addTask(TaskKind::Norm).registers = table;
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the register table norm "
            "ends Special with 'Input', which is no status register; the "
            "register table norm needs one status register");
}

TEST(Validate, MapsOnTheChip) {
  DeviceRegistry registry;
  edgellm::registerDevices(registry);
  const DeviceInfo &version = *registry.lookup("edgellm-20240923");
  EXPECT_EQ(getProblem(version), "");
  DeviceInfo device = version.derive("none");
  std::vector<Board> boards(device.getBoards());
  for (Board &board : boards)
    board.memories.pop_back();
  device.setBoards(boards);
  for (TaskKind kind :
       {TaskKind::Linear, TaskKind::Rope, TaskKind::Scores, TaskKind::Softmax,
        TaskKind::Activation, TaskKind::Elementwise})
    device.removeTask(kind);
  EXPECT_EQ(getProblem(device), "the record of edgellm-none is not complete: "
                                "the task norm has maps on the chip, but the "
                                "device has no memory there");
  device.addTask(TaskKind::Norm).onChip = nullptr;
  EXPECT_EQ(getProblem(device), "the record of edgellm-none is not complete: "
                                "the task norm has a register for maps on the "
                                "chip, but says of none that it can lie there");
  device.setBoards(version.getBoards());
  device.removeTask(TaskKind::Norm);
  EXPECT_EQ(getProblem(device), "the record of edgellm-none is not complete: "
                                "it has a memory on the chip, but no task that "
                                "uses it");
  device = version.derive("bits");
  TaskSupport &softmax = device.addTask(TaskKind::Softmax);
  softmax.onChip = [](const DeviceInfo &) { return OnChipFlags{0, 0, 1}; };
  EXPECT_EQ(getProblem(device),
            "the record of edgellm-bits is not complete: softmax::OnChip has "
            "no field for the flag of bit 1");
}

// Tasks write caches that are maps as they write maps.
TEST(Validate, CachesThatAreMaps) {
  DeviceRegistry registry;
  edgellm::registerDevices(registry);
  const DeviceInfo &older = *registry.lookup("edgellm-20240831");
  EXPECT_EQ(getProblem(older), "");
  DeviceInfo device = older.derive("hbm");
  device.addObject(ObjectKind::KVCache,
                   {"HBM", older.getObject(ObjectKind::KVCache)->bytes});
  EXPECT_EQ(getProblem(device), "the record of edgellm-hbm is not complete: "
                                "its KV caches are maps, but do not lie where "
                                "maps do");
  device = older.derive("append");
  device.addTask(TaskKind::KVAppend) =
      *edgellm::createDevice20241128().getTask(TaskKind::KVAppend);
  EXPECT_EQ(getProblem(device), "the record of edgellm-append is not complete: "
                                "its KV caches are maps, but it has a task "
                                "that appends to them");
  device = older.derive("small");
  device.addObject(ObjectKind::KVCache,
                   {"DDR", [](llvm::ArrayRef<int64_t>, const DeviceInfo &) {
                      return int64_t(64);
                    }});
  EXPECT_EQ(getProblem(device),
            "the record of edgellm-small is not complete: its KV caches are "
            "maps of 2048 tokens, of which a head takes 524288 bytes");
  device = older.derive("ports");
  device.placeCacheElement = [](const DeviceInfo &, bool, int64_t,
                                int64_t token, int64_t channel) {
    return ElementPlace{channel, token * 2};
  };
  EXPECT_EQ(getProblem(device), "the record of edgellm-ports is not complete: "
                                "its KV caches are maps, but have elements at "
                                "other places");
}

TEST(Validate, Fields) {
  DeviceInfo device = createSmallest();
  auto getFieldProblem = [&](std::vector<BitField> fields) {
    RegisterTable table("norm", "a task");
    table.add({"Packed", 8, RegisterRole::Code, "", "", 0, {}});
    for (BitField &field : fields)
      table.addField(field);
    const RegisterTable rest = createTable("norm");
    for (const Register &reg : rest.getRegisters())
      table.add(reg);
    device.addTask(TaskKind::Norm).registers = table;
    return getProblem(device);
  };
  EXPECT_EQ(getFieldProblem({{"High", 31, 1}, {"Low", 0, 31}}), "");
  EXPECT_EQ(getFieldProblem({{"All", 0, 32}}), "");
  EXPECT_EQ(getFieldProblem({{"None", 3, 0}}),
            "the record of family-1 is not complete: norm::Packed has the "
            "field 'None' of 0 bits from bit 3 on, but fields lie below bit "
            "32, the highest first");
  EXPECT_EQ(getFieldProblem({{"High", 8, 8}, {"Low", 0, 9}}),
            "the record of family-1 is not complete: norm::Packed has the "
            "field 'Low' of 9 bits from bit 0 on, but fields lie below bit 8, "
            "the highest first");
  EXPECT_NE(getFieldProblem({{"Wide", 30, 3}}), "");
  EXPECT_NE(getFieldProblem({{"Beyond", 32, 1}}), "");
}

// The host moves rows as the runtime header has them: neighbouring lanes in
// each port.
TEST(Validate, Rows) {
  auto create = [](int64_t ports, auto placeLane) {
    DeviceInfo device("family", "1");
    device.addBoard(createBoard({{"URAM", 4096, 0, ports, 4096, 1024, 64}}));
    device.setMapMemory("URAM");
    device.traits = [](const DeviceInfo &device) {
      Traits traits = createSmallest().getTraits();
      traits.rowBytes /= device.getMapMemory().ports;
      return traits;
    };
    device.placeLane = placeLane;
    return device;
  };
  auto neighbours = [](const DeviceInfo &device, int64_t lane) {
    const int64_t share = 64 / device.getMapMemory().ports;
    return ElementPlace{lane / share, lane % share * 2};
  };
  EXPECT_EQ(getProblem(create(4, neighbours)), "");
  EXPECT_EQ(getProblem(create(3, neighbours)),
            "the record of family-1 is not complete: its 3 ports cannot share "
            "64 lanes evenly");
  auto inTurn = [](const DeviceInfo &, int64_t lane) {
    return ElementPlace{lane % 4, lane / 4 * 2};
  };
  EXPECT_EQ(getProblem(create(4, inTurn)),
            "the record of family-1 is not complete: a row has lane 1 at "
            "another place than the host puts it: each port has neighbouring "
            "lanes");
}

TEST(Validate, RowBytes) {
  DeviceInfo device = createSmallest();
  device.traits = [](const DeviceInfo &) {
    Traits traits = createSmallest().getTraits();
    traits.rowBytes = 256;
    return traits;
  };
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: a row has 64 lanes of 2 "
            "bytes in each port, but the trait 'row bytes' is 256");
}

TEST(Validate, WeightBlock) {
  DeviceInfo device = createSmallest();
  device.traits = [](const DeviceInfo &) {
    Traits traits = createSmallest().getTraits();
    traits.weightBlock = 32;
    return traits;
  };
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: weights have a scale for "
            "each 128 input channels, not for each 32");
}

TEST(Validate, Argmax) {
  DeviceInfo device = createSmallest();
  device.traits = [](const DeviceInfo &) {
    Traits traits = createSmallest().getTraits();
    traits.argmaxBits = 0;
    return traits;
  };
  device.addTask(TaskKind::Linear).registers = createTable("linear");
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: argmax leaves its index "
            "neither in memory nor in a register");
  device.addTask(TaskKind::Linear)
      .registers.add({"Index", 12, RegisterRole::Result, "", "", 0, {}});
  EXPECT_EQ(getProblem(device), "");
}

// A register of 32 bits reaches 4 GiB; what lies above needs another.
TEST(Validate, Addresses) {
  DeviceInfo device("family", "1");
  device.addBoard(createBoard({{"DDR", int64_t(1) << 36, 0, 1, 0, 1024, 64}}));
  device.setMapMemory("DDR");
  device.traits = createSmallest().traits;
  device.placeLane = createSmallest().placeLane;
  RegisterTable table = createTable("norm");
  device.addTask(TaskKind::Norm).registers = table;
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: norm::Input has 32 bits, "
            "but DDR has 68719476736 bytes");
  RegisterTable split("norm", "a task");
  split.add({"Input", 3, RegisterRole::MapIn, "bytes", "", 0, {}});
  split.addHigh({"High", 8, 8});
  for (const Register &reg : table.getRegisters().drop_front())
    split.add(reg);
  device.addTask(TaskKind::Norm).registers = split;
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: norm::Input has its high "
            "bits in 'High', which is no register for them");
  split.add({"High", 5, RegisterRole::HighAddress, "", "", 0, {}});
  device.addTask(TaskKind::Norm).registers = split;
  EXPECT_EQ(getProblem(device), "");
  const uint32_t file[] = {0, 0, 0, 0x12345678, 0, 0xabcd, 0, 0, 0, 0};
  EXPECT_EQ(RegisterValues(split, file).getAddress(split.get("Input")),
            0xab12345678);
}

// An opcode starts one task, or registers say which.
TEST(Validate, Keys) {
  DeviceInfo device = createSmallest();
  device.addTask(TaskKind::Norm).registers = createTable("norm");
  device.addTask(TaskKind::Softmax).registers = createTable("softmax");
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the tasks norm and "
            "softmax start with the same opcode, and no selector tells them "
            "apart");
  auto addSelector = [&](TaskKind kind, uint32_t value) {
    RegisterTable &table = device.addTask(kind).registers;
    table.add({"Kind", 7, RegisterRole::Selector, "", "", 0, {}});
    table.addValue({"This", value});
  };
  addSelector(TaskKind::Norm, 1);
  addSelector(TaskKind::Softmax, 2);
  EXPECT_EQ(getProblem(device), "");
  const TaskDecoder decoder(device);
  std::vector<uint32_t> file(10);
  EXPECT_EQ(decoder.lookup(9, 1, file), nullptr);
  file[7] = 1;
  EXPECT_EQ(decoder.lookup(9, 1, file)->kind, TaskKind::Norm);
  file[7] = 2;
  EXPECT_EQ(decoder.lookup(9, 1, file)->kind, TaskKind::Softmax);
  EXPECT_EQ(decoder.lookup(9, 2, file), nullptr);
}

TEST(DeviceRegistry, RefusesWhatIsNotComplete) {
  DeviceRegistry registry;
  EXPECT_EQ(llvm::toString(registry.add(DeviceInfo("family", "1"))),
            "the record of family-1 is not complete: it is on no board; no "
            "memory holds feature maps; it has no traits");
  EXPECT_EQ(registry.lookup("family-1"), nullptr);
}

TEST(DeviceRegistry, MakesADeviceWhenItIsAskedFor) {
  DeviceRegistry registry;
  int made = 0;
  registry.addLazily("family-1", [&] {
    ++made;
    return createSmallest();
  });
  registry.addLazily("family-2", [&] {
    ++made;
    return registry.lookup("family-1")->derive("2");
  });
  EXPECT_EQ(registry.getNames(), "family-1, family-2");
  EXPECT_EQ(registry.lookup("family-3"), nullptr);
  EXPECT_EQ(made, 0);
  const DeviceInfo *first = registry.lookup("family-1");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(registry.lookup("family-1"), first);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(registry.getDevices().size(), 2u);
  EXPECT_EQ(registry.lookup("family-1"), first);
  EXPECT_EQ(made, 2);
}

TEST(DeviceRegistryDeathTest, RefusesWhatIsMadeAndNotComplete) {
  DeviceRegistry registry;
  registry.addLazily("family-1", [] { return DeviceInfo("family", "1"); });
  registry.addLazily("family-2", createSmallest);
  EXPECT_EXIT(registry.lookup("family-1"), testing::ExitedWithCode(1),
              "dlavm: the record of family-1 is not complete: it is on no "
              "board; no memory holds feature maps; it has no traits");
  EXPECT_EXIT(registry.getDevices(), testing::ExitedWithCode(1),
              "the record of family-1 is not complete");
  EXPECT_EXIT(registry.lookup("family-2"), testing::ExitedWithCode(1),
              "the device 'family-2' is made as family-1");
}

TEST(DeviceRegistry, ListsItsDevices) {
  DeviceRegistry registry;
  EXPECT_EQ(registry.getNames(), "");
  edgellm::registerDevices(registry);
  const DeviceInfo *device = registry.lookup("edgellm-20241128");
  ASSERT_NE(device, nullptr);
  llvm::cantFail(registry.add(device->derive("synthetic")));
  ASSERT_NE(registry.lookup("edgellm-synthetic"), nullptr);
  EXPECT_EQ(registry.lookup("edgellm-synthetic")->getVersion(), "synthetic");
  EXPECT_EQ(registry.lookup("edgellm"), nullptr);
  EXPECT_EQ(registry.lookup("edgellm-20240424"), nullptr);
  EXPECT_EQ(registry.explainMissing("edgellm-20240424"),
            "there is no device 'edgellm-20240424': only parameters of this "
            "version are known, and no program for it; known devices: " +
                registry.getNames());
  EXPECT_NE(registry.getNames().find("edgellm-20241128"), std::string::npos);
  EXPECT_NE(registry.getNames().find(", edgellm-synthetic"), std::string::npos);
}

TEST(DeviceRegistry, ADeviceOfTheSameNameReplaces) {
  DeviceRegistry registry;
  DeviceInfo device = createSmallest();
  llvm::cantFail(registry.add(device));
  device.addParameter("depth", 1, "words");
  llvm::cantFail(registry.add(device));
  EXPECT_EQ(registry.getNames(), "family-1");
  EXPECT_EQ((*registry.lookup("family-1"))["depth"], 1);
}

// A board lacks the memory of maps; the first one has it.
TEST(DeviceRegistry, RefusesABoardThatIsNotComplete) {
  DeviceRegistry registry;
  DeviceInfo device = createSmallest();
  device.addBoard(createBoard({{"SRAM", 4096, 0, 1, 0, 1024, 64}}, "other"));
  EXPECT_EQ(llvm::toString(registry.add(device)),
            "the record of family-1@other is not complete: no memory holds "
            "feature maps");
  EXPECT_EQ(registry.lookup("family-1"), nullptr);
  device = createSmallest();
  device.addBoard(device.getBoard());
  EXPECT_EQ(getProblem(device),
            "the record of family-1 is not complete: the board 'board' needs a "
            "name of its own of letters and digits");
}

/// A device on two boards; the second leaves open where HBM lies.
DeviceRegistry createBoards() {
  DeviceRegistry registry;
  DeviceInfo device = createSmallest();
  device.addBoard(createBoard({{"DDR", 4096, 0x10000, 1, 0, 1024, 64},
                               {"HBM", 8192, 0, 4, 8192, 512, 512, true}},
                              "large"));
  llvm::cantFail(registry.add(std::move(device)));
  return registry;
}

TEST(DeviceRegistry, ADeviceIsOnSeveralBoards) {
  const DeviceRegistry registry = createBoards();
  const DeviceInfo *first = registry.lookup("family-1");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->getMemories().size(), 1u);
  EXPECT_EQ(registry.lookup("family-1@board"), first);
  const DeviceInfo *large = registry.lookup("family-1@large");
  ASSERT_NE(large, nullptr);
  EXPECT_EQ(registry.lookup("family-1@large"), large);
  EXPECT_EQ(large->getName(), "family-1@large");
  EXPECT_EQ(large->getMapMemory().dmaBase, 0x10000);
  EXPECT_EQ(large->getMemory("HBM")->ports, 4);
  EXPECT_EQ(registry.getNames(), "family-1");
  auto explain = [&](const char *name) {
    EXPECT_EQ(registry.lookup(name), nullptr) << name;
    return registry.explainMissing(name);
  };
  EXPECT_EQ(explain("family-1@small"),
            "there is no board 'small' with family-1; its boards: board, "
            "large");
  EXPECT_EQ(explain("family-1@"),
            "there is no board '' with family-1; its boards: board, large");
  EXPECT_EQ(explain("family@large"),
            "there is no device 'family'; known devices: family-1");
}

TEST(DeviceRegistry, ABoardLeavesAMemoryOpen) {
  const DeviceRegistry registry = createBoards();
  const std::string name = "family-1@large,dma-base=0x40000,port-stride=0x4000";
  const DeviceInfo *moved =
      registry.lookup("family-1@large,port-stride=16384,dma-base=0x40000");
  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->getName(), name);
  EXPECT_EQ(registry.lookup(name), moved);
  EXPECT_EQ(moved->getMemory("HBM")->portStride, 16384);
  EXPECT_EQ(moved->getMemory("HBM")->dmaBase, 0x40000);
  EXPECT_EQ(moved->getMemory("HBM")->capacity, 8192);
  EXPECT_EQ(moved->getMapMemory().dmaBase, 0x10000);
  // What is no change has no name; ports that are close have fewer bytes.
  EXPECT_EQ(registry.lookup("family-1@large,port-stride=8192"),
            registry.lookup("family-1@large"));
  const DeviceInfo *close = registry.lookup("family-1@large,port-stride=512");
  ASSERT_NE(close, nullptr);
  EXPECT_EQ(close->getMemory("HBM")->capacity, 512);
  auto explain = [&](const std::string &name) {
    EXPECT_EQ(registry.lookup(name), nullptr) << name;
    return registry.explainMissing(name);
  };
  const std::string large = "family-1@large";
  EXPECT_EQ(explain("family-1,port-stride=8192"),
            "port-stride=8192 cannot be, because the board board of family-1 "
            "has its memories where it has them; boards that leave it open: "
            "family-1@large");
  EXPECT_EQ(explain(large + ",banks=512"),
            "'banks=512' in the name of the device: banks of family-1@large is "
            "no convention; those that it has: port-stride=BYTES, "
            "dma-base=BYTES");
  for (const char *wrong : {"port-stride=0", "port-stride=-512",
                            "port-stride=1000", "dma-base=-512", "dma-base=8"})
    EXPECT_NE(explain(large + "," + wrong)
                  .find("multiple of the 512 bytes that buffers of HBM "
                        "are aligned to"),
              std::string::npos)
        << wrong;
  EXPECT_EQ(explain(large + ",port-stride=0x7ffffffffffffe00"),
            "port-stride=9223372036854775296 gives HBM addresses of the host "
            "that have more than 63 bits");
  EXPECT_EQ(explain(large + ",port-stride=1024,port-stride=2048"),
            "port-stride=2048 says again what the name of the device says");
  for (const char *wrong : {"", "port-stride", "port-stride=", "=8",
                            "port-stride=99999999999999999999"})
    EXPECT_NE(explain(large + "," + wrong), "") << wrong;
  EXPECT_EQ(explain(large + ",port-stride=many"),
            "'port-stride=many' in the name of the device family-1@large must "
            "be port-stride=BYTES or dma-base=BYTES");
}

TEST(DeviceRegistry, AConventionIsChosenByName) {
  DeviceRegistry registry;
  DeviceInfo device = createSmallest();
  device.addParameter("Argmax_Tie", 0, "of equal logits: which", {0, 1});
  device.addParameter("depth", 16, "words of a buffer");
  llvm::cantFail(registry.add(device));
  const std::string name = device.getName();
  const DeviceInfo *other = registry.lookup(name + ",Argmax_Tie=1");
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(other->getName(), name + ",Argmax_Tie=1");
  EXPECT_EQ((*other)["Argmax_Tie"], 1);
  EXPECT_EQ((*registry.lookup(name))["Argmax_Tie"], 0);
  EXPECT_EQ(registry.lookup(name + ",Argmax_Tie=0"), registry.lookup(name));
  auto explain = [&](const std::string &change) {
    EXPECT_EQ(registry.lookup(name + "," + change), nullptr) << change;
    return registry.explainMissing(name + "," + change);
  };
  EXPECT_EQ(explain("Argmax_Tie=2"), "Argmax_Tie=2 is no convention of " +
                                         name +
                                         ", which has 0 or 1: of equal "
                                         "logits: which");
  EXPECT_EQ(explain("Argmax_Tie=1,Argmax_Tie=0"),
            "Argmax_Tie=0 says again what the name of the device says");
  for (const char *change : {"Argmax_Tie", "Argmax_Tie=", "Argmax_Tie=one"})
    EXPECT_EQ(explain(change),
              "'" + std::string(change) + "' does not say which Argmax_Tie " +
                  name +
                  " is to have: Argmax_Tie=0 or 1, of equal logits: which");
  const std::string known = "; those that it has: Argmax_Tie=0 or 1";
  EXPECT_EQ(explain("depth=8"), "'depth=8' in the name of the device: depth "
                                "of " +
                                    name + " is known and cannot be chosen" +
                                    known);
  EXPECT_EQ(explain("width=8"), "'width=8' in the name of the device: width "
                                "of " +
                                    name + " is no convention" + known);
  for (const char *change : {"", "=8", ",depth=8"})
    EXPECT_EQ(explain(change),
              "'" + llvm::StringRef(change).split(',').first.str() +
                  "' in the name of the device: expected NAME=VALUE after a "
                  "comma" +
                  known);
  DeviceInfo next = device.derive("2");
  next.addParameter("width", 8, "of a row", {8, 16});
  llvm::cantFail(registry.add(next));
  EXPECT_EQ(explain("width=8"), "'width=8' in the name of the device: width "
                                "of " +
                                    name + " is no convention" + known +
                                    "; devices with width: family-2");
}

TEST(DeviceRegistry, PrintsParametersAndBoards) {
  DeviceInfo device = createSmallest();
  device.addParameter("depth", 16, "words of a buffer");
  Board board = createBoard({{"DDR", 4096, 0x100, 1, 0, 1024, 64},
                             {"HBM", 256, 0, 32, 512, 512, 512, true}},
                            "large");
  board.registerWindow.reset();
  device.addBoard(board);
  std::string text;
  llvm::raw_string_ostream os(text);
  printDevice(device, os);
  EXPECT_EQ(text,
            "family-1\n"
            "  depth                            16  words of a buffer\n"
            "  Norm_Epsilon                  1e-05  what norms add to "
            "the mean square\n"
            "  board board: a board\n"
            "    host: none\n"
            "    register r: at 0x400 + 4 * r of the control window\n"
            "    DDR: 1 port of 4096 bytes, buffers at multiples of 1024; host "
            "at 0x0\n"
            "  board large: a board\n"
            "    host: none\n"
            "    DDR: 1 port of 4096 bytes, buffers at multiples of 1024; host "
            "at 0x100\n"
            "    HBM: 32 ports of 256 bytes, buffers at multiples of 512; host "
            "at 0x0, ports 0x200 apart (--dma-base, --port-stride)\n");
  llvm::cantFail(device.setBoard("large"));
  text.clear();
  printDevice(device, os);
  EXPECT_EQ(text.find("board board"), std::string::npos);
}

TEST(DeviceRegistry, PrintsWhatDiffers) {
  DeviceRegistry registry;
  DeviceInfo device = createSmallest();
  device.addParameter("depth", 16, "words of a buffer");
  device.addTask(TaskKind::Norm).registers = createTable("norm");
  device.addBoard(createBoard({{"DDR", 4096, 0, 1, 0, 1024, 64}}, "other"));
  DeviceInfo equal = device.derive("2");
  DeviceInfo other = equal.derive("3");
  EXPECT_EQ(device.getOrigin(), "");
  EXPECT_EQ(other.getOrigin(), "family-2");
  other.setParameter("depth", 8);
  other.addParameter("width", 1, "new");
  other.addTask(TaskKind::Norm).registers.renumber("Width", 5);
  RegisterTable softmax = createTable("softmax");
  softmax.renumber("Go", 10);
  other.addTask(TaskKind::Softmax).registers = softmax;
  DeviceInfo fewer = other.derive("4");
  fewer.removeTask(TaskKind::Norm);
  for (const DeviceInfo &each : {device, equal, other, fewer})
    llvm::cantFail(registry.add(each));
  std::string text;
  llvm::raw_string_ostream os(text);
  printDevices(registry, os);
  EXPECT_EQ(text, "family-1\n"
                  "  boards: board, other\n"
                  "family-2\n"
                  "  boards: board, other\n"
                  "  equal to family-1\n"
                  "family-3\n"
                  "  boards: board, other\n"
                  "  differs from family-2\n"
                  "  depth 8, was 16\n"
                  "  width 1, new\n"
                  "  norm 4: no register\n"
                  "    was Width, tokens of the start, tokens: \n"
                  "  norm 5: Width, tokens of the start, tokens: \n"
                  "    was no register\n"
                  "  new task softmax\n"
                  "family-4\n"
                  "  boards: board, other\n"
                  "  differs from family-3\n"
                  "  no task norm\n");
}

TEST(DeviceRegistry, PrintsRegisterPages) {
  DeviceInfo device("family", "1");
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
