//===- LoadedDriver.h - A driver in this process ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_LOADEDDRIVER_H
#define DLAVM_TEST_MUTATION_LOADEDDRIVER_H

#include "DLAVM/Compare/Execution.h"

namespace dlavm {

/// A driver as a library of this process, which a DriverLibrary does not allow:
/// mutants are copies of the process in the middle of a call, and ask at every
/// statement. A driver that DLAVM wrote and that only says other values does
/// not end its process.
class LoadedDriver {
public:
  /// Compiles with $CXX, or else c++.
  static llvm::Expected<std::unique_ptr<LoadedDriver>>
  load(llvm::StringRef directory, const DriverPlan &plan);
  ~LoadedDriver();

  llvm::Error loadParameters(llvm::StringRef directory, EventSink &sink);
  /// Gives the device object of the driver, which stays the same, the words of
  /// instruction blocks.
  llvm::Error keepInstructions(llvm::ArrayRef<uint8_t> bytes);
  /// As callDriver, for a driver with one input; with \p decodes by the
  /// function for one token.
  llvm::Expected<CallResult> call(llvm::ArrayRef<uint16_t> input, int64_t seq,
                                  int64_t past, bool decodes, EventSink &sink);
  /// True for calls of one token where the driver has a function for them.
  bool decodes(int64_t seq) const { return hasDecode && seq == 1; }

private:
  struct Call;
  LoadedDriver() = default;
  llvm::Error enter(Call &call);

  bool hasDecode = false;
  void *handle = nullptr;
  const char *(*entry)(Call *call) = nullptr;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_LOADEDDRIVER_H
