//===- Score.cpp - How many mutants are found ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Score.h"

#include "llvm/Support/Format.h"

using namespace dlavm;
using namespace llvm;

static constexpr double wanted = 0.99;

Score::Score(const FaultModel &model, ArrayRef<Fault> faults,
             const Outcomes &outcomes)
    : model(model), faults(faults), outcomes(outcomes) {
  for (const auto &[index, fault] : enumerate(faults)) {
    const auto verdict = static_cast<size_t>(outcomes[index].verdict);
    ++rows[fault.row][verdict];
    ++total[verdict];
  }
}

unsigned Score::count(const Row &row, std::initializer_list<Verdict> what) {
  unsigned sum = 0;
  for (Verdict verdict : what)
    sum += row[static_cast<size_t>(verdict)];
  return sum;
}

void Score::print(raw_ostream &os, StringRef name, const Row &row) {
  unsigned generated = 0;
  for (unsigned number : row)
    generated += number;
  const unsigned equivalent = count(row, {Verdict::Equivalent});
  const unsigned survived =
      count(row, {Verdict::Undecided, Verdict::Survived, Verdict::Crashed});
  os << left_justify(name, 28);
  for (unsigned number :
       {generated, equivalent, count(row, {Verdict::Driver}),
        count(row, {Verdict::Check}), count(row, {Verdict::Sanitizer}),
        count(row, {Verdict::Comparison}), survived})
    os << format("%11u", number);
  if (const unsigned counted = generated - equivalent)
    os << format("%9.2f %%", 100.0 * (counted - survived) / counted);
  os << "\n";
}

void Score::printMutant(raw_ostream &os, size_t index) const {
  os << model.describe(faults[index]);
  if (outcomes[index].message[0])
    os << "\n    " << outcomes[index].message;
  os << "\n";
}

void Score::print(raw_ostream &os) const {
  os << left_justify("fault", 28);
  for (StringRef name : {"generated", "equivalent", "driver", "check",
                         "sanitizer", "comparison", "survived"})
    os << right_justify(name, 11);
  os << right_justify("found", 11) << "\n";
  for (const auto &[name, row] : rows)
    print(os, name, row);
  print(os, "all", total);
  for (size_t index = 0; index < faults.size(); ++index)
    switch (outcomes[index].verdict) {
    case Verdict::Undecided:
    case Verdict::Survived:
    case Verdict::Crashed:
      os << "survived: ";
      printMutant(os, index);
      break;
    default:
      break;
    }
}

void Score::printList(raw_ostream &os) const {
  constexpr const char *names[] = {"undecided", "equivalent", "driver",
                                   "check",     "sanitizer",  "comparison",
                                   "survived",  "crashed"};
  for (size_t index = 0; index < faults.size(); ++index) {
    os << names[static_cast<size_t>(outcomes[index].verdict)] << ": ";
    printMutant(os, index);
  }
}

bool Score::isEnough() const {
  unsigned generated = 0;
  for (unsigned number : total)
    generated += number;
  const unsigned counted = generated - count(total, {Verdict::Equivalent});
  const unsigned found =
      count(total, {Verdict::Driver, Verdict::Check, Verdict::Sanitizer,
                    Verdict::Comparison});
  return found >= wanted * counted;
}
