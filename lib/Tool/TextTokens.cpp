//===- TextTokens.cpp - Between text and token ids ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TextTokens.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/Tokenizer.h"

using namespace dlavm;
using llvm::Expected;
using llvm::StringRef;

struct TextTokens::Impl {
  explicit Impl(const std::string &path)
      : tokenizer(host::Tokenizer::open(path)), stream(*tokenizer) {}
  std::unique_ptr<host::Tokenizer> tokenizer;
  host::TextStream stream;
};

/// What a function of host/ returns; its exception becomes an error.
template <typename Function>
static auto callHost(Function function) -> Expected<decltype(function())> {
  try {
    return function();
  } catch (const std::exception &error) {
    return llvm::createStringError(error.what());
  }
}

TextTokens::TextTokens(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
TextTokens::TextTokens(TextTokens &&) = default;
TextTokens::~TextTokens() = default;

Expected<TextTokens> TextTokens::open(StringRef model) {
  return callHost(
      [&] { return TextTokens(std::make_unique<Impl>(model.str())); });
}

Expected<std::vector<int32_t>> TextTokens::encode(StringRef text,
                                                  bool isFirst) const {
  return callHost([&] {
    const host::Tokenizer &tokenizer = *impl->tokenizer;
    host::EncodeOptions options;
    options.addSpecial = isFirst;
    std::vector<int32_t> ids = tokenizer.encode(text, options);
    // A text that goes on has no end.
    if (isFirst && !ids.empty() && ids.back() == tokenizer.getEndToken())
      ids.pop_back();
    return ids;
  });
}

int32_t TextTokens::getSize() const { return impl->tokenizer->getSize(); }

Expected<std::string> TextTokens::add(int32_t id) {
  return callHost([&] { return impl->stream.add(id); });
}

Expected<std::string> TextTokens::finish() {
  return callHost([&] { return impl->stream.finish(); });
}
