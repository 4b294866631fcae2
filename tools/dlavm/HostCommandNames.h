//===- HostCommandNames.h - Names of commands of host/ ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOLS_DLAVM_HOSTCOMMANDNAMES_H
#define DLAVM_TOOLS_DLAVM_HOSTCOMMANDNAMES_H

#include "host/Command/CommandNames.h"

namespace dlavm {

constexpr host::CommandName kPackageName = {
    "package", "write the driver in DIR and all that runs it into one file"};

/// The commands of dlavm-host-commands.
constexpr host::CommandName kHostCommandNames[] = {
    host::kChatName, host::kDoctorName, host::kServeName, host::kTokenizeName,
    kPackageName};

} // namespace dlavm

#endif // DLAVM_TOOLS_DLAVM_HOSTCOMMANDNAMES_H
