//===- GGUFWriter.h - GGUF files for tests ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_CHECKPOINT_GGUFWRITER_H
#define DLAVM_UNITTESTS_CHECKPOINT_GGUFWRITER_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dlavm {

/// Makes GGUF files, also wrong ones.
class GGUFWriter {
public:
  uint32_t version = 3;
  uint64_t alignment = 32;

  /// A little-endian number.
  template <typename T> static std::string number(T value) {
    return std::string(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  static std::string text(llvm::StringRef value) {
    return number<uint64_t>(value.size()) + value.str();
  }

  /// The value's type by its number, and its bytes.
  void add(llvm::StringRef key, uint32_t type, const std::string &value) {
    metadata += text(key) + number(type) + value;
    ++pairCount;
  }
  void add(llvm::StringRef key, uint32_t value) { add(key, 4, number(value)); }
  void add(llvm::StringRef key, float value) { add(key, 6, number(value)); }
  void add(llvm::StringRef key, llvm::StringRef value) {
    add(key, 8, text(value));
  }
  void add(llvm::StringRef key, const char *value) {
    add(key, llvm::StringRef(value));
  }

  /// The dimensions are as in the file, the fastest first.
  void addTensor(llvm::StringRef name, std::vector<uint64_t> dimensions,
                 uint32_t encoding, llvm::StringRef bytes) {
    pad(data);
    addEntry(name, dimensions, encoding, data.size());
    data += bytes;
  }
  void addEntry(llvm::StringRef name, std::vector<uint64_t> dimensions,
                uint32_t encoding, uint64_t offset) {
    entries += text(name) + number<uint32_t>(dimensions.size());
    for (uint64_t size : dimensions)
      entries += number(size);
    entries += number(encoding) + number(offset);
    ++tensorCount;
  }
  /// A matrix or vector of F32 that counts up.
  void addFloats(llvm::StringRef name, std::vector<uint64_t> dimensions) {
    uint64_t size = 1;
    for (uint64_t dimension : dimensions)
      size *= dimension;
    std::string bytes;
    for (uint64_t i = 0; i < size; ++i)
      bytes += number(static_cast<float>(i));
    addTensor(name, dimensions, 0, bytes);
  }

  std::string getFile() const {
    std::string file = "GGUF" + number(version) + number(tensorCount) +
                       number(pairCount) + metadata + entries;
    pad(file);
    return file + data;
  }

  std::string metadata, entries, data;
  uint64_t tensorCount = 0, pairCount = 0;

private:
  void pad(std::string &bytes) const {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
  }
};

} // namespace dlavm

#endif // DLAVM_UNITTESTS_CHECKPOINT_GGUFWRITER_H
