//===- ProgramData.h - A register program as JSON ---------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_REPORT_PROGRAMDATA_H
#define DLAVM_LIB_REPORT_PROGRAMDATA_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace dlavm {

/// The register program of a csb module, for the page to run, from the
/// functions \p entries on. Where decode starts instruction blocks, \p unpacked
/// is the module before, or else null; `blocks:decode` then starts one by one,
/// in their order, what `decode` starts:
///
///   {"functions": {"run": {"arguments": [0, 1], "body": [...]}},
///    "names": {"7": "line_stride"}, "hasLines": true}
///
/// An operation is a list: what it does, and values by number. With `line`, 1
/// for the first line of the driver and 0 where none belongs to it:
///
///   ["set", result, number]            ["address", result, symbol]
///   ["+", result, a, b], also - * / % min = != < <= > >= copy
///   ["write", table, register, value, line]
///   ["poll", table, register, number, line]
///   ["task", name, layer or -1, line]
///   ["for", variable, lower, upper, step, body, 1 over layers, limit]
///   ["if", condition, body, other body]
///   ["call", function, arguments]
///   ["lookup", result, index, numbers]
///   ["send"], a transfer of instruction words; ["send", past, buffer] where
///   the device has them twice, and ["sent", result, buffer] is the past of
///   what was sent there last, -1 if nothing was
///
/// Where the accesses in the text of a function are not those of the module,
/// no line is given. Emits an error and fails at an op that no program has.
mlir::FailureOr<llvm::json::Value>
makeProgramData(mlir::ModuleOp csb, mlir::ModuleOp unpacked,
                llvm::ArrayRef<llvm::StringRef> entries,
                llvm::StringRef driver);

} // namespace dlavm

#endif // DLAVM_LIB_REPORT_PROGRAMDATA_H
