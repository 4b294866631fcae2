//===- RequestFramerTest.cpp - Where HTTP requests end --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/RequestFramer.h"

#include <gtest/gtest.h>

using namespace dlavm::host;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

RequestFramer::Limits smallLimits() {
  RequestFramer::Limits limits;
  limits.headBytes = 200;
  limits.targetBytes = 60;
  limits.bodyBytes = 20;
  return limits;
}

int statusOf(const std::string &bytes) {
  RequestFramer framer(smallLimits());
  framer.add(bytes);
  return framer.getFailure() ? framer.getFailure()->status : 0;
}

TEST(RequestFramer, TakesRequestsByteByByte) {
  const std::string text =
      "\r\n" + get +
      "POST /a HTTP/1.1\r\nContent-length: 5 \r\n\r\nabcde"
      "POST /b HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n" +
      get;
  std::vector<std::string> heads, bodies;
  RequestFramer framer(smallLimits());
  for (char c : text) {
    framer.add({&c, 1});
    ASSERT_FALSE(framer.getFailure()) << framer.getFailure()->message;
    while (framer.isComplete()) {
      heads.push_back(framer.getHead());
      bodies.push_back(framer.getBody());
      framer.drop();
    }
  }
  EXPECT_FALSE(framer.hasBegun());
  EXPECT_EQ(bodies,
            (std::vector<std::string>{"", "abcde", "abc0123456789", ""}));
  ASSERT_EQ(heads.size(), 4u);
  EXPECT_EQ(heads[0], get);
  EXPECT_EQ(heads[1], "POST /a HTTP/1.1\r\nContent-length: 5 \r\n\r\n");
  EXPECT_EQ(heads[3], get);
}

TEST(RequestFramer, TakesRequestsThatComeTogether) {
  RequestFramer framer(smallLimits());
  framer.add(get + get);
  EXPECT_TRUE(framer.isComplete());
  framer.drop();
  EXPECT_TRUE(framer.isComplete());
  framer.drop();
  EXPECT_FALSE(framer.isComplete());
}

TEST(RequestFramer, TakesSmallChunksInTimeThatGrowsWithThem) {
  RequestFramer framer(RequestFramer::Limits{});
  const size_t count = 1 << 20;
  std::string text = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t i = 0; i < count; ++i)
    text += "1\r\na\r\n";
  framer.add(text + "0\r\n\r\n");
  ASSERT_TRUE(framer.isComplete());
  EXPECT_EQ(framer.getBody().size(), count);
}

TEST(RequestFramer, AsksForTheBodyOnce) {
  RequestFramer framer(smallLimits());
  framer.add(
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_TRUE(framer.takeContinue());
  EXPECT_FALSE(framer.takeContinue());
  framer.add("ab");
  ASSERT_TRUE(framer.isComplete());
  // The parser behind would ask again.
  EXPECT_EQ(framer.getHead(), "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n");
}

TEST(RequestFramer, RefusesWhatIsTooLong) {
  EXPECT_EQ(statusOf("GET /" + std::string(100, 'a')), 414);
  EXPECT_EQ(statusOf("GET / HTTP/1.1\r\nA: " + std::string(200, 'a')), 431);
  EXPECT_EQ(statusOf("POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n"), 0);
  EXPECT_EQ(statusOf("POST / HTTP/1.1\r\nContent-Length: 21\r\n\r\n"), 413);
  EXPECT_EQ(
      statusOf(
          "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
      413);
  const std::string chunked =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(statusOf(chunked + "14\r\n"), 0);
  EXPECT_EQ(statusOf(chunked + "15\r\n"), 413);
  EXPECT_EQ(statusOf(chunked + "A\r\n0123456789\r\nB\r\n"), 413);
  EXPECT_EQ(statusOf(chunked + std::string(100, '0')), 400);
  EXPECT_EQ(statusOf(chunked + "0\r\n" + std::string(201, 'a')), 431);
}

TEST(RequestFramer, RefusesWhatCanBeReadInTwoWays) {
  const std::string post = "POST / HTTP/1.1\r\n";
  EXPECT_EQ(statusOf("\x16\x03\x01"), 400);
  EXPECT_EQ(statusOf(post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
            400);
  EXPECT_EQ(statusOf(post + "Content-Length: +1\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + "Content-Length: 1,1\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + "Content-Length:\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + "Content-Length : 1\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + " folded: 1\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + ": 1\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + "no colon\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + "A: b\nC: d\r\n\r\n"), 400);
  EXPECT_EQ(statusOf(post + std::string("A: \0\r\n\r\n", 8)), 400);
  EXPECT_EQ(statusOf(post + "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
  EXPECT_EQ(statusOf(post +
                     "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
            400);
  EXPECT_EQ(statusOf(post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"),
            400);
  EXPECT_EQ(statusOf(post + "Transfer-Encoding: chunked\r\n\r\nx\r\n"), 400);
  EXPECT_EQ(statusOf(post + "Expect: more\r\n\r\n"), 417);
}

} // namespace
