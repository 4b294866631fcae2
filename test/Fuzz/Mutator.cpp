//===- Mutator.cpp - Inputs a little wrong --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mutator.h"
#include "Checkpoints.h"
#include "MutateGGUF.h"
#include "MutateJSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

using namespace dlavm;
using namespace llvm;

Mutator::Mutator(const std::vector<Seed> &all) {
  for (const Seed &seed : all) {
    seeds[static_cast<unsigned>(seed.format)].push_back(&seed);
    if (seed.isModel)
      models[static_cast<unsigned>(seed.format)].push_back(&seed);
  }
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

/// Words, numbers, strings, white space and single characters, which are the
/// text when they stand one behind the other.
static std::vector<StringRef> tokenize(StringRef text) {
  std::vector<StringRef> tokens;
  while (!text.empty()) {
    const char first = text.front();
    size_t length = 1;
    if (isDigit(first)) {
      length = text.find_if_not(isDigit);
    } else if (isAlpha(first) || first == '_') {
      // "4x64xf16" is six tokens.
      length =
          first == 'x' && text.size() > 1 && isDigit(text[1])
              ? 1
              : text.find_if_not([](char c) { return isAlpha(c) || c == '_'; });
    } else if (isSpace(first)) {
      length = text.find_if_not(isSpace);
    } else if (first == '"') {
      const size_t end = text.find('"', 1);
      length = end == StringRef::npos ? end : end + 1;
    }
    tokens.push_back(text.take_front(length));
    text = text.drop_front(tokens.back().size());
  }
  return tokens;
}

static std::string join(ArrayRef<std::string> parts) {
  std::string text;
  for (StringRef part : parts)
    text += part;
  return text;
}

static constexpr StringLiteral kNumbers[] = {"0",
                                             "1",
                                             "-1",
                                             "2",
                                             "3",
                                             "127",
                                             "128",
                                             "65536",
                                             "2147483647",
                                             "2147483648",
                                             "4294967295",
                                             "4294967296",
                                             "4611686018427387904",
                                             "9223372036854775807",
                                             "-9223372036854775808",
                                             "9223372036854775808",
                                             "1.0e400",
                                             "0x7FF8000000000000"};

static constexpr StringLiteral kWords[] = {"i1",
                                           "i32",
                                           "i64",
                                           "i128",
                                           "index",
                                           "f16",
                                           "f32",
                                           "f64",
                                           "?",
                                           "*",
                                           "x",
                                           "seq",
                                           "past",
                                           "tensor",
                                           "memref",
                                           "true",
                                           "unit",
                                           "mod",
                                           "floordiv",
                                           "ceildiv",
                                           "array",
                                           "none",
                                           "vector",
                                           "tuple",
                                           "[]",
                                           "{}",
                                           "<>",
                                           "()",
                                           "\"\"",
                                           "#llm.dims<1, seq, 64>",
                                           "strided<[?, 32, 1], offset: ?>",
                                           "!llm.token",
                                           "!accel.object",
                                           "!csb.rows",
                                           "llm.task = \"a\"",
                                           "csb.name = \"a\"",
                                           "dense<0>",
                                           "loc(\"a\")",
                                           "private",
                                           "nested"};

static constexpr StringLiteral kJSONWords[] = {
    "null", "true", "false", "[]",       "{}",   "\"\"",        "\"a\"", "[1]",
    "1e9",  "-0.5", "1e999", "\"../a\"", "[[]]", "\"\\ud800\"", "[1, 2]"};

static bool isMLIR(Format format) {
  return format == Format::LLM || format == Format::Accel ||
         format == Format::CSB;
}

std::string Mutator::mutateTokens(Random &random, const std::string &text,
                                  Format format) const {
  const std::vector<StringRef> found = tokenize(text);
  std::vector<std::string> tokens(found.begin(), found.end());
  if (tokens.empty())
    return text;
  std::vector<size_t> numbers, words;
  for (auto [i, token] : enumerate(tokens))
    if (isDigit(token.front()))
      numbers.push_back(i);
    else if (!isSpace(token.front()))
      words.push_back(i);
  std::string &token = random.pick(tokens);
  switch (random.below(9)) {
  case 0:
    token.clear();
    break;
  case 1:
    token += token;
    break;
  case 2:
    std::swap(token, random.pick(tokens));
    break;
  case 3:
  case 4:
    if (!numbers.empty())
      tokens[random.pick(numbers)] = random.pick(kNumbers).str();
    break;
  case 5: {
    // A token of this or another input in place of one.
    const Seed &other = *random.pick(seeds[static_cast<unsigned>(format)]);
    const std::vector<StringRef> others =
        tokenize(random.oneIn(2) ? StringRef(text) : StringRef(other.text));
    if (!words.empty() && !others.empty())
      tokens[random.pick(words)] = random.pick(others).str();
    break;
  }
  case 6:
    if (!words.empty())
      tokens[random.pick(words)] =
          (isMLIR(format) ? random.pick(kWords) : random.pick(kJSONWords))
              .str();
    break;
  case 7: {
    // From one comma to the next: an attribute, an operand, an entry.
    std::vector<size_t> commas;
    for (auto [i, token] : enumerate(tokens))
      if (token == ",")
        commas.push_back(i);
    if (commas.empty())
      break;
    const size_t first = random.pick(commas);
    size_t last = first + 1;
    while (last < tokens.size() &&
           !StringRef(",>)]}\n").contains(tokens[last].front()))
      ++last;
    tokens.erase(tokens.begin() + first, tokens.begin() + last);
    break;
  }
  default: {
    // A dimension more or less.
    std::vector<size_t> shapes;
    for (size_t i = 0; i + 2 < tokens.size(); ++i)
      if ((tokens[i] == "tensor" || tokens[i] == "memref" ||
           tokens[i] == "[") &&
          !isSpace(tokens[i + 1].front()))
        shapes.push_back(i + 1);
    if (shapes.empty())
      break;
    const size_t at = random.pick(shapes);
    if (random.oneIn(2))
      tokens[at] += random.oneIn(2) ? "4x" : "?x";
    else
      tokens.erase(tokens.begin() + at + 1,
                   tokens.begin() + std::min(at + 3, tokens.size()));
    break;
  }
  }
  return join(tokens);
}

//===----------------------------------------------------------------------===//
// Lines and bytes
//===----------------------------------------------------------------------===//

static std::vector<std::string> getLines(StringRef text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.push_back(
        text.take_front(end == StringRef::npos ? end : end + 1).str());
    text = text.drop_front(lines.back().size());
  }
  return lines;
}

std::string Mutator::mutateLines(Random &random, const std::string &text,
                                 Format format) const {
  std::vector<std::string> lines = getLines(text);
  if (lines.empty())
    return text;
  const size_t at = random.below(lines.size());
  switch (random.below(6)) {
  case 0:
    lines.erase(lines.begin() + at);
    break;
  case 1:
    lines[at] += lines[at];
    break;
  case 2:
    std::swap(lines[at], random.pick(lines));
    break;
  case 3: {
    const Seed &other = *random.pick(seeds[static_cast<unsigned>(format)]);
    const std::vector<std::string> others = getLines(other.text);
    if (!others.empty())
      lines[at] += random.pick(others);
    break;
  }
  case 4:
    lines.resize(at + 1);
    break;
  default:
    if (!isMLIR(format))
      break;
    lines.front().insert(0, "module {\n");
    lines.push_back("}\n");
    break;
  }
  return join(lines);
}

static std::string mutateBytes(Random &random, std::string text) {
  if (text.empty())
    return text;
  const size_t at = random.below(text.size());
  switch (random.below(4)) {
  case 0:
    text[at] = static_cast<char>(random.below(256));
    break;
  case 1:
    text[at] ^= static_cast<char>(1 << random.below(8));
    break;
  case 2:
    text.erase(at, 1 + random.below(8));
    break;
  default:
    text.insert(at, 1, static_cast<char>(random.below(256)));
    break;
  }
  return text;
}

std::string Mutator::mutateText(Random &random, const std::string &text,
                                Format format) const {
  switch (random.below(10)) {
  case 0:
    return mutateBytes(random, text);
  case 1:
  case 2:
    return mutateLines(random, text, format);
  default:
    return mutateTokens(random, text, format);
  }
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// The length in front of the header of a safetensors file.
constexpr size_t kLengthBytes = 8;

/// The header of a safetensors file, whatever its length says.
static StringRef getHeader(StringRef file) {
  if (file.size() < kLengthBytes)
    return {};
  return file.substr(kLengthBytes, support::endian::read64le(file.data()));
}

/// The rest of a file is missing.
static std::string truncate(Random &random, const std::string &text) {
  return text.substr(0, random.below(text.size() + 1));
}

std::string Mutator::mutateObject(Random &random, const std::string &text,
                                  Format format) const {
  if (random.oneIn(4))
    return mutateText(random, text, format);
  const Seed &seed = *random.pick(seeds[static_cast<unsigned>(format)]);
  StringRef other = seed.text;
  if (format == Format::Safetensors)
    other = getHeader(other);
  else if (format == Format::Checkpoint)
    other = splitCheckpoint(other).first;
  return mutateJSON(random, text, other);
}

std::string Mutator::mutateSafetensors(Random &random, std::string text) const {
  if (random.oneIn(32))
    return truncate(random, text);
  if (text.size() <= kLengthBytes || random.oneIn(8))
    return mutateBytes(random, std::move(text));
  // The header changes, and mostly its length follows.
  const std::string header = getHeader(text).str();
  const std::string changed = mutateObject(random, header, Format::Safetensors);
  text.replace(kLengthBytes, header.size(), changed);
  if (!random.oneIn(8))
    support::endian::write64le(text.data(), changed.size());
  return text;
}

std::string Mutator::mutateInput(Random &random, std::string text,
                                 Format format) const {
  switch (format) {
  case Format::LLM:
  case Format::Accel:
  case Format::CSB:
  case Format::Checksums:
    return mutateText(random, text, format);
  case Format::Config:
  case Format::GenerationConfig:
  case Format::Index:
  case Format::Plan:
    return mutateObject(random, text, format);
  case Format::Safetensors:
    return mutateSafetensors(random, std::move(text));
  case Format::Checkpoint: {
    auto [config, tensors] = splitCheckpoint(text);
    if (random.oneIn(2))
      return joinCheckpoint(mutateObject(random, config.str(), format),
                            tensors);
    return joinCheckpoint(config, mutateSafetensors(random, tensors.str()));
  }
  case Format::GGUF:
    if (random.oneIn(32))
      return truncate(random, text);
    if (random.oneIn(16))
      return mutateBytes(random, std::move(text));
    return mutateGGUF(
        random, text,
        random.pick(seeds[static_cast<unsigned>(Format::GGUF)])->text);
  }
  llvm_unreachable("all formats are handled");
}

/// Of 100 inputs, how many of a format.
static constexpr unsigned kShares[kNumFormats] = {20, 12, 16, 16, 1, 3,
                                                  7,  10, 10, 4,  1};

Seed Mutator::mutate(Random &random) const {
  unsigned format = 0;
  for (unsigned share = random.below(100); share >= kShares[format]; ++format)
    share -= kShares[format];
  // Tests are many and small; models go all the way.
  Seed input = *random.pick(random.oneIn(4) ? models[format] : seeds[format]);
  const uint64_t changes = 1 + (random.oneIn(2) ? random.below(4) : 0);
  for (uint64_t i = 0; i < changes; ++i)
    input.text = mutateInput(random, std::move(input.text), input.format);
  return input;
}
