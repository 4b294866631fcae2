//===- dlavm-translate.cpp - Translate modules to other formats -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/InitAll.h"
#include "DLAVM/Support/InitTool.h"
#include "DLAVM/Support/ToolFiles.h"
#include "DLAVM/Target/TranslateToCpp.h"
#include "DLAVM/Target/TranslateToPlan.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

namespace cl = llvm::cl;

static cl::opt<std::string> input(cl::Positional, cl::init("-"),
                                  cl::desc("<input file>"));
static cl::opt<std::string> output("o", cl::init("-"), cl::value_desc("file"),
                                   cl::desc("Output file (default: stdout)"));
static cl::opt<std::string>
    namespaceName("namespace", cl::desc("Namespace of the driver; the name of "
                                        "the module by default"));

static void registerTranslations() {
  using mlir::TranslateFromMLIRRegistration;
  static TranslateFromMLIRRegistration toCpp(
      "csb-to-cpp", "driver source from a prepared csb module",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) {
        return dlavm::translateToCpp(module, namespaceName, os);
      },
      dlavm::registerAllDialects);
  static TranslateFromMLIRRegistration toPlan(
      "csb-to-plan", "plan.json from a csb module",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) {
        return dlavm::translateToPlan(
            module, dlavm::getNamespace(module, namespaceName), os);
      },
      dlavm::registerAllDialects);
  static TranslateFromMLIRRegistration toReport(
      "csb-to-report", "report.txt from a csb module",
      [](mlir::ModuleOp module, llvm::raw_ostream &os) {
        return dlavm::translateToReport(module, os);
      },
      dlavm::registerAllDialects);
}

/// mlirTranslateMain would read what has no end, and write over its input.
int main(int argc, char **argv) {
  dlavm::InitTool init(argc, argv);
  dlavm::registerAllDevices();
  registerTranslations();
  cl::opt<const mlir::Translation *, false, mlir::TranslationParser>
      translation("", cl::desc("Translation to perform"), cl::Required);
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerTranslationCLOptions();
  cl::ParseCommandLineOptions(argc, argv, "DLAVM translation driver\n");

  return dlavm::runOnFile(input, output, [&](auto buffer, auto &os) {
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    auto sourceMgr = std::make_shared<llvm::SourceMgr>();
    sourceMgr->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
    mlir::SourceMgrDiagnosticHandler handler(*sourceMgr, &context);
    return mlir::succeeded((*translation)(sourceMgr, os, &context));
  });
}
