//===- InstructionBlocksTest.cpp - How tasks stand in blocks --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values are those of edgellm.md 4.12 and ohbm.md 6.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Devices.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Device/OHBM/OHBM.h"

#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

using namespace dlavm;

namespace {

DeviceInfo getOHBM(llvm::StringRef version) {
  for (DeviceInfo &device : ohbm::createDevices())
    if (device.getVersion() == version && device.getFamily() == "ohbm")
      return device;
  llvm_unreachable("no such version");
}

std::optional<TaskInstruction> get(const DeviceInfo &device, TaskKind kind,
                                   int64_t opcode) {
  return device.getTask(kind)->instruction(opcode, device);
}

/// "0x48, 2 beats, 32 words 2..33"; words of no register as "-".
std::string print(const std::optional<TaskInstruction> &instruction) {
  if (!instruction)
    return "none";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << instruction->code << ", " << instruction->beats << " beats, "
     << instruction->words.size() << " words " << instruction->words.front()
     << ".." << instruction->words.back();
  return text;
}

TEST(InstructionBlocks, EdgeLLM) {
  const DeviceInfo device = edgellm::createDevice20241128();
  const std::optional<InstructionBlocks> blocks = device.getInstructionBlocks();
  ASSERT_TRUE(blocks);
  EXPECT_EQ(blocks->memory, "DDR");
  EXPECT_EQ(blocks->beatBytes, 64);
  EXPECT_EQ(blocks->headerBytes, 64);
  EXPECT_EQ(blocks->maxTasks, 32);
  EXPECT_EQ(blocks->countBeats(7), 8);
  EXPECT_FALSE(blocks->rewritesWhileRunning);
  const std::pair<RegisterRole, uint32_t> registers[] = {
      {RegisterRole::BlockAddress, 65},
      {RegisterRole::BlockBeats, 66},
      {RegisterRole::BlockTasks, 67},
      {RegisterRole::Opcode, 73},
      {RegisterRole::Status, 64}};
  for (auto [role, number] : registers)
    EXPECT_EQ(blocks->registers.lookup(role)->number, number);
  EXPECT_EQ(blocks->registers.getOpcode().values[0].value, 1u);

  const std::tuple<TaskKind, int64_t, const char *> tasks[] = {
      {TaskKind::Linear, 287, "8, 2 beats, 32 words 2..33"},
      {TaskKind::Linear, 799, "72, 2 beats, 32 words 2..33"},
      {TaskKind::Linear, 1823, "200, 2 beats, 32 words 2..33"},
      {TaskKind::Linear, 2847, "none"},
      {TaskKind::Linear, 3871, "none"},
      {TaskKind::Scores, 2, "3, 1 beats, 16 words 194..209"},
      {TaskKind::Values, 1, "2, 1 beats, 16 words 194..209"},
      {TaskKind::Softmax, 8, "5, 1 beats, 16 words 194..209"},
      {TaskKind::Norm, 32, "7, 1 beats, 16 words 194..209"},
      {TaskKind::Activation, 16, "6, 1 beats, 16 words 194..209"},
      {TaskKind::Rope, 4, "4, 1 beats, 16 words 194..209"},
      {TaskKind::KVAppend, 64, "48, 1 beats, 16 words -1..209"},
      {TaskKind::Elementwise, 1, "1, 1 beats, 13 words 130..142"}};
  for (auto [kind, opcode, expected] : tasks)
    EXPECT_EQ(print(get(device, kind, opcode)), expected);
  EXPECT_EQ(device.getTask(TaskKind::WeightCopy)->instruction, nullptr);
  const TaskInstruction append = *get(device, TaskKind::KVAppend, 64);
  for (int32_t word = 1; word < 16; ++word)
    EXPECT_EQ(append.words[word], 194 + word);
}

TEST(InstructionBlocks, ConventionsOfEdgeLLM) {
  const DeviceInfo record = edgellm::createDevice20241128();
  auto change = [&](const char *name, int64_t value) {
    DeviceInfo device = record;
    device.setParameter(name, value);
    EXPECT_EQ(llvm::toString(validate(device)), "") << name;
    return device;
  };
  for (int64_t tasks : {32, 12, 2})
    EXPECT_EQ(change("Block_Tasks", tasks).getInstructionBlocks()->maxTasks,
              tasks);
  EXPECT_EQ(
      change("Block_Counts_Header", 0).getInstructionBlocks()->countBeats(7),
      7);
  EXPECT_TRUE(change("Block_Rewrites_While_Running", 1)
                  .getInstructionBlocks()
                  ->rewritesWhileRunning);
  EXPECT_EQ(print(get(change("Block_Append_First_Register", 195),
                      TaskKind::KVAppend, 64)),
            "48, 1 beats, 15 words 195..209");
  const DeviceInfo argmax = change("Block_Argmax_Code", 0x48);
  EXPECT_EQ(print(get(argmax, TaskKind::Linear, 2847)),
            "72, 2 beats, 32 words 2..33");
  EXPECT_EQ(print(get(argmax, TaskKind::Linear, 3871)), "none");

  // Without its opcode, nothing would tell argmax from mvm_bn.
  DeviceInfo without = change("Block_Opcode_Word", 0);
  EXPECT_FALSE(without.getInstructionBlocks()->hasOpcodeWord);
  EXPECT_EQ(print(get(without, TaskKind::Linear, 799)),
            "72, 2 beats, 31 words 2..32");
  EXPECT_EQ(print(get(without, TaskKind::Norm, 32)),
            "7, 1 beats, 15 words 194..208");
  without.setParameter("Block_Argmax_Code", 0x48);
  EXPECT_EQ(print(get(without, TaskKind::Linear, 2847)), "none");
  EXPECT_EQ(llvm::toString(validate(without)), "");
}

TEST(InstructionBlocks, OHBM) {
  const DeviceInfo device = getOHBM("20250326");
  const std::optional<InstructionBlocks> blocks = device.getInstructionBlocks();
  ASSERT_TRUE(blocks);
  EXPECT_EQ(blocks->memory, "HBM");
  EXPECT_EQ(blocks->beatBytes, 128);
  EXPECT_EQ(blocks->headerBytes, 128);
  EXPECT_EQ(blocks->countBeats(12), 12);
  const std::tuple<TaskKind, int64_t, const char *, int64_t> tasks[] = {
      {TaskKind::Linear, 15, "16, 2 beats, 33 words 2..34", 15},
      {TaskKind::Linear, 31, "48, 2 beats, 33 words 2..34", 31},
      {TaskKind::Linear, 63, "112, 2 beats, 33 words 2..34", 63},
      {TaskKind::Conv2D, 31, "48, 2 beats, 33 words 2..34", 31},
      {TaskKind::Scores, 15, "16, 2 beats, 33 words 2..34", 15},
      {TaskKind::Values, 15, "16, 2 beats, 33 words 2..34", 15},
      {TaskKind::Norm, 32, "1, 2 beats, 16 words 130..145", 32},
      {TaskKind::Rope, 4, "2, 2 beats, 16 words 130..145", 4},
      {TaskKind::KVAppend, 64, "3, 2 beats, 16 words 130..145", 64},
      {TaskKind::Softmax, 8, "4, 2 beats, 16 words 130..145", 8},
      {TaskKind::Activation, 16, "5, 2 beats, 16 words 130..145", 16},
      {TaskKind::Elementwise, 2, "6, 2 beats, 14 words 130..145", 2}};
  DeviceInfo opcodes = device;
  opcodes.setParameter("Block_Codes", 1);
  EXPECT_EQ(llvm::toString(validate(opcodes)), "");
  for (auto [kind, opcode, expected, code] : tasks) {
    EXPECT_EQ(print(get(device, kind, opcode)), expected);
    EXPECT_EQ(get(opcodes, kind, opcode)->code, code);
  }
  DeviceInfo without = device;
  without.setParameter("Block_Opcode_Word", 0);
  without.setParameter("Block_Counts_Header", 1);
  EXPECT_EQ(llvm::toString(validate(without)), "");
  EXPECT_EQ(without.getInstructionBlocks()->countBeats(12), 13);
  EXPECT_EQ(print(get(without, TaskKind::Elementwise, 2)),
            "6, 2 beats, 13 words 130..142");
}

TEST(InstructionBlocks, OtherVersions) {
  // The opcode of a product is register 33, so that a word less is in front.
  EXPECT_EQ(print(get(getOHBM("20250316"), TaskKind::Scores, 15)),
            "16, 2 beats, 32 words 2..33");
  DeviceRegistry registry;
  registerAllDevices(registry);
  for (const auto &[name, device] : registry.getDevices())
    EXPECT_TRUE(device.getInstructionBlocks()) << name;
  const DeviceInfo *v80 = registry.lookup("ohbm-v80-20250326");
  EXPECT_EQ(v80->getInstructionBlocks()->beatBytes, 256);
  const DeviceInfo *oldest = registry.lookup("edgellm-20240603");
  EXPECT_EQ(print(get(*oldest, TaskKind::Linear, 799)),
            "72, 2 beats, 32 words 2..33");
  EXPECT_EQ(oldest->getTask(TaskKind::KVAppend), nullptr);
}

/// What validate says of a record that one thing is wrong with.
std::string getProblem(void (*change)(DeviceInfo &device)) {
  DeviceInfo device = edgellm::createDevice20241128();
  change(device);
  return llvm::toString(validate(device));
}

template <typename Change> auto withBlocks(Change) {
  return [](DeviceInfo &device) {
    static auto original = device.instructionBlocks;
    device.instructionBlocks = [](const DeviceInfo &d) {
      std::optional<InstructionBlocks> blocks = original(d);
      Change()(*blocks);
      return blocks;
    };
  };
}

#define EXPECT_PROBLEM(change, text)                                           \
  {                                                                            \
    const std::string problem = getProblem(change);                            \
    EXPECT_NE(problem.find(text), std::string::npos) << problem;               \
  }

struct NoMemory {
  void operator()(InstructionBlocks &blocks) { blocks.memory = "BRAM"; }
};
struct NoStatus {
  void operator()(InstructionBlocks &blocks) {
    blocks.registers.registers.pop_back();
  }
};
struct StartOfWeightCopy {
  void operator()(InstructionBlocks &blocks) {
    blocks.registers.registers[3].values[0].value = 2;
  }
};
struct TooManyTasks {
  void operator()(InstructionBlocks &blocks) { blocks.maxTasks = 65; }
};
struct HalfABeat {
  void operator()(InstructionBlocks &blocks) { blocks.headerBytes = 96; }
};

template <typename Change> auto withNorm(Change) {
  return [](DeviceInfo &device) {
    static auto original = device.getTask(TaskKind::Norm)->instruction;
    device.addTask(TaskKind::Norm).instruction = [](int64_t opcode,
                                                    const DeviceInfo &d) {
      std::optional<TaskInstruction> instruction = original(opcode, d);
      Change()(*instruction);
      return instruction;
    };
  };
}
struct CodeOfSoftmax {
  void operator()(TaskInstruction &norm) { norm.code = 5; }
};
struct CodeOfScaleBias {
  void operator()(TaskInstruction &norm) { norm.code = 0x48; }
};
struct NoCode {
  void operator()(TaskInstruction &norm) { norm.code = 0; }
};
struct NoWord {
  void operator()(TaskInstruction &norm) { norm.words[3] = -1; }
};
struct ForeignWord {
  void operator()(TaskInstruction &norm) { norm.words[3] = 2; }
};
struct NoBeat {
  void operator()(TaskInstruction &norm) { norm.beats = 0; }
};

TEST(Validate, InstructionBlocks) {
  EXPECT_PROBLEM([](DeviceInfo &device) { device.instructionBlocks = nullptr; },
                 "but it has none");
  EXPECT_PROBLEM(withBlocks(NoMemory()),
                 "lie in 'BRAM', which is no memory of the device");
  EXPECT_PROBLEM(withBlocks(NoStatus()), "need one register 'status, polled'");
  EXPECT_PROBLEM(withBlocks(StartOfWeightCopy()),
                 "the task wt2hbm starts with the same opcode");
  EXPECT_PROBLEM(withBlocks(TooManyTasks()),
                 "has 65 tasks, but its header is for 1 to 64");
  EXPECT_PROBLEM(withBlocks(HalfABeat()), "no whole number of beats");
}

TEST(Validate, Instructions) {
  // The opcodes are among the words, and still the words are not the same.
  EXPECT_PROBLEM(withNorm(CodeOfScaleBias()), "from other tasks with the code");
  EXPECT_PROBLEM(withNorm(NoCode()), "has the code 0");
  EXPECT_PROBLEM(withNorm(NoWord()), "needs one word for InputLine");
  EXPECT_PROBLEM(withNorm(ForeignWord()), "needs one word for InputLine");
  EXPECT_PROBLEM(withNorm(NoBeat()), "64 bytes of words, more than 0 beats");
  EXPECT_PROBLEM(
      [](DeviceInfo &device) {
        device.setParameter("Block_Opcode_Word", 0);
        withNorm(CodeOfSoftmax())(device);
      },
      "from other tasks with the code 5");
}

} // namespace
