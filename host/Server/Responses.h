//===- Responses.h - What clients get ------------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_RESPONSES_H
#define DLAVM_HOST_SERVER_RESPONSES_H

#include "host/Server/Engine.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace dlavm::host {

/// Writes the answer to one request, whole or as events of a stream. All text
/// is JSON in one line; bytes that are no UTF-8 are replaced.
class ResponseWriter {
public:
  ResponseWriter(Engine &engine, const GenerationRequest &request,
                 std::string modelName);

  /// The first event of a stream, if it has one before the first piece.
  std::string begin();
  /// The event of a piece; empty if it shows nothing.
  std::string add(const TextPiece &piece);
  /// The last events of a stream.
  std::string finish(const TextResult &result);

  /// The whole answer.
  std::string toJson(const std::string &text,
                     const std::vector<TokenLogprob> &tokens,
                     const TextResult &result);

private:
  nlohmann::json makeChunk(nlohmann::json choices) const;
  nlohmann::json listTokens(const std::vector<TokenLogprob> &tokens);

  Engine &engine;
  const GenerationRequest &request;
  std::string modelName, id;
  int64_t created;
  /// Whole characters of the answer so far, and the bytes that begin the next.
  size_t offset = 0;
  std::string waiting;
};

/// An event of a stream.
std::string makeEvent(const std::string &data);

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_RESPONSES_H
