//===- CheckerTest.cpp - Findings of the checker --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Runs.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

/// A finding as "task register: message", as far as tests care.
struct Expected {
  std::string task;
  std::string reg;
  /// Part of the message.
  std::string message;
};

std::string print(const Finding &finding) {
  return finding.task + " " + finding.reg + " (" + finding.buffer +
         "): " + finding.message;
}

/// The finding of this number, or an empty one.
Finding getFinding(const Checker &checker, size_t index = 0) {
  const llvm::ArrayRef<Finding> found = checker.getFindings();
  return index < found.size() ? found[index] : Finding();
}

/// Expects exactly these findings, in this order.
void expectFindings(const Checker &checker,
                    const std::vector<Expected> &expected) {
  const llvm::ArrayRef<Finding> found = checker.getFindings();
  for (size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
    if (i >= found.size()) {
      ADD_FAILURE() << "missing: " << expected[i].task << " " << expected[i].reg
                    << ": " << expected[i].message;
    } else if (i >= expected.size()) {
      ADD_FAILURE() << "unexpected: " << print(found[i]);
    } else {
      EXPECT_EQ(found[i].task, expected[i].task) << print(found[i]);
      EXPECT_EQ(found[i].reg, expected[i].reg) << print(found[i]);
      EXPECT_NE(found[i].message.find(expected[i].message), std::string::npos)
          << print(found[i]) << "\nexpected: " << expected[i].message;
    }
  }
}

/// The checker of one run, without the plan's opinion.
void expectFindings(const Starts &run, const std::vector<Expected> &expected,
                    int64_t past = 77) {
  Checker checker(getDevice(), {});
  feed(checker, run, past);
  expectFindings(checker, expected);
}

TEST(Checker, RightRuns) {
  Checker checker(getDevice(), makePlan());
  feed(checker, makeRun());
  feed(checker, makeRun());
  expectFindings(checker, {});
  expectFindings(makeRun(), {});
}

//===----------------------------------------------------------------------===//
// Protocol
//===----------------------------------------------------------------------===//

class Protocol : public ::testing::Test {
protected:
  Protocol() {
    checker.beginRun(300, 77);
    checker.task(0, "norm");
  }
  void expect(const std::string &reg, const std::string &message) {
    expectFindings(checker, {{"norm", reg, message}});
  }
  /// A norm of what norm() writes.
  static Start nextNorm() {
    Start start = norm();
    start["InputAddress"] = start["OutputAddress"];
    start["OutputAddress"] = 0x8000000;
    return start;
  }
  Checker checker{getDevice(), {}};
};

TEST_F(Protocol, StartBeforePoll) {
  writeStart(checker, norm());
  checker.task(0, "norm2");
  writeStart(checker, nextNorm());
  checker.poll(193, 1);
  checker.endRun();
  expectFindings(checker,
                 {{"norm2", "norm::Status", "before this one is polled"}});
}

TEST_F(Protocol, EndBeforePoll) {
  writeStart(checker, norm());
  checker.endRun();
  expect("norm::Status", "ends before the last task is polled");
}

TEST_F(Protocol, WrongPolls) {
  writeStart(checker, norm());
  checker.poll(1, 1);
  writeStart(checker, norm());
  checker.poll(193, 0);
  checker.poll(193, 1);
  EXPECT_EQ(checker.getFindings().size(), 3u);
  EXPECT_EQ(getFinding(checker).reg, "norm::Status");
  EXPECT_EQ(getFinding(checker).message,
            "register 1 is polled until it is 1, but the task is done when "
            "register 193 is 1");
  EXPECT_EQ(getFinding(checker).count, 2u);
  EXPECT_NE(getFinding(checker, 2).message.find("no task is running"),
            std::string::npos);
}

TEST_F(Protocol, UnknownRegister) {
  checker.write(300, 1);
  checker.write(34, 1);
  checker.endRun();
  expect("", "no task has a register 300");
  EXPECT_EQ(getFinding(checker).count, 2u);
}

TEST_F(Protocol, UnknownOpcode) {
  checker.write(209, 3);
  checker.poll(193, 1);
  checker.endRun();
  EXPECT_EQ(checker.getFindings().size(), 1u);
  EXPECT_EQ(getFinding(checker).message, "the value 3 starts no task");
}

TEST_F(Protocol, MissingRegister) {
  writeStart(checker, norm());
  checker.poll(193, 1);
  checker.task(0, "norm2");
  Start next = nextNorm();
  const RegisterTable &table = getDevice().getTask(TaskKind::Norm)->registers;
  for (const Register &reg : table.getRegisters())
    if (isWritten(reg.role) && reg.name != "Width")
      checker.write(reg.number, next[reg.name]);
  checker.poll(193, 1);
  checker.endRun();
  expectFindings(checker, {{"norm2", "norm::Width", "is not written before"}});
  EXPECT_EQ(getFinding(checker).start, 1u);
}

TEST_F(Protocol, SecondStart) {
  writeStart(checker, norm());
  checker.poll(193, 1);
  checker.task(0, "norm2");
  checker.write(209, 32);
  checker.poll(193, 1);
  checker.endRun();
  EXPECT_EQ(getFinding(checker).reg, "");
  EXPECT_EQ(getFinding(checker).message,
            "15 of the 16 registers of norm are not written before the task "
            "starts: WeightAddress, InputAddress, InputSurface, ...");
  for (const Finding &finding : checker.getFindings().drop_front())
    EXPECT_EQ(finding.message.find("written before"), std::string::npos)
        << finding.message;
}

/// Where registers keep their values, one that holds the right value need not
/// be written: not in this run, that is, as nobody knows what was before.
TEST_F(Protocol, KeptRegisters) {
  DeviceInfo device = getDevice();
  device.setParameter("Registers_Keep_Values", 1);
  Checker kept(device, {});
  auto writeNext = [&](llvm::StringRef left) {
    kept.task(0, "norm2");
    Start next = nextNorm();
    const RegisterTable &table = device.getTask(TaskKind::Norm)->registers;
    for (const Register &reg : table.getRegisters())
      if (isWritten(reg.role) && reg.name != left)
        kept.write(reg.number, next[reg.name]);
    kept.poll(193, 1);
    kept.endRun();
  };
  kept.beginRun(19, 77);
  writeStart(kept, norm());
  kept.poll(193, 1);
  writeNext("Width");
  EXPECT_TRUE(kept.getFindings().empty());
  kept.beginRun(19, 77);
  writeNext("Width");
  expectFindings(kept, {{"norm2", "norm::Width", "is not written before"}});
}

TEST_F(Protocol, WritesThatStartNothing) {
  checker.write(195, 0);
  checker.endRun();
  expect("", "start no task");
}

TEST_F(Protocol, Reads) {
  checker.read(40);
  checker.read(193);
  expectFindings(checker, {});
  checker.read(41);
  expect("", "no task has a result in register 41");
  writeStart(checker, norm());
  checker.read(40);
  EXPECT_EQ(checker.getFindings().size(), 2u);
}

//===----------------------------------------------------------------------===//
// Registers and placement
//===----------------------------------------------------------------------===//

TEST(Checker, RunsWithoutStarts) {
  Checker checker(getDevice(), {});
  checker.beginRun(1, 0);
  checker.endRun();
  expectFindings(checker, {{"", "", "the run starts no task"}});
}

TEST(Checker, Contradictions) {
  Starts run = makeRun();
  for (int32_t layer : {0, 1})
    find(run, "softmax", layer).start["Past"] = 78;
  Checker checker(getDevice(), makePlan());
  feed(checker, run);
  expectFindings(checker, {{"softmax", "softmax::Columns",
                            "Columns is 377, fewer than Past + Width = 378"},
                           {"softmax", "softmax::Past",
                            "Past is 78, not 77: the tokens in the KV cache "
                            "before the call"}});
  const Finding finding = getFinding(checker);
  EXPECT_EQ(finding.count, 2u);
  EXPECT_EQ(finding.layer, 0);
  EXPECT_EQ(finding.seq, 300);
  EXPECT_EQ(finding.past, 77);
  // norm, 3 x query, rope, 3 x key, rope, append, 3 x scores come before.
  EXPECT_EQ(finding.start, 13u);
}

TEST(Checker, RegistersOfAnotherCall) {
  Starts run = makeRun();
  find(run, "append_keys").start["Past"] = 76;
  for (MarkedStart &start : run)
    if (start.name == "values" && start.layer == 1)
      start.start["Columns"] = 376;
  expectFindings(run, {{"append_keys", "dat2hbm::Past",
                        "Past is 76, not 77: the tokens in the KV cache before "
                        "the call"},
                       {"values", "f2w_mvm::Columns",
                        "Columns is 376, not 377: the tokens in the KV cache "
                        "and those of the call"}});
}

TEST(Checker, ContradictionsThatDependOnAddresses) {
  // A start that differs from another only in an address of a form without.
  Starts run = makeRun();
  find(run, "value").start["ResidualAddress"] = mapAddress(X);
  expectFindings(run, {{"value", "mvm::ResidualAddress", "not 0"}});
}

TEST(Checker, Alignment) {
  Starts run = makeRun();
  find(run, "norm2").start["WeightAddress"] += 32;
  find(run, "append_keys").start["CacheAddress"] -= 256;
  find(run, "scores").start["CacheAddress"] -= 256;
  Checker checker(getDevice(), {});
  feed(checker, run);
  EXPECT_EQ(getFinding(checker).reg, "dat2hbm::CacheAddress");
  EXPECT_NE(getFinding(checker).message.find("not a multiple of 512"),
            std::string::npos);
  EXPECT_TRUE(llvm::any_of(checker.getFindings(), [](const Finding &finding) {
    return finding.reg == "norm::WeightAddress" &&
           finding.message == "the address 1048608 is not a multiple of 64";
  }));
}

TEST(Checker, Range) {
  Starts run = {{0, "norm", norm()}};
  run[0].start["OutputAddress"] = 0xffffffc0;
  expectFindings(run, {{"norm", "norm::OutputAddress",
                        "bytes [4294967232, 4297424832), leaves the memory"}});
  run = {{0, "append", kvAppend()}};
  run[0].start["CacheAddress"] = (1 << 28) - 512;
  expectFindings(run, {{"append", "dat2hbm::CacheAddress",
                        "leaves the memory of 268435456 bytes"}});
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

TEST(Checker, ResidualThatDoesNotAdvance) {
  Starts run = makeRun();
  for (MarkedStart &start : run)
    if (start.name == "output")
      start.start["ResidualAddress"] = mapAddress(X);
  expectFindings(run, {{"output", "mvm::ResidualAddress",
                        "ResidualAddress stays the same from slice to slice, "
                        "but the output advances by 8192 bytes"}});
}

TEST(Checker, WeightThatAdvances) {
  Starts run = makeRun();
  int slice = 0;
  for (MarkedStart &start : run)
    if (start.name == "query" && start.layer == 0)
      start.start["WeightAddress"] += 512 * slice++;
  Checker checker(getDevice(), {});
  feed(checker, run);
  EXPECT_EQ(getFinding(checker).reg, "mvm::WeightAddress");
  EXPECT_NE(getFinding(checker).message.find("advances by 512"),
            std::string::npos);
}

TEST(Checker, SlicesWithGaps) {
  Starts run = makeRun();
  for (MarkedStart &start : run)
    if (start.name == "query" &&
        start.start["OutputAddress"] != mapAddress(Q)) {
      start.start["OutputAddress"] += 64;
      start.start["InputAddress"] += 64;
    }
  Checker checker(getDevice(), {});
  feed(checker, run);
  EXPECT_EQ(getFinding(checker).reg, "mvm::OutputAddress");
  EXPECT_EQ(getFinding(checker).message,
            "the output advances by 8256 bytes from slice to slice, but the "
            "last one wrote 128 tokens of 64 bytes");
}

TEST(Checker, OpsThatRunTwice) {
  for (const char *name : {"append_keys", "norm", "rope_query"}) {
    Starts run = makeRun();
    const MarkedStart start = find(run, name);
    const auto place = llvm::find_if(run, [&](const MarkedStart &other) {
      return other.layer == 0 && other.name == name;
    });
    run.insert(place, start);
    const RegisterTable &table =
        getDevice().getTask(start.start.kind)->registers;
    expectFindings(run, {{name, table.getName().str() + "::Opcode",
                          "the task runs a second time with the same "
                          "operands"}});
  }
}

TEST(Checker, SecondAppendThatDoesNotGoOn) {
  Starts run = makeRun();
  MarkedStart second = find(run, "append_keys");
  second.start["InputAddress"] += 64;
  run.insert(
      llvm::find_if(
          run, [](const MarkedStart &start) { return start.name == "scores"; }),
      second);
  Checker checker(getDevice(), {});
  feed(checker, run);
  EXPECT_EQ(getFinding(checker).reg, "dat2hbm::Past");
  EXPECT_EQ(getFinding(checker).message,
            "Past is 77, not 377: the tokens in the KV cache before the call, "
            "and the 300 of starts before this one");
}

TEST(Checker, MissingSlice) {
  Starts run = makeRun();
  auto last = llvm::find_if(run, [](const MarkedStart &start) {
    return start.name == "key" && start.start.values.at("InputWidth") == 44;
  });
  run.erase(last);
  expectFindings(run, {{"rope_key", "pos_emb::InputAddress",
                        "of which key of layer 0 wrote only"}});
}

TEST(Checker, OpThatWritesWhatItReads) {
  Starts run = {{0, "norm", norm()}};
  run[0].start["OutputAddress"] = run[0].start["InputAddress"] + 2457600 - 64;
  expectFindings(run, {{"norm", "norm::InputAddress",
                        "overwrites bytes [3506112, 3506176) of this operand "
                        "through norm::OutputAddress"}});
  run[0].start["OutputAddress"] += 64;
  expectFindings(run, {});
}

//===----------------------------------------------------------------------===//
// Maps
//===----------------------------------------------------------------------===//

TEST(Checker, MapsThatOverlapByOnePixel) {
  // The keys are written while the queries wait for the rotary embedding's
  // result to be used by scores.
  Starts run = makeRun();
  const uint32_t keys = mapAddress(QRoped) + 2457600;
  auto place = [&](uint32_t address) {
    uint32_t token = 0;
    for (MarkedStart &start : run) {
      if (start.name == "key" && start.layer == 0) {
        start.start["OutputAddress"] = address + 64 * token;
        token += start.start["OutputWidth"];
      }
      if (start.name == "rope_key" && start.layer == 0)
        start.start["InputAddress"] = address;
    }
  };
  place(keys);
  expectFindings(run, {});
  place(keys - 64);
  expectFindings(
      run, {{"key", "mvm::OutputAddress",
             "which rope_query of layer 0 wrote and no task has read"},
            {"scores", "trp_mvm::InputAddress",
             "of rope_query of layer 0, of which key of layer 0 overwrote "
             "bytes [44400576, 44400640)"}});
}

TEST(Checker, InputThatIsOverwritten) {
  Starts run = makeRun();
  const uint32_t at = mapAddress(X) + 2457600 - 64;
  uint32_t token = 0;
  for (MarkedStart &start : run) {
    if (start.name == "key" && start.layer == 0) {
      start.start["OutputAddress"] = at + 64 * token;
      token += start.start["OutputWidth"];
    }
    if (start.name == "rope_key" && start.layer == 0)
      start.start["InputAddress"] = at;
  }
  std::vector<PlanRegion> plan = makePlan();
  for (PlanRegion &region : plan)
    if (region.name == "x")
      region.end = mapAddress(X + 1);
  Checker checker(getDevice(), plan);
  feed(checker, run);
  expectFindings(checker, {{"output", "mvm::ResidualAddress",
                            "of the call's input, of which key of layer 0 "
                            "overwrote"}});
}

TEST(Checker, MapThatNobodyWrote) {
  Starts run = makeRun();
  for (MarkedStart &start : run)
    if (start.name == "rope_key" && start.layer == 0)
      start.start["InputAddress"] = mapAddress(P + 1);
  std::vector<PlanRegion> plan = makePlan();
  plan.push_back(
      {"other", "DDR", mapAddress(P + 1), mapAddress(P + 2), 0, 0, "buffer"});
  Checker checker(getDevice(), plan);
  feed(checker, run);
  expectFindings(checker, {{"rope_key", "pos_emb::InputAddress",
                            "which no task wrote and which are no input"},
                           {"value", "mvm::OutputAddress",
                            "key of layer 0 wrote and no task has read"}});
  EXPECT_EQ(getFinding(checker).buffer, "other");
  EXPECT_EQ(getFinding(checker, 1).buffer, "k");
}

TEST(Checker, MapOfAnotherRun) {
  Checker checker(getDevice(), makePlan());
  Starts run = makeRun();
  feed(checker, run);
  run.erase(run.begin());
  feed(checker, run);
  expectFindings(checker,
                 {{"query", "mvm::InputAddress", "which no task wrote"},
                  {"key", "mvm::InputAddress", "no task wrote"},
                  {"value", "mvm::InputAddress", "no task wrote"}});
}

TEST(Checker, OpsInSeveralGroups) {
  // Two norms, half of the tokens at a time, and one of all tokens.
  Starts run;
  for (uint32_t token : {0, 150}) {
    Start half = norm();
    half["Width"] = half["Pixels"] = 150;
    half["InputAddress"] = mapAddress(X) + 64 * token;
    half["OutputAddress"] = mapAddress(Normed) + 64 * token;
    run.push_back({0, "first", half});
    half["InputAddress"] = mapAddress(Normed) + 64 * token;
    half["OutputAddress"] = mapAddress(Q) + 64 * token;
    run.push_back({0, "second", half});
  }
  Start whole = norm();
  whole["InputAddress"] = mapAddress(Q);
  whole["OutputAddress"] = mapAddress(K);
  run.push_back({0, "third", whole});
  expectFindings(run, {});
  // The second half of the second norm is missing.
  run.erase(run.begin() + 3);
  expectFindings(run, {{"third", "norm::InputAddress",
                        "of which second of layer 0 wrote only"}});
}

//===----------------------------------------------------------------------===//
// Parameters and caches
//===----------------------------------------------------------------------===//

TEST(Checker, ParameterOverwritten) {
  Starts run = makeRun();
  // After it was read: norm2 of layer 0 writes over the norm weight.
  find(run, "norm2", 1).start["OutputAddress"] = 0x100000 + normBytes;
  expectFindings(run, {{"norm2", "norm::WeightAddress", "overwrites"},
                       {"norm2", "norm::OutputAddress", "hold a parameter"}});
  // Before it is read.
  run = makeRun();
  find(run, "norm", 1).start["WeightAddress"] = mapAddress(P);
  expectFindings(
      run, {{"norm", "norm::WeightAddress", "of the parameter hold a map"},
            {"softmax", "softmax::OutputAddress", "hold a parameter"}});
}

TEST(Checker, ParameterOverwrittenInAnotherRun) {
  Checker checker(getDevice(), {});
  Starts run = {{0, "norm", norm()}};
  feed(checker, run);
  run[0].start["WeightAddress"] = run[0].start["OutputAddress"];
  run[0].start["OutputAddress"] = 0x8000000;
  feed(checker, run);
  expectFindings(checker, {{"norm", "norm::WeightAddress",
                            "of the parameter hold a map"}});
}

TEST(Checker, ParametersOverlap) {
  Starts run = makeRun();
  for (MarkedStart &start : run)
    if (start.name == "value" && start.layer == 0)
      start.start["WeightAddress"] = 0x80000 + 16384;
  expectFindings(run, {{"value", "mvm::WeightAddress",
                        "of the parameter are part of one of key"}});
}

TEST(Checker, CacheOfAnotherLayer) {
  Starts run = makeRun();
  find(run, "append_keys", 1).start["CacheAddress"] = cacheBegin;
  Checker checker(getDevice(), {});
  feed(checker, run);
  EXPECT_EQ(getFinding(checker).task, "append_keys");
  EXPECT_EQ(getFinding(checker).message, "the KV cache is the one of layer 0");
}

TEST(Checker, CachesOverlap) {
  Starts run = makeRun();
  auto &append = find(run, "append_values").start;
  append["CacheAddress"] -= 512;
  expectFindings(
      run, {{"append_values", "dat2hbm::CacheAddress",
             "bytes [134249984, 134282752) of the KV cache overlap another "
             "one, bytes [134217728, 134250496), of layer 0"}});
}

TEST(Checker, CacheOverWeight) {
  Starts run = makeRun();
  for (MarkedStart &start : run)
    if (start.layer == 0 && start.start.values.count("CacheAddress") &&
        start.start["CacheAddress"] == cacheBegin)
      start.start["CacheAddress"] = 0x80000 + 16896 - 512;
  expectFindings(run,
                 {{"append_keys", "dat2hbm::CacheAddress",
                   "bytes [540672, 541184) of the operand hold a "
                   "parameter"},
                  {"scores", "trp_mvm::CacheAddress", "hold a parameter"}});
}

TEST(Checker, KeysAndValuesInOneCache) {
  Starts run = makeRun();
  for (MarkedStart &start : run)
    if (start.layer == 0 && start.start.values.count("CacheAddress"))
      start.start["CacheAddress"] = cacheBegin;
  expectFindings(run, {{"append_values", "dat2hbm::CacheAddress",
                        "append_keys of layer 0 appends to this KV cache too"},
                       {"values", "f2w_mvm::CacheAddress",
                        "scores of layer 0 reads it as trp_mvm"}});
}

TEST(Checker, CacheReadBeforeItIsAppended) {
  Starts run = makeRun();
  auto append = llvm::find_if(run, [](const MarkedStart &start) {
    return start.name == "append_values";
  });
  auto output = llvm::find_if(
      run, [](const MarkedStart &start) { return start.name == "output"; });
  std::rotate(append, append + 1, output);
  expectFindings(run, {{"append_values", "dat2hbm::CacheAddress",
                        "values of layer 0 has read this KV cache before"}});
}

TEST(Checker, EmptyCache) {
  Starts all = makeRun();
  Starts run = {find(all, "scores")};
  MarkedStart first = run[0];
  first.start["Columns"] = 300;
  first.start["OutputHead"] = 10 * 19200;
  Checker checker(getDevice(), {});
  feed(checker, all);
  feed(checker, {first}, /*past=*/0);
  expectFindings(checker, {{"scores", "trp_mvm::CacheAddress",
                            "reads an empty KV cache"}});
  expectFindings(run, {});
  expectFindings(
      {first}, {{"scores", "trp_mvm::CacheAddress", "reads an empty KV cache"}},
      /*past=*/0);
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

TEST(Checker, OperandLargerThanThePlan) {
  std::vector<PlanRegion> plan = makePlan();
  for (PlanRegion &region : plan)
    if (region.name == "q")
      region.end = region.begin + 2457600 - 64;
  Checker checker(getDevice(), plan);
  feed(checker, makeRun());
  const Finding finding = getFinding(checker);
  EXPECT_EQ(finding.task, "query");
  EXPECT_EQ(finding.buffer, "q");
  EXPECT_NE(finding.message.find("is 64 bytes larger than the plan"),
            std::string::npos);
}

TEST(Checker, OperandOfAnotherLayer) {
  Starts run = makeRun();
  find(run, "norm", 1).start["WeightAddress"] -= normBytes;
  Checker checker(getDevice(), makePlan());
  feed(checker, run);
  expectFindings(checker,
                 {{"norm", "norm::WeightAddress", "belongs to layer 0"}});
  EXPECT_EQ(getFinding(checker).buffer, "norm_weight[0]");
  EXPECT_EQ(getFinding(checker).layer, 1);
}

TEST(Checker, OperandOutsideThePlan) {
  std::vector<PlanRegion> plan = makePlan();
  llvm::erase_if(plan, [](const PlanRegion &region) {
    return region.name == "rope_table";
  });
  Checker checker(getDevice(), plan);
  feed(checker, makeRun());
  expectFindings(checker, {{"rope_query", "pos_emb::TableAddress",
                            "lies in no parameter of the plan"},
                           {"rope_key", "pos_emb::TableAddress",
                            "lies in no parameter of the plan"}});
}

TEST(Checker, ParameterThatNobodyReads) {
  std::vector<PlanRegion> plan = makePlan();
  plan.push_back({"unread", "DDR", 0x200000, 0x200040, 0x1000, 3, "parameter"});
  // Layer 2 does not run.
  for (bool onlySomeLayers : {false, true}) {
    Checker checker(getDevice(), plan);
    feed(checker, makeRun(), /*past=*/77, onlySomeLayers);
    ASSERT_EQ(checker.getFindings().size(), 1u);
    EXPECT_EQ(checker.getFindings()[0].message, "no task reads this parameter");
    EXPECT_EQ(checker.getFindings()[0].buffer, "unread[0]");
    EXPECT_EQ(checker.getFindings()[0].count, onlySomeLayers ? 2u : 3u);
  }
}

} // namespace
