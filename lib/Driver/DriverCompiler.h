//===- DriverCompiler.h - From driver source to a program -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DRIVER_DRIVERCOMPILER_H
#define DLAVM_LIB_DRIVER_DRIVERCOMPILER_H

#include "DriverProcess.h"

namespace dlavm {

/// The directory of compiled drivers: $DLAVM_DRIVER_CACHE, or else `dlavm` in
/// the user's cache directory; empty where the variable is, or there is none.
std::string getDriverCacheDirectory();

/// The program of the driver in \p directory, open to be started: one that was
/// compiled from the same preprocessed source with the same compiler and is in
/// the cache, or else compiled, and put there.
llvm::Expected<OpenFile> compileDriver(llvm::StringRef directory,
                                       const DriverPlan &plan);

/// Whether the driver is compiled with sanitizers, which want all addresses.
bool hasSanitizers();

} // namespace dlavm

#endif // DLAVM_LIB_DRIVER_DRIVERCOMPILER_H
