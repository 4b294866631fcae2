//===- GenerationRequest.h - What clients ask for ------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_GENERATIONREQUEST_H
#define DLAVM_HOST_SERVER_GENERATIONREQUEST_H

#include "host/Chat/ChatTemplate.h"
#include "host/Chat/TextAnswer.h"

#include <optional>
#include <string>
#include <vector>

namespace dlavm::host {

inline SamplingOptions getOpenAISampling() {
  SamplingOptions sampling;
  sampling.temperature = 1;
  return sampling;
}

/// What requests are read with.
struct ModelFacts {
  std::string name;
  int32_t maxTokens = 0;
  int32_t vocabularySize = 0;
  /// Without, only the largest logit is known.
  bool hasLogits = true;
  /// What counts where a request does not say otherwise and there are logits;
  /// OpenAI's defaults, if the model has none of its own.
  SamplingOptions sampling = getOpenAISampling();
};

/// A request of /v1/chat/completions or /v1/completions.
struct GenerationRequest {
  bool isChat = false;
  std::vector<Message> messages;
  /// Of /v1/completions: text, or ids where there are any.
  std::string prompt;
  std::vector<int32_t> promptIds;
  bool echo = false;
  bool stream = false;
  bool includeUsage = false;
  std::optional<int32_t> maxNewTokens;
  std::optional<uint64_t> seed;
  std::vector<std::string> stopStrings;
  SamplingOptions sampling;
  /// -1 without logprobs.
  int32_t topLogprobs = -1;
};

/// Reads the body of a request. Throws ApiError (400, or 404 for another
/// model), which names the parameter.
GenerationRequest parseChatRequest(const std::string &body,
                                   const ModelFacts &facts);
GenerationRequest parseCompletionRequest(const std::string &body,
                                         const ModelFacts &facts);

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_GENERATIONREQUEST_H
