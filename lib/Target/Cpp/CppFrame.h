//===- CppFrame.h - Constants of the driver source --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_CPP_CPPFRAME_H
#define DLAVM_TARGET_CPP_CPPFRAME_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace dlavm {

/// The identifier that csb-prepare-emission gave an op.
std::string getCppName(mlir::Operation *op);

/// Prints what stands before the functions: the largest context, registers,
/// addresses and the table of parameter files.
void printConstants(mlir::ModuleOp module, llvm::raw_ostream &os);

/// The members of an object as the runtime's ParameterFile.
llvm::SmallVector<std::string> getFields(csb::ObjectOp object);

/// Prints \p head, which ends with a parenthesis, the items with commas between
/// them, \p tail and a line end. Breaks lines after 80 columns, of which the
/// stream puts \p indent before each line.
void printList(llvm::raw_ostream &os, unsigned indent, llvm::StringRef head,
               llvm::ArrayRef<std::string> items, llvm::StringRef tail);

} // namespace dlavm

#endif // DLAVM_TARGET_CPP_CPPFRAME_H
