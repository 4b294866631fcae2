//===- dlavm-import.cpp - Imports a Hugging Face configuration ------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/Support/InitTool.h"
#include "DLAVM/Support/OutputFiles.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

namespace cl = llvm::cl;

static cl::OptionCategory category("dlavm-import options");
static cl::opt<std::string>
    input(cl::Positional, cl::Required, cl::cat(category),
          cl::desc("<config.json, a directory with one, or a GGUF file>"));
static cl::opt<long> layers("layers", cl::cat(category), cl::value_desc("N"),
                            cl::desc("Import the first N layers only"));
static cl::opt<long>
    maxTokens("max-tokens", cl::cat(category), cl::value_desc("N"),
              cl::desc("The largest context (default: the model's own)"));
static cl::list<std::string>
    ignoredTensors("ignore-tensors", cl::cat(category),
                   cl::value_desc("pattern"),
                   cl::desc("Leave out tensors of these names that the model "
                            "has no use for; '*' stands for any part"));
static cl::opt<std::string> output("o", cl::cat(category), cl::init("-"),
                                   cl::value_desc("file"),
                                   cl::desc("Output file (default: stdout)"));

static int fail(llvm::Error error) {
  llvm::WithColor::error() << llvm::toString(std::move(error)) << "\n";
  return 1;
}

int main(int argc, char **argv) {
  dlavm::InitTool init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv, "Imports a Hugging Face configuration as an llm module\n");
  if (llvm::Error error = dlavm::checkOutputs(
          {output}, dlavm::Checkpoint::getInputFiles(input)))
    return fail(std::move(error));
  if (llvm::Error error = dlavm::checkOutputFile(output))
    return fail(std::move(error));

  dlavm::ImportOptions options;
  const std::vector<std::string> ignored = ignoredTensors;
  options.ignoredTensors = ignored;
  if (layers.getNumOccurrences())
    options.layers = layers;
  if (maxTokens.getNumOccurrences())
    options.maxTokens = maxTokens;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  // Without one, warnings are not shown.
  llvm::SourceMgr sourceMgr;
  mlir::SourceMgrDiagnosticHandler handler(sourceMgr, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      dlavm::importModel(input, options, context);
  if (!module)
    return 1;

  std::string text;
  llvm::raw_string_ostream(text) << *module << "\n";
  if (llvm::Error error = dlavm::writeOutputFile(output, text))
    return fail(std::move(error));
  return 0;
}
