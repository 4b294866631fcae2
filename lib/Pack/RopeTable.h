//===- RopeTable.h - Angles of rotary embeddings --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_ROPETABLE_H
#define DLAVM_LIB_PACK_ROPETABLE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <vector>

namespace dlavm {

/// FP16 codes [positions][pairs].
struct RopeTable {
  std::vector<uint16_t> cosines, sines;
};

/// Computes the table that the `with` of a rope_table object describes: pair i
/// of position t turns by t * theta^(-2i / rotary), divided by the i-th of its
/// `divisors` if there are any; its cosine and sine are multiplied with the
/// `attention_factor`, 1 by default. Pairs from rotary / 2 on do not turn.
/// Angles, cosines and sines are FP64, rounded to FP16 once.
llvm::Expected<RopeTable> computeRopeTable(const llvm::json::Object &config,
                                           int64_t positions, int64_t pairs);

} // namespace dlavm

#endif // DLAVM_LIB_PACK_ROPETABLE_H
