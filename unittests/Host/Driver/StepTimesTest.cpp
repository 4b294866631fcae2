//===- StepTimesTest.cpp - How long each task takes -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/StepTimes.h"
#include "TestDriver.h"

#include "gtest/gtest.h"

#include <chrono>
#include <sstream>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;

namespace {

/// A device on which a register takes its time.
class SlowDevice : public dlavm::NullDevice {
public:
  void poll(uint32_t reg, uint32_t) override {
    ++polls;
    if (reg == 7)
      throw Error("it is gone");
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(reg);
    while (std::chrono::steady_clock::now() < end)
      continue;
  }
  int polls = 0;
};

/// The lines of a file, and the times at their ends.
struct Table {
  explicit Table(const std::string &path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      const size_t comma = line.rfind(',');
      times.push_back(std::atof(line.c_str() + comma + 1));
      lines += line.substr(0, comma) + "\n";
    }
  }
  std::string lines;
  std::vector<double> times;
};

} // namespace

TEST(StepTimes, ALineForEachTask) {
  const TestDirectory directory;
  const std::string path = directory.getPath() + "/times.csv";
  SlowDevice device;
  StepTimes times(path);
  Device &first = times.begin(device, 19, 0);
  first.task(0, "query");
  first.write(3, 1);
  first.poll(1, 1);
  first.poll(2, 1);
  first.task(-1, "lm_head");
  first.poll(4, 1);
  // What follows the last poll belongs to no task.
  first.read(40);
  times.end();
  EXPECT_EQ(device.polls, 3);
  Device &second = times.begin(device, 1, 19);
  second.task(0, "query");
  second.poll(5, 1);
  second.task(0, "key");
  EXPECT_THROW(second.poll(7, 1), Error);
  times.end();
  // Also while the table grows it can be read.
  const Table table(path);
  EXPECT_EQ(table.lines, "call,seq,past,layer,task,starts\n"
                         "0,19,0,0,query,2\n"
                         "0,19,0,-1,lm_head,1\n"
                         "1,1,19,0,query,1\n"
                         "1,1,19,0,key,0\n");
  ASSERT_EQ(table.times.size(), 5u);
  EXPECT_GE(table.times[1], 3000);
  EXPECT_GE(table.times[2], 4000);
  EXPECT_GE(table.times[3], 5000);
  EXPECT_EQ(table.times[4], 0);
}

TEST(StepTimes, InstructionBlocks) {
  const TestDirectory directory;
  SlowDevice device;
  StepTimes times(directory.getPath() + "/times.csv");
  const uint32_t words[] = {3, 4};
  device.keep_instructions(words, sizeof words);
  for (int32_t past = 5; past < 8; ++past) {
    // The call before has sent them already.
    EXPECT_EQ(device.sent_instructions(1), past == 5 ? -1 : past);
    Device &timed = times.begin(device, 1, past);
    timed.set_instruction(1, past);
    timed.send_instructions(0, 0, 2, past + 1, 1);
    times.end();
  }
  device.set_instruction(1, 0);
  EXPECT_THROW(device.set_instruction(2, 0), Error);
}

TEST(StepTimes, FilesThatCannotBeWritten) {
  for (const auto &[path, why] :
       {std::pair("/nowhere/times.csv", "No such file or directory"),
        std::pair("/dev/full", "No space left on device")})
    try {
      StepTimes times(path);
      FAIL() << path;
    } catch (const Error &error) {
      EXPECT_EQ(std::string(error.what()),
                "the times of tasks cannot be written to " + std::string(path) +
                    ": " + why);
    }
}
