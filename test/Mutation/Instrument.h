//===- Instrument.h - Driver source with places for faults ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_INSTRUMENT_H
#define DLAVM_TEST_MUTATION_INSTRUMENT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dlavm {

enum class SiteKind {
  /// device.write(...)
  Write,
  /// device.poll(...)
  Poll,
  /// for (int32_t i = A; i < B; i += C)
  Loop,
  /// dlavm::write_map(...), dlavm::read_map(...), or
  /// device.send_instructions(...)
  Transfer,
  /// device.set_instruction(WORD, VALUE)
  Rewrite,
};

/// What a read of the mutated driver asks for.
enum class SitePart : uint32_t {
  Statement,
  LoopStart,
  LoopBound,
  LoopStep,
  Word = LoopStart,
  Value,
  /// 1 where the rewrite is left out.
  Dropped
};

/// A statement of the driver source that a fault can change.
struct Site {
  SiteKind kind;
  unsigned line;
  /// The statement in one line.
  std::string text;
  /// Of a write: "mvm" and "InputWidth".
  std::string table, reg;
  bool isInDecode = false;
};

/// The first register number with which the instrumented driver asks for
/// faults; no device has as many registers.
constexpr uint32_t firstSiteRegister = uint32_t(1) << 30;

constexpr uint32_t getSiteRegister(uint32_t site, SitePart part) {
  return firstSiteRegister + 4 * site + static_cast<uint32_t>(part);
}

/// Driver source that says through device.read, before each statement, which
/// one comes; the driver stops where the answer is not 0. Starts, bounds and
/// steps of loops are read as well and added to what the loop has. One
/// compilation serves for all faults; with answers of 0 the driver does what
/// the original does.
struct InstrumentedDriver {
  std::string source;
  std::vector<Site> sites;
};

/// Fails at a loop or a statement that it does not understand, and if the
/// source has none, so that no site goes missing when drivers change.
llvm::Expected<InstrumentedDriver> instrument(llvm::StringRef source);

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_INSTRUMENT_H
