//===- DoctorTest.cpp - Tests of the doctor of cards ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Doctor/Doctor.h"

#include "../Driver/TestDriver.h"

#include "gtest/gtest.h"

#include <cstring>
#include <map>
#include <new>
#include <sstream>
#include <vector>

using namespace dlavm::host;

namespace {

/// What happens to a card.
struct Fate {
  bool isReadable = true;
  /// Registers read something else than those of the simulator.
  uint32_t token = 7;
  /// How often it can be opened.
  int opens = 1000;
  /// After so many transfers to it there is no memory any more.
  int writes = 1000000;
  /// Whether tasks of a token after others compute what they should.
  bool decodes = true;
};

/// The map that tasks write: a number.
constexpr uint64_t kMap = 256;

class FatedDevice : public dlavm::Device {
public:
  explicit FatedDevice(Fate &fate) : fate(fate) {
    if (fate.opens-- <= 0)
      throw std::bad_alloc();
  }
  uint32_t read(uint32_t) override { return fate.token; }
  void poll(uint32_t, uint32_t) override {
    // Of 1.0 or 2.0, in FP16.
    memory[kMap + 1] = past == 0 || fate.decodes ? 0x3c : 0x40;
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    if (fate.writes-- <= 0)
      throw std::bad_alloc();
    for (size_t i = 0; i < bytes; ++i)
      memory[address + i] = static_cast<const char *>(data)[i];
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    if (!fate.isReadable)
      throw dlavm::Error("nobody reads");
    for (size_t i = 0; i < bytes; ++i)
      static_cast<char *>(data)[i] = memory[address + i];
  }
  bool can_read_memory() const override { return fate.isReadable; }

protected:
  void do_write(uint32_t reg, uint32_t value) override {
    if (reg == 3)
      past = value;
  }

private:
  Fate &fate;
  uint32_t past = 0;
  std::map<uint64_t, char> memory;
};

class DoctorTest : public testing::Test {
protected:
  /// The outcome and the name of each check.
  std::string examine(const std::string &on = "card",
                      const std::string &plan = kTestPlan,
                      const std::string &driver = kTestDriver) {
    const TestDriverDirectory directory(driver, plan);
    // Of the checksums nobody asks here: the driver's load_parameters does.
    std::vector<DeviceKind> kinds;
    const auto add = [&](const std::string &name, Fate &fate) {
      kinds.push_back({name, name, "",
                       [&fate](const std::string &,
                               const Plan &) -> std::unique_ptr<dlavm::Device> {
                         return std::make_unique<FatedDevice>(fate);
                       }});
    };
    add(on.substr(0, on.find(':')), card);
    add("simulator", simulator);
    std::ostringstream all;
    hasPassed =
        dlavm::host::examine({on, directory.getPath(), 0.01}, kinds, all);
    text = all.str();
    std::istringstream lines(text);
    std::string names;
    for (std::string line; std::getline(lines, line);)
      names += line.substr(0, line.find(':')) + "\n";
    return names;
  }

  Fate card, simulator;
  std::string text;
  bool hasPassed = false;
};

} // namespace

TEST_F(DoctorTest, AllIsWell) {
  EXPECT_EQ(examine(), "ok    driver\nok    parameters\nok    device\n"
                       "ok    latency\nok    memory DDR\nok    memory HBM\n"
                       "ok    loading\nok    tasks\nok    token\n");
  EXPECT_TRUE(hasPassed);
}

TEST_F(DoctorTest, MemoryThatCanOnlyBeWritten) {
  card.isReadable = false;
  EXPECT_EQ(examine(), "ok    driver\nok    parameters\nok    device\n"
                       "ok    latency\nskip  memory\nok    loading\n"
                       "ok    tasks\nskip  task\nok    token\n");
  EXPECT_TRUE(hasPassed);
  card.token = 8;
  examine();
  EXPECT_NE(text.find("FAIL  token: register 40 is 8 on the card and 7 "
                      "simulated"),
            std::string::npos)
      << text;
  EXPECT_FALSE(hasPassed);
}

TEST_F(DoctorTest, WhateverIsThrownIsALine) {
  // In a check of memory: what comes after it is examined.
  card.writes = 1;
  EXPECT_EQ(examine(), "ok    driver\nok    parameters\nok    device\n"
                       "ok    latency\nFAIL  memory DDR\nFAIL  memory HBM\n"
                       "FAIL  loading\n");
  EXPECT_NE(text.find("FAIL  memory HBM: std::bad_alloc\n"), std::string::npos)
      << text;
  EXPECT_FALSE(hasPassed);
  // When the maps are cleared before the tasks: memories take two, four, and
  // two pieces of the borders, and the parameters one.
  card.writes = 8;
  const std::string names = examine();
  EXPECT_NE(names.find("ok    loading\nFAIL  tasks\n"), std::string::npos)
      << text;
  card.writes = 1000000;
  card.opens = 0;
  EXPECT_EQ(examine(), "ok    driver\nok    parameters\nFAIL  device\n");
  card.opens = 1000;
  simulator.opens = 0;
  EXPECT_NE(examine().find("skip  tasks\n"), std::string::npos);
  EXPECT_NE(text.find("skip  tasks: there is no simulator: std::bad_alloc"),
            std::string::npos)
      << text;
}

static void replace(std::string &plan, const std::string &from,
                    const std::string &to) {
  plan.replace(plan.find(from), from.size(), to);
}

TEST_F(DoctorTest, OneTokenAfterOthers) {
  std::string plan = kTestPlan;
  replace(plan, "\"functions\": [", R"("functions": [
    {"name": "decode", "kind": "decode", "channels": 0,
     "last_token_only": true, "buffer": ""},)");
  replace(plan, "\"buffers\": [",
          R"("tasks": [{"name": "query", "result": "map"}],
  "buffers": [
    {"name": "map", "space": "DDR", "address": 256, "bytes": 2,
     "is_input": false, "live": [0, 0]},)");
  // As a task of its own, and in a block.
  for (const std::string &name :
       std::vector<std::string>{"query", "instructions"}) {
    SCOPED_TRACE(name);
    std::string driver = std::string(kTestDriver) + R"cpp(
namespace tiny {
inline void decode(dlavm::Device &device, int32_t past) {
  device.task(0, "TASK");
  device.write(3, past);
  device.poll(1, 1);
}
} // namespace tiny
)cpp";
    replace(driver, "TASK", name);
    card.decodes = true;
    examine("card", plan, driver);
    EXPECT_NE(text.find("ok    decode: a call of one token after 3 ends\n"
                        "ok    task query: equal to the simulator\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("ok    task " + name + ": "), std::string::npos)
        << text;
    EXPECT_TRUE(hasPassed);
    card.decodes = false;
    examine("card", plan, driver);
    EXPECT_NE(
        text.find("FAIL  task " + name + ": relative error 1 in layer 0, "),
        std::string::npos)
        << text;
    EXPECT_FALSE(hasPassed);
  }
}

TEST_F(DoctorTest, MemoriesOfABit) {
  std::string plan = kTestPlan;
  // One byte of each port.
  replace(plan, "\"port_stride\": 1024", "\"port_stride\": 1");
  EXPECT_NE(examine("card", plan).find("ok    memory HBM\n"), std::string::npos)
      << text;
}

TEST_F(DoctorTest, ACardThatDoesNotComeBack) {
  const TestDirectory nodes;
  for (const char *name : {"x_user", "x_h2c_0"})
    nodes.write(name, std::string(1 << 16, '\3'));
  std::filesystem::create_hard_link(nodes.getPath() + "/x_h2c_0",
                                    nodes.getPath() + "/x_c2h_0");
  const std::string on = "xdma:" + nodes.getPath() + "/x,window=0";
  const std::string head = "ok    driver\nok    parameters\nok    nodes\n"
                           "ok    rights\nok    lock\nok    registers\n"
                           "ok    device\nok    latency\nok    memory DDR\n"
                           "ok    memory HBM\nok    channel 0\n";
  EXPECT_EQ(examine(on), head + "ok    loading\nok    tasks\nok    token\n");
  // It is opened again behind the channels.
  card.opens = 1;
  EXPECT_EQ(examine(on), head + "FAIL  device\nskip  tasks\n");
  EXPECT_FALSE(hasPassed);
}

TEST_F(DoctorTest, TheSimulatorHasADriver) {
  std::ostringstream os;
  try {
    dlavm::host::examine({"simulator", "", 0.01}, {}, os);
    ADD_FAILURE() << os.str();
  } catch (const dlavm::Error &error) {
    EXPECT_STREQ(error.what(),
                 "give the directory of a driver, whose device is simulated, "
                 "or the card to examine: --on=xdma:/dev/xdma0");
  }
}
