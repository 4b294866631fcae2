//===- Instructions.h - The instruction blocks of a driver ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the blocks (DLAVM/Device/InstructionBlocks.h) of a plan hold before any
// token. The plan says it once for all layers.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PLAN_INSTRUCTIONS_H
#define DLAVM_PLAN_INSTRUCTIONS_H

#include "DLAVM/Plan/DriverPlan.h"

#include <map>

namespace dlavm {

/// An op that tasks of blocks belong to.
struct InstructionName {
  /// -1 outside the layers.
  int32_t layer;
  std::string name;
  bool operator==(const InstructionName &other) const {
    return layer == other.layer && name == other.name;
  }
};

struct Instructions {
  /// In their order, of each block the header, whose byte k is the code of its
  /// task k, and the words of its tasks. Little-endian words of 32 bits.
  std::vector<uint8_t> bytes;
  /// The DMA address of the first byte.
  uint64_t dmaAddress = 0;
  /// By the address of a task's first word in the memory of the device.
  std::map<int64_t, InstructionName> names;
};

/// \p object has as its config `block_tasks`, the most tasks of a block,
/// `header_words`, and `runs` of tasks, each in blocks of its own: those
/// `first`, those of each of the `layers`, and those at the `last`. Word i of a
/// task is `words[i]`, in layer k `words[i] + k * steps[i]`; it belongs to the
/// op `name`, in layer `layer[0] + k * layer[1]`. All of it comes `copies`
/// times, or else once. Fails where this is not as many bytes as the object
/// has; what there must be, and that there is nothing else, the plan was read
/// for.
llvm::Expected<Instructions> assembleInstructions(const PlanObject &object);

/// Those of a driver whose decode runs from blocks, or nothing.
llvm::Expected<std::optional<Instructions>>
assembleInstructions(const DriverPlan &plan);

} // namespace dlavm

#endif // DLAVM_PLAN_INSTRUCTIONS_H
