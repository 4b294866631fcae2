//===- PlanTextTest.cpp - Tests of changing plan.json ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanText.h"

#include "gtest/gtest.h"

using namespace dlavm;

TEST(PlanText, AppendedMembersGoWithoutTrace) {
  for (const char *text :
       {"{\n  \"a\": 1\n}\n", "{\n  \"a\": [\n    {\"packed\": 2}\n  ]\n}\n",
        "{\n  \"a\": \"}, \\\"packed\\\": \\\\\", \"b\": {\"c\": []}\n}\n"}) {
    EXPECT_EQ(removeMember(text, "packed"), text);
    for (const char *value :
         {"7", "{\"files\": [{\"path\": \"a,}]\"}]}", "\"\""}) {
      const std::string longer = appendMember(text, "packed", value);
      EXPECT_NE(longer, text);
      EXPECT_EQ(removeMember(longer, "packed"), text) << longer;
    }
  }
}

TEST(PlanText, RemovesMembersAnywhere) {
  EXPECT_EQ(removeMember(R"({"packed": {"a": [1, 2]}, "b": 3})", "packed"),
            R"({ "b": 3})");
  EXPECT_EQ(removeMember(R"({"a": 1, "packed": [{}], "b": 3})", "packed"),
            R"({"a": 1, "b": 3})");
  EXPECT_EQ(removeMember(R"({"a": 1, "packed": "x"})", "packed"),
            R"({"a": 1})");
  EXPECT_EQ(removeMember(R"({"packed": 1})", "packed"), "{}");
  EXPECT_EQ(removeMember("{}", "packed"), "{}");
}

TEST(PlanText, Appends) {
  EXPECT_EQ(appendMember("{\n  \"a\": {}\n}\n", "packed", "{\"b\":1}"),
            "{\n  \"a\": {},\n  \"packed\": {\"b\":1}\n}\n");
}
