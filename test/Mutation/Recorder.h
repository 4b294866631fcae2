//===- Recorder.h - Whether a fault changes what a driver does ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_MUTATION_RECORDER_H
#define DLAVM_TEST_MUTATION_RECORDER_H

#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Check/TaskDecoder.h"

#include <map>

namespace dlavm {

/// How an op was cut into starts.
struct OpSlices {
  unsigned starts = 0;
  uint32_t first = 0, last = 0;
};

/// Hashes what decides the equivalence of two runs: in their order, the values
/// of all registers of a task when it starts, the polls, and the DMA with its
/// addresses and sizes. What a register holds before a call is unknown and
/// equals nothing but itself.
class Recorder : public EventSink {
public:
  explicit Recorder(const DeviceInfo &device)
      : decoder(device), file(decoder.getRegisterEnd()),
        registers(decoder.getRegisterEnd()) {}

  void begin();
  uint64_t getHash() const { return hash; }
  /// Without transfers: what `dlavm check` compares of run and decode.
  uint64_t getHashOfStarts() const { return hashOfStarts; }
  /// Of the ops of layer 0 and outside the layers, by name.
  const std::map<std::string, OpSlices> &getSlices() const { return slices; }

  /// The host polls a block of instructions, which polls no task.
  void pollBlock(uint32_t reg, uint32_t value) { mixTransfer(4, reg, value); }

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t) override { return 0; }
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  void mix(uint64_t value);
  void mixTransfer(uint64_t kind, uint64_t address, uint64_t bytes);

  TaskDecoder decoder;
  /// Registers have 32 bits; more stands for what nobody wrote.
  std::vector<uint64_t> file;
  /// The same for the decoder, which knows no unknown values.
  std::vector<uint32_t> registers;
  uint64_t hash = 0, hashOfStarts = 0;
  /// Null in the layers behind the first.
  OpSlices *op = nullptr;
  std::map<std::string, OpSlices> slices;
};

} // namespace dlavm

#endif // DLAVM_TEST_MUTATION_RECORDER_H
