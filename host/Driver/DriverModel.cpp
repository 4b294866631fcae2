//===- DriverModel.cpp - A driver on a device -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/DriverModel.h"

#include "host/Driver/Half.h"

#include <algorithm>

using namespace dlavm::host;
using dlavm::Error;

DriverModel::DriverModel(const CompiledDriver &driver, Device &device)
    : driver(driver), plan(driver.getPlan()), device(device),
      vocabulary(plan.vocabulary) {
  const std::string head = "the driver in " + driver.getDirectory();
  if (plan.vocabulary == 0)
    throw Error(head + " has no embedding, so it takes no token ids; compile a "
                       "model that names its embedding");
  const PlanFunction *input = plan.findFunction("input");
  if (!input || input->lastTokenOnly || input->channels != plan.channels)
    throw Error(head + " has no single input for the rows of its embedding");
  if (!plan.findFunction("token"))
    throw Error(head +
                " yields no token; compile a model that ends in llm.argmax");
  if (driver.hasLogits())
    vocabulary = static_cast<int32_t>(std::min<int64_t>(
        plan.vocabulary, plan.findFunction("output", "read_logits")->channels));
}

void DriverModel::load() { driver.loadParameters(device); }

int32_t DriverModel::call(const std::vector<int32_t> &ids, int32_t past) {
  const auto seq = static_cast<int32_t>(ids.size());
  driver.writeInput(device, driver.readEmbeddings(ids), seq);
  runDriver(seq, past);
  return driver.readToken(device);
}

void DriverModel::runDriver(int32_t seq, int32_t past) {
  if (!times)
    return driver.run(device, seq, past);
  try {
    driver.run(times->begin(device, seq, past), seq, past);
  } catch (...) {
    times->end();
    throw;
  }
  times->end();
}

void DriverModel::requireReading(const std::string &purpose) const {
  if (!device.can_read_memory())
    throw Error(purpose + " must read the memory of the device, but that of "
                          "this one can only be written");
}

void DriverModel::requireLogits(const std::string &purpose) const {
  if (!driver.hasLogits())
    throw Error(purpose + " must have logits, but the driver has no "
                          "read_logits; do without, or compile a model whose "
                          "result is the logits");
  if (!device.can_read_memory())
    throw Error(purpose + " must have logits, but the memory of this device, "
                          "where they are, can only be written; do without: "
                          "the device itself chooses the token with the "
                          "largest logit");
}

void DriverModel::readLogits(std::vector<float> &logits) {
  if (!hasLogits())
    requireLogits("whoever chooses another token than the device, or looks at "
                  "probabilities,");
  driver.readLogits(device, [&](const uint16_t *codes, size_t size) {
    const auto count = static_cast<size_t>(vocabulary);
    if (size < count)
      throw Error("the driver in " + driver.getDirectory() + " yields " +
                  std::to_string(size) + " logits for a vocabulary of " +
                  std::to_string(count));
    logits.resize(count);
    areFinite = widenHalves(codes, count, logits.data());
  });
}

void DriverModel::visitCaches(
    const std::function<void(uint64_t, size_t)> &visit) const {
  for (const PlanObject &object : plan.objects) {
    if (object.kind != "kv_cache")
      continue;
    for (int64_t layer = 0; layer < std::max<int64_t>(object.layers, 1);
         ++layer)
      for (int64_t port = 0; port < object.ports; ++port)
        visit(object.getDMAAddress(layer, port),
              static_cast<size_t>(object.bytes));
  }
}

uint64_t DriverModel::getCacheBytes() const {
  uint64_t sum = 0;
  visitCaches([&](uint64_t, size_t bytes) { sum += bytes; });
  return sum;
}

void DriverModel::readCaches(
    const std::function<void(const char *, size_t)> &consume) {
  requireReading("whoever saves KV caches");
  std::vector<char> data;
  visitCaches([&](uint64_t address, size_t bytes) {
    data.resize(bytes);
    device.dma_read(address, data.data(), bytes);
    consume(data.data(), bytes);
  });
}

void DriverModel::writeCaches(
    const std::function<void(char *, size_t)> &produce) {
  std::vector<char> data;
  visitCaches([&](uint64_t address, size_t bytes) {
    data.resize(bytes);
    produce(data.data(), bytes);
    device.dma_write(address, data.data(), bytes);
  });
}
