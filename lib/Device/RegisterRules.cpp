//===- RegisterRules.cpp - What registers of every family obey ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/RegisterRules.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace dlavm;
using llvm::StringRef;
using llvm::Twine;

RegisterRules::RegisterRules(const RegisterValues &values, Report report)
    : values(values), report(report) {
  for (const Register &reg : values.getTable().getRegisters()) {
    if (reg.role == RegisterRole::Reserved)
      equals(reg.name, reg.value, "the register is reserved");
    else if (reg.role == RegisterRole::Opcode)
      isNamed(reg.name);
    else if (reg.role == RegisterRole::HighAddress)
      require((values[reg.name] & ~values.getTable().getAddressBits(reg)) == 0,
              reg.name, "but has bits of no address");
  }
}

void RegisterRules::fail(StringRef reg, const Twine &message) {
  const Register &r = values.getTable().get(reg);
  report(r, ("is " + Twine(values.getAddress(r)) + ", " + message).str());
}

void RegisterRules::equals(StringRef reg, int64_t expected, const Twine &why) {
  require(values.getAddress(values.getTable().get(reg)) == expected, reg,
          "not " + Twine(expected) + ": " + why);
}

void RegisterRules::counts(StringRef reg) {
  const bool isTokens = values.getTable().get(reg).unit == "tokens";
  require(values[reg] > 0, reg,
          isTokens ? "but must be at least 1: a slice of no tokens, as of a "
                     "loop that runs once too often"
                   : "but must be at least 1");
}

void RegisterRules::atMost(StringRef reg, int64_t limit, const Twine &why) {
  require(values[reg] <= limit, reg, "more than " + Twine(limit) + ": " + why);
}

void RegisterRules::isNamed(StringRef reg, int64_t ignored) {
  const int64_t value = values[reg] & ~ignored;
  auto &known = values.getTable().get(reg).values;
  if (llvm::any_of(known, [&](const NamedValue &k) {
        return k.value == static_cast<uint64_t>(value);
      }))
    return;
  auto texts = llvm::map_range(known, [](const NamedValue &k) {
    return std::to_string(k.value) + " (" + k.name + ")";
  });
  fail(reg, "which is none of " + llvm::join(texts, ", "));
}

int64_t dlavm::getReciprocalCode(int64_t count) {
  const float value = 1.0f / static_cast<float>(count);
  int exponent;
  // value = mantissa * 2^exponent, and 2 * mantissa is 1 + M / 8192.
  const float mantissa = std::frexp(value, &exponent);
  const int64_t biased = exponent - 1 + 31;
  if (biased < 1)
    return std::lround(std::ldexp(value, 43));
  return 8192 * (biased - 1) + std::lround(16384 * mantissa);
}
