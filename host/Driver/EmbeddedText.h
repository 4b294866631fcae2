//===- EmbeddedText.h - Text that drivers are compiled with --- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_EMBEDDEDTEXT_H
#define DLAVM_HOST_DRIVER_EMBEDDEDTEXT_H

#include <string_view>

namespace dlavm::host {

/// runtime/dlavm_runtime.h.
std::string_view getRuntimeHeader();
/// host/Driver/DriverTable.h.
std::string_view getDriverTable();

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_EMBEDDEDTEXT_H
