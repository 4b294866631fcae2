//===- GGUFMetadata.h - What a GGUF file says of its tokenizer --*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_GGUFMETADATA_H
#define DLAVM_HOST_TOKENIZER_GGUFMETADATA_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlavm::host {

/// The metadata of a GGUF file under "tokenizer.", of versions 2 and 3. What is
/// not as expected is a dlavm::Error with the file and the byte.
class GGUFMetadata {
public:
  struct Value {
    uint32_t type = 0;
    /// Of an array, the type of its elements.
    uint32_t elementType = 0;
    /// A number, or those of an array.
    std::vector<double> numbers;
    std::vector<std::string> texts;
    uint64_t position = 0;
    /// The whole pair as it stands in the file.
    std::string bytes;
  };

  /// Whether a file begins as such.
  static bool isGGUF(const std::string &path);
  static GGUFMetadata read(const std::string &path);

  std::optional<std::string> findText(const std::string &key) const;
  std::optional<bool> findBool(const std::string &key) const;
  /// A number below \p limit.
  std::optional<int32_t> findIndex(const std::string &key, size_t limit) const;
  /// An array; null where it is missing.
  const std::vector<std::string> *findTexts(const std::string &key) const;
  /// An array of \p count numbers.
  const std::vector<double> *findNumbers(const std::string &key,
                                         size_t count) const;

  /// A GGUF file with this metadata and nothing else.
  std::string print() const;

  [[noreturn]] void fail(const std::string &key, const std::string &what) const;
  /// Fails as the key may be right, but is not known here.
  [[noreturn]] void refuse(const std::string &key,
                           const std::string &what) const;
  const std::string &getPath() const { return path; }

private:
  const Value *find(const std::string &key) const;
  std::string getPlace(const std::string &key) const;

  std::string path;
  std::map<std::string, Value> values;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_GGUFMETADATA_H
