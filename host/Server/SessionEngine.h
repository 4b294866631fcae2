//===- SessionEngine.h - A session behind the server ---------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_SESSIONENGINE_H
#define DLAVM_HOST_SERVER_SESSIONENGINE_H

#include "host/Chat/ChatTemplate.h"
#include "host/Server/Engine.h"
#include "host/Session/Session.h"

namespace dlavm::host {

/// Answers with a model. A prompt that begins as the last conversation did is
/// not computed anew as far as they agree: the session sees to that.
class SessionEngine : public Engine {
public:
  /// All of them outlive the engine; \p endTokens end every text. Clients know
  /// the model by \p name. Requests that do not say otherwise get \p sampling.
  SessionEngine(std::string name, TokenModel &model, const Tokenizer &tokenizer,
                ChatTemplate &chatTemplate, std::vector<int32_t> endTokens,
                const SamplingOptions &sampling = getOpenAISampling());

  ModelFacts getFacts() const override { return facts; }
  std::vector<int32_t> encode(const GenerationRequest &request) override;
  std::string decode(const std::vector<int32_t> &ids) override;
  std::vector<int32_t> getEndTokens(bool isChat) override;
  TextResult
  complete(const std::vector<int32_t> &ids, const TextOptions &options,
           const std::function<bool(const TextPiece &)> &consume) override;

private:
  ModelFacts facts;
  const Tokenizer &tokenizer;
  ChatTemplate &chatTemplate;
  std::vector<int32_t> endTokens;
  Session session;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_SESSIONENGINE_H
