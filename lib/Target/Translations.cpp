//===- Translations.cpp - Registration of the translations --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/InitAll.h"
#include "DLAVM/Target/TranslateToCpp.h"
#include "DLAVM/Target/TranslateToPlan.h"

#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace dlavm;

void dlavm::registerTranslations() {
  static llvm::cl::opt<std::string> namespaceName(
      "namespace", llvm::cl::desc("Namespace of the driver; the name of the "
                                  "module by default"));
  static mlir::TranslateFromMLIRRegistration toCpp(
      "csb-to-cpp", "driver source from a prepared csb module",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) {
        return translateToCpp(module, namespaceName, os);
      },
      registerAllDialects);
  static mlir::TranslateFromMLIRRegistration toPlan(
      "csb-to-plan", "plan.json from a csb module",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) {
        return translateToPlan(module, getNamespace(module, namespaceName), os);
      },
      registerAllDialects);
  static mlir::TranslateFromMLIRRegistration toReport(
      "csb-to-report", "report.txt from a csb module",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) {
        return translateToReport(module, os);
      },
      registerAllDialects);
}
