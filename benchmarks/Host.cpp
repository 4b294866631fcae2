//===- Host.cpp - What a host takes for each token ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A decode step of Qwen2-7B, with a vocabulary of 152064, on a device that does
// everything at once: all that remains is the host's. DLAVM_BENCHMARK_DRIVER
// names the directory of another driver. What copies the logits stands for DMA.
// The goal is at most ten times that copy, with sampling.
//
//===----------------------------------------------------------------------===//

#include "host/Chat/Sampler.h"
#include "host/Driver/DriverModel.h"
#include "host/Session/Session.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

using namespace dlavm::host;

static constexpr size_t kVocabulary = 152064;

/// FP16 logits as models have them: most are unlikely.
static const std::vector<uint16_t> &getLogits() {
  static const std::vector<uint16_t> logits = [] {
    std::mt19937 generator(1);
    std::normal_distribution<double> distribution(0, 2.5);
    std::vector<uint16_t> codes;
    for (size_t i = 0; i < kVocabulary; ++i) {
      const double value = distribution(generator);
      int exponent;
      const double fraction = std::frexp(std::abs(value), &exponent);
      const int bits = exponent < -12 ? 0
                                      : (exponent + 14) << 10 |
                                            int((fraction * 2 - 1) * 1024);
      codes.push_back(static_cast<uint16_t>(bits | (value < 0 ? 0x8000 : 0)));
    }
    return codes;
  }();
  return logits;
}

namespace {

class InstantDevice : public dlavm::NullDevice {
public:
  uint32_t read(uint32_t) override { return 7; }
  void dma_read(uint64_t, void *data, size_t bytes) override {
    std::memcpy(data, getLogits().data(), bytes);
  }
};

} // namespace

static const CompiledDriver &getDriver() {
  static const CompiledDriver driver = [] {
    const char *given = std::getenv("DLAVM_BENCHMARK_DRIVER");
    const std::string directory = given ? given : DLAVM_DRIVER_DIR;
    CompiledDriver driver(directory);
    // Its rows do not matter.
    const Plan &plan = driver.getPlan();
    const std::string file = directory + "/embedding.bin";
    std::ofstream(file).flush();
    std::filesystem::resize_file(file, uintmax_t{2} *
                                           uintmax_t(plan.vocabulary) *
                                           uintmax_t(plan.channels));
    return driver;
  }();
  return driver;
}

/// The time of a token, the 1000th of a conversation.
static void decode(benchmark::State &state, const AnswerOptions &options) {
  InstantDevice device;
  DriverModel model(getDriver(), device);
  Session session(model);
  const std::vector<int32_t> ids(1000, 7);
  AnswerOptions all = options;
  all.maxNewTokens = 1;
  for (auto _ : state)
    session.answer(ids, all, [](const GeneratedToken &) { return true; });
}

static void copyLogits(benchmark::State &state) {
  std::vector<uint16_t> copy(kVocabulary);
  for (auto _ : state) {
    std::memcpy(copy.data(), getLogits().data(), 2 * kVocabulary);
    benchmark::DoNotOptimize(copy.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(copyLogits);

/// The driver alone, from the embedding to the token.
static void callDriver(benchmark::State &state) {
  InstantDevice device;
  DriverModel model(getDriver(), device);
  for (auto _ : state)
    benchmark::DoNotOptimize(model.call({7}, 999));
}
BENCHMARK(callDriver);

/// The register accesses alone.
static void runDriver(benchmark::State &state) {
  InstantDevice device;
  for (auto _ : state)
    getDriver().run(device, 1, 999);
}
BENCHMARK(runDriver);

static void readLogits(benchmark::State &state) {
  InstantDevice device;
  DriverModel model(getDriver(), device);
  std::vector<float> logits;
  for (auto _ : state) {
    model.readLogits(logits);
    benchmark::DoNotOptimize(logits.data());
  }
}
BENCHMARK(readLogits);

static void decodeGreedily(benchmark::State &state) {
  AnswerOptions options;
  options.checkFirst = false;
  decode(state, options);
}
BENCHMARK(decodeGreedily);

static void decodeSampled(benchmark::State &state) {
  SamplingOptions sampling;
  sampling.temperature = 0.8;
  AnswerOptions options;
  options.choose = Sampler(sampling, 1000);
  decode(state, options);
}
BENCHMARK(decodeSampled);

static void decodeTopKTopP(benchmark::State &state) {
  SamplingOptions sampling;
  sampling.temperature = 0.7;
  sampling.topK = 40;
  sampling.topP = 0.9;
  sampling.repetitionPenalty = 1.1;
  AnswerOptions options;
  options.choose = Sampler(sampling, 1000);
  decode(state, options);
}
BENCHMARK(decodeTopKTopP);
