//===- HostSource.h - The source of host/ -----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_PACKAGE_HOSTSOURCE_H
#define DLAVM_HOST_PACKAGE_HOSTSOURCE_H

#include <cstddef>
#include <string_view>

namespace dlavm::host {

struct SourceFile {
  /// Below the root of DLAVM.
  std::string_view path, text;
};

/// All files that `cmake -S host` needs, \p count of them.
const SourceFile *getHostSource(size_t &count);

} // namespace dlavm::host

#endif // DLAVM_HOST_PACKAGE_HOSTSOURCE_H
