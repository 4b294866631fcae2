//===- DriverLibrary.h - Compiled driver source in this process ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DRIVER_DRIVERLIBRARY_H
#define DLAVM_DRIVER_DRIVERLIBRARY_H

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/EventSink.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace dlavm {

/// plan.json of a directory that `dlavm compile` wrote.
struct DriverPlan {
  std::string driver;
  std::string namespaceName;
  std::string device;
  int64_t maxTokens;
  std::vector<PlanRegion> regions;

  /// Reads and checks \p directory/plan.json. Errors name file and field. All
  /// addresses are at least 0, all sizes at least 1, and no end overflows.
  static llvm::Expected<DriverPlan> read(llvm::StringRef directory);
};

/// The driver of a directory, compiled with the system's compiler and loaded:
/// the very source that a host would use, with a device that hands all events
/// to a sink.
class DriverLibrary {
public:
  /// Compiles with $CXX, a program and perhaps arguments separated by spaces;
  /// where it is unset or empty, with c++, g++ or clang++, whichever is found
  /// first.
  static llvm::Expected<std::unique_ptr<DriverLibrary>>
  load(llvm::StringRef directory, const DriverPlan &plan);
  ~DriverLibrary();

  /// Runs a call. Fails with the message of the driver's exception.
  llvm::Error run(int64_t seq, int64_t past, EventSink &sink);

private:
  DriverLibrary() = default;

  void *handle = nullptr;
  const char *(*entry)(const void *callbacks, int32_t seq,
                       int32_t past) = nullptr;
};

} // namespace dlavm

#endif // DLAVM_DRIVER_DRIVERLIBRARY_H
