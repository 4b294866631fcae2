//===- RunDump.h - Memory images of a run -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_RUNDUMP_H
#define DLAVM_LIB_TOOL_RUNDUMP_H

#include "DLAVM/Driver/DriverLibrary.h"
#include "DLAVM/Tool/Tool.h"

namespace dlavm {

/// "task 'query' of layer 3 in call 0"
std::string describe(const DumpSelection &selection);

/// The file of a dump that lists the others.
std::string getDumpIndex(llvm::StringRef directory);

/// Fails if the run has none of the starts that are to be dumped, as far as the
/// plan says that.
llvm::Error checkDumped(const RunCommand &command, const DriverPlan &plan);
/// The same, by what the driver does in the first call.
llvm::Error checkDumped(const RunCommand &command, DriverLibrary &library);

/// Fails where the directory is not empty, since what is there would be taken
/// for a part of the dump.
llvm::Expected<OutputDirectory> openDump(llvm::StringRef directory);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_RUNDUMP_H
