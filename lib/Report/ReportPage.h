//===- ReportPage.h - The page without its data -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_REPORT_REPORTPAGE_H
#define DLAVM_LIB_REPORT_REPORTPAGE_H

#include "llvm/ADT/StringRef.h"

namespace dlavm {

/// page.html, with `{{data}}` where the JSON belongs.
llvm::StringRef getReportPage();

} // namespace dlavm

#endif // DLAVM_LIB_REPORT_REPORTPAGE_H
