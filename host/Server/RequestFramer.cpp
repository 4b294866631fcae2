//===- RequestFramer.cpp - Where HTTP requests end ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/RequestFramer.h"

#include <algorithm>

using namespace dlavm::host;

static constexpr std::string_view lineEnd = "\r\n", headEnd = "\r\n\r\n";

void RequestFramer::add(std::string_view bytes) {
  if (failure)
    return;
  buffer.erase(0, taken);
  taken = 0;
  buffer.append(bytes);
  advance();
}

void RequestFramer::drop() {
  phase = Phase::Head;
  head.clear();
  // A large body's memory is given back.
  body = std::string();
  searched = 0;
  wantsContinue = false;
  advance();
}

bool RequestFramer::takeContinue() {
  const bool wants = wantsContinue && phase == Phase::Body && missing > 0;
  wantsContinue = false;
  return wants;
}

bool RequestFramer::fail(int status, std::string message) {
  failure = Failure{status, std::move(message)};
  buffer = std::string();
  taken = 0;
  return false;
}

std::optional<std::string_view> RequestFramer::takeLine() {
  const std::string_view rest = getRest();
  const size_t end = rest.find(lineEnd);
  if (end == std::string_view::npos)
    return std::nullopt;
  return rest.substr(0, end);
}

void RequestFramer::advance() {
  for (bool goesOn = true; goesOn && !failure;) {
    switch (phase) {
    case Phase::Head:
      goesOn = readHead();
      break;
    case Phase::Body:
    case Phase::Chunk: {
      const size_t count = std::min(missing, getRest().size());
      body.append(getRest().substr(0, count));
      taken += count;
      missing -= count;
      goesOn = missing == 0;
      if (goesOn)
        phase = phase == Phase::Body ? Phase::Complete : Phase::ChunkEnd;
      break;
    }
    case Phase::ChunkEnd:
      goesOn = getRest().size() >= lineEnd.size();
      if (goesOn && getRest().substr(0, lineEnd.size()) != lineEnd)
        fail(400, "a chunk of the body is longer than it says");
      if (goesOn && !failure) {
        taken += lineEnd.size();
        phase = Phase::ChunkSize;
      }
      break;
    case Phase::ChunkSize:
      goesOn = readChunkSize();
      break;
    case Phase::Trailer: {
      const std::optional<std::string_view> line = takeLine();
      const size_t size = line ? line->size() : getRest().size();
      if (trailerBytes + size > limits.headBytes) {
        fail(431, "what follows the body has more than " +
                      std::to_string(limits.headBytes) + " bytes");
        break;
      }
      goesOn = line.has_value();
      if (line) {
        trailerBytes += size + lineEnd.size();
        if (line->empty())
          phase = Phase::Complete;
        taken += size + lineEnd.size();
      }
      break;
    }
    case Phase::Complete:
      goesOn = false;
      break;
    }
  }
}

bool RequestFramer::readHead() {
  // Empty lines may be left of the request before.
  while (getRest().substr(0, lineEnd.size()) == lineEnd)
    taken += lineEnd.size();
  const std::string_view rest = getRest();
  if (rest.empty() || rest == "\r")
    return false;
  if (rest.front() < 'A' || rest.front() > 'Z')
    return fail(400, "this is no request of HTTP/1.1; if the client speaks "
                     "HTTPS, use an address that begins with http://");
  const size_t end = rest.find(headEnd, searched);
  const size_t lineSize = std::min(rest.find(lineEnd), rest.size());
  if (lineSize > limits.targetBytes)
    return fail(414, "the request line has more than " +
                         std::to_string(limits.targetBytes) + " bytes");
  if (std::min(end, rest.size()) > limits.headBytes)
    return fail(431, "the headers have more than " +
                         std::to_string(limits.headBytes) + " bytes");
  if (end == std::string_view::npos) {
    searched = rest.size() < headEnd.size() ? 0 : rest.size() - 3;
    return false;
  }
  searched = 0;
  head = rest.substr(0, end + headEnd.size());
  taken += head.size();
  parseHead();
  return !failure;
}

static bool isTokenCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

static std::string toLower(std::string_view text) {
  std::string lower(text);
  for (char &c : lower)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

static std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Returns nothing if the text is no number; numbers too large are the largest.
static std::optional<size_t> parseSize(std::string_view text, unsigned base) {
  if (text.empty())
    return std::nullopt;
  size_t number = 0;
  for (char c : text) {
    const unsigned digit = c >= '0' && c <= '9'   ? unsigned(c - '0')
                           : c >= 'a' && c <= 'f' ? unsigned(c - 'a') + 10
                           : c >= 'A' && c <= 'F' ? unsigned(c - 'A') + 10
                                                  : base;
    if (digit >= base)
      return std::nullopt;
    number = number > (SIZE_MAX >> 5) ? SIZE_MAX >> 1 : number * base + digit;
  }
  return number;
}

void RequestFramer::parseHead() {
  for (char c : head)
    if ((c >= 0 && c < ' ' && c != '\t' && c != '\r' && c != '\n') ||
        c == 127) {
      fail(400, "the headers have a control character");
      return;
    }
  std::optional<size_t> length;
  bool isChunked = false;
  std::string kept;
  size_t begin = 0;
  for (size_t number = 0;; ++number) {
    const size_t end = head.find(lineEnd, begin);
    const std::string_view line(head.data() + begin, end - begin);
    begin = end + lineEnd.size();
    if (line.find_first_of("\r\n") != std::string_view::npos) {
      fail(400, "a line of the headers does not end with CR and LF");
      return;
    }
    if (number > 0 && !line.empty()) {
      const size_t colon = line.find(':');
      if (colon == 0 || colon == std::string_view::npos ||
          !std::all_of(line.begin(), line.begin() + colon, isTokenCharacter)) {
        fail(400, "line " + std::to_string(number + 1) +
                      " of the request is no header: expected NAME: VALUE");
        return;
      }
      const std::string name = toLower(line.substr(0, colon));
      const std::string_view value = trim(line.substr(colon + 1));
      if (name == "content-length") {
        const std::optional<size_t> size = parseSize(value, 10);
        if (!size || length) {
          fail(400, length ? "there are several headers Content-Length"
                           : "Content-Length is no number of bytes");
          return;
        }
        length = size;
      } else if (name == "transfer-encoding") {
        if (isChunked || toLower(value) != "chunked") {
          fail(501,
               "of the values of Transfer-Encoding, only chunked is known");
          return;
        }
        isChunked = true;
      } else if (name == "expect") {
        if (toLower(value) != "100-continue") {
          fail(417, "of the values of Expect, only 100-continue is known");
          return;
        }
        wantsContinue = true;
        continue;
      }
    }
    kept.append(line).append(lineEnd);
    if (line.empty())
      break;
  }
  if (length && isChunked) {
    fail(400, "Content-Length and Transfer-Encoding contradict each other");
    return;
  }
  if (length.value_or(0) > limits.bodyBytes) {
    fail(413, "the body has " + std::to_string(*length) +
                  " bytes, but at most " + std::to_string(limits.bodyBytes) +
                  " are taken");
    return;
  }
  head = std::move(kept);
  missing = length.value_or(0);
  trailerBytes = 0;
  phase = isChunked ? Phase::ChunkSize : Phase::Body;
}

bool RequestFramer::readChunkSize() {
  const std::optional<std::string_view> line = takeLine();
  if (!line) {
    if (getRest().size() > limits.targetBytes)
      return fail(400, "the size of a chunk of the body has no end");
    return false;
  }
  const std::optional<size_t> size =
      parseSize(trim(line->substr(0, line->find(';'))), 16);
  if (!size || line->size() > limits.targetBytes)
    return fail(400,
                "the size of a chunk of the body is no hexadecimal number");
  if (*size > limits.bodyBytes - body.size())
    return fail(413, "the body has more than " +
                         std::to_string(limits.bodyBytes) + " bytes");
  taken += line->size() + lineEnd.size();
  missing = *size;
  phase = *size == 0 ? Phase::Trailer : Phase::Chunk;
  return true;
}
