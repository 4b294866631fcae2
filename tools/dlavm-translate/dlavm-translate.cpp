//===- dlavm-translate.cpp - Translate modules to other formats -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Target/TranslateToCpp.h"

#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  dlavm::registerTranslations();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "DLAVM translation driver"));
}
