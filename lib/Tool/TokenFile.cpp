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

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/LineIterator.h"

using namespace dlavm;
using namespace llvm;

Expected<TokenFile> TokenFile::read(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readTextFile(path);
  if (!buffer)
    return createStringError(path + ": " + toString(buffer.takeError()));
  TokenFile file;
  file.path = path.str();
  for (line_iterator line(**buffer); !line.is_at_end(); ++line) {
    Sequence sequence{line.line_number(), {}};
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

Error TokenFile::fail(const Sequence &sequence, const Twine &message) const {
  return createStringError(path + ":" + Twine(sequence.line) + ": " + message);
}

Error TokenFile::check(int64_t least, int64_t maxTokens,
                       Interpreter &model) const {
  for (const Sequence &sequence : sequences) {
    const auto size = static_cast<int64_t>(sequence.ids.size());
    if (size < least)
      return fail(sequence, "a sequence must have at least " + Twine(least) +
                                " tokens, as each one but the first is "
                                "predicted from those before it");
    if (size > maxTokens)
      return fail(sequence, "the sequence has " + Twine(size) +
                                " tokens, but the context of the model has " +
                                Twine(maxTokens) +
                                "; cut it into several lines");
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
