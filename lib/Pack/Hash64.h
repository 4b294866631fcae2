//===- Hash64.h - xxHash64 of data in pieces ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_HASH64_H
#define DLAVM_LIB_PACK_HASH64_H

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cstdint>

namespace dlavm {

/// xxHash64 with the seed 0, as llvm::xxHash64 computes it of data that lie in
/// one piece.
class Hash64 {
public:
  void update(llvm::ArrayRef<uint8_t> data);
  uint64_t final() const;

private:
  static constexpr size_t kStripe = 32;
  void addStripes(const uint8_t *data, size_t count);

  std::array<uint64_t, 4> lanes = {0x60EA27EEADC0B5D6, 0xC2B2AE3D27D4EB4F, 0,
                                   0x61C8864E7A143579};
  std::array<uint8_t, kStripe> rest;
  size_t numRest = 0;
  uint64_t total = 0;
};

} // namespace dlavm

#endif // DLAVM_LIB_PACK_HASH64_H
