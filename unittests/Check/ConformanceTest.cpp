//===- ConformanceTest.cpp - Traces of tested drivers ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checker has nothing to say about the reference traces, which come from
// other software. They have buffers instead of addresses and no marks.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "Starts.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

/// "buffer3+128" as an address; every buffer has room for any length.
uint32_t place(llvm::StringRef value) {
  auto [buffer, offset] = value.split('+');
  auto read = [](llvm::StringRef text) {
    uint32_t number = 0;
    EXPECT_FALSE(text.getAsInteger(10, number)) << text.str();
    return number;
  };
  if (offset.empty())
    return read(value);
  const std::pair<llvm::StringRef, std::pair<uint32_t, uint32_t>> places[] = {
      {"weight", {0, 0x100000}},
      {"global", {0x4000000, 0x100000}},
      {"runtime", {0x20000000, 0x12000000}},
      {"hbm_cache", {0xc000000, 0x100000}},
      {"cache", {0x8000000, 0x2000000}},
      {"hbm", {0, 0x1000000}}};
  for (auto [prefix, where] : places)
    if (buffer.consume_front(prefix))
      return where.first + read(buffer) * where.second + read(offset);
  ADD_FAILURE() << "unknown buffer " << value.str();
  return 0;
}

/// What tells apart the ops of a trace: the task and what it reads besides
/// maps. Tasks that are never sliced are ops of their own.
class Ops {
public:
  int32_t next(const DecodedTask &task,
               const std::map<uint32_t, llvm::StringRef> &values) {
    std::string key = task.getTable().getName().str();
    for (const Register *reg : task.written)
      if (isAddress(reg->role) && reg->role != RegisterRole::MapIn &&
          reg->role != RegisterRole::MapOut)
        key += " " + values.at(reg->number).str();
    if (!task.support->partition || key != last)
      ++count;
    last = std::move(key);
    return count;
  }

private:
  std::string last;
  int32_t count = 0;
};

void feed(Checker &checker, const DeviceInfo &device, llvm::StringRef trace) {
  TaskDecoder decoder(device);
  Ops ops;
  std::vector<std::pair<uint32_t, uint32_t>> writes;
  std::map<uint32_t, llvm::StringRef> values;
  while (!trace.empty()) {
    auto [line, rest] = trace.split('\n');
    trace = rest;
    llvm::SmallVector<llvm::StringRef, 3> words;
    line.split('#').first.split(words, ' ', -1, /*KeepEmpty=*/false);
    if (words.empty())
      continue;
    uint32_t reg = 0;
    ASSERT_FALSE(words[1].getAsInteger(10, reg));
    const uint32_t value = place(words[2]);
    if (words[0] == "P") {
      checker.poll(reg, value);
      continue;
    }
    writes.push_back({reg, value});
    values[reg] = words[2];
    if (!decoder.isOpcode(reg))
      continue;
    const DecodedTask *task = decoder.lookup(reg, value, {});
    ASSERT_NE(task, nullptr);
    checker.task(0, "op" + std::to_string(ops.next(*task, values)));
    for (auto [number, written] : writes)
      checker.write(number, written);
    writes.clear();
    values.clear();
  }
}

class Conformance
    : public testing::TestWithParam<std::pair<const char *, unsigned>> {};

TEST_P(Conformance, NothingToSayAboutKnownDrivers) {
  namespace fs = llvm::sys::fs;
  if (!fs::exists(DLAVM_SHARED_DIR "/conformance"))
    GTEST_SKIP() << "the shared folder is not there";
  const auto [name, numTraces] = GetParam();
  DeviceRegistry registry;
  edgellm::registerDevices(registry);
  const DeviceInfo &device = *registry.lookup(name);
  std::error_code error;
  unsigned traces = 0;
  for (fs::recursive_directory_iterator
           it(DLAVM_SHARED_DIR "/conformance/" + llvm::Twine(name), error),
       end;
       it != end && !error; it.increment(error)) {
    if (llvm::sys::path::extension(it->path()) != ".trace")
      continue;
    auto buffer = llvm::MemoryBuffer::getFile(it->path());
    ASSERT_TRUE(buffer);
    auto [seq, past] = llvm::sys::path::stem(it->path()).split('_');
    Checker checker(device, {});
    checker.beginRun(std::stoll(seq.str()), std::stoll(past.str()));
    feed(checker, device, (*buffer)->getBuffer());
    checker.endRun();
    for (const Finding &finding : checker.getFindings())
      ADD_FAILURE() << it->path() << " start " << finding.start << " "
                    << finding.reg << ": " << finding.message;
    ++traces;
  }
  EXPECT_EQ(traces, numTraces) << error.message();
}

// Of the newest, 18 of models and 16 of single operations.
INSTANTIATE_TEST_SUITE_P(
    All, Conformance,
    testing::Values(
        std::pair("edgellm-20241128", 34u), std::pair("edgellm-20240923", 26u),
        std::pair("edgellm-20240912", 26u), std::pair("edgellm-20240831", 14u),
        std::pair("edgellm-20240824", 12u), std::pair("edgellm-20240725", 12u),
        std::pair("edgellm-20240721", 12u), std::pair("edgellm-20240720", 12u),
        std::pair("edgellm-20240603", 12u)),
    [](const auto &info) {
      return llvm::StringRef(info.param.first).split('-').second.str();
    });

} // namespace
