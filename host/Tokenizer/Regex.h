//===- Regex.h - Regular expressions of tokenizers --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_REGEX_H
#define DLAVM_HOST_TOKENIZER_REGEX_H

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace dlavm::host {

/// A regular expression as Hugging Face's tokenizers write them, which is
/// Oniguruma's syntax, matched by ICU.
class Regex {
public:
  /// Throws dlavm::Error, which begins with \p place, if the expression is
  /// wrong or means something else to ICU.
  Regex(std::string_view pattern, const std::string &place);
  /// An expression that matches this text.
  static Regex literal(std::string_view text, const std::string &place);
  Regex(Regex &&) noexcept;
  Regex &operator=(Regex &&) noexcept;
  ~Regex();

  /// Visits the matches in valid UTF-8, from left to right, by the bytes where
  /// they begin and end. Several threads may do so at once.
  void
  findMatches(std::string_view text,
              const std::function<void(size_t begin, size_t end)> &visit) const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_REGEX_H
