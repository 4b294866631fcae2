//===- Board.h - What a device is built into --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_BOARD_H
#define DLAVM_DEVICE_BOARD_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// A memory of a board. Sizes and addresses are bytes; with several ports they
/// are bytes of one port, and a buffer lies at the same offset in each.
struct Memory {
  /// As programs, plans and reports call it.
  std::string name;
  int64_t capacity;
  /// The host's DMA address of offset 0 of port 0.
  int64_t dmaBase;
  int64_t ports;
  /// Distance between ports as the host's DMA sees it.
  int64_t portStride;
  /// Where the planner places buffers. Exercised on boards.
  int64_t alignment;
  /// What a task's operand must at least be aligned to.
  int64_t minimumAlignment;
  /// Whether the documents leave `dmaBase` and `portStride` open, so that users
  /// can say others (DeviceInfo::changeMemory).
  bool isOpen = false;
  /// Whether it lies on the chip: starts alone reach it, through the address
  /// registers of maps whose flags say so (TaskSupport::onChip). The host has
  /// no address for it.
  bool isOnChip = false;
};

/// The memories of a device, and how a host reaches it.
struct Board {
  std::string name;
  std::string description;
  /// How host programs move data and reach registers.
  std::string hostInterface;
  /// Where the host finds register 0, in bytes of the board's control window;
  /// register r lies 4 * r bytes behind it. None where the host interface takes
  /// the numbers of registers, and the documents do not say.
  std::optional<int64_t> registerWindow;
  std::vector<Memory> memories;

  bool hasOpenMemory() const;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_BOARD_H
