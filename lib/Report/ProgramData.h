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
/// functions \p entries on:
///
///   {"functions": {"run": {"arguments": [0, 1], "body": [...]}},
///    "names": {"7": "line_stride"}, "hasLines": true,
///    "blocks": {"functions": {"decode": ...}, ...}}
///
/// `blocks` is the program that starts blocks of instructions in place of a
/// call of one token; only there where it is none of the entries.
///
/// An operation is a list: what it does, and values by number. With `line`, 1
/// for the first line of the driver and 0 where none belongs to it:
///
///   ["set", result, number]            ["address", result, symbol]
///   ["+", result, a, b], also - * / % min = != < <= > >= copy
///   ["lookup", result, index, numbers]
///   ["send"] or ["send", past, buffer]  ["sent", result, buffer]
///   ["write", table, register, value, line]
///   ["poll", table, register, number, line]
///   ["task", name, layer or -1, line]
///   ["for", variable, lower, upper, step, body, 1 over layers, limit]
///   ["if", condition, body, other body]
///   ["call", function, arguments]
///
/// Where the accesses in the text of a function are not those of the module,
/// no line is given. Emits an error and fails at an op that no program has.
mlir::FailureOr<llvm::json::Value>
makeProgramData(mlir::ModuleOp csb, llvm::ArrayRef<llvm::StringRef> entries,
                llvm::StringRef driver);

} // namespace dlavm

#endif // DLAVM_LIB_REPORT_PROGRAMDATA_H
