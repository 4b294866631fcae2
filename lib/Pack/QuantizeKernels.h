//===- QuantizeKernels.h - Blocks of weights in vector code ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_QUANTIZEKERNELS_H
#define DLAVM_LIB_PACK_QUANTIZEKERNELS_H

#include "DLAVM/Pack/RowQuantizer.h"

#include <array>

namespace dlavm {

/// The scales that a search tries, a multiple of eight.
inline constexpr size_t kSearchSteps = 32;

/// The functions of RowQuantizer for one kind of processor.
struct QuantizeKernels {
  RowQuantizer::FindLargest findLargest;
  RowQuantizer::RoundBlock roundBlock;
  RowQuantizer::SearchScale searchScale;
};

/// FP16 codes of the scales that a search tries.
std::array<uint16_t, kSearchSteps> getSearchCodes(float fullScale);

/// The first candidate with the least of \p errors.
uint16_t chooseCode(llvm::ArrayRef<uint16_t> codes,
                    llvm::ArrayRef<double> errors);

QuantizeKernels getPortableKernels();

/// AVX2; nothing where the processor has none.
std::optional<QuantizeKernels> getAVX2Kernels();

} // namespace dlavm

#endif // DLAVM_LIB_PACK_QUANTIZEKERNELS_H
