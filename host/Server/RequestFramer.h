//===- RequestFramer.h - Where HTTP requests end -------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_REQUESTFRAMER_H
#define DLAVM_HOST_SERVER_REQUESTFRAMER_H

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dlavm::host {

/// Cuts the bytes of a connection into requests of HTTP/1.x, without a system
/// call, so that no thread waits for a client that sends slowly. It is stricter
/// than the parser behind it: there is one way to read what it lets pass.
class RequestFramer {
public:
  struct Limits {
    size_t headBytes = 32 << 10;
    size_t targetBytes = 2 << 10;
    size_t bodyBytes = 4 << 20;
  };
  struct Failure {
    /// The status of HTTP.
    int status;
    std::string message;
  };

  explicit RequestFramer(const Limits &limits) : limits(limits) {}

  void add(std::string_view bytes);

  /// True once a request is complete; the same one until it is dropped.
  bool isComplete() const { return phase == Phase::Complete; }
  /// Nothing is read after a failure.
  const std::optional<Failure> &getFailure() const { return failure; }
  /// True once, if the client waits for leave to send the body.
  bool takeContinue();
  /// True if the bytes of a request have begun.
  bool hasBegun() const {
    return phase != Phase::Head || taken < buffer.size();
  }
  /// How many bytes it keeps.
  size_t getSize() const { return buffer.size() + head.size() + body.size(); }

  /// The request line and headers, with the empty line, and the decoded body.
  const std::string &getHead() const { return head; }
  const std::string &getBody() const { return body; }

  /// Forgets the complete request, and goes on with the next.
  void drop();

private:
  enum class Phase {
    Head,
    Body,
    ChunkSize,
    Chunk,
    ChunkEnd,
    Trailer,
    Complete
  };

  void advance();
  /// Returns false if it waits for more bytes.
  bool readHead();
  bool readChunkSize();
  void parseHead();
  bool fail(int status, std::string message);
  std::string_view getRest() const {
    return std::string_view(buffer).substr(taken);
  }
  /// The next line without its end, if it is there.
  std::optional<std::string_view> takeLine();

  Limits limits;
  Phase phase = Phase::Head;
  /// The first bytes of the buffer are taken already.
  std::string buffer;
  size_t taken = 0;
  /// So many of the others have no end of a head.
  size_t searched = 0;
  std::string head, body;
  /// What the body or its chunk lacks.
  size_t missing = 0;
  size_t trailerBytes = 0;
  bool wantsContinue = false;
  std::optional<Failure> failure;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_REQUESTFRAMER_H
