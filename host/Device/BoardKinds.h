//===- BoardKinds.h - Cards that --on= can name -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DEVICE_BOARDKINDS_H
#define DLAVM_HOST_DEVICE_BOARDKINDS_H

#include "dlavm_xdma.h"
#include "host/Driver/DeviceKind.h"

namespace dlavm::host {

/// What "xdma:" names with these arguments: "PATH", and behind it any of
/// ",channel=0,channels=1,registers=mmap,window=0x20000,window-bytes=0x1000,
/// transfer-bytes=4194304,timeout=60,user=NODE,h2c=PREFIX,c2h=PREFIX". Throws
/// dlavm::Error.
XdmaOptions parseXdmaOptions(const std::string &arguments);

/// Cards behind XDMA: "xdma:PATH".
DeviceKind getXdmaKind();

/// Cards behind the C functions of the V80's host library, which is compiled
/// when the device is opened: "v80:HEADER,interface=write-bin", or
/// "v80:HEADER,interface=host2fpga,scratch=FILE", and with either
/// ",library=FILE,timeout=60".
DeviceKind getV80Kind();

} // namespace dlavm::host

#endif // DLAVM_HOST_DEVICE_BOARDKINDS_H
