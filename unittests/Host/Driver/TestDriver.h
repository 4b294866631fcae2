//===- TestDriver.h - A driver for tests ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_HOST_DRIVER_TESTDRIVER_H
#define DLAVM_UNITTESTS_HOST_DRIVER_TESTDRIVER_H

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace dlavm::host {

/// A directory that goes when the object goes.
class TestDirectory {
public:
  TestDirectory() {
    const char *parent = std::getenv("TMPDIR");
    path = std::string(parent ? parent : "/tmp") + "/dlavm-test-XXXXXX";
    if (!mkdtemp(path.data()))
      throw std::runtime_error("no directory for the test");
  }
  TestDirectory(const TestDirectory &) = delete;
  TestDirectory &operator=(const TestDirectory &) = delete;
  ~TestDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  const std::string &getPath() const { return path; }
  void write(const std::string &name, const std::string &text) const {
    std::ofstream(path + "/" + name) << text;
  }

private:
  std::string path;
};

inline const char *const kTestPlan = R"json({
  "driver": "tiny.h", "namespace": "tiny", "device": "edgellm-20241128",
  "max_tokens": 8, "accesses": 10, "fingerprint": "00000000000000ab",
  "embedding": "words",
  "functions": [
    {"name": "write_input", "kind": "input", "channels": 2,
     "last_token_only": false, "buffer": "input"},
    {"name": "read_logits", "kind": "output", "channels": 5,
     "last_token_only": true, "buffer": "logits"},
    {"name": "read_token", "kind": "token", "channels": 0,
     "last_token_only": true, "buffer": ""}],
  "buffers": [
    {"name": "input", "space": "DDR", "address": 64, "bytes": 32,
     "is_input": true, "live": [0, 0]}],
  "objects": [
    {"name": "keys", "kind": "kv_cache", "shape": [1], "from": [],
     "space": "HBM", "address": 4096, "bytes": 16, "layers": 2,
     "layer_stride": 256, "dma_base": 65536, "ports": 2, "port_stride": 1024},
    {"name": "table", "kind": "rope_table", "shape": [], "from": [],
     "space": "DDR", "address": 0, "bytes": 8, "layers": 0, "layer_stride": 0,
     "dma_base": 0, "ports": 1, "port_stride": 0, "file": "table.bin"}],
  "parameters": [
    {"name": "words", "tensor": "words", "layers": 0, "shape": [5, 2]}],
  "packed": {"scale_choice": "absmax", "end_tokens": [3, 4], "files": []}
})json";

/// Its token is the sum of all ids of the call, and of past, modulo 5; logits
/// are as many as its token.
inline const char *const kTestDriver = R"cpp(
#include "dlavm_runtime.h"
namespace tiny {
inline constexpr int32_t kMaxTokens = 8;
inline constexpr uint64_t kFingerprint = 0xab;
inline void load_parameters(dlavm::Device &device,
                            const dlavm::String &directory) {
  if (!dlavm::detail::exists(directory + "/table.bin"))
    throw dlavm::Error(directory + " has no table");
  device.dma_write(0, "table", 5);
}
inline std::vector<uint16_t>
read_embeddings(const dlavm::String &directory, const std::vector<int32_t> &ids) {
  std::vector<uint16_t> rows;
  for (int32_t id : ids) {
    if (id > 4)
      throw dlavm::Error("no such id");
    rows.push_back(static_cast<uint16_t>(id));
    rows.push_back(7);
  }
  return rows;
}
inline void write_input(dlavm::Device &device, const uint16_t *rows,
                        int32_t seq) {
  dlavm::check_call(seq, 0, kMaxTokens);
  device.dma_write(64, rows, 4 * static_cast<size_t>(seq));
}
inline void run(dlavm::Device &device, int32_t seq, int32_t past) {
  dlavm::check_call(seq, past, kMaxTokens);
  device.task(0, "query");
  device.write(2, seq);
  device.write(3, past);
  device.poll(1, 1);
}
inline int32_t read_token(dlavm::Device &device) {
  return static_cast<int32_t>(device.read(40));
}
inline std::vector<uint16_t> read_logits(dlavm::Device &device) {
  std::vector<uint16_t> logits(5);
  device.dma_read(128, logits.data(), 10);
  return logits;
}
} // namespace tiny
)cpp";

/// A directory with this driver.
class TestDriverDirectory : public TestDirectory {
public:
  explicit TestDriverDirectory(const std::string &driver = kTestDriver,
                               const std::string &plan = kTestPlan) {
    write("plan.json", plan);
    write("tiny.h", driver);
    // The driver is compiled with the header of the program, not with this.
    write("dlavm_runtime.h", "#ifndef DLAVM_RUNTIME_H\n"
                             "#error another version\n"
                             "#endif\n");
    write("checksums.txt", "");
    write("table.bin", "table");
  }
};

} // namespace dlavm::host

#endif // DLAVM_UNITTESTS_HOST_DRIVER_TESTDRIVER_H
