//===- Outcome.h - What became of a mutant ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_OUTCOME_H
#define DLAVM_TEST_MUTATION_OUTCOME_H

#include "DLAVM/Check/Checker.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstddef>
#include <cstdint>

namespace dlavm {

enum class Verdict : uint8_t {
  Undecided,
  /// Does in all calls what the original does.
  Equivalent,
  /// The driver refuses, or does not come to an end.
  Driver,
  Check,
  Sanitizer,
  Comparison,
  Survived,
  /// A process of ours died, which is a defect of the project.
  Crashed,
};

/// Where a mutant first differs from the original.
constexpr int32_t inLoad = -1;
constexpr int32_t inSweep = INT32_MAX;

/// Plain data: processes share it.
struct Outcome {
  Verdict verdict;
  /// An index of the calls that are executed, or one of the above.
  int32_t firstCall;
  /// What was found, cut to fit.
  char message[232];

  void set(Verdict newVerdict, llvm::StringRef text = "");
  /// "scores of layer 1, trp_mvm::Width: ..."
  void set(Verdict newVerdict, const Finding &finding);
};

/// One outcome for each mutant in memory that all child processes share.
class Outcomes {
public:
  explicit Outcomes(size_t count);
  Outcomes(const Outcomes &) = delete;
  ~Outcomes();

  size_t size() const { return count; }
  Outcome &operator[](size_t index) { return outcomes[index]; }
  const Outcome &operator[](size_t index) const { return outcomes[index]; }

  /// Calls \p function(index), which sets the verdict, for each of \p indices,
  /// in \p jobs processes. False if one died; the verdict of its mutant is
  /// Crashed then.
  bool forEach(llvm::ArrayRef<size_t> indices, unsigned jobs,
               llvm::function_ref<void(size_t)> function);

private:
  size_t count, bytes;
  Outcome *outcomes;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_OUTCOME_H
