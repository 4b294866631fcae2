//===- WhatFits.h - What of a large model a device can compute --*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_WHATFITS_H
#define DLAVM_LIB_TOOL_WHATFITS_H

#include "DLAVM/Pipelines/Pipelines.h"

namespace dlavm {

/// Says on stderr what would fit where compiling with \p options has failed: a
/// smaller context, another device or board, or how many layers, and so how
/// many boards; nothing where nothing does. \p layers and \p maxTokens are
/// those of the model that failed, whose configuration or checkpoint is \p
/// model.
void explainWhatFits(llvm::StringRef model, const CompileOptions &options,
                     int64_t layers, int64_t maxTokens);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_WHATFITS_H
