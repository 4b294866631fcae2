//===- Subject.h - A driver that faults are put into --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_SUBJECT_H
#define DLAVM_TEST_MUTATION_SUBJECT_H

#include "DLAVM/Compare/Execution.h"
#include "DLAVM/Plan/Instructions.h"
#include "Instrument.h"
#include "LoadedDriver.h"
#include "OpenedModel.h"

#include "llvm/ADT/SmallString.h"

namespace dlavm {

/// An instrumented driver with random parameters, and what its calls give.
class Subject {
public:
  /// \p directory is one that `dlavm compile` wrote.
  static llvm::Expected<std::unique_ptr<Subject>>
  create(llvm::StringRef directory, llvm::ArrayRef<CallShape> shapes);
  Subject(const Subject &) = delete;
  ~Subject();

  DriverPlan plan;
  const DeviceInfo *device = nullptr;
  std::optional<Instructions> instructions;
  std::vector<Site> sites;
  std::unique_ptr<LoadedDriver> library;
  /// The directory with the driver and its packed parameters.
  llvm::SmallString<128> temporary;
  std::optional<Reference> reference;
  std::vector<ExpectedCall> calls;
  int64_t inputChannels = 0;

private:
  Subject() = default;
  llvm::Error open(llvm::StringRef directory);
  llvm::Error expect(llvm::StringRef directory,
                     llvm::ArrayRef<CallShape> shapes);

  std::optional<OpenedModel> model;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_SUBJECT_H
