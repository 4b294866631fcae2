//===- OpDocs.h - What TableGen says of the ops -------------------------- ===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOLS_DLAVMLSPSERVER_OPDOCS_H
#define DLAVM_TOOLS_DLAVMLSPSERVER_OPDOCS_H

#include "llvm/ADT/StringRef.h"

namespace dlavm {

/// Markdown of all ops, one behind the other, each under a heading of the third
/// level: "### `llm.linear` (::dlavm::llm::LinearOp)".
llvm::StringRef getOpDocs();

} // namespace dlavm

#endif // DLAVM_TOOLS_DLAVMLSPSERVER_OPDOCS_H
