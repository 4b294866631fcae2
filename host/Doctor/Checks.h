//===- Checks.h - What the doctor looks at ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DOCTOR_CHECKS_H
#define DLAVM_HOST_DOCTOR_CHECKS_H

#include "dlavm_xdma.h"
#include "host/Doctor/Report.h"
#include "host/Driver/CompiledDriver.h"

#include <set>

namespace dlavm::host {

/// The part of a memory that a driver uses.
struct UsedMemory {
  std::string name;
  /// DMA address of port 0.
  uint64_t base = 0;
  int64_t ports = 1;
  /// From one port to the next.
  int64_t portStride = 0;
  /// Bytes that are used of each port.
  int64_t bytes = 0;

  uint64_t getAddress(int64_t port, int64_t offset) const {
    return base + static_cast<uint64_t>(port * portStride + offset);
  }
  /// Bytes of a port, as far as they are known.
  int64_t getPortBytes() const { return ports > 1 ? portStride : bytes; }
};

/// The memories of the objects of a plan.
std::vector<UsedMemory> findMemories(const Plan &plan);

/// The registers that a driver uses.
struct UsedRegisters {
  /// Polled until a task is done.
  std::set<uint32_t> statuses;
  uint32_t last = 0;
};
UsedRegisters findRegisters(const CompiledDriver &driver);

/// Nodes, rights, lock, register window, and whether the card answers at all.
/// Returns whether a device can be opened.
bool checkNodes(Report &report, const XdmaOptions &options,
                const UsedRegisters &registers);
/// Every channel that there is, in both directions, to the memory with the
/// largest ports.
void checkBandwidth(Report &report, const XdmaOptions &options,
                    const std::vector<UsedMemory> &memories);

/// The first and the last bytes of every port, and transfers from one port into
/// the next.
void checkMemory(Report &report, Device &device, const UsedMemory &memory,
                 const std::string &deviceName);
void checkLatency(Report &report, Device &device,
                  const UsedRegisters &registers);
/// A call of the driver, and one of its function for one token if it has that,
/// task by task beside a simulator; both are loaded. A block of instructions
/// counts as a task. Of a card whose memory cannot be read only the tokens are
/// compared.
void checkTasks(Report &report, const CompiledDriver &driver, Device &card,
                Device &simulator, double tolerance);

} // namespace dlavm::host

#endif // DLAVM_HOST_DOCTOR_CHECKS_H
