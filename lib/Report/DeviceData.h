//===- DeviceData.h - Registers and rates for the page ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_REPORT_DEVICEDATA_H
#define DLAVM_LIB_REPORT_DEVICEDATA_H

#include "DLAVM/Report/Report.h"

namespace dlavm {

/// The register tables of the program and of its variants, with what the device
/// says of their registers and of the work of a start:
///
///   {"mvm": {"title": "...", "registers": {"InputWidth": {"number": 160,
///   ...}},
///            "work": {"operations": formula, "cycles": formula, "traffic":
///                     [{"memory": "HBM", "bytes": formula, "isWeight":
///                     true}]}}}
///
/// What can lie on the chip has `isOnChip`, a formula that is 1 or 0, and
/// `chip`, the memory where it is then.
llvm::json::Value makeTableData(const Report &report);

/// How fast the device is, as Rates and TimeOptions have it; null where nobody
/// knows.
llvm::json::Value makeTimeData(const Report &report);

} // namespace dlavm

#endif // DLAVM_LIB_REPORT_DEVICEDATA_H
