//===- TranslateToCpp.h - Driver source from csb ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_TRANSLATETOCPP_H
#define DLAVM_TARGET_TRANSLATETOCPP_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace dlavm {

/// The namespace of a driver: \p wish, or else the name of the module.
std::string getNamespace(mlir::ModuleOp module, llvm::StringRef wish);

/// Prints the driver header of a module that `csb-prepare-emission` has
/// prepared, in the namespace getNamespace(\p module, \p namespaceName). Emits
/// an error at what it cannot print; nothing is written then. The same module
/// gives the same bytes.
llvm::LogicalResult translateToCpp(mlir::ModuleOp module,
                                   llvm::StringRef namespaceName,
                                   llvm::raw_ostream &os);

} // namespace dlavm

#endif // DLAVM_TARGET_TRANSLATETOCPP_H
