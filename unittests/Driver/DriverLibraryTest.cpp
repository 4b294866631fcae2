//===- DriverLibraryTest.cpp - Calls of compiled driver source ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverLibrary.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <unistd.h>

using namespace dlavm;

namespace {

const char *const header = R"cpp(
#include "dlavm_runtime.h"
namespace tiny {
inline void run(dlavm::Device &device, int32_t seq, int32_t past) {
  dlavm::check_call(seq, past, 8);
  device.task(3, "query");
  device.write(5, seq);
  // After four tokens it takes 90000 accesses, and after three it does not come
  // to an end.
  int32_t rest = past == 4 ? 90000 : 1;
  do
    device.poll(1, 1);
  while (past == 3 || --rest > 0);
}
inline void load_parameters(dlavm::Device &device,
                            const dlavm::String &directory) {
  if (directory.size() == 0)
    throw dlavm::Error("no directory");
  device.dma_write(4096, directory.c_str(), directory.size());
}
inline void write_input0(dlavm::Device &device, const uint16_t *rows,
                         int32_t seq) {
  dlavm::check_call(seq, 0, 8);
  device.dma_write(100, rows, 4 * static_cast<size_t>(seq));
}
inline void write_input1(dlavm::Device &device, const uint16_t *rows,
                         int32_t seq) {
  dlavm::check_call(seq, 0, 8);
  device.dma_write(200, rows, 2 * static_cast<size_t>(seq));
}
inline int32_t read_token(dlavm::Device &device) {
  return static_cast<int32_t>(device.read(40));
}
inline std::vector<uint16_t> read_logits(dlavm::Device &device) {
  std::vector<uint16_t> rows(3);
  device.dma_read(300, rows.data(), 6);
  return rows;
}
inline std::vector<uint16_t> read_output(dlavm::Device &device, int32_t seq) {
  dlavm::check_call(seq, 0, 8);
  std::vector<uint16_t> rows(2 * static_cast<size_t>(seq));
  device.dma_read(400, rows.data(), 2 * rows.size());
  return rows;
}
inline std::vector<uint16_t>
read_embeddings(const dlavm::String &directory,
                const std::vector<int32_t> &ids) {
  std::vector<uint16_t> rows;
  for (int32_t id : ids) {
    rows.push_back(static_cast<uint16_t>(id));
    rows.push_back(static_cast<uint16_t>(directory.size()));
  }
  return rows;
}
} // namespace tiny
)cpp";

/// Writes events down; memory counts up from the address, registers read their
/// number.
class Recorder : public EventSink {
public:
  void task(int32_t layer, llvm::StringRef name) override {
    text += ("task " + llvm::Twine(layer) + " " + name + "\n").str();
  }
  void write(uint32_t reg, uint32_t value) override {
    text += ("W " + llvm::Twine(reg) + " " + llvm::Twine(value) + "\n").str();
  }
  void poll(uint32_t reg, uint32_t value) override {
    text += ("P " + llvm::Twine(reg) + " " + llvm::Twine(value) + "\n").str();
  }
  uint32_t read(uint32_t reg) override { return 1000 + reg; }
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override {
    text += ("D " + llvm::Twine(address)).str();
    for (uint8_t byte : bytes)
      text += (" " + llvm::Twine(static_cast<unsigned>(byte))).str();
    text += "\n";
  }
  void dmaRead(uint64_t address,
               llvm::MutableArrayRef<uint8_t> bytes) override {
    for (auto [i, byte] : llvm::enumerate(bytes))
      byte = i % 2 == 0 ? static_cast<uint8_t>(address + i / 2) : 0;
  }
  std::string take() { return std::exchange(text, ""); }

private:
  std::string text;
};

/// A directory with the driver above.
class DriverLibraryTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("driver", directory));
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, "cache");
    setenv("DLAVM_DRIVER_CACHE", path.c_str(), /*overwrite=*/1);
    writeFile("tiny.h", header);
    path = directory;
    llvm::sys::path::append(path, "dlavm_runtime.h");
    ASSERT_FALSE(
        llvm::sys::fs::copy_file(DLAVM_RUNTIME_DIR "/dlavm_runtime.h", path));
    library = load(getPlan()).release();
  }
  static void TearDownTestSuite() {
    delete library;
    llvm::sys::fs::remove_directories(directory);
  }

  static void writeFile(llvm::StringRef name, llvm::StringRef content) {
    llvm::SmallString<128> path(directory);
    llvm::sys::path::append(path, name);
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << content;
    ASSERT_FALSE(error);
  }
  static DriverPlan getPlan() {
    DriverPlan plan;
    plan.driver = "tiny.h";
    plan.namespaceName = "tiny";
    plan.maxTokens = 8;
    plan.embedding = "embedding";
    plan.parameters.emplace_back();
    plan.parameters.back().name = "embedding";
    plan.parameters.back().shape = {100, 2};
    plan.functions = {{"write_input0", "input", 2, false, {}, ""},
                      {"read_token", "token", 0, true, {}, ""},
                      {"write_input1", "input", 1, false, {}, ""},
                      {"read_logits", "output", 3, true, {}, ""},
                      {"read_output", "output", 2, false, {}, ""}};
    return plan;
  }
  static std::unique_ptr<DriverLibrary> load(const DriverPlan &plan) {
    llvm::Expected<std::unique_ptr<DriverLibrary>> result =
        DriverLibrary::load(directory, plan);
    if (result)
      return std::move(*result);
    ADD_FAILURE() << toString(result.takeError());
    return nullptr;
  }
  template <typename T> static std::string getMessage(llvm::Expected<T> value) {
    return value ? "no error" : toString(value.takeError());
  }
  static std::string getMessage(llvm::Error error) {
    return toString(std::move(error));
  }

  static llvm::SmallString<128> directory;
  static DriverLibrary *library;
  Recorder sink;
};

llvm::SmallString<128> DriverLibraryTest::directory;
DriverLibrary *DriverLibraryTest::library = nullptr;

using Elements = std::vector<uint16_t>;

TEST_F(DriverLibraryTest, RunsAgainAndAgain) {
  ASSERT_TRUE(library);
  for (int64_t seq : {3, 1}) {
    EXPECT_EQ(getMessage(library->run(seq, 5, sink)), "");
    EXPECT_EQ(sink.take(),
              "task 3 query\nW 5 " + std::to_string(seq) + "\nP 1 1\n");
  }
  EXPECT_EQ(getMessage(library->run(4, 5, sink)),
            "seq + past is 4 + 5 = 9, but this driver was made for at most 8 "
            "tokens");
  EXPECT_EQ(getMessage(library->run((int64_t(1) << 32) + 1, 0, sink)),
            "seq is 4294967297, but drivers count tokens with 32 bits");
  EXPECT_EQ(getMessage(library->run(1, -(int64_t(1) << 32), sink)),
            "past is -4294967296, but drivers count tokens with 32 bits");
  EXPECT_EQ(sink.take(), "");
}

// Twice as many accesses as the longest run has, and some for a short one. The
// limit does not depend on the tokens of the call: on a device that handles a
// token with many starts, a call of one token needs as many.
TEST_F(DriverLibraryTest, StopsAnEndlessRun) {
  DriverPlan plan = getPlan();
  plan.accesses = 1000;
  std::unique_ptr<DriverLibrary> limited = load(plan);
  ASSERT_TRUE(limited);
  EXPECT_EQ(getMessage(limited->run(1, 3, sink)),
            "the driver does not come to an end: more than 3024 accesses to "
            "the device in one call, in the task 'query' of layer 3");
  const std::string events = sink.take();
  EXPECT_EQ(llvm::StringRef(events).count("\nP 1 1"), 3023u);
  EXPECT_EQ(getMessage(limited->run(5, 2, sink)), "");

  plan.accesses = 90001;
  std::unique_ptr<DriverLibrary> longer = load(plan);
  ASSERT_TRUE(longer);
  EXPECT_EQ(getMessage(longer->run(1, 4, sink)), "");
}

TEST_F(DriverLibraryTest, LoadsParameters) {
  ASSERT_TRUE(library);
  EXPECT_EQ(getMessage(library->loadParameters("abc", sink)), "");
  EXPECT_EQ(sink.take(), "D 4096 97 98 99\n");
  EXPECT_EQ(getMessage(library->loadParameters("", sink)), "no directory");
}

TEST_F(DriverLibraryTest, WritesInputs) {
  ASSERT_TRUE(library);
  const uint16_t rows[] = {1, 2, 0x304, 4};
  EXPECT_EQ(getMessage(library->writeInput(0, rows, 2, sink)), "");
  EXPECT_EQ(sink.take(), "D 100 1 0 2 0 4 3 4 0\n");
  EXPECT_EQ(getMessage(library->writeInput(1, rows, 4, sink)), "");
  EXPECT_EQ(sink.take(), "D 200 1 0 2 0 4 3 4 0\n");

  EXPECT_EQ(getMessage(library->writeInput(0, rows, 4, sink)),
            "write_input0 takes 4 rows of 2 elements, found 4 elements");
  EXPECT_EQ(getMessage(library->writeInput(
                0, llvm::ArrayRef<uint16_t>(rows).drop_back(), 1, sink)),
            "write_input0 takes 1 rows of 2 elements, found 3 elements");
  EXPECT_EQ(getMessage(library->writeInput(0, {}, 0, sink)),
            "seq is 0, but a call processes at least one token");
  EXPECT_EQ(getMessage(library->writeInput(2, rows, 2, sink)),
            "the driver has no input 2; its functions of the kind 'input' are: "
            "write_input0, write_input1");
  EXPECT_EQ(sink.take(), "");
}

TEST_F(DriverLibraryTest, ReadsTokensAndMaps) {
  ASSERT_TRUE(library);
  llvm::Expected<int32_t> token = library->readToken(sink);
  ASSERT_TRUE(bool(token));
  EXPECT_EQ(*token, 1040);
  // What reads the last token only does not care how many there were.
  for (int64_t seq : {1, 5}) {
    llvm::Expected<Elements> logits =
        library->readOutput("read_logits", seq, sink);
    ASSERT_TRUE(bool(logits));
    EXPECT_EQ(*logits, Elements({300 % 256, 301 % 256, 302 % 256}));
  }
  llvm::Expected<Elements> output = library->readOutput("read_output", 2, sink);
  ASSERT_TRUE(bool(output));
  EXPECT_EQ(*output, Elements({144, 145, 146, 147}));

  for (int64_t seq : {0, -1, 9})
    EXPECT_NE(getMessage(library->readOutput("read_output", seq, sink))
                  .find(seq == 9 ? "at most 8 tokens" : "at least one token"),
              std::string::npos);
  EXPECT_EQ(getMessage(library->readOutput("read_hidden", 1, sink)),
            "the driver has no function 'read_hidden'; its functions of the "
            "kind 'output' are: read_logits, read_output");
}

TEST_F(DriverLibraryTest, ReadsEmbeddings) {
  ASSERT_TRUE(library);
  llvm::Expected<Elements> rows = library->readEmbeddings("abcd", {7, 9});
  ASSERT_TRUE(bool(rows));
  EXPECT_EQ(*rows, Elements({7, 4, 9, 4}));
}

TEST_F(DriverLibraryTest, SaysWhatADriverLacks) {
  DriverPlan plan = getPlan();
  plan.embedding.clear();
  plan.functions.clear();
  std::unique_ptr<DriverLibrary> bare = load(plan);
  ASSERT_TRUE(bare);
  EXPECT_EQ(getMessage(bare->run(1, 0, sink)), "");
  EXPECT_EQ(getMessage(bare->readToken(sink)),
            "the driver has no token 0; its functions of the kind 'token' are: "
            "none");
  EXPECT_EQ(getMessage(bare->readEmbeddings("abcd", {1})),
            "the driver has no function 'read_embeddings', because its model "
            "names no embedding");
}

const char *const rogue = R"cpp(
#include "dlavm_runtime.h"
#include <csignal>
#include <unistd.h>
namespace rogue {
#ifdef ROGUE_VARIABLE
inline const bool variable = (std::exit(0), true);
#endif
inline int recur(int depth) {
  volatile char room[1024];
  room[depth % 1024] = 1;
  return recur(depth + 1) + room[depth % 1024];
}
inline void run(dlavm::Device &device, int32_t seq, int32_t past) {
  if (past > 0)
    device.task(past - 2, "norm");
  device.write(5, seq);
  std::vector<unsigned char> bytes(1 << 20);
  switch (seq) {
  case 1:
    return;
  case 2:
    std::exit(0);
  case 3:
    _exit(7);
  case 4:
    std::abort();
  case 5:
    throw 5;
  case 6:
    recur(0);
    return;
  case 7:
    for (volatile bool goes_on = true; goes_on;)
      continue;
    return;
  case 8:
    for (;;)
      bytes.resize(2 * bytes.size());
  case 9:
    for (;;)
      device.dma_write(0, bytes.data(), bytes.size());
  case 10:
    device.dma_read(0, bytes.data(), size_t{1} << 50);
    return;
  case 12:
    raise(SIGKILL);
    return;
  case 13:
    throw std::bad_alloc();
  case 14:
    for (;;)
      device.task(0, "loop");
  case 15:
    throw dlavm::Error(
        dlavm::String("a message of ")
            .append(std::vector<char>(2000, 'x').data(), 2000));
  }
}
inline void load_parameters(dlavm::Device &, const dlavm::String &) {}
} // namespace rogue
)cpp";

// Whatever a driver does, this process lives, and says what the driver did.
TEST_F(DriverLibraryTest, SurvivesRogueDrivers) {
  writeFile("rogue.h", rogue);
  DriverPlan plan;
  plan.driver = "rogue.h";
  plan.namespaceName = "rogue";
  plan.maxTokens = 100;
  std::unique_ptr<DriverLibrary> driver = load(plan);
  ASSERT_TRUE(driver);
  struct {
    int64_t seq;
    const char *message;
    bool threw = false;
  } cases[] = {
      {2, "the driver ends its process with exit code 0 instead of returning"},
      {3, "the driver ends its process with exit code 7 instead of returning"},
      {4, "the driver crashes (Aborted): abort(), or an exception that nobody "
          "catches"},
      {5, "the driver throws what is no std::exception", true},
      {6, "the driver crashes (Segmentation fault): a wrong address, or a "
          "recursion without end"},
      {7, "the driver does not come to an end: it computes for 5 seconds "
          "without an access to the device"},
      {8, "the driver wants more memory than it may have", true},
      {9, "the driver does not come to an end: it moves more than 1048576 "
          "bytes in one call"},
      {10, "the driver moves 1125899906842624 bytes at once, but the plan has "
           "no file and no map of more than 1048576"},
      {12, "the driver crashes (Killed)"},
      {13, "the driver wants more memory than it may have", true},
      {14, "the driver does not come to an end: more than 1000000 tasks in one "
           "call"},
  };
  for (const auto &[seq, message, threw] : cases) {
    SCOPED_TRACE(seq);
    bool found = false;
    llvm::handleAllErrors(
        driver->run(seq, 5, sink), [&](const DriverFailure &failure) {
          found = true;
          EXPECT_EQ(failure.message, message);
          EXPECT_EQ(failure.threw, threw);
          EXPECT_EQ(failure.layer, seq == 14 ? 0 : 3);
          EXPECT_EQ(failure.task, seq == 14 ? "loop" : "norm");
        });
    EXPECT_TRUE(found);
    // What it did before is known.
    const std::string events = sink.take();
    EXPECT_TRUE(llvm::StringRef(events).starts_with(
        "task 3 norm\nW 5 " + std::to_string(seq) + "\n"));
    // And the next call works.
    EXPECT_EQ(getMessage(driver->run(1, 0, sink)), "");
    EXPECT_EQ(sink.take(), "W 5 1\n");
  }
  EXPECT_EQ(getMessage(driver->run(15, 0, sink)),
            "a message of " + std::string(2000, 'x'));

  writeFile("rogue.h", std::string("#define ROGUE_VARIABLE\n") + rogue);
  EXPECT_EQ(getMessage(DriverLibrary::load(directory, plan)),
            "the driver ends its process with exit code 0 instead of returning "
            "when it starts: look at its variables");
}

/// Counts how often a compiler runs: once to preprocess, and twice again to
/// compile and preprocess.
class Counter {
public:
  explicit Counter(llvm::StringRef directory)
      : log((directory + "/log").str()), script((directory + "/cxx").str()) {
    std::error_code error;
    llvm::raw_fd_ostream(script, error)
        << "#!/bin/sh\necho >> " << log << "\nexec c++ \"$@\"\n";
    llvm::sys::fs::setPermissions(script, llvm::sys::fs::owner_all);
    setenv("CXX", script.c_str(), /*overwrite=*/1);
  }
  ~Counter() { before ? setenv("CXX", before->c_str(), 1) : unsetenv("CXX"); }
  uint64_t take() {
    uint64_t size = 0;
    llvm::sys::fs::file_size(log, size);
    return size - std::exchange(last, size);
  }

private:
  std::optional<std::string> before = llvm::sys::Process::GetEnv("CXX");
  std::string log, script;
  uint64_t last = 0;
};

std::vector<std::string> listFiles(llvm::StringRef directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator file(directory, error), end;
       file != end && !error; file.increment(error))
    if (llvm::StringRef(file->path()).contains("llvmcache-"))
      files.push_back(file->path());
  return files;
}

TEST_F(DriverLibraryTest, KeepsCompiledDrivers) {
  llvm::SmallString<128> cache(directory);
  llvm::sys::path::append(cache, "new", "cache");
  const std::string before = *llvm::sys::Process::GetEnv("DLAVM_DRIVER_CACHE");
  setenv("DLAVM_DRIVER_CACHE", cache.c_str(), /*overwrite=*/1);
  Counter counter(directory);
  auto works = [&] {
    std::unique_ptr<DriverLibrary> driver = load(getPlan());
    return driver && getMessage(driver->run(1, 0, sink)).empty();
  };
  EXPECT_TRUE(works());
  EXPECT_EQ(counter.take(), 3u);
  EXPECT_TRUE(works());
  EXPECT_EQ(counter.take(), 1u);
  std::vector<std::string> files = listFiles(cache);
  ASSERT_EQ(files.size(), 1u);
  const std::string first = files[0];

  // Any other source is another driver.
  writeFile("tiny.h", std::string(header) + "// \ninline int other = 1;\n");
  EXPECT_TRUE(works());
  EXPECT_EQ(counter.take(), 3u);
  files = listFiles(cache);
  ASSERT_EQ(files.size(), 2u);
  const std::string second = files[files[0] == first];

  // A file of another driver, one that is cut off, and none.
  ASSERT_FALSE(llvm::sys::fs::copy_file(first, second));
  EXPECT_TRUE(works());
  EXPECT_EQ(counter.take(), 3u);
  uint64_t size = 0;
  ASSERT_FALSE(llvm::sys::fs::file_size(second, size));
  for (uint64_t bytes : {size - 1, size / 2, uint64_t(0)}) {
    ASSERT_EQ(truncate(second.c_str(), static_cast<off_t>(bytes)), 0);
    EXPECT_TRUE(works());
    EXPECT_EQ(counter.take(), 3u);
  }
  EXPECT_TRUE(works());
  EXPECT_EQ(counter.take(), 1u);

  // Without a cache all works the same.
  for (std::string none : {std::string(), first + "/cache"}) {
    setenv("DLAVM_DRIVER_CACHE", none.c_str(), /*overwrite=*/1);
    EXPECT_TRUE(works());
    EXPECT_TRUE(works());
    EXPECT_EQ(counter.take(), none.empty() ? 2u : 6u);
  }
  EXPECT_EQ(listFiles(cache).size(), 2u);
  writeFile("tiny.h", header);
  setenv("DLAVM_DRIVER_CACHE", before.c_str(), /*overwrite=*/1);
}

// A plan that is not that of the driver is found out.
TEST_F(DriverLibraryTest, ComparesSizesWithThePlan) {
  DriverPlan plan = getPlan();
  plan.functions[3].channels = 4;
  plan.parameters[0].shape[1] = 3;
  std::unique_ptr<DriverLibrary> other = load(plan);
  ASSERT_TRUE(other);
  EXPECT_EQ(getMessage(other->readOutput("read_logits", 1, sink)),
            "the driver returns 3 elements, but by plan.json these are 4");
  EXPECT_EQ(getMessage(other->readEmbeddings("", {1, 2})),
            "the driver returns 4 elements, but by plan.json these are 6");

  plan.functions[3].name = "read_nothing";
  const std::string message = getMessage(DriverLibrary::load(directory, plan));
  EXPECT_NE(message.find("tiny.h does not compile"), std::string::npos);
  EXPECT_NE(message.find("read_nothing"), std::string::npos);
}

TEST(PlanObject, NamesItsFiles) {
  PlanObject object;
  object.file = "layer{layer}/w.{port}.bin";
  EXPECT_EQ(object.getFile(3, 31), "layer03/w.31.bin");
  EXPECT_EQ(object.getFile(100, 0), "layer100/w.00.bin");
  object.file = "rope.bin";
  EXPECT_EQ(object.getFile(3, 31), "rope.bin");
}

} // namespace
