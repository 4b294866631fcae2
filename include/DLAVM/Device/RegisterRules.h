//===- RegisterRules.h - What registers of every family obey ----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the functions TaskSupport::check of the families. They share no formula
// with the encoders, but they speak alike.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_REGISTERRULES_H
#define DLAVM_DEVICE_REGISTERRULES_H

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/Twine.h"

namespace dlavm {

/// Reports each register of a start that breaks a rule.
class RegisterRules {
public:
  using Report = llvm::function_ref<void(const Register &, std::string)>;

  /// Checks what the table alone says: reserved registers, the opcode, and bits
  /// of no address.
  RegisterRules(const RegisterValues &values, Report report);

  int64_t operator[](llvm::StringRef reg) const { return values[reg]; }

  /// "<reg> is <value>, <message>".
  void fail(llvm::StringRef reg, const llvm::Twine &message);
  void require(bool holds, llvm::StringRef reg, const llvm::Twine &message) {
    if (!holds)
      fail(reg, message);
  }
  void equals(llvm::StringRef reg, int64_t expected, const llvm::Twine &why);
  /// At least 1.
  void counts(llvm::StringRef reg);
  void atMost(llvm::StringRef reg, int64_t limit, const llvm::Twine &why);
  /// One of the named values of the table; bits of \p ignored do not matter.
  void isNamed(llvm::StringRef reg, int64_t ignored = 0);

protected:
  const RegisterValues &values;

private:
  Report report;
};

/// The FP20 code of 1 / \p count, at least 1, in FP32 before it is rounded.
int64_t getReciprocalCode(int64_t count);

} // namespace dlavm

#endif // DLAVM_DEVICE_REGISTERRULES_H
