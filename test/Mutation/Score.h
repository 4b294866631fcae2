//===- Score.h - How many mutants are found -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_SCORE_H
#define DLAVM_TEST_MUTATION_SCORE_H

#include "Faults.h"
#include "Outcome.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/Support/raw_ostream.h"

#include <array>

namespace dlavm {

/// Counts the outcomes by classes of faults.
class Score {
public:
  Score(const FaultModel &model, llvm::ArrayRef<Fault> faults,
        const Outcomes &outcomes);

  /// The table, and all survivors.
  void print(llvm::raw_ostream &os) const;
  /// Every mutant with what was found.
  void printList(llvm::raw_ostream &os) const;
  /// True if at least 99 % of the mutants that are not equivalent are found.
  bool isEnough() const;

private:
  using Row = std::array<unsigned, 8>;
  static unsigned count(const Row &row, std::initializer_list<Verdict> what);
  static void print(llvm::raw_ostream &os, llvm::StringRef name,
                    const Row &row);
  void printMutant(llvm::raw_ostream &os, size_t index) const;

  const FaultModel &model;
  llvm::ArrayRef<Fault> faults;
  const Outcomes &outcomes;
  llvm::MapVector<llvm::StringRef, Row> rows;
  Row total = {};
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_SCORE_H
