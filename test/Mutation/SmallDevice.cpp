//===- SmallDevice.cpp - A device whose buffers hold few tokens ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linked into a tool, it adds the devices edgellm-small and edgellm-smallddr:
// the newest version and one whose KV caches lie in DDR, with buffers so small
// that a dozen tokens of a small model are cut into slices.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

using namespace dlavm;

namespace {
/// A tool's main() stays as it is.
struct RegisterSmallDevice {
  RegisterSmallDevice() {
    DeviceInfo device = edgellm::createDevice20241128().derive("small");
    device.setParameter("DAT_BRAM_DEPTH", 16);
    device.setParameter("WT_BRAM_DEPTH", 40);
    device.setParameter("S_bits", 20480);
    // 448 bytes, which weights of 384 input channels fill.
    device.setParameter("AUX_WT_BUF_DEPTH", 7);
    device.weightCopyBytes = 448;
    llvm::cantFail(DeviceRegistry::instance().add(std::move(device)));

    DeviceRegistry versions;
    edgellm::registerDevices(versions);
    DeviceInfo older = versions.lookup("edgellm-20240831")->derive("smallddr");
    older.setParameter("DAT_BRAM_DEPTH", 16);
    older.setParameter("WT_BRAM_DEPTH", 20);
    llvm::cantFail(DeviceRegistry::instance().add(std::move(older)));
  }
} registerSmallDevice;
} // namespace
