//===- XdmaKind.cpp - Cards behind XDMA -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Device/BoardKinds.h"

#include "host/Device/DeviceArguments.h"

using namespace dlavm::host;
using dlavm::Device;
using dlavm::XdmaDevice;
using dlavm::XdmaOptions;

XdmaOptions dlavm::host::parseXdmaOptions(const std::string &arguments) {
  DeviceArguments values(
      "--on=xdma" + (arguments.empty() ? "" : ":" + arguments), arguments);
  XdmaOptions options;
  if (values.getPath().empty())
    values.refuse("give what the names of its nodes begin with: "
                  "--on=xdma:/dev/xdma0");
  options.path = values.getPath();
  options.user = values.takeText("user", "");
  options.h2c = values.takeText("h2c", "");
  options.c2h = values.takeText("c2h", "");
  constexpr uint64_t mostChannels = 10, mostBytes = uint64_t{1} << 30;
  options.first_channel = static_cast<int32_t>(
      values.takeNumber("channel", 0, mostChannels - 1, 0));
  const auto first = static_cast<uint64_t>(options.first_channel);
  options.channels = static_cast<int32_t>(
      values.takeNumber("channels", 1, mostChannels - first, 1));
  options.window = values.takeNumber("window", 0, mostBytes, options.window);
  if (options.window % 4 != 0)
    values.refuse("window must be a multiple of 4, the bytes of a register");
  options.window_bytes =
      values.takeNumber("window-bytes", 4, mostBytes, options.window_bytes);
  options.maps_registers =
      values.takeWord("registers", {"pread", "mmap"}, "pread") == "mmap";
  options.transfer_bytes = values.takeNumber("transfer-bytes", 4096, mostBytes,
                                             options.transfer_bytes);
  options.poll_seconds = values.takeSeconds("timeout", options.poll_seconds);
  values.finish("channel, channels, registers, window, window-bytes, "
                "transfer-bytes, timeout, user, h2c and c2h");
  return options;
}

DeviceKind dlavm::host::getXdmaKind() {
  return {"xdma", "xdma:PATH[,key=value...]",
          "a card behind XDMA, whose nodes are PATH_user, PATH_h2c_0 and "
          "PATH_c2h_0, as /dev/xdma0",
          [](const std::string &arguments,
             const Plan &) -> std::unique_ptr<Device> {
            return std::make_unique<XdmaDevice>(parseXdmaOptions(arguments));
          }};
}
