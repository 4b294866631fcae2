//===- ShowProgress.h - What takes long, shown ------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_SHOWPROGRESS_H
#define DLAVM_LIB_TOOL_SHOWPROGRESS_H

#include "DLAVM/Driver/DriverLibrary.h"
#include "DLAVM/Pack/PackDirectory.h"

namespace dlavm {

/// Something for PackOptions::progress.
std::function<void(int64_t, int64_t)> showPacking();

/// Loads the parameters of \p directory and shows how far that is.
llvm::Error loadParameters(DriverLibrary &library, const DriverPlan &plan,
                           llvm::StringRef directory, EventSink &sink);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_SHOWPROGRESS_H
