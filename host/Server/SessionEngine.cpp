//===- SessionEngine.cpp - A session behind the server --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/SessionEngine.h"

#include "host/Chat/TemplateProcess.h"

#include <algorithm>
#include <stdexcept>

using namespace dlavm::host;

SessionEngine::SessionEngine(std::string name, TokenModel &model,
                             const Tokenizer &tokenizer,
                             ChatTemplate &chatTemplate,
                             std::vector<int32_t> endTokens,
                             const SamplingOptions &sampling)
    : facts{std::move(name), model.getMaxTokens(),
            std::min(tokenizer.getSize(), model.getVocabularySize()),
            model.hasLogits(), sampling},
      tokenizer(tokenizer), chatTemplate(chatTemplate),
      endTokens(std::move(endTokens)), session(model) {
  session.limitIds(facts.vocabularySize);
}

std::vector<int32_t> SessionEngine::encode(const GenerationRequest &request) {
  if (request.isChat)
    try {
      return chatTemplate.encode(request.messages);
    } catch (const TemplateFailure &failure) {
      throw std::runtime_error(failure.what());
    }
  if (!request.promptIds.empty())
    return request.promptIds;
  return tokenizer.encode(request.prompt,
                          {/*addSpecial=*/true, /*parseSpecial=*/true});
}

std::string SessionEngine::decode(const std::vector<int32_t> &ids) {
  return tokenizer.decode(ids, /*skipSpecial=*/false);
}

std::vector<int32_t> SessionEngine::getEndTokens(bool isChat) {
  std::vector<int32_t> ids = endTokens;
  if (isChat)
    ids.insert(ids.end(), chatTemplate.getEndTokens().begin(),
               chatTemplate.getEndTokens().end());
  return ids;
}

TextResult
SessionEngine::complete(const std::vector<int32_t> &ids,
                        const TextOptions &options,
                        const std::function<bool(const TextPiece &)> &consume) {
  return answerText(session, tokenizer, ids, options, consume);
}
