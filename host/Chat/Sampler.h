//===- Sampler.h - Choosing tokens by chance --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_SAMPLER_H
#define DLAVM_HOST_CHAT_SAMPLER_H

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace dlavm::host {

/// How tokens are chosen. The defaults choose the one with the largest logit.
/// What is set is applied in this order: penalties, temperature, top-k, top-p,
/// min-p.
struct SamplingOptions {
  /// Logits are divided by it; 0 takes the largest.
  double temperature = 0;
  /// Only so many tokens with the largest logits; 0 are all.
  int32_t topK = 0;
  /// Only the fewest tokens whose probabilities add up to this, 0 to 1; the
  /// most probable one remains always.
  double topP = 1;
  /// Only tokens at least as probable as this part, 0 to 1, of the most
  /// probable one.
  double minP = 0;
  /// The logit of each token of the conversation is divided by it where it is
  /// positive, and multiplied where negative; 1 changes nothing.
  double repetitionPenalty = 1;
  /// Subtracted from the logit of each token of the answer.
  double presencePenalty = 0;
  /// Subtracted for each time that a token stands in the answer.
  double frequencyPenalty = 0;
  /// The same seed gives the same tokens on every machine, for equal logits.
  uint64_t seed = 0;

  /// True if the largest logit as it is decides, so that nobody has to read
  /// logits.
  bool isGreedy() const {
    return temperature == 0 && repetitionPenalty == 1 && presencePenalty == 0 &&
           frequencyPenalty == 0;
  }
};

/// Another seed each time.
uint64_t makeSeed();

/// Chooses the tokens of one answer: an AnswerOptions::choose. Of tokens that
/// are equal, those with lower ids come first.
class Sampler {
public:
  /// The first \p promptTokens of the history are no part of the answer. Throws
  /// dlavm::Error, which names the option, if a value is out of its range.
  Sampler(const SamplingOptions &options, size_t promptTokens);

  /// Returns an id; the logits, at least one and all finite, lose their values.
  /// From call to call, \p history only grows.
  int32_t operator()(std::vector<float> &logits,
                     const std::vector<int32_t> &history);

private:
  void penalize(std::vector<float> &logits,
                const std::vector<int32_t> &history);

  SamplingOptions options;
  size_t promptTokens;
  std::mt19937_64 generator;
  /// How many tokens of the history are counted below.
  size_t counted = 0;
  /// By id: whether the history has it, how often the answer has.
  std::vector<bool> isKnown;
  std::vector<int32_t> answerCounts;
  std::vector<int32_t> known;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_SAMPLER_H
