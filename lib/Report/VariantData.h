//===- VariantData.h - What a pass changes, for the page --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_REPORT_VARIANTDATA_H
#define DLAVM_LIB_REPORT_VARIANTDATA_H

#include "DLAVM/Report/Report.h"

namespace dlavm {

/// The driver, and what it would be with a pass less or more:
///
///   {"arena": 123456, "passes": [{"pass": "accel-stream-ffn", "isInDriver":
///     true, "arena": 234567, "program": {...}}]}
///
/// `arena` is the bytes of the place where maps lie, in each port. A variant
/// that is the same program has no `program`; one that cannot be compiled has a
/// `message` only. Fails, with a diagnostic, where a module has no program.
mlir::FailureOr<llvm::json::Value> makeVariantData(const Report &report);

} // namespace dlavm

#endif // DLAVM_LIB_REPORT_VARIANTDATA_H
