//===- Diagnostics.cpp - Diagnostics on a terminal ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace mlir;

static void print(Diagnostic &diagnostic) {
  raw_ostream &os = llvm::errs();
  auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>();
  if (place && place.getLine() > 0)
    os << place.getFilename().getValue() << ":" << place.getLine() << ":"
       << place.getColumn() << ": ";
  else if (place) // What is imported has no lines.
    os << place.getFilename().getValue() << ": ";
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    llvm::WithColor::error(os) << diagnostic.str() << "\n";
    break;
  case DiagnosticSeverity::Warning:
    llvm::WithColor::warning(os) << diagnostic.str() << "\n";
    break;
  default:
    llvm::WithColor::note(os) << diagnostic.str() << "\n";
    break;
  }
}

Diagnostics::Diagnostics(MLIRContext &context)
    : handler(&context, [](Diagnostic &diagnostic) {
        print(diagnostic);
        for (Diagnostic &note : diagnostic.getNotes())
          print(note);
        return success();
      }) {}
