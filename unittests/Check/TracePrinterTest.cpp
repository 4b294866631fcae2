//===- TracePrinterTest.cpp - Tasks and names of registers ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TracePrinter.h"
#include "Starts.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

TEST(TaskDecoder, Tasks) {
  TaskDecoder decoder(getDevice());
  EXPECT_EQ(decoder.getTasks().size(), 10u);
  EXPECT_EQ(decoder.lookup(209, 8, {})->kind, TaskKind::Softmax);
  EXPECT_EQ(decoder.lookup(33, 799, {})->kind, TaskKind::Linear);
  EXPECT_EQ(decoder.lookup(33, 2847, {})->kind, TaskKind::Linear);
  EXPECT_EQ(decoder.lookup(73, 2, {})->kind, TaskKind::WeightCopy);
  EXPECT_EQ(decoder.lookup(209, 799, {}), nullptr);
  EXPECT_EQ(decoder.lookup(8, 8, {}), nullptr);
  EXPECT_EQ(decoder.lookup(209)->status->number, 193u);
  EXPECT_EQ(decoder.lookup(208), nullptr);
  EXPECT_EQ(decoder.lookup(142, 1, {})->written.size(), 13u);
}

TEST(TaskDecoder, Registers) {
  TaskDecoder decoder(getDevice());
  EXPECT_TRUE(decoder.isWritten(194));
  EXPECT_FALSE(decoder.isWritten(193));
  EXPECT_FALSE(decoder.isWritten(100000));
  EXPECT_TRUE(decoder.isOpcode(209));
  EXPECT_FALSE(decoder.isOpcode(208));
  EXPECT_TRUE(decoder.isReadable(40));
  EXPECT_TRUE(decoder.isReadable(193));
  EXPECT_FALSE(decoder.isReadable(41));
}

TEST(TracePrinter, Names) {
  std::string text;
  llvm::raw_string_ostream os(text);
  TracePrinter printer(getDevice(), os);
  printer.task(0, "softmax");
  printer.write(194, 1);
  printer.write(195, 4096);
  printer.write(10, 7);
  printer.write(209, 8);
  printer.poll(193, 1);
  printer.task(-1, "argmax");
  printer.write(3, 1);
  printer.write(33, 2847);
  printer.poll(1, 1);
  printer.read(40);
  printer.write(194, 0);
  printer.write(209, 3);
  printer.write(195, 4096);
  printer.endRun();
  EXPECT_EQ(os.str(), "# task 0 softmax\n"
                      "W 194 1 # softmax::Mask = Causal\n"
                      "W 195 4096 # softmax::InputAddress\n"
                      "W 10 7\n"
                      "W 209 8 # softmax::Opcode = Start\n"
                      "P 193 1 # softmax::Status\n"
                      "# task -1 argmax\n"
                      "W 3 1 # mvm::InputWidth\n"
                      "W 33 2847 # mvm::Mode = ScaleBiasArgmax\n"
                      "P 1 1 # mvm::Status\n"
                      "# R 40 mvm::Argmax\n"
                      "W 194 0\n"
                      "W 209 3\n"
                      "W 195 4096\n");
}

} // namespace
