//===- Recorder.cpp - Whether a fault changes what a driver does --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Recorder.h"

using namespace dlavm;
using namespace llvm;

static constexpr uint64_t unknown = uint64_t(1) << 32;

void Recorder::begin() {
  std::fill(file.begin(), file.end(), unknown);
  hash = hashOfStarts = 0;
  op = nullptr;
  slices.clear();
}

static uint64_t mixed(uint64_t hash, uint64_t value) {
  // The finalizer of SplitMix64.
  hash = (hash + 0x9e3779b97f4a7c15) ^ value;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

void Recorder::mix(uint64_t value) {
  hash = mixed(hash, value);
  hashOfStarts = mixed(hashOfStarts, value);
}

void Recorder::mixTransfer(uint64_t kind, uint64_t address, uint64_t bytes) {
  for (uint64_t value : {kind * unknown, address, bytes})
    hash = mixed(hash, value);
}

void Recorder::task(int32_t layer, StringRef name) {
  op = layer <= 0 ? &slices[name.str()] : nullptr;
}

void Recorder::write(uint32_t reg, uint32_t value) {
  if (reg < file.size())
    file[reg] = registers[reg] = value;
  const DecodedTask *task = decoder.lookup(reg, value, registers);
  if (!task) {
    // A wrong opcode starts something too.
    if (decoder.isOpcode(reg)) {
      mix(reg);
      mix(value);
    }
    return;
  }
  for (const Register *written : task->written)
    mix(file[written->number]);
  const Register *width = task->getTable().lookup(RegisterRole::Tokens);
  const Register *channel = task->getTable().lookup(RegisterRole::FirstChannel);
  // Slices of tokens, however many starts share their channels.
  if (!op || !width || (channel && file[channel->number] != 0))
    return;
  const auto tokens = static_cast<uint32_t>(file[width->number]);
  if (op->starts++ == 0)
    op->first = tokens;
  op->last = tokens;
}

void Recorder::poll(uint32_t reg, uint32_t value) {
  mix(unknown + reg);
  mix(value);
}

void Recorder::dmaWrite(uint64_t address, ArrayRef<uint8_t> bytes) {
  mixTransfer(2, address, bytes.size());
}

void Recorder::dmaRead(uint64_t address, MutableArrayRef<uint8_t> bytes) {
  mixTransfer(3, address, bytes.size());
  fill(bytes, 0);
}
