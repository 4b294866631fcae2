//===- CheckerTest.cpp - What the checker sees of ohbm --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops whose starts share tokens, output channels and KV heads; and the
// reference traces, about which the checker has nothing to say.
//
//===----------------------------------------------------------------------===//

#include "TaskStarts.h"
#include "Traces.h"

#include "DLAVM/Check/TaskDecoder.h"

#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

std::string print(const Finding &finding) {
  return finding.reg + ": " + finding.message;
}

/// The findings of an op that is read by nobody, in a call of 300 tokens after
/// 77.
std::string check(llvm::ArrayRef<TaskStart> starts) {
  Checker checker(newest(), {});
  checker.beginRun(300, 77);
  checker.task(0, "op");
  for (const TaskStart &start : starts)
    feed(checker, newest(), start);
  checker.endRun();
  std::string findings;
  for (const Finding &finding : checker.getFindings())
    findings += print(finding) + "\n";
  return findings;
}

/// The query projection: 3 times 128 tokens and 4 times 1024 channels, as
/// section 5.2 says.
std::vector<TaskStart> query(bool keepsWeight) {
  auto make = [](uint32_t w, uint32_t c, bool isFirst, uint32_t flag) {
    TaskStart start = linearStart();
    start["InputWidth"] = start["OutputWidth"] = w < 2 ? 128 : 44;
    start["FirstChannel"] = c * 1024;
    start["InputAddress"] = kIn + 4096 * w;
    start["WeightAddress"] = kWeight + 67584 * c;
    start["OutputAddress"] = kOut + 4096 * w + 9600 * (c * 1024 / 512);
    start["ScaleBiasAddress"] = kScaleBias + 32 * (c * 1024 / 256);
    start["Flags"] = 4 + (isFirst ? 0 : flag);
    return start;
  };
  std::vector<TaskStart> starts;
  if (keepsWeight)
    for (uint32_t c = 0; c < 4; ++c)
      for (uint32_t w = 0; w < 3; ++w)
        starts.push_back(make(w, c, w == 0, 1));
  else
    for (uint32_t w = 0; w < 3; ++w)
      for (uint32_t c = 0; c < 4; ++c)
        starts.push_back(make(w, c, c == 0, 2));
  return starts;
}

/// Scores of 300 tokens after 1748: two KV heads, 2 times 256 tokens and 2
/// times 1024 keys, keys kept.
std::vector<TaskStart> longScores() {
  std::vector<TaskStart> starts;
  for (uint32_t h = 0; h < 2; ++h)
    for (uint32_t c = 0; c < 2; ++c)
      for (uint32_t w = 0; w < 2; ++w) {
        TaskStart start = scoresStart();
        start["InputWidth"] = start["OutputWidth"] = w == 0 ? 256 : 44;
        start["OutputChannels"] = 1024;
        start["FirstChannel"] = 1024 * c;
        start["InputAddress"] = kIn + 32 * 256 * w + h * 9600 * 4;
        start["CacheAddress"] = kCache + 16384 * h + 8192 * c;
        start["OutputHead"] = 4 * 9600;
        start["OutputAddress"] =
            kOut + 32 * 256 * w + 9600 * 2 * c + h * 4 * 9600 * 16;
        start["Flags"] = w == 0 ? 0 : 1;
        starts.push_back(start);
      }
  return starts;
}

/// The softmax in 128 and 172 tokens.
std::vector<TaskStart> twoSoftmaxes() {
  std::vector<TaskStart> starts = {softmaxStart().with("Width", 128),
                                   softmaxStart().with("Width", 172)};
  starts[1]["Position"] = 77 + 128;
  starts[1]["InputAddress"] += 4096;
  starts[1]["OutputAddress"] += 4096;
  return starts;
}

TEST(OHBMChecker, RightOps) {
  EXPECT_EQ(check(query(true)), "");
  EXPECT_EQ(check(query(false)), "");
  EXPECT_EQ(check(longScores()), "");
  EXPECT_EQ(check(twoSoftmaxes()), "");
}

TEST(OHBMChecker, TokensOfOneSlice) {
  std::vector<TaskStart> starts = query(false);
  starts[5]["OutputAddress"] += 32;
  EXPECT_NE(check(starts).find("mvm::OutputAddress: the output advances by "
                               "4128 bytes from slice to slice"),
            std::string::npos)
      << check(starts);
  starts = query(true);
  starts[5]["InputAddress"] -= 4096;
  EXPECT_NE(
      check(starts).find("mvm::InputAddress: InputAddress stays the same"),
      std::string::npos)
      << check(starts);
}

TEST(OHBMChecker, ReuseOfOtherOperands) {
  std::vector<TaskStart> starts = query(false);
  starts[4]["Flags"] = 6;
  EXPECT_EQ(check(starts),
            "mvm::InputAddress: the start reuses what lies at 16781312, but "
            "the one before it used what lies at 16777216\n");
  starts = query(false);
  starts[0]["Flags"] = 6;
  EXPECT_EQ(check(starts), "mvm::InputAddress: the start reuses what no start "
                           "of the op before it has read\n");
  starts = query(false);
  starts[1]["Flags"] = 5;
  EXPECT_EQ(check(starts),
            "mvm::WeightAddress: the start reuses what lies at 33622016, but "
            "the one before it used what lies at 33554432\n");
  // Other keys of the same KV head, and another KV head.
  for (int index : {2, 4}) {
    starts = longScores();
    starts[index]["Flags"] = 1;
    EXPECT_EQ(check(starts).find("trp_mvm::CacheAddress: the start reuses"), 0u)
        << check(starts);
  }
  // At the same address other channels.
  starts = query(true);
  starts[1]["OutputChannels"] = 512;
  EXPECT_EQ(check(starts).find("mvm::WeightAddress: the start reuses bytes"),
            0u)
      << check(starts);
}

TEST(OHBMChecker, MissingStarts) {
  // Some tokens of some channels.
  std::vector<TaskStart> starts = query(false);
  starts.erase(starts.begin() + 10);
  EXPECT_EQ(check(starts),
            ": some starts are missing or too many: those of output channel "
            "2048 write 256 tokens, but those of output channel 0 write 300\n");
  // All tokens of some channels.
  starts = query(true);
  starts.erase(starts.begin() + 3, starts.begin() + 6);
  EXPECT_EQ(check(starts),
            "mvm::WeightAddress: no start of the op uses bytes [33622016, "
            "33689600)\n");
  // Some keys of one KV head.
  starts = longScores();
  starts.resize(6);
  EXPECT_EQ(check(starts), ": some starts are missing: 2 KV heads with 2 "
                           "slices of output channels have only 3 together\n");
}

TEST(OHBMChecker, ChannelsThatComeTwice) {
  // The last 512 of 1024 channels are computed with the next ones too.
  std::vector<TaskStart> starts = query(true);
  for (size_t i = 3; i < 6; ++i) {
    starts[i]["FirstChannel"] = 512;
    starts[i]["WeightAddress"] = kWeight + 67584 / 2;
    starts[i]["OutputAddress"] -= 9600;
    starts[i]["ScaleBiasAddress"] -= 64;
  }
  EXPECT_EQ(check(starts),
            "mvm::WeightAddress: starts for other output channels or KV heads "
            "use bytes [33588224, 33622016) too\n"
            "mvm::WeightAddress: no start of the op uses bytes [33655808, "
            "33689600)\n");
}

TEST(OHBMChecker, KVHeadThatIsComputedTwice) {
  std::vector<TaskStart> starts = longScores();
  for (size_t i = 4; i < 8; ++i)
    starts[i]["CacheAddress"] -= 16384;
  EXPECT_NE(check(starts), "");
}

TEST(OHBMChecker, PositionsOfSlices) {
  std::vector<TaskStart> starts = twoSoftmaxes();
  starts[1]["Position"] = 77;
  EXPECT_EQ(check(starts),
            "softmax::Position: Position is 77, not 205: the tokens in the KV "
            "cache before the call, and the 128 of starts before this one\n");
}

// What addresses of absent operands and unused bits hold is seen in each start,
// however often the others were seen before.
TEST(OHBMChecker, HighAddressesAreLookedAtInEachStart) {
  std::vector<TaskStart> starts = {normStart(), normStart()};
  starts[1]["InputAddress"] += 44 * 32;
  starts[1]["OutputAddress"] += 44 * 32;
  EXPECT_EQ(check(starts), "");
  starts[1]["HighAddresses"] = 1 << 24;
  EXPECT_EQ(
      check(starts),
      "norm::HighAddresses: HighAddresses is 16777216, but has bits of no "
      "address\n");
}

//===----------------------------------------------------------------------===//
// Reference traces
//===----------------------------------------------------------------------===//

/// Gives each buffer of a trace a place of its own, with room behind what the
/// trace has of it.
std::map<std::string, int64_t> placeBuffers(llvm::ArrayRef<ReferenceTask> tasks,
                                            int64_t room) {
  std::map<std::string, int64_t> sizes, places;
  for (const ReferenceTask &task : tasks)
    for (const ReferenceTask::Write &write : task.writes)
      if (!write.buffer.empty()) {
        int64_t &size = sizes[write.buffer];
        size = std::max(size, write.value);
      }
  int64_t end = 0;
  for (const auto &[name, size] : sizes) {
    places[name] = end;
    end = llvm::alignTo(end + size + room, 4096);
  }
  return places;
}

/// Feeds a trace. It has no marks: an op ends where another task begins, or
/// another buffer is written.
void feed(Checker &checker, const DeviceInfo &device,
          llvm::ArrayRef<ReferenceTask> tasks) {
  std::map<std::string, int64_t> places = placeBuffers(
      tasks, std::min<int64_t>(device.getMapMemory().capacity / 64, 1 << 26));
  std::pair<uint32_t, std::string> last;
  int ops = 0;
  for (const ReferenceTask &task : tasks) {
    std::pair<uint32_t, std::string> op = {0, ""};
    for (const ReferenceTask::Write &write : task.writes) {
      if (write.reg == 13 || write.reg == 134)
        op.second = write.buffer;
      if (write.reg == 17 || write.reg == 145)
        op.first = write.reg * 100 + write.value;
    }
    if (op != last)
      checker.task(0, "op" + std::to_string(++ops));
    last = op;
    for (const ReferenceTask::Write &write : task.writes)
      checker.write(write.reg,
                    write.value +
                        (write.buffer.empty() ? 0 : places[write.buffer]));
    checker.poll(task.poll.first, task.poll.second);
  }
}

TEST(OHBMChecker, NothingToSayAboutReferenceTraces) {
  namespace fs = llvm::sys::fs;
  namespace path = llvm::sys::path;
  if (!hasTraces())
    GTEST_SKIP() << "there are no reference traces";
  unsigned traces = 0;
  for (const DeviceInfo &device : getDevices()) {
    std::error_code error;
    for (fs::recursive_directory_iterator
             it(getConformanceDir() + device.getName(), error),
         end;
         it != end && !error; it.increment(error)) {
      const std::string folder = path::parent_path(it->path())
                                     .substr(getConformanceDir().size())
                                     .str();
      // No product is an image, and no language model has argmax of several
      // tokens.
      if (path::extension(it->path()) != ".trace" ||
          folder.find("conv2d") != std::string::npos)
        continue;
      auto [seq, past] = path::stem(it->path()).split('_');
      const bool isArgmax = folder.find("argmax") != std::string::npos;
      if (isArgmax && seq != "1")
        continue;
      const int tokens = std::stoi(seq.str()), before = std::stoi(past.str());
      Checker checker(device, {});
      checker.beginRun(tokens, before);
      feed(checker, device, readTrace(folder, tokens, before));
      checker.endRun();
      for (const Finding &finding : checker.getFindings())
        ADD_FAILURE() << it->path() << " start " << finding.start << " "
                      << finding.task << " " << print(finding);
      ++traces;
    }
    EXPECT_FALSE(error) << device.getName() << ": " << error.message();
  }
  EXPECT_GT(traces, 100u);
}

} // namespace
