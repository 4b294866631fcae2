//===- Traces.h - What drivers write, and reference traces ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_DEVICE_OHBM_TRACES_H
#define DLAVM_UNITTESTS_DEVICE_OHBM_TRACES_H

#include "DLAVM/Run/Program.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <string>
#include <vector>

namespace dlavm::ohbm {

/// What is written before a poll, in order.
struct Start {
  std::vector<std::pair<uint32_t, uint32_t>> writes;
  std::pair<uint32_t, uint32_t> poll;

  uint32_t operator[](uint32_t reg) const {
    for (auto [number, value] : writes)
      if (number == reg)
        return value;
    ADD_FAILURE() << "register " << reg << " is not written";
    return 0;
  }
};

class StartRecorder final : public EventSink {
public:
  void task(int32_t, llvm::StringRef) override {}
  void write(uint32_t reg, uint32_t value) override {
    writes.push_back({reg, value});
  }
  void poll(uint32_t reg, uint32_t value) override {
    starts.push_back({std::move(writes), {reg, value}});
    writes.clear();
  }
  uint32_t read(uint32_t) override { return 0; }

  std::vector<Start> starts;

private:
  std::vector<std::pair<uint32_t, uint32_t>> writes;
};

/// A task of a reference trace: an address is an offset in a buffer.
struct ReferenceTask {
  struct Write {
    uint32_t reg;
    std::string buffer;
    int64_t value;
  };
  std::vector<Write> writes;
  std::pair<uint32_t, uint32_t> poll;
};

inline std::string getConformanceDir() {
  return std::string(DLAVM_SHARED_DIR) + "/conformance/";
}
inline bool hasTraces() { return llvm::sys::fs::exists(getConformanceDir()); }

/// The tasks of one call; \p folder is <device>/<model>, or <device>/ops/<op>.
inline std::vector<ReferenceTask> readTrace(const std::string &folder, int seq,
                                            int past) {
  const std::string path = getConformanceDir() + folder + "/" +
                           std::to_string(seq) + "_" + std::to_string(past) +
                           ".trace";
  std::vector<ReferenceTask> tasks(1);
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    ADD_FAILURE() << "no trace " << path;
    return {};
  }
  llvm::SmallVector<llvm::StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    if (line.starts_with("#"))
      continue;
    llvm::SmallVector<llvm::StringRef, 3> words;
    line.split(words, ' ');
    auto [name, offset] = words[2].rsplit('+');
    ReferenceTask::Write write = {0, "", 0};
    if (!offset.empty())
      write.buffer = name.str();
    (offset.empty() ? name : offset).getAsInteger(10, write.value);
    words[1].getAsInteger(10, write.reg);
    if (words[0] == "W") {
      tasks.back().writes.push_back(write);
      continue;
    }
    tasks.back().poll = {write.reg, static_cast<uint32_t>(write.value)};
    tasks.emplace_back();
  }
  tasks.pop_back();
  return tasks;
}

} // namespace dlavm::ohbm

#endif // DLAVM_UNITTESTS_DEVICE_OHBM_TRACES_H
