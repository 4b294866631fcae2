//===- RuntimeHeader.h - The runtime header as text ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_RUNTIMEHEADER_H
#define DLAVM_TOOL_RUNTIMEHEADER_H

#include "llvm/ADT/StringRef.h"

namespace dlavm {

/// runtime/dlavm_runtime.h, which is copied beside every driver.
llvm::StringRef getRuntimeHeader();

} // namespace dlavm

#endif // DLAVM_TOOL_RUNTIMEHEADER_H
