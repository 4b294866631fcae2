//===- GenerationConfigTest.cpp - Tests of generation_config.json ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/GenerationConfig.h"
#include "Fakes.h"

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>

using namespace dlavm::host;

namespace {

class GenerationConfigTest : public testing::Test {
protected:
  GenerationConfigTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "generation-XXXXXX").string();
    directory = mkdtemp(name.data());
    path = directory + "/generation_config.json";
  }
  ~GenerationConfigTest() override { std::filesystem::remove_all(directory); }

  GenerationConfig read(const std::string &text,
                        const std::string &choice = "") {
    std::ofstream(path) << text;
    return GenerationConfig::read(directory, choice, otherwise);
  }
  std::string describe(const std::string &text) {
    return describeSampling(read(text).sampling);
  }
  /// What follows the name of the file.
  std::string fail(const std::string &text) {
    const std::string message = getMessage([&] { read(text); });
    return message.substr(std::min(message.size(), path.size()));
  }

  std::string directory, path;
  SamplingOptions otherwise;
};

} // namespace

TEST_F(GenerationConfigTest, WhatModelsHave) {
  // Qwen2.5's.
  const GenerationConfig qwen = read(R"({"bos_token_id": 151643,
    "pad_token_id": 151643, "do_sample": true,
    "eos_token_id": [151645, 151643], "repetition_penalty": 1.05,
    "temperature": 0.7, "top_p": 0.8, "top_k": 20,
    "transformers_version": "4.37.0"})");
  EXPECT_EQ(describeSampling(qwen.sampling),
            "temperature 0.7, top-k 20, top-p 0.8, repetition penalty 1.05");
  EXPECT_EQ(qwen.file, path);
  EXPECT_EQ(describe(R"({"temperature": 0.6})"), "temperature 0.6");
  EXPECT_EQ(describe(R"({"do_sample": true})"), "temperature 1");
  EXPECT_EQ(describe(R"({"do_sample": true, "top_k": null})"), "temperature 1");
  EXPECT_EQ(describe(R"({"top_p": 0.9})"), "temperature 1, top-p 0.9");
  EXPECT_EQ(describe(R"({"min_p": 0.1, "top_k": -1})"),
            "temperature 1, min-p 0.1");
  EXPECT_EQ(describe(R"({"temperature": 0.9, "do_sample": false})"), "greedy");
  EXPECT_EQ(describe(R"({"repetition_penalty": 1.1})"),
            "greedy, repetition penalty 1.1");
}

TEST_F(GenerationConfigTest, WhatSaysNothing) {
  EXPECT_EQ(GenerationConfig::read(directory, "", otherwise).file, "");
  EXPECT_EQ(read(R"({"eos_token_id": 2})").file, "");
  EXPECT_EQ(describe(R"({"eos_token_id": 2})"), "greedy");
  // What is there otherwise remains.
  otherwise.temperature = 1;
  EXPECT_EQ(describe(R"({"eos_token_id": 2})"), "temperature 1");
  EXPECT_EQ(read(R"({"temperature": 1.0})").file, "");
  EXPECT_EQ(describe(R"({"do_sample": false})"), "greedy");
}

TEST_F(GenerationConfigTest, Choices) {
  const std::string text = R"({"temperature": 0.5})";
  EXPECT_EQ(read(text, "none").file, "");
  EXPECT_EQ(describeSampling(read(text, "none").sampling), "greedy");
  const std::string other = directory + "/other.json";
  EXPECT_EQ(getMessage([&] { read(text, other); }),
            other + " cannot be read: No such file or directory");
  std::ofstream(other) << R"({"temperature": 2})";
  EXPECT_EQ(describeSampling(read(text, other).sampling), "temperature 2");
  EXPECT_EQ(read(text, other).file, other);
}

TEST_F(GenerationConfigTest, WhatIsMalformed) {
  EXPECT_EQ(fail("[]"), ": expected an object, found an array");
  EXPECT_EQ(fail("{").substr(0, 19), ":1:2: syntax error ");
  EXPECT_EQ(fail(R"({"temperature": "warm"})"),
            ": temperature: expected a number, found \"warm\"");
  EXPECT_EQ(fail(R"({"do_sample": 1})"),
            ": do_sample: expected true or false, found 1");
  EXPECT_EQ(fail(R"({"top_k": 0.5})"),
            ": top_k: expected a whole number from 0 to 2147483646, found 0.5");
  EXPECT_EQ(fail(R"({"top_p": 1.5})"), ": top-p is 1.5, but must be 0 to 1");
  EXPECT_EQ(fail(R"({"temperature": -1})"),
            ": temperature is -1, but must be 0 to 1000");
  EXPECT_EQ(fail(R"({"temperature": 1e999})"),
            ": number overflow parsing '1e999'");
}
