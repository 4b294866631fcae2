//===- BufferFileTest.cpp - Tests of files of buffers ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/MemoryPlan/BufferFile.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace llvm;

namespace {

const std::string kHeader = "id,lower,upper,size\n";

std::string getError(const std::string &text) {
  Expected<BufferFile> file = parseBufferFile(text);
  return file ? "none" : toString(file.takeError());
}

TEST(BufferFileTest, ReadsBuffers) {
  for (const char *end : {"", "\n", "\r\n", "\n\n"}) {
    Expected<BufferFile> file = parseBufferFile(
        "id,lower,upper,size\r\nfirst,-3,4,0\r\n7,0,9223372036854775807,12" +
        std::string(end));
    ASSERT_TRUE(bool(file)) << toString(file.takeError());
    EXPECT_EQ(file->ids, (std::vector<std::string>{"first", "7"}));
    ASSERT_EQ(file->buffers.size(), 2u);
    EXPECT_EQ(file->buffers[0].live[0].lower, -3);
    EXPECT_EQ(file->buffers[0].live[0].upper, 4);
    EXPECT_EQ(file->buffers[0].size, 0);
    EXPECT_EQ(file->buffers[1].live[0].upper,
              std::numeric_limits<int64_t>::max());
    EXPECT_EQ(file->buffers[1].size, 12);
    EXPECT_EQ(file->buffers[1].alignment, 1);
  }
}

TEST(BufferFileTest, SaysWhereTheHeaderIsWrong) {
  const std::string none = "1:1: there is no buffer in the file; it must have "
                           "a line 'id,lower,upper,size' and then one for each "
                           "buffer";
  EXPECT_EQ(getError(""), none);
  EXPECT_EQ(getError("\n\r\n"), none);
  EXPECT_EQ(getError(kHeader), none);
  EXPECT_EQ(getError("0,1,2,3\n"),
            "1:1: the first line must be 'id,lower,upper,size', found "
            "'0,1,2,3'");
  EXPECT_EQ(getError("\n" + kHeader + "0,1,2,3\n"),
            "1:1: the first line must be 'id,lower,upper,size', found ''");
  EXPECT_EQ(
      getError(std::string(50, '\1')),
      "1:1: the first line must be 'id,lower,upper,size', found '" +
          [] {
            std::string text;
            for (int i = 0; i < 40; ++i)
              text += "\\01";
            return text;
          }() +
          "...'");
}

TEST(BufferFileTest, SaysWhereALineIsWrong) {
  EXPECT_EQ(getError(kHeader + "a,0,1,2\nb,0,1\n"),
            "3:6: a line must have 4 fields, id,lower,upper,size, found 3");
  EXPECT_EQ(getError(kHeader + "a,0,1,2,3\n"),
            "2:9: a line must have 4 fields, id,lower,upper,size, found 5");
  EXPECT_EQ(getError(kHeader + "a,0,1,2\n\nb,0,1,2\n"),
            "3:1: a line must have 4 fields, id,lower,upper,size, found 1");
  EXPECT_EQ(getError(kHeader + ",0,1,2\n"),
            "2:1: the id must be printable characters without quotes, found "
            "''");
  EXPECT_EQ(getError(kHeader + "\"a\",0,1,2\n"),
            "2:1: the id must be printable characters without quotes, found "
            "'\\22a\\22'");
  EXPECT_EQ(getError(kHeader + "a,x,1,2\n"),
            "2:3: lower must be an integer of 64 bits, found 'x'");
  EXPECT_EQ(getError(kHeader + "a,0,1.5,2\n"),
            "2:5: upper must be an integer of 64 bits, found '1.5'");
  EXPECT_EQ(getError(kHeader + "a,0,1, 2\n"),
            "2:7: size must be an integer of 64 bits, found ' 2'");
  EXPECT_EQ(getError(kHeader + "a,0,1,9223372036854775808\n"),
            "2:7: size must be an integer of 64 bits, found "
            "'9223372036854775808'");
  EXPECT_EQ(getError(kHeader + "a,0,1,-2\n"),
            "2:7: size must be at least 0 bytes, found -2");
  EXPECT_EQ(getError(kHeader + "a,7,7,2\n"),
            "2:5: upper must be more than lower, 7, as the buffer lives in "
            "[lower, upper); found 7");
  EXPECT_EQ(getError(kHeader + "a,0,1,2\nb,0,1,2\na,5,6,2\n"),
            "4:1: the id 'a' is that of line 2, too");
  EXPECT_EQ(getError(kHeader + "a,0,1,2305843009213693952\nb,5,6,1\n"),
            "3:7: the sizes up to here must be at most 2^61 bytes together, "
            "found 2305843009213693952 and 1");
}

} // namespace
