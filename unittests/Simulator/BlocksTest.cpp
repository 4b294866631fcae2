//===- BlocksTest.cpp - Simulated blocks of instructions ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Check/Blocks.h"
#include "DLAVM/Device/OHBM/OHBM.h"
#include "Machine.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

constexpr uint32_t blockAddress = 0x100000;

/// A start with its op.
struct Step {
  std::string name;
  TaskKind kind;
  Values values;
};

Writes getWrites(const DeviceInfo &device, const Step &step) {
  Writes writes;
  for (const Register &reg :
       device.getTask(step.kind)->registers.getRegisters()) {
    const auto value = step.values.find(reg.name);
    if (value != step.values.end())
      writes.push_back({reg.number, value->second});
    else if (reg.role == RegisterRole::Reserved)
      writes.push_back({reg.number, reg.value});
    else if (reg.role == RegisterRole::HighAddress)
      writes.push_back({reg.number, 0});
  }
  return writes;
}

/// What a run leaves.
struct Outcome {
  std::vector<uint8_t> memory;
  std::vector<std::string> findings;
};

template <typename Play>
Outcome simulate(const DeviceInfo &device, bool sanitize, uint32_t begin,
                 uint32_t end, Play play) {
  Simulator simulator(device, {}, {sanitize, 2});
  const Memory &memory = device.getMapMemory();
  // The same numbers in each port.
  Numbers numbers(7);
  std::vector<uint16_t> codes(0x1000);
  for (uint16_t &code : codes)
    code = numbers.half();
  for (int64_t port = 0; port < memory.ports; ++port)
    simulator.dmaWrite(
        memory.dmaBase + port * memory.portStride,
        {reinterpret_cast<const uint8_t *>(codes.data()), 2 * codes.size()});
  Outcome outcome;
  play(simulator, static_cast<uint64_t>(memory.dmaBase));
  for (int64_t port = 0; port < memory.ports; ++port) {
    llvm::ArrayRef<uint8_t> bytes =
        simulator.getMemory(memory, port, begin, end - begin);
    outcome.memory.insert(outcome.memory.end(), bytes.begin(), bytes.end());
  }
  for (const Finding &finding : simulator.getFindings())
    outcome.findings.push_back(describe(finding));
  return outcome;
}

/// The steps as direct starts.
auto playDirect(const DeviceInfo &device, const std::vector<Step> &steps) {
  return [&](Simulator &simulator, uint64_t) {
    simulator.beginRun(1, 0);
    for (const Step &step : steps) {
      simulator.task(0, step.name);
      for (auto [reg, value] : getWrites(device, step))
        simulator.write(reg, value);
      simulator.poll(device.getTask(step.kind)->registers.getStatus().number,
                     1);
    }
    simulator.endRun();
  };
}

/// The same as one block.
auto playBlock(const Block &block, uint32_t beats,
               const std::vector<Step> &steps) {
  return [&, beats](Simulator &simulator, uint64_t base) {
    load(simulator, block, base + blockAddress);
    std::map<int64_t, InstructionName> names;
    for (auto [place, step] : llvm::zip(block.places, steps))
      names[blockAddress + place] = {0, step.name};
    simulator.nameInstructions(names);
    simulator.beginRun(1, 0);
    simulator.task(-1, "instructions");
    startBlock(simulator, blockAddress, beats, block.tasks);
    EXPECT_EQ(simulator.read(64), 1u);
    simulator.poll(64, 1);
    simulator.endRun();
  };
}

Values sum(uint32_t a, uint32_t b, uint32_t result) {
  return {{"Mode", 0},        {"InputAddress", a},       {"InputSurface", 64},
          {"InputLine", 64},  {"OutputAddress", result}, {"OutputSurface", 64},
          {"OutputLine", 64}, {"ChannelGroups", 1},      {"Rows", 1},
          {"Width", 1},       {"OtherAddress", b},       {"Opcode", 1}};
}
/// 32 channels of one token.
Values norm(uint32_t input, uint32_t result) {
  return {{"WeightAddress", 0x200},
          {"InputAddress", input},
          {"InputSurface", 64},
          {"InputLine", 64},
          {"OutputAddress", result},
          {"OutputSurface", 64},
          {"OutputLine", 64},
          {"ChannelGroups", 1},
          {"Rows", 1},
          {"Width", 1},
          {"Pixels", 1},
          {"Reciprocal", 0x34000},
          {"WeightBursts", 1},
          {"Kind", 0},
          {"Opcode", 32}};
}

std::vector<Step> getSteps() {
  return {{"sum", TaskKind::Elementwise, sum(0, 64, 0x4000)},
          {"norm", TaskKind::Norm, norm(0x4000, 0x4040)},
          {"sum2", TaskKind::Elementwise, sum(0x4000, 0x4040, 0x4080)}};
}

EdgeLLMBlock createBlock(const DeviceInfo &device,
                         const std::vector<Step> &steps,
                         BlockConventions conventions = {}) {
  EdgeLLMBlock block(conventions);
  for (const Step &step : steps)
    block.add(getWrites(device, step));
  return block;
}

DeviceInfo getDeviceWith(const char *name, int64_t value) {
  DeviceInfo device = edgellm::createDevice20241128();
  device.setParameter(name, value);
  return device;
}

void expectEqualToDirect(const DeviceInfo &device, const Block &block,
                         uint32_t beats, const std::vector<Step> &steps,
                         bool isRight) {
  for (bool sanitize : {false, true}) {
    const Outcome direct =
        simulate(device, sanitize, 0x4000, 0x5000, playDirect(device, steps));
    const Outcome blocks = simulate(device, sanitize, 0x4000, 0x5000,
                                    playBlock(block, beats, steps));
    EXPECT_EQ(blocks.memory, direct.memory) << device.getName();
    EXPECT_EQ(blocks.findings, direct.findings) << device.getName();
    EXPECT_EQ(direct.findings.empty(), isRight || !sanitize)
        << device.getName();
    EXPECT_TRUE(llvm::any_of(direct.memory, [](uint8_t b) { return b != 0; }));
  }
}

} // namespace

TEST(SimulatedBlocks, EqualDirectStarts) {
  const std::vector<Step> steps = getSteps();
  const DeviceInfo device = edgellm::createDevice20241128();
  const EdgeLLMBlock block = createBlock(device, steps);
  expectEqualToDirect(device, block, 4, steps, true);
  for (int64_t keeps : {0, 1})
    expectEqualToDirect(getDeviceWith("Registers_Keep_Values", keeps), block, 4,
                        steps, true);
  BlockConventions conventions;
  conventions.countsHeader = false;
  expectEqualToDirect(getDeviceWith("Block_Counts_Header", 0), block, 3, steps,
                      true);
  conventions = {};
  conventions.hasOpcodeWord = false;
  const DeviceInfo without = getDeviceWith("Block_Opcode_Word", 0);
  expectEqualToDirect(without, createBlock(without, steps, conventions), 4,
                      steps, true);
}

/// What the sanitizer finds in a direct start it finds in a block.
TEST(SimulatedBlocks, FindingsOfTasks) {
  std::vector<Step> steps = getSteps();
  steps[2].values["OtherAddress"] = 0x5000;
  const DeviceInfo device = edgellm::createDevice20241128();
  expectEqualToDirect(device, createBlock(device, steps), 4, steps, false);
}

TEST(SimulatedBlocks, OHBM) {
  for (const DeviceInfo &device : ohbm::createDevices()) {
    const auto row = static_cast<uint32_t>(device.getTraits().rowBytes);
    auto add = [&](uint32_t a, uint32_t b, uint32_t result) {
      return Values{{"Operation", 0},
                    {"InputAddress", a},
                    {"InputSurface", row},
                    {"InputLine", row},
                    {"OutputAddress", result},
                    {"OutputSurface", row},
                    {"OutputLine", row},
                    {"Channels", 32},
                    {"Width", 1},
                    {"OtherAddress", b},
                    {"OtherSurface", row},
                    {"OtherLine", row},
                    {"Opcode", 2}};
    };
    const std::vector<Step> steps = {
        {"sum", TaskKind::Elementwise, add(0, row, 0x4000)},
        {"sum2", TaskKind::Elementwise, add(0x4000, 2 * row, 0x4000 + row)}};
    for (int64_t opcodeWord : {0, 1})
      for (int64_t counts : {0, 1}) {
        DeviceInfo chosen = device;
        chosen.setParameter("Block_Opcode_Word", opcodeWord);
        chosen.setParameter("Block_Counts_Header", counts);
        const uint32_t beat = device.getFamily() == "ohbm" ? 128 : 256;
        Block block(beat);
        for (const Step &step : steps) {
          std::vector<uint32_t> words;
          for (auto [reg, value] : getWrites(chosen, step))
            words.push_back(value);
          if (!opcodeWord)
            words.pop_back();
          block.addTask(6, words, 2 * beat);
        }
        expectEqualToDirect(chosen, block, 4 + counts, steps, true);
      }
  }
}

/// Tasks run while the host does something.
TEST(SimulatedBlocks, FindingsOfTheHost) {
  const std::vector<Step> steps = getSteps();
  for (int64_t rewrites : {0, 1}) {
    const DeviceInfo device =
        getDeviceWith("Block_Rewrites_While_Running", rewrites);
    const EdgeLLMBlock block = createBlock(device, steps);
    const uint8_t word[4] = {};
    const Outcome outcome = simulate(
        device, true, 0x4000, 0x5000, [&](Simulator &simulator, uint64_t base) {
          load(simulator, block, base + blockAddress);
          simulator.beginRun(1, 0);
          simulator.task(-1, "instructions");
          startBlock(simulator, blockAddress, 4, 3);
          simulator.dmaWrite(base + blockAddress + 64, word);
          simulator.poll(64, 1);
          simulator.endRun();
        });
    std::vector<std::string> expected;
    if (!rewrites)
      // The tasks of the block have been computed when it has started.
      expected = {"instructions[2], start 3 of the call of 1 tokens after 0, "
                  "block::Status: the host writes bytes [1048640, 1048644) of "
                  "DDR, a part of the block that runs"};
    EXPECT_EQ(outcome.findings, expected);
  }
}

/// Only the sanitizer knows what was written; the words are 0 without it.
TEST(SimulatedBlocks, UnwrittenWords) {
  const std::vector<Step> steps = getSteps();
  const DeviceInfo device = edgellm::createDevice20241128();
  EdgeLLMBlock block = createBlock(device, steps);
  block.bytes.resize(block.places[2] + 48);
  const Outcome outcome =
      simulate(device, true, 0x4000, 0x5000, playBlock(block, 4, steps));
  ASSERT_EQ(outcome.findings.size(), 1u);
  EXPECT_EQ(outcome.findings[0],
            "sum2 of layer 0, start 2 of the call of 1 tokens after 0, "
            "block::Address: nobody wrote word 12 of task 2 of the block at "
            "1048576; the block stops");
}

/// A block lies where a task has written before: the device reads that.
TEST(SimulatedBlocks, ReadsWhatIsInMemory) {
  std::vector<Step> steps = getSteps();
  const DeviceInfo device = edgellm::createDevice20241128();
  const EdgeLLMBlock block = createBlock(device, steps);
  const Outcome outcome = simulate(
      device, false, 0x4000, 0x5000, [&](Simulator &simulator, uint64_t base) {
        load(simulator, block, base + blockAddress);
        for (auto [reg, value] : getWrites(
                 device, {"", TaskKind::Elementwise, sum(0, 64, blockAddress)}))
          simulator.write(reg, value);
        simulator.poll(129, 1);
        startBlock(simulator, blockAddress, 4, 3);
        simulator.poll(64, 1);
      });
  EXPECT_EQ(outcome.findings.size(), 1u);
}
