//===- CompiledDriverTest.cpp - Drivers in the process --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestDriver.h"
#include "host/Driver/DeviceKind.h"
#include "host/Driver/DriverModel.h"
#include "host/Driver/Half.h"
#include "host/Session/Session.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm::host;

namespace {

/// A device that computes what the driver for tests expects, and writes down
/// what it is told.
class TestDevice : public dlavm::Device {
public:
  uint32_t read(uint32_t) override { return token; }
  void poll(uint32_t, uint32_t) override {
    if (isBroken)
      throw dlavm::Error("the status never comes");
    uint32_t sum = registers[3];
    for (uint32_t i = 0; i < registers[2]; ++i)
      sum += memory[64 + 4 * i];
    token = sum % 5;
    for (uint32_t i = 0; i < 5; ++i) {
      const uint16_t code = i == token ? 0x3c00 : other;
      std::memcpy(memory + 128 + 2 * i, &code, 2);
    }
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    log +=
        "write " + std::to_string(address) + "+" + std::to_string(bytes) + "\n";
    if (address + bytes <= sizeof memory)
      std::memcpy(memory + address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    log +=
        "read " + std::to_string(address) + "+" + std::to_string(bytes) + "\n";
    std::memset(data, static_cast<int>(address / 256), bytes);
    if (address + bytes <= sizeof memory)
      std::memcpy(data, memory + address, bytes);
  }
  bool can_read_memory() const override { return isReadable; }
  std::string takeLog() { return std::exchange(log, ""); }

  bool isBroken = false;
  bool isReadable = true;
  /// The logits of the other tokens.
  uint16_t other = 0xc000;

protected:
  void do_write(uint32_t reg, uint32_t value) override {
    registers[reg] = value;
  }

private:
  uint32_t token = 0;
  std::map<uint32_t, uint32_t> registers;
  unsigned char memory[256] = {};
  std::string log;
};

class CompiledDriverTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    cache = new TestDirectory;
    setenv("DLAVM_DRIVER_CACHE", cache->getPath().c_str(), /*overwrite=*/1);
  }
  static void TearDownTestSuite() { delete cache; }

  static std::vector<std::string> getCached() {
    std::vector<std::string> names;
    for (const auto &entry :
         std::filesystem::directory_iterator(cache->getPath()))
      names.push_back(entry.path().string());
    return names;
  }
  static void clearCache() {
    for (const std::string &name : getCached())
      std::filesystem::remove_all(name);
  }
  /// The message of what \p function throws.
  template <typename Function> static std::string getError(Function function) {
    try {
      function();
    } catch (const dlavm::Error &error) {
      return error.what();
    }
    return "no error";
  }
  static bool contains(const std::string &text, const std::string &part) {
    if (text.find(part) != std::string::npos)
      return true;
    ADD_FAILURE() << text << "\nhas no\n" << part;
    return false;
  }

  static TestDirectory *cache;
};
TestDirectory *CompiledDriverTest::cache = nullptr;

/// Calls of one token go to the function for that, where the plan has one. That
/// of the test says so by another past.
TEST_F(CompiledDriverTest, Decodes) {
  std::string plan = kTestPlan, source = kTestDriver;
  plan.insert(plan.find("{\"name\": \"write_input\""),
              R"({"name": "decode", "kind": "decode", "channels": 0,
                  "last_token_only": true, "buffer": ""}, )");
  source.insert(source.rfind("} // namespace"), R"cpp(
inline void decode(dlavm::Device &device, int32_t past) {
  run(device, 1, past + 1);
}
)cpp");
  const TestDriverDirectory with(source, plan), without(source);
  TestDevice device;
  for (const bool decodes : {true, false}) {
    const CompiledDriver driver((decodes ? with : without).getPath());
    DriverModel model(driver, device);
    model.load();
    EXPECT_EQ(model.call({1, 2}, 0), 3);
    EXPECT_EQ(model.call({1}, 2), decodes ? 4 : 3);
    EXPECT_EQ(model.call({1}, 0), decodes ? 2 : 1);
    EXPECT_EQ(getError([&] { driver.run(device, 1, 8); }).substr(0, 18),
              "seq + past is 1 + ");
  }
}

TEST_F(CompiledDriverTest, Answers) {
  const TestDriverDirectory directory;
  const CompiledDriver driver(directory.getPath());
  TestDevice device;
  DriverModel model(driver, device);
  EXPECT_EQ(model.getMaxTokens(), 8);
  EXPECT_EQ(model.getVocabularySize(), 5);
  EXPECT_EQ(driver.getPlan().endTokens, (std::vector<int32_t>{3, 4}));
  model.load();
  EXPECT_EQ(device.takeLog(), "write 0+5\n");
  EXPECT_EQ(model.call({1, 2, 3}, 0), 1);
  EXPECT_EQ(device.takeLog(), "write 64+12\n");
  EXPECT_EQ(model.call({4}, 3), 2);
  ASSERT_TRUE(model.hasLogits());
  std::vector<float> logits;
  model.readLogits(logits);
  EXPECT_EQ(logits, (std::vector<float>{-2, -2, 1, -2, -2}));
  EXPECT_TRUE(model.hasFiniteLogits());
  // -infinity instead of -2.
  device.other = 0xfc00;
  model.call({4}, 3);
  model.readLogits(logits);
  EXPECT_FALSE(model.hasFiniteLogits());
}

TEST_F(CompiledDriverTest, MemoryThatCanOnlyBeWritten) {
  const TestDriverDirectory directory;
  const CompiledDriver driver(directory.getPath());
  TestDevice device;
  device.isReadable = false;
  DriverModel model(driver, device);
  EXPECT_EQ(model.getVocabularySize(), 5);
  EXPECT_FALSE(model.hasLogits());
  // Nobody looks at the logits of the first token, either.
  Session session(model);
  AnswerOptions options;
  options.maxNewTokens = 2;
  std::vector<int32_t> ids;
  session.answer({1, 2, 3}, options, [&](const GeneratedToken &token) {
    EXPECT_FALSE(token.logits);
    ids.push_back(token.id);
    return true;
  });
  EXPECT_EQ(ids, (std::vector<int32_t>{1, 4}));
  EXPECT_EQ(device.takeLog(), "write 64+12\nwrite 64+4\n");
  // A token that the tokenizer does not have is not replaced by another one.
  session.limitIds(1);
  session.setCached({});
  EXPECT_EQ(getError([&] {
              session.answer({1, 2, 3}, options,
                             [](const GeneratedToken &) { return true; });
            }),
            "whoever chooses another token than the device, or looks at "
            "probabilities, must have logits, but the memory of this device, "
            "where they are, can only be written; do without: the device "
            "itself chooses the token with the largest logit");
  EXPECT_EQ(getError([&] { model.readCaches([](const char *, size_t) {}); }),
            "whoever saves KV caches must read the memory of the device, but "
            "that of this one can only be written");
  EXPECT_EQ(getError([&] { model.requireReading("--cache"); }),
            "--cache must read the memory of the device, but that of this one "
            "can only be written");
  EXPECT_EQ(device.takeLog(), "write 64+12\n");
  device.isReadable = true;
  model.requireReading("--cache");
  model.requireLogits("sampling");
}

TEST_F(CompiledDriverTest, WritesTheTimesOfTasks) {
  const TestDriverDirectory directory;
  const CompiledDriver driver(directory.getPath());
  TestDevice device;
  DriverModel model(driver, device);
  const std::string path = directory.getPath() + "/times.csv";
  model.timeSteps(path);
  EXPECT_EQ(model.call({1, 2, 3}, 0), 1);
  EXPECT_EQ(model.call({4}, 3), 2);
  std::ifstream file(path);
  for (const char *begin : {"call,seq,past,layer,task,starts,",
                            "0,3,0,0,query,1,", "1,1,3,0,query,1,"}) {
    std::string line;
    std::getline(file, line);
    EXPECT_EQ(line.find(begin), 0u) << line;
  }
}

TEST_F(CompiledDriverTest, ErrorsOutliveTheDriver) {
  const TestDriverDirectory directory;
  TestDevice device;
  auto call = [&](const std::vector<int32_t> &ids, int32_t past) {
    return getError([&] {
      const CompiledDriver driver(directory.getPath());
      DriverModel(driver, device).call(ids, past);
    });
  };
  EXPECT_EQ(call({5}, 0), "no such id");
  EXPECT_EQ(call({1}, 8), "seq + past is 1 + 8 = 9, but this driver was made "
                          "for at most 8 tokens");
  device.isBroken = true;
  EXPECT_EQ(call({1}, 0), "the status never comes");
}

TEST_F(CompiledDriverTest, Caches) {
  const TestDriverDirectory directory;
  const CompiledDriver driver(directory.getPath());
  TestDevice device;
  DriverModel model(driver, device);
  EXPECT_EQ(model.getCacheBytes(), 64u);
  std::string data;
  model.readCaches(
      [&](const char *piece, size_t bytes) { data.append(piece, bytes); });
  EXPECT_EQ(device.takeLog(),
            "read 69632+16\nread 70656+16\nread 69888+16\nread 70912+16\n");
  EXPECT_EQ(data, std::string(16, static_cast<char>(272)) +
                      std::string(16, static_cast<char>(276)) +
                      std::string(16, static_cast<char>(273)) +
                      std::string(16, static_cast<char>(277)));
  size_t done = 0;
  model.writeCaches([&](char *piece, size_t bytes) {
    std::memcpy(piece, data.data() + done, bytes);
    done += bytes;
  });
  EXPECT_EQ(done, data.size());
  EXPECT_EQ(device.takeLog(),
            "write 69632+16\nwrite 70656+16\nwrite 69888+16\nwrite 70912+16\n");
}

TEST_F(CompiledDriverTest, DriversAreKept) {
  clearCache();
  // Without a compiler that can compile it is there all the same.
  const TestDirectory programs;
  programs.write("cxx", "#!/bin/sh\n"
                        "case \"$*\" in *-shared*) echo compiles >> " +
                            programs.getPath() + "/log;; esac\n" +
                            "exec c++ \"$@\"\n");
  const std::string program = programs.getPath() + "/cxx";
  chmod(program.c_str(), 0700);
  const char *before = std::getenv("CXX");
  const std::string old = before ? before : "";
  setenv("CXX", program.c_str(), 1);
  auto countCompilations = [&] {
    std::ifstream log(programs.getPath() + "/log");
    int count = 0;
    for (std::string line; std::getline(log, line);)
      ++count;
    return count;
  };
  {
    const TestDriverDirectory directory;
    CompiledDriver(directory.getPath());
  }
  EXPECT_EQ(countCompilations(), 1);
  ASSERT_EQ(getCached().size(), 1u);
  const std::string kept = getCached().front();
  {
    // Another directory, the same driver.
    const TestDriverDirectory directory;
    CompiledDriver(directory.getPath());
    EXPECT_EQ(countCompilations(), 1);
  }
  {
    const TestDriverDirectory directory(std::string(kTestDriver) +
                                        "static int more;\n");
    CompiledDriver(directory.getPath());
    EXPECT_EQ(countCompilations(), 2);
    EXPECT_EQ(getCached().size(), 2u);
  }
  {
    // What is not whole is compiled again.
    std::filesystem::resize_file(kept, std::filesystem::file_size(kept) / 2);
    const TestDriverDirectory directory;
    CompiledDriver(directory.getPath());
    EXPECT_EQ(countCompilations(), 3);
    CompiledDriver(directory.getPath());
    EXPECT_EQ(countCompilations(), 3);
  }
  {
    setenv("DLAVM_DRIVER_CACHE", "", 1);
    const TestDriverDirectory directory;
    CompiledDriver(directory.getPath());
    CompiledDriver(directory.getPath());
    EXPECT_EQ(countCompilations(), 5);
    setenv("DLAVM_DRIVER_CACHE", cache->getPath().c_str(), 1);
  }
  if (before)
    setenv("CXX", old.c_str(), 1);
  else
    unsetenv("CXX");
}

TEST_F(CompiledDriverTest, WhatWasLeftBehindIsRemoved) {
  clearCache();
  const std::string abandoned =
      cache->getPath() + "/.dlavm-temporary-abandoned";
  const std::string used = cache->getPath() + "/.dlavm-temporary-used";
  for (const std::string &path : {abandoned, used}) {
    std::filesystem::create_directory(path);
    std::ofstream(path + "/driver.so") << "half a driver";
  }
  const int lock = open(used.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(lock, LOCK_EX | LOCK_NB), 0);
  const TestDriverDirectory directory;
  CompiledDriver(directory.getPath());
  EXPECT_FALSE(std::filesystem::exists(abandoned));
  EXPECT_TRUE(std::filesystem::exists(used + "/driver.so"));
  close(lock);
  // That, and the driver.
  EXPECT_EQ(getCached().size(), 2u);
}

TEST_F(CompiledDriverTest, WhatDoesNotCompile) {
  auto load = [](const TestDirectory &directory) {
    return getError([&] { CompiledDriver driver(directory.getPath()); });
  };
  {
    const TestDriverDirectory directory("#include \"dlavm_runtime.h\"\n"
                                        "int broken = \"text\";\n");
    const std::string error = load(directory);
    contains(error,
             "the driver " + directory.getPath() + "/tiny.h does not compile:");
    contains(error, "tiny.h:2:14: error:");
  }
  {
    const TestDriverDirectory directory("#include \"missing.h\"\n");
    contains(load(directory), "missing.h");
  }
  {
    std::string other = kTestDriver;
    other.replace(other.find("0xab"), 4, "0xac");
    const TestDriverDirectory directory(other);
    EXPECT_EQ(load(directory),
              "the driver " + directory.getPath() +
                  "/tiny.h and the plan.json beside it were not made together; "
                  "compile the model again with dlavm compile");
  }
  {
    const TestDriverDirectory directory;
    std::filesystem::remove(directory.getPath() + "/tiny.h");
    EXPECT_EQ(load(directory),
              directory.getPath() +
                  "/tiny.h cannot be read: No such file or directory; compile "
                  "the model again with dlavm compile");
    // Nobody would ever write to it.
    mkfifo((directory.getPath() + "/tiny.h").c_str(), 0600);
    contains(load(directory), "is no file with the source of a driver");
  }
}

TEST_F(CompiledDriverTest, WhatIsNoModelOfTokens) {
  auto change = [](const std::string &from, const std::string &to) {
    std::string plan = kTestPlan;
    const size_t position = plan.find(from);
    EXPECT_NE(position, std::string::npos);
    return plan.replace(position, from.size(), to);
  };
  auto create = [](const std::string &plan) {
    const TestDriverDirectory directory(kTestDriver, plan);
    std::string error = getError([&] {
      const CompiledDriver driver(directory.getPath());
      TestDevice device;
      DriverModel model(driver, device);
    });
    const std::string head = "the driver in " + directory.getPath() + " ";
    return error.rfind(head, 0) == 0 ? error.substr(head.size()) : error;
  };
  EXPECT_EQ(create(kTestPlan), "no error");
  EXPECT_EQ(create(change("\"embedding\": \"words\"", "\"embedding\": \"\"")),
            "has no embedding, so it takes no token ids; compile a model that "
            "names its embedding");
  EXPECT_EQ(create(change("\"kind\": \"token\"", "\"kind\": \"output\"")),
            "yields no token; compile a model that ends in llm.argmax");
  EXPECT_EQ(create(change("\"shape\": [5, 2]", "\"shape\": [5, 3]")),
            "has no single input for the rows of its embedding");
}

TEST(PlanTest, Refused) {
  auto read = [](const std::string &from, const std::string &to) {
    std::string plan = kTestPlan;
    plan.replace(plan.find(from), from.size(), to);
    const TestDriverDirectory directory("", plan);
    try {
      Plan::read(directory.getPath());
    } catch (const dlavm::Error &error) {
      std::string text = error.what();
      const std::string path = directory.getPath() + "/";
      for (size_t at; (at = text.find(path)) != std::string::npos;)
        text.erase(at, path.size());
      return text;
    }
    return std::string("no error");
  };
  EXPECT_EQ(read("{", "{"), "no error");
  EXPECT_EQ(read("\"max_tokens\": 8", "\"max_tokens\": 0"),
            "expected an integer of 1 to 2147483647 at plan.json.max_tokens, "
            "found 0");
  EXPECT_EQ(read("\"max_tokens\": 8", "\"max_tokens\": 2147483648"),
            "expected an integer of 1 to 2147483647 at plan.json.max_tokens, "
            "found 2147483648");
  EXPECT_EQ(read("\"max_tokens\": 8", "\"max_tokens\": 1e3"),
            "expected an integer of 1 to 2147483647 at plan.json.max_tokens, "
            "found 1000.0");
  EXPECT_EQ(read("\"namespace\": \"tiny\"", "\"namespace\": \"a; int b\""),
            "expected an identifier of C++ at plan.json.namespace, found \"a; "
            "int b\"");
  EXPECT_EQ(read("\"tiny.h\"", "\"../tiny.h\""),
            "expected the name of a file beside plan.json at plan.json.driver, "
            "found \"../tiny.h\"");
  EXPECT_EQ(read("00000000000000ab", "ab"),
            "expected 16 hexadecimal digits, in lower case at "
            "plan.json.fingerprint, found \"ab\"");
  EXPECT_EQ(
      read("\"kind\": \"token\"", "\"kind\": \"tokens\""),
      "expected input, output, token or decode at plan.json.functions[2].kind, "
      "found \"tokens\"");
  EXPECT_EQ(read("[3, 4]", "[3, -4]"),
            "expected an integer of 0 to 2147483647 at "
            "plan.json.packed.end_tokens[1], found -4");
  EXPECT_EQ(read("\"ports\": 2,", ""),
            "expected the key ports in plan.json.objects[0]; compile the model "
            "again with dlavm compile");
  EXPECT_EQ(read("\"embedding\": \"words\"", "\"embedding\": \"word\""),
            "expected the name of one of the parameters at "
            "plan.json.embedding, found \"word\"");
  EXPECT_EQ(read("\"functions\": [", "\"functions\": 3, \"other\": ["),
            "expected an array at plan.json.functions, found 3");
  EXPECT_EQ(read("\"driver\": ", "\"driver\" "),
            "plan.json:2:19: syntax error while parsing object separator - "
            "unexpected string literal; expected ':'; compile the model again "
            "with dlavm compile");
  EXPECT_EQ(read("\"max_tokens\": 8", "\"max_tokens\": 1e999"),
            "plan.json: number overflow parsing '1e999'; compile the model "
            "again with dlavm compile");
}

TEST(PlanTest, MissingOrNoFile) {
  const TestDirectory directory;
  auto read = [&] {
    try {
      Plan::read(directory.getPath());
    } catch (const dlavm::Error &error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string file = directory.getPath() + "/plan.json";
  EXPECT_EQ(read(), file + " cannot be read: No such file or directory; give a "
                           "directory that dlavm compile wrote");
  mkfifo(file.c_str(), 0600);
  EXPECT_EQ(read(), file + " is no regular file; give a directory that dlavm "
                           "compile wrote");
}

TEST(DeviceKindTest, ByName) {
  std::string opened;
  auto getKind = [&](const std::string &name) {
    return DeviceKind{
        name, name + ":PATH", "a device",
        [&opened, name](const std::string &arguments, const Plan &) {
          opened = name + "(" + arguments + ")";
          return std::make_unique<dlavm::NullDevice>();
        }};
  };
  const std::vector<DeviceKind> kinds = {getKind("one"), getKind("two")};
  openDevice(kinds, "two:a:b,c", Plan());
  EXPECT_EQ(opened, "two(a:b,c)");
  openDevice(kinds, "one", Plan());
  EXPECT_EQ(opened, "one()");
  try {
    openDevice(kinds, "three:x", Plan());
    FAIL();
  } catch (const dlavm::Error &error) {
    EXPECT_STREQ(error.what(), "--on=three:x names no device of this program; "
                               "there are one:PATH, two:PATH");
  }
}

/// What an FP16 code means, by its definition.
float getValue(uint16_t code) {
  const int exponent = code >> 10 & 31;
  const double fraction = code & 1023;
  const double magnitude = exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                           : exponent == 0
                               ? std::ldexp(fraction, -24)
                               : std::ldexp(1024 + fraction, exponent - 25);
  return static_cast<float>(code & 0x8000 ? -magnitude : magnitude);
}

TEST(HalfTest, AllCodes) {
  // The last ones are none of eight that go together.
  std::vector<uint16_t> codes(65536 + 7);
  for (size_t i = 0; i < codes.size(); ++i)
    codes[i] = static_cast<uint16_t>(i * 40503);
  std::vector<float> together(codes.size()), alone(codes.size());
  EXPECT_FALSE(widenHalves(codes.data(), codes.size(), together.data()));
  for (size_t i = 0; i < codes.size(); ++i)
    EXPECT_EQ(widenHalves(&codes[i], 1, &alone[i]),
              std::isfinite(getValue(codes[i])));
  for (size_t i = 0; i < codes.size(); ++i) {
    const float expected = getValue(codes[i]);
    for (float found : {together[i], alone[i]}) {
      if (std::isnan(expected))
        ASSERT_TRUE(std::isnan(found)) << codes[i];
      else
        ASSERT_TRUE(found == expected &&
                    std::signbit(found) == std::signbit(expected))
            << codes[i] << ": " << found << " is not " << expected;
    }
  }
}

TEST(HalfTest, OneOfManyThatIsNotFinite) {
  std::vector<uint16_t> codes(19, 0xfbff);
  std::vector<float> values(codes.size());
  EXPECT_TRUE(widenHalves(codes.data(), codes.size(), values.data()));
  for (uint16_t &code : codes) {
    code = 0xfc00;
    EXPECT_FALSE(widenHalves(codes.data(), codes.size(), values.data()));
    code = 0x7bff;
  }
}

} // namespace
