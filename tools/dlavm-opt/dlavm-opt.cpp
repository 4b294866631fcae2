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

int main(int argc, char **argv) {
  dlavm::InitTool init(argc, argv);
  mlir::DialectRegistry registry;
  dlavm::registerAllDialects(registry);
  dlavm::registerAllDevices();
  dlavm::registerAllPasses();
  auto [input, output] = mlir::registerAndParseCLIOptions(
      argc, argv, "DLAVM optimizer driver\n", registry);
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
