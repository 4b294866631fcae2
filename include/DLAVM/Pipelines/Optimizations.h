//===- Optimizations.h - The passes that may be left out ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PIPELINES_OPTIMIZATIONS_H
#define DLAVM_PIPELINES_OPTIMIZATIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace dlavm {

class DeviceInfo;
struct DriverPlan;

/// The largest level of `-O`, which is that of dlavm compile.
constexpr unsigned kMaxOptLevel = 2;

/// Without what a pass does nothing.
enum class PassNeed {
  Nothing,
  /// Registers keep their values.
  KeptRegisters,
  /// Softmax takes a part of a call's tokens.
  SoftmaxSlices,
  /// Starts of a linear layer share its output channels.
  ChannelParts,
  /// The function that accel-specialize-decode makes, which it changes.
  Decode,
};

/// A pass of the pipeline without which a driver is right as well. Drivers of
/// level 0 write the registers that the conformance traces have.
struct Optimization {
  llvm::StringLiteral pass;
  /// From this level on it runs; beyond kMaxOptLevel, only by its name.
  unsigned level;
  PassNeed need = PassNeed::Nothing;
};

/// In the order in which they run.
llvm::ArrayRef<Optimization> getOptimizations();
bool isOptimization(llvm::StringRef pass);

/// Refuses names that are none of them. \p option is where they stand:
/// "--enable-passes".
llvm::Error checkOptimizations(llvm::StringRef option,
                               llvm::ArrayRef<std::string> names);

/// Those of a level, with some more and without others, in the order in which
/// they run. accel-specialize-decode is among them where one of them, or the
/// \p mode "aux", needs the function that it makes. An error names a pass that
/// is none of them, is in both lists or is disabled but needed, and a level
/// that there is not.
llvm::Expected<std::vector<std::string>>
chooseOptimizations(unsigned level, llvm::ArrayRef<std::string> enabled,
                    llvm::ArrayRef<std::string> disabled, llvm::StringRef mode);

/// Refuses a plan whose passes, or options of them, dlavm compile cannot have
/// written: a PlanError for plan.json in \p file.
llvm::Error checkPlannedPasses(const DriverPlan &plan, llvm::StringRef file);

/// Why a pass does nothing on \p device, and the device or the option with
/// which it would; empty where the record rules nothing out.
std::string explainIdlePass(llvm::StringRef pass, const DeviceInfo &device,
                            bool slicesSoftmax);

} // namespace dlavm

#endif // DLAVM_PIPELINES_OPTIMIZATIONS_H
