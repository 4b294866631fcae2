//===- dlavm-lsp-server.cpp - Language server for editors ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/InitAll.h"
#include "DLAVM/Support/InitTool.h"

#include "EditorFilter.h"

#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

#include <optional>

int main(int argc, char **argv) {
  dlavm::InitTool init(argc, argv);
  // The server parses its options itself.
  auto hasOption = [&](llvm::ArrayRef<llvm::StringRef> endings) {
    return llvm::any_of(llvm::ArrayRef(argv, argc), [&](llvm::StringRef text) {
      return llvm::any_of(
          endings, [&](llvm::StringRef end) { return text.ends_with(end); });
    });
  };
  std::optional<dlavm::EditorFilter> filter;
  if (!hasOption({"-help", "-help-hidden", "-help-list", "-help-list-hidden",
                  "-version"}))
    filter.emplace(argc, argv,
                   /*isDelimited=*/hasOption({"-lit-test", "delimited"}));
  mlir::DialectRegistry registry;
  dlavm::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
