//===- DecodeComparisonTest.cpp - Whether decode does what run does -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/DecodeComparison.h"
#include "Starts.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

using Play = std::function<void(EventSink &sink)>;

constexpr uint32_t normStatus = 193, normOpcode = 209;

/// Writes the registers of a start, all but one, and starts it.
void playStart(EventSink &sink, const Start &values,
               llvm::StringRef without = "") {
  for (const Register &reg :
       getDevice().getTask(values.kind)->registers.getRegisters()) {
    auto it = values.values.find(reg.name);
    if (it != values.values.end() && reg.name != without)
      sink.write(reg.number, it->second);
  }
}

void playNorm(EventSink &sink) {
  sink.task(0, "norm");
  playStart(sink, test::norm());
  sink.poll(normStatus, 1);
}

/// What is found, in one line each.
std::string compareCalls(const Play &run, const Play &decode) {
  DecodeComparison comparison(getDevice());
  run(comparison.beginRun());
  decode(comparison.beginDecode());
  comparison.end(/*past=*/7);
  std::string text;
  for (const Finding &finding : comparison.getFindings()) {
    EXPECT_EQ(finding.seq, 1);
    EXPECT_EQ(finding.past, 7);
    text += finding.task + " " + std::to_string(finding.start) + " " +
            finding.reg + ": " + finding.message + "\n";
  }
  return text;
}

} // namespace

TEST(DecodeComparison, SameStarts) {
  EXPECT_EQ(compareCalls(playNorm, playNorm), "");
  EXPECT_EQ(compareCalls([](EventSink &) {}, [](EventSink &) {}), "");
}

TEST(DecodeComparison, OnlyValuesAtTheStartCount) {
  const Play twice = [](EventSink &sink) {
    playNorm(sink);
    playNorm(sink);
  };
  const Play once = [](EventSink &sink) {
    playNorm(sink);
    sink.task(0, "norm");
    sink.write(normOpcode, 32);
    sink.poll(normStatus, 1);
  };
  EXPECT_EQ(compareCalls(twice, once), "");
  const Play wrongBefore = [](EventSink &sink) {
    sink.task(0, "norm");
    sink.write(195, 4711);
    playStart(sink, test::norm());
    sink.poll(normStatus, 1);
  };
  EXPECT_EQ(compareCalls(playNorm, wrongBefore), "");
}

TEST(DecodeComparison, RegistersDiffer) {
  EXPECT_EQ(compareCalls(playNorm,
                         [](EventSink &sink) {
                           sink.task(0, "norm");
                           playStart(sink, test::norm().with("Rows", 2));
                           sink.poll(normStatus, 1);
                         }),
            "norm 0 norm::Rows: Rows is 2 in decode, but 1 in run\n");
}

/// What a register held before the call is right by luck.
TEST(DecodeComparison, UnknownRegisters) {
  const Play missing = [](EventSink &sink) {
    sink.task(0, "norm");
    playStart(sink, test::norm(), "Rows");
    sink.poll(normStatus, 1);
  };
  EXPECT_EQ(compareCalls(playNorm, missing),
            "norm 0 norm::Rows: Rows is unknown in decode, but 1 in run\n");
  EXPECT_EQ(compareCalls(missing, playNorm),
            "norm 0 norm::Rows: Rows is 1 in decode, but unknown in run\n");
  // In each call anew.
  DecodeComparison comparison(getDevice());
  playNorm(comparison.beginRun());
  playNorm(comparison.beginDecode());
  comparison.end(0);
  playNorm(comparison.beginRun());
  missing(comparison.beginDecode());
  comparison.end(1);
  EXPECT_EQ(comparison.getFindings().size(), 1u);
}

TEST(DecodeComparison, OtherEvents) {
  const Play otherPoll = [](EventSink &sink) {
    sink.task(0, "norm");
    playStart(sink, test::norm());
    sink.poll(normStatus, 0);
  };
  EXPECT_EQ(compareCalls(playNorm, otherPoll),
            "norm 1 : decode polls register 193 for 0 where run polls register "
            "193 for 1\n");
  const Play otherLayer = [](EventSink &sink) {
    sink.task(1, "norm");
    playStart(sink, test::norm());
  };
  EXPECT_EQ(compareCalls(playNorm, otherLayer),
            " 0 : decode comes to norm of layer 1 where run comes to norm of "
            "layer 0\n");
  const Play otherTask = [](EventSink &sink) {
    sink.task(0, "norm");
    playStart(sink, rope());
  };
  EXPECT_EQ(compareCalls(playNorm, otherTask),
            "norm 0 : decode starts pos_emb where run starts norm\n");
  const Play noOpcode = [](EventSink &sink) {
    sink.task(0, "norm");
    playStart(sink, test::norm().with("Opcode", 33));
  };
  EXPECT_EQ(compareCalls(playNorm, noOpcode),
            "norm 0 : decode writes 33 to register 209 where run starts "
            "norm\n");
}

TEST(DecodeComparison, Ends) {
  const Play noPoll = [](EventSink &sink) {
    sink.task(0, "norm");
    playStart(sink, test::norm());
  };
  EXPECT_EQ(compareCalls(playNorm, noPoll),
            "norm 1 : decode ends where run polls register 193 for 1\n");
  const Play reads = [](EventSink &sink) {
    playNorm(sink);
    sink.read(40);
  };
  EXPECT_EQ(compareCalls(playNorm, reads),
            "norm 1 : decode reads register 40 where run ends\n");
}
