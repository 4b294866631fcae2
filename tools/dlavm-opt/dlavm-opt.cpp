//===- dlavm-opt.cpp - Run passes on modules ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/InitAll.h"
#include "DLAVM/Support/InitTool.h"
#include "DLAVM/Support/Threads.h"
#include "DLAVM/Support/ToolFiles.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"

/// This program holds MLIR's archives. A plugin is linked with MLIR's shared
/// library, whose types and options would be there a second time.
static void removePluginOptions() {
  auto &options = llvm::cl::getRegisteredOptions();
  for (llvm::StringRef name : {"load-dialect-plugin", "load-pass-plugin"})
    if (auto option = options.find(name); option != options.end())
      option->second->removeArgument();
}

int main(int argc, char **argv) {
  dlavm::InitTool init(argc, argv);
  mlir::DialectRegistry registry;
  dlavm::registerAllDialects(registry);
  dlavm::registerAllDevices();
  dlavm::registerAllPasses();
  const std::string help =
      mlir::registerCLIOptions("DLAVM optimizer driver\n", registry);
  removePluginOptions();
  auto [input, output] = mlir::parseCLIOptions(argc, argv, help);
  // MLIR ends the process where a thread cannot start.
  if (dlavm::countThreads(0) == 1)
    llvm::cl::getRegisteredOptions()
        .lookup("mlir-disable-threading")
        ->addOccurrence(0, "mlir-disable-threading", "true");
  const auto config = mlir::MlirOptMainConfig::createFromCLOptions();
  // These read nothing.
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::asMainReturnCode(
        mlir::MlirOptMain(argc, argv, input, output, registry));
  // The function that takes file names would read what has no end, and write
  // over its input.
  return dlavm::runOnFile(input, output, [&](auto buffer, auto &os) {
    return mlir::succeeded(
        mlir::MlirOptMain(os, std::move(buffer), registry, config));
  });
}
