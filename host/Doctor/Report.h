//===- Report.h - What the doctor prints ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DOCTOR_REPORT_H
#define DLAVM_HOST_DOCTOR_REPORT_H

#include "dlavm_runtime.h"

#include <exception>
#include <functional>
#include <ostream>
#include <string>

namespace dlavm::host {

/// Prints a line for each check.
class Report {
public:
  explicit Report(std::ostream &os) : os(os) {}

  /// Runs a check, which returns what it found or throws what is wrong. Returns
  /// whether it passed. What touches the card or files is in a check: whatever
  /// it throws is a line, and the others go on.
  bool run(const std::string &name, const std::function<std::string()> &check) {
    try {
      print("ok  ", name, check());
      return true;
    } catch (const std::exception &error) {
      fail(name, error.what());
      return false;
    }
  }
  void fail(const std::string &name, const std::string &why) {
    print("FAIL", name, why);
    hasFailed = true;
  }
  void skip(const std::string &name, const std::string &why) {
    print("skip", name, why);
  }

  bool hasPassed() const { return !hasFailed; }

private:
  void print(const char *outcome, const std::string &name,
             const std::string &text) {
    os << outcome << "  " << name << ": " << text << std::endl;
  }

  std::ostream &os;
  bool hasFailed = false;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_DOCTOR_REPORT_H
