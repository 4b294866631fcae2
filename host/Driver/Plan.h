//===- Plan.h - plan.json of a driver, for hosts -------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_PLAN_H
#define DLAVM_HOST_DRIVER_PLAN_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlavm::host {

/// A function of the driver that moves a map or a token, or runs a call of one
/// token.
struct PlanFunction {
  std::string name;
  /// "input", "output", "token" or "decode".
  std::string kind;
  /// Of a row; 0 for a token and decode.
  int64_t channels = 0;
  /// Whether it moves one row and takes no number of tokens.
  bool lastTokenOnly = false;
};

/// An operation of the driver.
struct PlanTask {
  std::string name;
  /// The buffer that it writes; empty if it appends to a KV cache.
  std::string result;
};

/// A feature map. Sizes and addresses are bytes.
struct PlanBuffer {
  std::string name;
  std::string space;
  int64_t address = 0;
  int64_t bytes = 0;
  /// Whether the host writes it before a run.
  bool isInput = false;
};

/// A weight, a table or a KV cache.
struct PlanObject {
  std::string name;
  /// "weight", "kv_cache", ...: see docs/Driver.md.
  std::string kind;
  std::string space;
  /// Of the first layer; bytes are those in every port.
  int64_t address = 0;
  int64_t bytes = 0;
  /// 0 where one serves all layers.
  int64_t layers = 0;
  int64_t layerStride = 0;
  int64_t dmaBase = 0;
  int64_t ports = 1;
  int64_t portStride = 0;

  /// What the host calls its place.
  uint64_t getDMAAddress(int64_t layer, int64_t port) const {
    return static_cast<uint64_t>(dmaBase + address + layer * layerStride +
                                 port * portStride);
  }
};

/// What plan.json says of a compiled driver, as far as a host needs it.
struct Plan {
  /// The name of the header, in the directory of plan.json.
  std::string driver;
  /// The namespace of the driver, which is the name of the model.
  std::string namespaceName;
  /// With its board, as "edgellm-20241128".
  std::string device;
  int32_t maxTokens = 0;
  uint64_t fingerprint = 0;
  /// Rows and channels of the embedding; 0 without.
  int32_t vocabulary = 0;
  int32_t channels = 0;
  std::vector<PlanFunction> functions;
  std::vector<PlanTask> tasks;
  std::vector<PlanBuffer> buffers;
  std::vector<PlanObject> objects;
  /// Whether dlavm pack has written the parameters.
  bool isPacked = false;
  /// The tokens that end a text, by the checkpoint.
  std::vector<int32_t> endTokens;

  /// Reads \p directory/plan.json. Throws dlavm::Error, which says at which key
  /// what was expected and what was found.
  static Plan read(const std::string &directory);

  /// The only function of this kind, or the only one of this name; null if
  /// there is none.
  const PlanFunction *findFunction(const std::string &kind,
                                   const std::string &name = "") const;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_PLAN_H
