//===- Engine.h - What the server answers with ---------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_ENGINE_H
#define DLAVM_HOST_SERVER_ENGINE_H

#include "host/Server/GenerationRequest.h"

#include <functional>
#include <string>
#include <vector>

namespace dlavm::host {

/// A model on a device, and between texts and its tokens. All functions but
/// complete may be called by several threads at once. Failures are exceptions.
class Engine {
public:
  virtual ~Engine() = default;

  virtual ModelFacts getFacts() const = 0;

  /// The tokens of a prompt; throws dlavm::Error if what the client sent cannot
  /// be encoded, as when a chat template refuses messages, and something else
  /// if that is not the client's fault.
  virtual std::vector<int32_t> encode(const GenerationRequest &request) = 0;
  virtual std::string decode(const std::vector<int32_t> &ids) = 0;
  /// What ends an answer, of a chat or of a completion.
  virtual std::vector<int32_t> getEndTokens(bool isChat) = 0;

  /// Continues \p ids. \p consume returns false to cancel that.
  virtual TextResult
  complete(const std::vector<int32_t> &ids, const TextOptions &options,
           const std::function<bool(const TextPiece &)> &consume) = 0;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_ENGINE_H
