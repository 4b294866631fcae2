//===- BlockExpanderTest.cpp - Starts of instruction blocks ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/BlockExpander.h"
#include "Blocks.h"
#include "DLAVM/Check/DecodeComparison.h"
#include "DLAVM/Check/FindingLog.h"
#include "DLAVM/Check/TracePrinter.h"
#include "DLAVM/Device/OHBM/OHBM.h"
#include "Runs.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

constexpr uint64_t base = 0x200000000;
constexpr uint32_t blockAddress = 0x10000000;
/// Ports of ohbm end there.
constexpr uint32_t portAddress = 0x1000000;

/// Events as lines.
class Lines : public EventSink {
public:
  void task(int32_t layer, llvm::StringRef name) override {
    text += "# " + std::to_string(layer) + " " + name.str() + "\n";
  }
  void write(uint32_t reg, uint32_t value) override { add("W ", reg, value); }
  void poll(uint32_t reg, uint32_t value) override { add("P ", reg, value); }
  uint32_t read(uint32_t reg) override {
    add("R ", reg, 0);
    return 7;
  }
  std::string text;

private:
  void add(const char *kind, uint32_t reg, uint32_t value) {
    text += kind + std::to_string(reg) + " " + std::to_string(value) + "\n";
  }
};

Writes getWrites(const Start &start) {
  Writes writes;
  for (const Register &reg :
       getDevice().getTask(start.kind)->registers.getRegisters())
    if (isWritten(reg.role))
      writes.push_back({reg.number, start.values.at(reg.name)});
  return writes;
}

uint32_t getStatus(const Start &start) {
  return getDevice().getTask(start.kind)->registers.getStatus().number;
}

Start plain() {
  Start start = linear();
  start["Mode"] = 287;
  start["ScaleBiasAddress"] = 0;
  return start;
}
Start residual() {
  Start start = linear();
  start["Mode"] = 1823;
  start["ResidualAddress"] = 0x9000000;
  return start;
}

/// An expander before what it hands on.
struct Expanded {
  explicit Expanded(DeviceInfo record = getDevice())
      : device(std::move(record)),
        expander(device, image, lines,
                 [this](llvm::StringRef reg, const llvm::Twine &message) {
                   problems += (reg + ": " + message + "\n").str();
                 }) {
    expander.beginRun();
  }
  /// Loads and starts a block.
  void run(const EdgeLLMBlock &block) {
    load(expander, block, base + blockAddress);
    startBlock(expander, blockAddress, block.beats(), block.tasks);
  }

  DeviceInfo device;
  BlockImage image;
  Lines lines;
  std::string problems;
  BlockExpander expander;
};

DeviceInfo getDeviceWith(const char *name, int64_t value) {
  DeviceInfo device = getDevice();
  device.setParameter(name, value);
  return device;
}

void expectEqualToDirect(const DeviceInfo &device, BlockConventions conventions,
                         const std::vector<Start> &starts) {
  EdgeLLMBlock block(conventions);
  Expanded expanded(device);
  Lines direct;
  unsigned number = 0;
  for (const Start &start : starts) {
    direct.task(3, "all[" + std::to_string(number++) + "]");
    for (auto [reg, value] : getWrites(start))
      direct.write(reg, value);
    direct.poll(getStatus(start), 1);
    block.add(getWrites(start));
  }
  load(expanded.expander, block, base + blockAddress);
  expanded.expander.task(3, "all");
  startBlock(expanded.expander, blockAddress, block.beats(), block.tasks);
  EXPECT_EQ(expanded.expander.read(64), 1u);
  expanded.expander.poll(64, 1);
  expanded.expander.endRun();
  EXPECT_EQ(expanded.lines.text, direct.text);
  EXPECT_EQ(expanded.problems, "");
}

const std::vector<Start> allStarts = {
    norm(),   plain(),   linear(), residual(),   rope(),        kvAppend(),
    scores(), softmax(), values(), activation(), elementwise(), linear()};

TEST(BlockExpander, TasksAreThoseOfDirectStarts) {
  expectEqualToDirect(getDevice(), {}, allStarts);
  BlockConventions conventions;
  conventions.hasOpcodeWord = false;
  expectEqualToDirect(getDeviceWith("Block_Opcode_Word", 0), conventions,
                      allStarts);
  conventions = {};
  conventions.countsHeader = false;
  expectEqualToDirect(getDeviceWith("Block_Counts_Header", 0), conventions,
                      allStarts);
  conventions = {};
  conventions.appendFirst = 195;
  expectEqualToDirect(getDeviceWith("Block_Append_First_Register", 195),
                      conventions, allStarts);
  for (int64_t tasks : {32, 12, 2})
    expectEqualToDirect(getDeviceWith("Block_Tasks", tasks), {},
                        std::vector<Start>(tasks, norm()));
}

TEST(BlockExpander, ArgmaxHasTheCodeOfScaleBias) {
  expectEqualToDirect(getDeviceWith("Block_Argmax_Code", 0x48), {},
                      {linear(), argmax(), linear()});
  Expanded expanded;
  EdgeLLMBlock block;
  block.add(getWrites(argmax()));
  expanded.run(block);
  EXPECT_EQ(expanded.problems,
            "block::Address: the opcode of task 0 of the block at 268435456 is "
            "2847, which its code in the header does not stand for; the block "
            "stops\n");
  EXPECT_EQ(expanded.lines.text, "# -1 [0]\n");
}

TEST(BlockExpander, DirectStartsPassAsTheyAre) {
  Expanded expanded;
  Lines direct;
  for (EventSink *sink : {static_cast<EventSink *>(&expanded.expander),
                          static_cast<EventSink *>(&direct)}) {
    for (const Start &start : {norm(), weightCopy()}) {
      // Nobody needs an op that does nothing.
      if (sink == &expanded.expander)
        sink->task(1, "norm");
      sink->task(2, start.kind == TaskKind::Norm ? "norm" : "other");
      for (auto [reg, value] : getWrites(start))
        sink->write(reg, value);
      sink->poll(getStatus(start), 1);
    }
    EXPECT_EQ(sink->read(64), 7u);
    sink->poll(64, 1);
  }
  expanded.expander.endRun();
  EXPECT_EQ(expanded.lines.text, direct.text);
  EXPECT_EQ(expanded.problems, "");
}

/// What is wrong with a block of a norm and a linear task.
template <typename Change>
std::string getProblems(Change change, DeviceInfo device = getDevice()) {
  Expanded expanded(std::move(device));
  EdgeLLMBlock block;
  block.add(getWrites(norm()));
  block.add(getWrites(linear()));
  uint32_t address = blockAddress, beats = block.beats(), tasks = block.tasks;
  change(block, address, beats, tasks);
  load(expanded.expander, block, base + address);
  startBlock(expanded.expander, address, beats, tasks);
  expanded.expander.poll(64, 1);
  expanded.expander.endRun();
  return expanded.problems;
}

TEST(BlockExpander, Counts) {
  using Number = uint32_t &;
  EXPECT_EQ(getProblems([](Block &, Number, Number, Number) {}), "");
  for (uint32_t wrong : {0, 33})
    EXPECT_EQ(getProblems([&](Block &, Number, Number, Number tasks) {
                tasks = wrong;
              }),
              "block::Tasks: Tasks is " + std::to_string(wrong) +
                  ", but a block has 1 to 32 tasks; the block does not run\n");
  EXPECT_EQ(
      getProblems([](Block &, Number, Number, Number tasks) { tasks = 1; }),
      "block::Tasks: byte 1 of the header of the block at 268435456 is "
      "72, but the block has 1 tasks; the block does not run\n");
  EXPECT_EQ(
      getProblems([](Block &, Number, Number, Number tasks) { tasks = 3; }),
      "block::Address: task 2 of the block at 268435456 has the code 0, "
      "which no task has; the block does not run\n");
  EXPECT_EQ(
      getProblems([](Block &, Number, Number beats, Number) { beats = 3; }),
      "block::Beats: Beats is 3, but the tasks of the block have 3 "
      "beats, with the header 4; the block does not run\n");
  EXPECT_EQ(getProblems([](Block &, Number, Number, Number) {},
                        getDeviceWith("Block_Counts_Header", 0)),
            "block::Beats: Beats is 4, but the tasks of the block have 3 "
            "beats without the header; the block does not run\n");
  EXPECT_EQ(
      getProblems(
          [](Block &, Number address, Number, Number) { address += 32; }),
      "block::Address: Address is 268435488, no multiple of 64; the block does "
      "not run\n");
  EXPECT_EQ(getProblems([](Block &, Number address, Number, Number) {
              address = 0xFFFFFFC0;
            }),
            "block::Address: the block at 4294967232 leaves the 4294967296 "
            "bytes of DDR; the block does not run\n");
}

TEST(BlockExpander, Contents) {
  using Number = uint32_t &;
  EXPECT_EQ(getProblems([](Block &block, Number, Number, Number) {
              block.bytes[1] = 0x49;
            }),
            "block::Address: task 1 of the block at 268435456 has the code 73, "
            "which no task has; the block does not run\n");
  EXPECT_EQ(getProblems([](Block &block, Number, Number, Number) {
              block.bytes[0] = 5;
            }),
            "block::Address: the opcode of task 0 of the block at 268435456 is "
            "32, which its code in the header does not stand for; the block "
            "stops\n");
  EXPECT_EQ(getProblems([](Block &, Number, Number, Number) {},
                        getDeviceWith("Block_Opcode_Word", 0)),
            "block::Address: word 15 of task 0 of the block at 268435456 is "
            "32, but stands for no register\n"
            "block::Address: word 31 of task 1 of the block at 268435456 is "
            "799, but stands for no register\n");
  EXPECT_EQ(getProblems([](Block &block, Number, Number, Number) {
              block.bytes[63] = 7;
            }),
            "block::Tasks: byte 63 of the header of the block at 268435456 is "
            "7, but the block has 2 tasks; the block does not run\n");
  // The last word is missing, and all but a part of the header.
  EXPECT_EQ(getProblems([](Block &block, Number, Number, Number) {
              block.bytes.resize(block.bytes.size() - 4);
            }),
            "block::Address: nobody wrote word 31 of task 1 of the block at "
            "268435456; the block stops\n");
  EXPECT_EQ(getProblems([](Block &block, Number, Number, Number) {
              block.bytes.resize(60);
            }),
            "block::Address: nobody wrote byte 60 of the header of the block "
            "at 268435456; the block does not run\n");
}

TEST(BlockExpander, TheFirstWordOfAnAppendIsZero) {
  Expanded expanded;
  EdgeLLMBlock block;
  block.add(getWrites(kvAppend()));
  block.setWord(0, 0, 5);
  expanded.run(block);
  EXPECT_EQ(expanded.problems,
            "block::Address: word 0 of task 0 of the block at 268435456 is 5, "
            "but stands for no register\n");
}

/// Between the start of a block and its poll.
class RunningBlock : public ::testing::Test {
protected:
  void start(DeviceInfo device = getDevice()) {
    expanded.emplace(std::move(device));
    EdgeLLMBlock block;
    block.add(getWrites(norm()));
    expanded->run(block);
  }
  BlockExpander &expander() { return expanded->expander; }
  /// After the poll.
  std::string getProblems() {
    expander().poll(64, 1);
    expander().endRun();
    return expanded->problems;
  }
  std::optional<Expanded> expanded;
  uint8_t word[4] = {1, 2, 3, 4};
};

TEST_F(RunningBlock, Rewrites) {
  for (uint32_t offset : {0, 124}) {
    start();
    expander().dmaWrite(base + blockAddress + offset, word);
    EXPECT_EQ(getProblems(), "block::Status: the host writes bytes [" +
                                 std::to_string(blockAddress + offset) + ", " +
                                 std::to_string(blockAddress + offset + 4) +
                                 ") of DDR, a part of the block that runs\n");
    start(getDeviceWith("Block_Rewrites_While_Running", 1));
    expander().dmaWrite(base + blockAddress + offset, word);
    EXPECT_EQ(getProblems(), "");
  }
  // Another block, and HBM at the same offset.
  start();
  expander().dmaWrite(base + blockAddress + 128, word);
  expander().dmaWrite(blockAddress - 0x10000000, word);
  EXPECT_EQ(getProblems(), "");
  start();
  expander().poll(64, 1);
  expander().dmaWrite(base + blockAddress, word);
  EXPECT_EQ(expanded->problems, "");
}

TEST_F(RunningBlock, DMA) {
  for (int64_t rewrites : {0, 1}) {
    start(getDeviceWith("Block_Rewrites_While_Running", rewrites));
    expander().dmaWrite(base + 0x100000, word);
    EXPECT_EQ(getProblems(),
              "block::Status: the host writes bytes [1048576, 1048580) of DDR, "
              "which task 0 of the block that runs uses\n");
  }
  start();
  expander().dmaRead(base + 0x20000000, word);
  EXPECT_EQ(
      getProblems(),
      "block::Status: the host reads memory before the block is polled\n");
}

TEST_F(RunningBlock, OtherStarts) {
  start();
  startBlock(expander(), blockAddress, 2, 1);
  EXPECT_EQ(getProblems(),
            "block::Status: the next block starts before this one is polled\n");
  start();
  expander().write(194, 0);
  EXPECT_EQ(getProblems(), "block::Status: register 194 is written before the "
                           "block is polled, whose tasks write registers\n");
  start();
  expander().endRun();
  EXPECT_EQ(expanded->problems,
            "block::Status: the run ends before the last block is polled\n");
}

TEST_F(RunningBlock, PollsAndReads) {
  start();
  expander().poll(64, 2);
  EXPECT_EQ(expanded->problems,
            "block::Status: register 64 is polled until it is 2, but the block "
            "is done when register 64 is 1\n");
  start();
  expander().read(40);
  EXPECT_EQ(getProblems(),
            "block::Status: register 40 is read before the block is polled\n");
}

TEST(BlockExpander, RegistersOfTheBlock) {
  Expanded expanded;
  EdgeLLMBlock block;
  block.add(getWrites(norm()));
  expanded.run(block);
  expanded.expander.poll(64, 1);
  expanded.expander.write(65, blockAddress);
  expanded.expander.write(73, 1);
  EXPECT_EQ(expanded.problems,
            "block::Beats: Beats is not written before the block starts\n"
            "block::Tasks: Tasks is not written before the block starts\n");
  Expanded keeps(getDeviceWith("Registers_Keep_Values", 1));
  keeps.run(block);
  keeps.expander.poll(64, 1);
  keeps.expander.write(73, 1);
  keeps.expander.poll(64, 1);
  keeps.expander.write(66, 1);
  keeps.expander.endRun();
  EXPECT_EQ(keeps.problems,
            "block::Opcode: the writes after the last start start no block\n");
}

TEST(BlockExpander, ATaskDoesNotWriteItsBlock) {
  Expanded expanded;
  EdgeLLMBlock block;
  block.add(getWrites(norm().with("OutputAddress", blockAddress)));
  expanded.run(block);
  EXPECT_NE(expanded.problems.find("norm::OutputAddress: the task writes bytes "
                                   "[268435456"),
            std::string::npos)
      << expanded.problems;
}

//===----------------------------------------------------------------------===//
// The other family
//===----------------------------------------------------------------------===//

/// Numbers for the registers of a task, and the opcode.
Writes getNumbers(const DeviceInfo &device, TaskKind kind, uint32_t opcode) {
  Writes writes;
  for (const Register &reg : device.getTask(kind)->registers.getRegisters())
    if (reg.role == RegisterRole::Opcode)
      writes.push_back({reg.number, opcode});
    else if (reg.role == RegisterRole::Selector)
      writes.push_back({reg.number, reg.values.front().value});
    else if (isWritten(reg.role))
      writes.push_back({reg.number, 7 * reg.number});
  return writes;
}

TEST(BlockExpander, OHBM) {
  struct Task {
    TaskKind kind;
    uint32_t opcode;
    uint8_t code;
    uint32_t status;
  };
  const Task tasks[] = {
      {TaskKind::Linear, 15, 16, 1},      {TaskKind::Linear, 31, 48, 1},
      {TaskKind::Linear, 63, 112, 1},     {TaskKind::Conv2D, 31, 48, 1},
      {TaskKind::Scores, 15, 16, 1},      {TaskKind::Values, 15, 16, 1},
      {TaskKind::Norm, 32, 1, 129},       {TaskKind::Rope, 4, 2, 129},
      {TaskKind::KVAppend, 64, 3, 129},   {TaskKind::Softmax, 8, 4, 129},
      {TaskKind::Activation, 16, 5, 129}, {TaskKind::Elementwise, 2, 6, 129}};
  for (const DeviceInfo &record : ohbm::createDevices())
    for (int64_t codes : {0, 1})
      for (int64_t opcodeWord : {0, 1})
        for (int64_t counts : {0, 1}) {
          DeviceInfo device = record;
          device.setParameter("Block_Codes", codes);
          device.setParameter("Block_Opcode_Word", opcodeWord);
          device.setParameter("Block_Counts_Header", counts);
          const uint32_t beat = record.getFamily() == "ohbm" ? 128 : 256;
          Block block(beat);
          Lines direct;
          for (const Task &task : tasks) {
            const Writes writes = getNumbers(device, task.kind, task.opcode);
            direct.task(-1, "[" + std::to_string(block.tasks) + "]");
            std::vector<uint32_t> words;
            for (auto [reg, value] : writes) {
              direct.write(reg, value);
              words.push_back(value);
            }
            direct.poll(task.status, 1);
            if (!opcodeWord)
              words.pop_back();
            block.addTask(codes ? task.opcode : task.code, words, 2 * beat);
          }
          Expanded expanded(device);
          load(expanded.expander, block, portAddress);
          startBlock(expanded.expander, portAddress, 24 + counts, 12);
          expanded.expander.poll(64, 1);
          EXPECT_EQ(expanded.lines.text, direct.text) << device.getName();
          EXPECT_EQ(expanded.problems, "") << device.getName();
          expanded.expander.write(73, 2);
          EXPECT_EQ(expanded.problems,
                    "block::Opcode: the value 2 starts no block\n");
        }
}

//===----------------------------------------------------------------------===//
// Checker, comparison and printer
//===----------------------------------------------------------------------===//

/// The run of blocks, 32 tasks each, and the names of their tasks.
template <typename Sink>
std::map<int64_t, InstructionName> playBlocks(Sink &sink, const Starts &run) {
  std::map<int64_t, InstructionName> names;
  std::vector<EdgeLLMBlock> all;
  for (size_t first = 0; first < run.size(); first += 32) {
    EdgeLLMBlock block;
    for (size_t i = first; i < std::min(run.size(), first + 32); ++i) {
      block.add(getWrites(run[i].start));
      names[blockAddress + 0x10000 * all.size() + block.places.back()] = {
          run[i].layer, run[i].name};
    }
    all.push_back(block);
  }
  sink.load({{}, base, names});
  for (auto [i, block] : llvm::enumerate(all))
    sink.dmaWrite(base + blockAddress + 0x10000 * i, block.bytes);
  sink.beginRun(300, 77);
  sink.task(-1, "instructions");
  for (auto [i, block] : llvm::enumerate(all)) {
    sink.write(65, blockAddress + 0x10000 * i);
    sink.write(66, block.beats());
    sink.write(67, block.tasks);
    sink.write(73, 1);
    sink.poll(64, 1);
  }
  sink.endRun();
  return names;
}

std::vector<std::string> getFindings(const Checker &checker) {
  std::vector<std::string> lines;
  for (const Finding &finding : checker.getFindings())
    lines.push_back(describe(finding));
  return lines;
}

TEST(CheckedBlocks, FindingsAreThoseOfDirectStarts) {
  Checker right(getDevice(), makePlan());
  playBlocks(right, makeRun());
  EXPECT_EQ(getFindings(right), std::vector<std::string>());
  // Each start wrong in one register.
  const size_t count = makeRun().size();
  size_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    Starts run = makeRun();
    Start &start = run[i].start;
    start[start.kind == TaskKind::KVAppend ? "CacheAddress"
                                           : "OutputAddress"] += 64;
    Checker direct(getDevice(), makePlan());
    feed(direct, run);
    Checker blocks(getDevice(), makePlan());
    playBlocks(blocks, run);
    EXPECT_EQ(getFindings(blocks), getFindings(direct)) << i;
    found += !direct.getFindings().empty();
  }
  EXPECT_EQ(found, count);
}

TEST(CheckedBlocks, FindingsOfABlockHaveItsPlace) {
  Checker checker(getDevice(), {});
  checker.beginRun(300, 77);
  checker.task(4, "instructions");
  checker.write(65, blockAddress);
  checker.write(66, 2);
  checker.write(67, 1);
  checker.write(73, 1);
  checker.poll(64, 1);
  checker.endRun();
  ASSERT_FALSE(checker.getFindings().empty());
  EXPECT_EQ(describe(checker.getFindings()[0]),
            "instructions of layer 4, start 0 of the call of 300 tokens after "
            "77, block::Address: nobody wrote byte 0 of the header of the "
            "block at 268435456; the block does not run");
}

TEST(CheckedBlocks, DecodeFromBlocksDoesWhatRunDoes) {
  for (uint32_t width : {1, 2}) {
    DecodeComparison comparison(getDevice());
    EdgeLLMBlock block;
    block.add(getWrites(norm().with("Width", 1)));
    comparison.load({block.bytes,
                     base + blockAddress,
                     {{blockAddress + block.places[0], {0, "norm"}}}});
    EventSink &run = comparison.beginRun();
    run.task(0, "norm");
    for (auto [reg, value] : getWrites(norm().with("Width", width)))
      run.write(reg, value);
    run.poll(193, 1);
    EventSink &decode = comparison.beginDecode();
    decode.task(-1, "instructions");
    startBlock(decode, blockAddress, 2, 1);
    decode.poll(64, 1);
    comparison.end(7);
    EXPECT_EQ(comparison.getFindings().size(), width - 1);
  }
}

TEST(TracePrinter, PrintsTheTasksOfABlock) {
  std::string text;
  llvm::raw_string_ostream os(text);
  TracePrinter printer(getDevice(), os);
  EdgeLLMBlock block;
  block.add(getWrites(kvAppend()));
  printer.load(
      {block.bytes, base + blockAddress, {{blockAddress + 64, {2, "append"}}}});
  printer.task(-1, "instructions");
  printer.write(65, blockAddress);
  printer.write(66, 2);
  printer.write(67, 1);
  printer.write(73, 1);
  printer.poll(64, 1);
  printer.write(65, 64);
  printer.write(66, 2);
  printer.write(67, 1);
  printer.write(73, 1);
  printer.endRun();
  EXPECT_EQ(text,
            "# task -1 instructions\n"
            "W 65 268435456 # block::Address\n"
            "W 66 2 # block::Beats\n"
            "W 67 1 # block::Tasks\n"
            "W 73 1 # block::Opcode = Start\n"
            "#   layer 2, append\n"
            "#   W 195 1048576 # dat2hbm::InputAddress\n"
            "#   W 196 76800 # dat2hbm::InputHead\n"
            "#   W 197 19200 # dat2hbm::InputLine\n"
            "#   W 198 83886080 # dat2hbm::CacheAddress\n"
            "#   W 199 524288 # dat2hbm::CacheHead\n"
            "#   W 200 131072 # dat2hbm::CacheLine\n"
            "#   W 201 28 # dat2hbm::BankStep\n"
            "#   W 202 77 # dat2hbm::Past\n"
            "#   W 203 300 # dat2hbm::Width\n"
            "#   W 204 2 # dat2hbm::Heads\n"
            "#   W 205 4 # dat2hbm::ChannelGroups\n"
            "#   W 206 1 # dat2hbm::Transpose = Keys\n"
            "#   W 207 0 # dat2hbm::Reserved207\n"
            "#   W 208 0 # dat2hbm::OnChip\n"
            "#   W 209 64 # dat2hbm::Opcode = Start\n"
            "P 64 1 # block::Status\n"
            "W 65 64 # block::Address\n"
            "W 66 2 # block::Beats\n"
            "W 67 1 # block::Tasks\n"
            "W 73 1 # block::Opcode = Start\n"
            "#   instructions\n"
            "# block::Address: nobody wrote byte 0 of the header of the block "
            "at 64; the block does not run\n");
}

} // namespace
