//===- TokenFile.cpp - Files of token ids ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenFile.h"
#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/Support/InputFile.h"
#include "TextTokens.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/LineIterator.h"

using namespace dlavm;
using namespace llvm;

static Expected<TokenFile> readIds(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readTextFile(path);
  if (!buffer)
    return createStringError(path + ": " + toString(buffer.takeError()));
  TokenFile file;
  file.path = path.str();
  for (line_iterator line(**buffer); !line.is_at_end(); ++line) {
    TokenFile::Sequence sequence{line.line_number(), {}};
    SmallVector<StringRef> words;
    SplitString(*line, words, ", \t\r\v\f");
    for (StringRef word : words) {
      int32_t id = 0;
      if (word.getAsInteger(10, id) || id < 0)
        return file.fail(sequence, "'" + word +
                                       "' is no token id; write the ids of a "
                                       "sequence as 1,80,147");
      sequence.ids.push_back(id);
    }
    if (!sequence.ids.empty())
      file.sequences.push_back(std::move(sequence));
  }
  if (file.sequences.empty())
    return createStringError(path + " has no tokens; write a sequence of token "
                                    "ids in each line");
  return file;
}

static Expected<TokenFile> readText(StringRef path, StringRef model,
                                    int64_t size) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readTextFile(path);
  if (!buffer)
    return createStringError(path + ": " + toString(buffer.takeError()));
  Expected<TextTokens> tokens = TextTokens::open(model);
  if (!tokens)
    return tokens.takeError();
  TokenFile file;
  file.path = path.str();
  file.isText = true;
  Expected<std::vector<int32_t>> front = tokens->encode("", /*isFirst=*/true);
  if (!front)
    return front.takeError();
  Expected<std::vector<int32_t>> ids =
      tokens->encode((*buffer)->getBuffer(), /*isFirst=*/false);
  if (!ids)
    return ids.takeError();
  if (ids->empty())
    return createStringError(path + " has no text");
  const auto limit = static_cast<size_t>(size);
  if (front->size() >= limit)
    return createStringError("the tokenizer of " + model + " puts " +
                             Twine(front->size()) +
                             " tokens in front of a text; --text-tokens must "
                             "be more");
  int64_t line = 1;
  for (int32_t id : *ids) {
    if (file.sequences.empty() || file.sequences.back().ids.size() == limit)
      file.sequences.push_back({line, *front});
    file.sequences.back().ids.push_back(id);
    Expected<std::string> added = tokens->add(id);
    if (!added)
      return added.takeError();
    line += llvm::count(*added, '\n');
  }
  return file;
}

Expected<TokenFile> TokenFile::read(const TokenInput &input, StringRef model) {
  return input.textFile.empty()
             ? readIds(input.idsFile)
             : readText(input.textFile, model, input.textTokens);
}

Error TokenFile::fail(const Sequence &sequence, const Twine &message) const {
  return createStringError(path + ":" + Twine(sequence.line) + ": " + message);
}

Error TokenFile::check(int64_t least, int64_t maxTokens,
                       Interpreter &model) const {
  for (const Sequence &sequence : sequences) {
    const auto size = static_cast<int64_t>(sequence.ids.size());
    // The end of a text may be too short to predict anything.
    if (size < least && isText && sequences.size() > 1)
      continue;
    if (size < least)
      return fail(sequence, "a sequence must have at least " + Twine(least) +
                                " tokens, as each one but the first is "
                                "predicted from those before it");
    if (size > maxTokens)
      return fail(sequence,
                  "the sequence has " + Twine(size) +
                      " tokens, but the context of the model has " +
                      Twine(maxTokens) +
                      (isText ? "; give --text-tokens=" + Twine(maxTokens)
                              : Twine("; cut it into several "
                                      "lines")));
    if (Expected<MapValue> row = model.embed(sequence.ids); !row)
      return fail(sequence, toString(row.takeError()));
  }
  return Error::success();
}

int64_t TokenFile::getLongest() const {
  size_t longest = 0;
  for (const Sequence &sequence : sequences)
    longest = std::max(longest, sequence.ids.size());
  return static_cast<int64_t>(longest);
}
