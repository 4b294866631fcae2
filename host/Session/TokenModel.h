//===- TokenModel.h - What computes tokens ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SESSION_TOKENMODEL_H
#define DLAVM_HOST_SESSION_TOKENMODEL_H

#include <cstdint>
#include <vector>

namespace dlavm::host {

/// What computes tokens: a driver on a device, or an interpreter. It keeps the
/// KV caches from call to call. Failures are exceptions.
class TokenModel {
public:
  virtual ~TokenModel() = default;

  /// The largest context, in tokens.
  virtual int32_t getMaxTokens() const = 0;
  /// Ids are 0 to one less.
  virtual int32_t getVocabularySize() const = 0;

  /// Appends \p ids, at least one, to the first \p past tokens of the history.
  /// Returns the id with the largest logit, the lowest of several.
  virtual int32_t call(const std::vector<int32_t> &ids, int32_t past) = 0;

  virtual bool hasLogits() const = 0;
  /// Sets \p logits to those of the token that follows the last call, one for
  /// each id. Who asks for every token hands over the same vector.
  virtual void readLogits(std::vector<float> &logits) = 0;
  /// Whether readLogits has seen that those it read last are finite numbers;
  /// otherwise somebody else looks.
  virtual bool hasFiniteLogits() const { return false; }
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SESSION_TOKENMODEL_H
