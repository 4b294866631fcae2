//===- SmallDevice.cpp - A device whose buffers hold few tokens ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linked into a program, it adds devices with buffers so small that a dozen
// tokens of a small model are cut into slices: edgellm-small and
// edgellm-smallddr, the newest version and one whose KV caches lie in DDR;
// ohbm-small and ohbm-v80-small, and ohbm-smallbycall, which cuts maps as the
// oldest versions do.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Device/OHBM/OHBM.h"

using namespace dlavm;

namespace {
/// \p device of the ohbm family, with memories for 16 rows of activations, 256
/// channels of weights, and 64 keys.
DeviceInfo shrink(const DeviceInfo &device, const std::string &version) {
  DeviceInfo small = device.derive(version);
  small.setParameter("Activation_Memory_Bits",
                     16 * device["HBM_Port"] * device["HBM_AXI_DATA_WIDTH"]);
  small.setParameter("Weight_Memory_Bits", 1 << 17);
  return small;
}

/// A program's main() stays as it is.
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

    ohbm::registerDevices(versions);
    for (auto [name, version] : {std::pair("ohbm-20250407", "small"),
                                 std::pair("ohbm-20250312", "smallbycall"),
                                 std::pair("ohbm-v80-20250326", "small")})
      llvm::cantFail(DeviceRegistry::instance().add(
          shrink(*versions.lookup(name), version)));
  }
} registerSmallDevice;
} // namespace
