//===- CardDevice.h - A card that --on= names -------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CARD_CARDDEVICE_H
#define DLAVM_CARD_CARDDEVICE_H

#include "DLAVM/Check/ReadableDevice.h"
#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/Support/Error.h"

#include <memory>

namespace dlavm {

/// A device of host/ for code without exceptions. After a failure nothing
/// reaches it any more: registers and memory read 0.
class CardDevice : public ReadableDevice {
public:
  /// Opens what \p on names, as "xdma:/dev/xdma0".
  static llvm::Expected<std::unique_ptr<CardDevice>> open(llvm::StringRef on);
  ~CardDevice() override;

  /// False if what the card has in its memory cannot be seen.
  bool canReadMemory() const;

  /// The first failure since the last time that somebody asked.
  llvm::Error takeError();

  void beginRun(int64_t, int64_t) override {}
  void endRun() override {}
  llvm::ArrayRef<uint8_t> getMemory(const Memory &memory, int64_t port,
                                    int64_t address,
                                    int64_t bytes) const override;
  llvm::ArrayRef<Finding> getFindings() const override { return {}; }

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  class Impl;
  explicit CardDevice(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_CARD_CARDDEVICE_H
