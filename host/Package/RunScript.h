//===- RunScript.h - What starts a packaged driver --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_PACKAGE_RUNSCRIPT_H
#define DLAVM_HOST_PACKAGE_RUNSCRIPT_H

#include <string_view>

namespace dlavm::host {

/// The text of run.sh, which is the same in every package.
std::string_view getRunScript();

} // namespace dlavm::host

#endif // DLAVM_HOST_PACKAGE_RUNSCRIPT_H
