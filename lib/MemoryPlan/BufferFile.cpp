//===- BufferFile.cpp - Files of buffers with lifetimes -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/MemoryPlan/BufferFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kHeader = "id,lower,upper,size";

/// Text of a file in a message.
static std::string quote(StringRef text) {
  constexpr size_t most = 40;
  std::string quoted;
  raw_string_ostream os(quoted);
  os << "'";
  printEscapedString(text.take_front(most), os);
  os << (text.size() > most ? "...'" : "'");
  return quoted;
}

namespace {

class Parser {
public:
  Expected<BufferFile> parse(StringRef text);

private:
  Error parseLine();
  /// An error at a place in the line.
  Error fail(StringRef at, const Twine &message) const {
    return createStringError(Twine(lineNumber) + ":" +
                             Twine(at.data() - line.data() + 1) + ": " +
                             message);
  }

  BufferFile file;
  StringRef line;
  int64_t lineNumber = 0;
  SmallVector<StringRef, 4> fields;
  StringMap<int64_t> lineOf;
  int64_t bytesLeft = kMaxPlannedBytes;
};

} // namespace

Expected<BufferFile> Parser::parse(StringRef text) {
  // Blank lines may end the file.
  for (StringRef rest = text; !rest.trim().empty();) {
    std::tie(line, rest) = rest.split('\n');
    line.consume_back("\r");
    ++lineNumber;
    if (lineNumber == 1 && line != kHeader)
      return fail(line, "the first line must be " + quote(kHeader) +
                            ", found " + quote(line));
    if (lineNumber > 1)
      if (Error error = parseLine())
        return error;
  }
  if (!file.buffers.empty())
    return std::move(file);
  line = "";
  lineNumber = std::max<int64_t>(lineNumber, 1);
  return fail(line, "there is no buffer in the file; it must have a line '" +
                        kHeader + "' and then one for each buffer");
}

Error Parser::parseLine() {
  static constexpr const char *names[] = {"id", "lower", "upper", "size"};
  fields.clear();
  line.split(fields, ',');
  if (fields.size() != std::size(names))
    return fail(fields.size() > std::size(names) ? fields[std::size(names)]
                                                 : line.substr(line.size()),
                "a line must have 4 fields, " + kHeader + ", found " +
                    Twine(fields.size()));
  StringRef id = fields[0];
  if (id.empty() || !all_of(id, [](char c) { return isPrint(c) && c != '"'; }))
    return fail(id, "the id must be printable characters without quotes, "
                    "found " +
                        quote(id));
  auto [first, isNew] = lineOf.try_emplace(id, lineNumber);
  if (!isNew)
    return fail(id, "the id " + quote(id) + " is that of line " +
                        Twine(first->second) + ", too");
  int64_t numbers[std::size(names)] = {};
  for (unsigned i = 1; i < std::size(names); ++i)
    if (fields[i].getAsInteger(10, numbers[i]))
      return fail(fields[i], Twine(names[i]) +
                                 " must be an integer of 64 bits, found " +
                                 quote(fields[i]));
  const auto [unused, lower, upper, size] = numbers;
  if (upper <= lower)
    return fail(fields[2], "upper must be more than lower, " + Twine(lower) +
                               ", as the buffer lives in [lower, upper); "
                               "found " +
                               Twine(upper));
  if (size < 0)
    return fail(fields[3],
                "size must be at least 0 bytes, found " + Twine(size));
  if (size > bytesLeft)
    return fail(fields[3], "the sizes up to here must be at most 2^61 bytes "
                           "together, found " +
                               Twine(kMaxPlannedBytes - bytesLeft) + " and " +
                               Twine(size));
  bytesLeft -= size;
  file.ids.push_back(id.str());
  file.buffers.push_back({size, 1, {{lower, upper}}});
  return Error::success();
}

Expected<BufferFile> dlavm::parseBufferFile(StringRef text) {
  return Parser().parse(text);
}
