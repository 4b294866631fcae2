//===- GenerationConfig.h - generation_config.json --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_GENERATIONCONFIG_H
#define DLAVM_HOST_CHAT_GENERATIONCONFIG_H

#include "host/Chat/Sampler.h"

#include <string>

namespace dlavm::host {

/// How a model wants its tokens chosen where nobody says otherwise.
struct GenerationConfig {
  SamplingOptions sampling;
  /// The file that says so; empty if none says more than \p otherwise of read.
  std::string file;

  /// Reads do_sample, temperature, top_k, top_p, min_p and repetition_penalty.
  /// \p choice names the file, or is "none"; where it is empty, that of the
  /// directory is taken, if there is one. What it does not say remains \p
  /// otherwise, but for the temperature, which is 0 without do_sample, and 1
  /// with it, or where one of top_k, top_p and min_p is there. Throws
  /// dlavm::Error, with file and place, if it is malformed.
  static GenerationConfig read(const std::string &directory,
                               const std::string &choice,
                               const SamplingOptions &otherwise);
};

/// "temperature 0.6, top-p 0.9", or "greedy": what differs from the defaults,
/// without the seed.
std::string describeSampling(const SamplingOptions &options);

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_GENERATIONCONFIG_H
