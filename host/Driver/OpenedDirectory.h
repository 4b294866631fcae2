//===- OpenedDirectory.h - A model that is ready to answer ---- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_OPENEDDIRECTORY_H
#define DLAVM_HOST_DRIVER_OPENEDDIRECTORY_H

#include "host/Driver/DeviceKind.h"
#include "host/Driver/DriverModel.h"
#include "host/Tokenizer/Tokenizer.h"

namespace dlavm::host {

/// The driver of a directory on a device.
struct OpenedDirectory {
  std::string directory;
  /// The name of the model.
  std::string name;
  int32_t maxTokens = 0;
  /// The tokens that end a text, by the checkpoint; empty where it says none.
  std::vector<int32_t> endTokens;
  /// Null where the directory has none: the driver takes and yields ids then.
  std::unique_ptr<Tokenizer> tokenizer;
  // The model refers to the others.
  std::unique_ptr<CompiledDriver> driver;
  std::unique_ptr<Device> device;
  std::unique_ptr<DriverModel> model;
};

/// Compiles and loads the driver of \p directory, opens the device that \p on
/// names, and with \p load loads the parameters. What can be wrong without the
/// device is said before it is opened. Throws dlavm::Error.
OpenedDirectory openDirectory(const std::string &directory,
                              const std::string &on,
                              const std::vector<DeviceKind> &kinds,
                              bool load = true);

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_OPENEDDIRECTORY_H
