//===- Predictions.h - What logits say about tokens -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_PREDICTIONS_H
#define DLAVM_LIB_TOOL_PREDICTIONS_H

#include "DLAVM/Interpreter/Interpreter.h"

namespace dlavm {

/// The natural logarithms of the softmax of \p logits.
std::vector<double> getLogProbabilities(llvm::ArrayRef<double> logits);

/// Says where a result has the first value that is no finite number, in a call
/// whose last token is at position end - 1; empty where all are.
std::string describeBeyondRange(int64_t layer, llvm::StringRef name,
                                const MapValue &value, int64_t end);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_PREDICTIONS_H
