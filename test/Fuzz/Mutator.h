//===- Mutator.h - Inputs a little wrong ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_MUTATOR_H
#define DLAVM_TEST_FUZZ_MUTATOR_H

#include "Corpus.h"
#include "Random.h"

namespace dlavm {

/// Makes inputs from the seeds of a corpus.
class Mutator {
public:
  explicit Mutator(const std::vector<Seed> &seeds);

  /// A seed with some changes; texts lose, double and swap tokens and lines,
  /// get extreme numbers, tokens and lines of other seeds of the format, and
  /// single bytes; JSON and GGUF change as mutateJSON and mutateGGUF do.
  Seed mutate(Random &random) const;

private:
  std::string mutateInput(Random &random, std::string text,
                          Format format) const;
  /// What is JSON, of the format or in it.
  std::string mutateObject(Random &random, const std::string &text,
                           Format format) const;
  std::string mutateSafetensors(Random &random, std::string text) const;
  std::string mutateText(Random &random, const std::string &text,
                         Format format) const;
  std::string mutateTokens(Random &random, const std::string &text,
                           Format format) const;
  std::string mutateLines(Random &random, const std::string &text,
                          Format format) const;

  /// Of each format.
  std::vector<const Seed *> seeds[kNumFormats], models[kNumFormats];
};

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_MUTATOR_H
