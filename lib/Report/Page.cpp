//===- Page.cpp - The page with its data ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Report/Report.h"
#include "ReportPage.h"

using namespace mlir;
using namespace dlavm;

LogicalResult dlavm::printReportPage(const Report &report,
                                     llvm::raw_ostream &os) {
  FailureOr<llvm::json::Value> data = makeReportData(report);
  if (failed(data))
    return failure();
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << *data;
  const auto [before, after] = getReportPage().split("{{data}}");
  os << before;
  // Text of the data must not end the script, nor begin a comment in it.
  for (char c : text) {
    if (c == '<')
      os << "\\u003c";
    else
      os << c;
  }
  os << after;
  return success();
}
