//===- CompiledDriver.h - A driver, compiled and loaded ------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_COMPILEDDRIVER_H
#define DLAVM_HOST_DRIVER_COMPILEDDRIVER_H

#include "dlavm_runtime.h"
#include "host/Driver/DriverCompiler.h"
#include "host/Driver/Plan.h"

#include <functional>
#include <string>
#include <vector>

extern "C" struct DLAVMDriver;

namespace dlavm::host {

/// The driver of a directory that dlavm compile wrote, compiled with the
/// system's compiler and loaded: see compileAndLoad. The very source that a
/// program of one's own would include, with this program's dlavm_runtime.h.
///
/// All failures are exceptions of type dlavm::Error, those of the driver too;
/// what a device throws inside the driver becomes one with the same message.
/// The object may serve several devices, and threads that have one each.
class CompiledDriver {
public:
  explicit CompiledDriver(const std::string &directory);

  const std::string &getDirectory() const { return directory; }
  const Plan &getPlan() const { return plan; }

  /// Loads all parameter files of the directory, after it has checked them.
  void loadParameters(Device &device) const;
  /// FP16 [ids][channels].
  std::vector<uint16_t> readEmbeddings(const std::vector<int32_t> &ids) const;
  void writeInput(Device &device, const std::vector<uint16_t> &rows,
                  int32_t seq) const;
  /// A call of one token takes the function that the driver has for it, if any.
  void run(Device &device, int32_t seq, int32_t past) const;
  /// The token that the hardware chose.
  int32_t readToken(Device &device) const;
  bool hasLogits() const;
  /// Hands the logits of the last token, FP16, to \p take.
  void readLogits(Device &device,
                  const std::function<void(const uint16_t *logits, size_t size)>
                      &take) const;

private:
  std::string directory;
  Plan plan;
  SharedObject object;
  /// In the shared object.
  const DLAVMDriver *table = nullptr;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_COMPILEDDRIVER_H
