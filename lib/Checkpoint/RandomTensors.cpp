//===- RandomTensors.cpp - Random weights, the same everywhere ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The distributions of the standard library differ between its implementations,
// so nothing of it is used. The arithmetic is that of integers and of single
// rounded operations, and this file is compiled without contractions.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/RandomTensor.h"
#include "DLAVM/Checkpoint/TensorSource.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"

#include <cmath>
#include <mutex>

using namespace dlavm;
using namespace llvm;

/// The output function of the generator SplitMix64: a bijection whose results
/// pass statistical tests for arguments that are multiples of the golden ratio.
static uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

static constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;

/// Where the numbers of a tensor start.
static uint64_t getKey(StringRef name, uint64_t seed) {
  // FNV-1a.
  uint64_t hash = 0xCBF29CE484222325;
  for (unsigned char c : name)
    hash = (hash ^ c) * 0x100000001B3;
  return mix(hash ^ mix(seed + kGoldenRatio));
}

/// The sum of four uniform numbers, less its mean: an integer of variance
/// 4 * 2^32 / 12 (but for one part in 2^32) and magnitude below 2^17.
static int32_t getSum(uint64_t key, uint64_t index) {
  const uint64_t bits = mix(key + index * kGoldenRatio);
  const int32_t sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) +
                      (bits >> 32 & 0xFFFF) + (bits >> 48);
  return sum - 2 * 0xFFFF;
}

void dlavm::fillRandomTensor(StringRef name, ArrayRef<int64_t> shape,
                             uint64_t seed, int64_t first,
                             MutableArrayRef<float> out) {
  const uint64_t key = getKey(name, seed);
  const bool isVector = shape.size() == 1;
  const double unit = std::sqrt(3.0) / 65536;
  const double scale =
      isVector ? unit / 16
               : unit / std::sqrt(static_cast<double>(shape.back()));
  const double mean =
      isVector && (name.contains("norm") || name.contains("scale")) ? 1 : 0;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(mean + scale * getSum(key, first + i));
}

namespace {
struct RandomTensorEntry {
  SmallVector<int64_t, 2> shape;
  std::shared_ptr<const std::vector<uint8_t>> bytes;
};

/// Bytes of tensors that are kept, so that a model of billions of weights does
/// not fill the memory.
constexpr size_t kMostBytes = size_t(1) << 30;
} // namespace

class RandomTensors::Impl {
public:
  uint64_t seed;
  std::mutex mutex;
  StringMap<RandomTensorEntry> tensors;
  size_t keptBytes = 0;

  void fill(StringRef name, RandomTensorEntry &entry);
};

/// The part of the tensor's shape that the parameter has.
static SmallVector<int64_t, 2> getUnpaddedShape(const ParameterInfo &info) {
  SmallVector<int64_t, 2> shape = info.shape;
  if (info.rowHeads)
    shape[0] = info.rowHeads->heads * info.rowHeads->channels;
  if (info.columnHeads)
    shape[1] = info.columnHeads->heads * info.columnHeads->channels;
  if (!info.kernel.empty())
    shape = {shape[0], info.getKernelChannels(), info.kernel[0],
             info.kernel[1]};
  return shape;
}

RandomTensors::RandomTensors(ArrayRef<ParameterInfo> parameters, uint64_t seed)
    : impl(std::make_unique<Impl>()) {
  impl->seed = seed;
  for (const ParameterInfo &info : parameters) {
    if (info.tensor.empty())
      continue;
    SmallVector<int64_t, 2> shape = getUnpaddedShape(info);
    if (info.rows)
      shape[0] = info.rows->getEnd(shape[0]);
    for (int64_t layer = 0; layer < std::max<int64_t>(info.layers, 1);
         ++layer) {
      // Parameters that are slices of one tensor make it as high as the last.
      RandomTensorEntry &entry = impl->tensors[info.getTensorName(layer)];
      if (entry.shape.empty())
        entry.shape = shape;
      entry.shape[0] = std::max(entry.shape[0], shape[0]);
    }
  }
}

RandomTensors::~RandomTensors() = default;

void RandomTensors::Impl::fill(StringRef name, RandomTensorEntry &entry) {
  int64_t size = 1;
  for (int64_t dim : entry.shape)
    size *= dim;
  auto bytes = std::make_shared<std::vector<uint8_t>>(size * 2);
  std::vector<float> row(entry.shape.back());
  for (int64_t first = 0; first < size; first += row.size()) {
    fillRandomTensor(name, entry.shape, seed, first, row);
    for (auto [i, value] : enumerate(row))
      support::endian::write16le(bytes->data() + 2 * (first + i),
                                 doubleToHalf(value));
  }
  // Those that are in use stay alive through their views.
  if (keptBytes + bytes->size() > kMostBytes) {
    for (auto &other : tensors)
      other.second.bytes.reset();
    keptBytes = 0;
  }
  keptBytes += bytes->size();
  entry.bytes = std::move(bytes);
}

Expected<std::shared_ptr<const Tensor>>
RandomTensors::getTensor(StringRef name) {
  auto it = impl->tensors.find(name);
  if (it == impl->tensors.end())
    return createStringError("random tensors: no parameter has a tensor '" +
                             name + "'");
  RandomTensorEntry &entry = it->second;
  std::lock_guard<std::mutex> lock(impl->mutex);
  if (!entry.bytes)
    impl->fill(name, entry);
  return std::make_shared<FloatTensor>(ElementType::F16, entry.shape,
                                       *entry.bytes, "random tensors",
                                       entry.bytes);
}
