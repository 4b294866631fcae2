//===- DriverModel.h - A driver on a device ------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_DRIVERMODEL_H
#define DLAVM_HOST_DRIVER_DRIVERMODEL_H

#include "host/Driver/CompiledDriver.h"
#include "host/Driver/StepTimes.h"
#include "host/Session/TokenModel.h"

namespace dlavm::host {

/// A driver on a device, which both outlive it.
class DriverModel : public TokenModel {
public:
  /// Throws if the driver cannot answer token ids with a token: it lacks the
  /// embedding, an input or argmax.
  DriverModel(const CompiledDriver &driver, Device &device);

  /// Loads the parameters, which dlavm pack wrote into the driver's directory.
  void load();

  int32_t getMaxTokens() const override { return plan.maxTokens; }
  int32_t getVocabularySize() const override { return vocabulary; }
  int32_t call(const std::vector<int32_t> &ids, int32_t past) override;
  /// False, too, if the device's memory cannot be read.
  bool hasLogits() const override {
    return driver.hasLogits() && device.can_read_memory();
  }
  void readLogits(std::vector<float> &logits) override;
  bool hasFiniteLogits() const override { return areFinite; }

  /// Throws if there are no logits to read, which \p purpose needs, and says
  /// why.
  void requireLogits(const std::string &purpose) const;
  /// Throws if the device's memory cannot be read, which \p purpose does.
  void requireReading(const std::string &purpose) const;

  /// Writes how long each task takes from the next call on, as StepTimes says.
  void timeSteps(const std::string &file) { times.emplace(file); }

  /// What the KV caches of all layers take.
  uint64_t getCacheBytes() const;
  /// Reads the KV caches by DMA, piece by piece, always the same ones.
  void readCaches(
      const std::function<void(const char *data, size_t bytes)> &consume);
  /// Writes them; \p produce fills each piece.
  void
  writeCaches(const std::function<void(char *data, size_t bytes)> &produce);

private:
  void runDriver(int32_t seq, int32_t past);
  /// Calls \p visit(address, bytes) with every piece of the KV caches.
  void visitCaches(
      const std::function<void(uint64_t address, size_t bytes)> &visit) const;

  const CompiledDriver &driver;
  const Plan &plan;
  Device &device;
  int32_t vocabulary;
  std::optional<StepTimes> times;
  bool areFinite = false;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_DRIVERMODEL_H
