//===- Pack.cpp - How long packing takes --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../lib/Checkpoint/QuantizedTensor.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Support/Half.h"

#include "llvm/Support/FileSystem.h"

#include <benchmark/benchmark.h>

#include <filesystem>
#include <fstream>
#include <random>

using namespace dlavm;
using namespace llvm;

namespace {

/// One layer of ChatGLM2-6B: its seven matrices, as FP16 in memory.
class ChatGLM2Layer : public benchmark::Fixture, public TensorSource {
public:
  void SetUp(benchmark::State &) override {
    plan = {};
    plan.fingerprint = "0000000000000000";
    add("query", 4096, 4096);
    add("key", 256, 4096);
    add("value", 256, 4096);
    add("attention_output", 4096, 4096);
    add("gate", 13696, 4096);
    add("up", 13696, 4096);
    add("down", 4096, 13696);
    // Weights repeat, but not their place in a block.
    if (!weights.empty())
      return;
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0, 0.02f);
    std::vector<uint16_t> some(1000003);
    for (uint16_t &code : some)
      code = doubleToHalf(normal(random));
    weights.resize(13696 * 4096);
    for (size_t i = 0; i < weights.size(); ++i)
      weights[i] = some[i % some.size()];
    for (size_t i = 0; i < weights.size() / 2; ++i)
      words.push_back(
          static_cast<uint8_t>((1 + random() % 15) | (1 + random() % 15) << 4));
    for (size_t i = 0; i < weights.size() / 128; ++i)
      scales.push_back(static_cast<uint16_t>(0x1000 + random() % 0x1000));
    output.resize(getPackedBytes());
  }

  Expected<std::shared_ptr<const Tensor>> getTensor(StringRef name) override {
    const ParameterInfo &info = *plan.getParameter(name);
    if (isGPTQ)
      return makeGPTQ(info.shape);
    const ArrayRef<uint8_t> bytes(
        reinterpret_cast<const uint8_t *>(weights.data()),
        2 * info.shape[0] * info.shape[1]);
    return std::make_shared<FloatTensor>(ElementType::F16, info.shape, bytes,
                                         "memory");
  }

  /// Any codes but -8, in groups of 128 inputs with any scales.
  std::shared_ptr<const Tensor> makeGPTQ(ArrayRef<int64_t> shape) const {
    GroupedTensor::Parts parts;
    parts.isTransposed = true;
    parts.codes = {words, shape[1], shape[0], /*isAlongRows=*/true};
    parts.groupSize = 128;
    parts.groups = shape[1] / 128;
    parts.scales = ArrayRef(reinterpret_cast<const uint8_t *>(scales.data()),
                            2 * scales.size());
    return std::make_shared<GroupedTensor>(shape, "memory", parts);
  }

  int64_t getPackedBytes() const {
    int64_t bytes = 0;
    for (const PlanObject &object : plan.objects)
      bytes += object.bytes * object.ports;
    return bytes;
  }

  /// Packs all objects to memory, on one thread.
  void packToMemory(benchmark::State &state, ScaleChoice choice) {
    std::map<const PlanObject *, uint8_t *> places;
    uint8_t *next = output.data();
    for (const PlanObject &object : plan.objects) {
      places[&object] = next;
      next += object.bytes * object.ports;
    }
    PackOptions options;
    options.scaleChoice = choice;
    options.threads = 1;
    for (auto _ : state) {
      Expected<PackReport> report = packObjects(
          plan, device, *this, options,
          [&](const PlanObject &object, int64_t, int64_t port, int64_t offset,
              ArrayRef<uint8_t> bytes) {
            std::memcpy(places[&object] + port * object.bytes + offset,
                        bytes.data(), bytes.size());
            return Error::success();
          });
      if (!report)
        state.SkipWithError(toString(report.takeError()).c_str());
    }
    state.SetBytesProcessed(state.iterations() * getPackedBytes());
  }

  const DeviceInfo device = edgellm::createDevice20241128();
  DriverPlan plan;
  std::vector<uint8_t> output;
  /// Whether tensors are quantized, and not FP16.
  bool isGPTQ = false;

private:
  void add(const std::string &name, int64_t outputs, int64_t inputs) {
    ParameterInfo info;
    info.name = info.tensor = name;
    info.shape = {outputs, inputs};
    plan.parameters.push_back(info);
    PlanObject object;
    object.name = name + "_weight";
    object.shape = info.shape;
    object.from = {name};
    object.bytes =
        device.getObject(ObjectKind::Weight)->bytes(object.shape, device);
    object.memory = device.getObject(ObjectKind::Weight)->memory;
    object.ports = device.getMemory(object.memory)->ports;
    object.file = "layer00/" + name + ".{port}.bin";
    plan.objects.push_back(object);
  }

  std::vector<uint16_t> weights, scales;
  std::vector<uint8_t> words;
};

} // namespace

BENCHMARK_F(ChatGLM2Layer, PackToMemory)(benchmark::State &state) {
  packToMemory(state, ScaleChoice::AbsMax);
}

BENCHMARK_F(ChatGLM2Layer, PackGPTQToMemory)(benchmark::State &state) {
  isGPTQ = true;
  packToMemory(state, ScaleChoice::AbsMax);
  isGPTQ = false;
}

BENCHMARK_F(ChatGLM2Layer, PackToMemoryWithSearch)(benchmark::State &state) {
  packToMemory(state, ScaleChoice::Search);
}

/// Everything that `dlavm pack` does, checksums included, with files that stay
/// in the page cache.
BENCHMARK_F(ChatGLM2Layer, PackToFiles)(benchmark::State &state) {
  SmallString<128> directory;
  if (sys::fs::createUniqueDirectory("dlavm-benchmark", directory))
    return state.SkipWithError("no temporary directory");
  const std::string path = directory.str().str();
  std::ofstream(path + "/plan.json") << "{\n  \"driver\": \"driver.h\"\n}\n";
  PackOptions options;
  options.threads = 1;
  for (auto _ : state) {
    Expected<OutputDirectory> output = OutputDirectory::open(path);
    if (!output)
      return state.SkipWithError(toString(output.takeError()).c_str());
    Expected<PackedDirectory> packed =
        packDirectory(*output, plan, device, *this, options);
    if (!packed)
      state.SkipWithError(toString(packed.takeError()).c_str());
  }
  state.SetBytesProcessed(state.iterations() * getPackedBytes());
  std::filesystem::remove_all(path);
}

/// What no packer can beat.
BENCHMARK_F(ChatGLM2Layer, Memcpy)(benchmark::State &state) {
  const std::vector<uint8_t> copy(output);
  for (auto _ : state) {
    std::memcpy(output.data(), copy.data(), copy.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * output.size());
}
