//===- PlanLimits.cpp - The numbers of plan.json and the device -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Vocabulary.h"
#include "DLAVM/Support/SaturatingProduct.h"
#include "PlanChecks.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;
using namespace llvm;

static constexpr int64_t bytesPerElement = 2;

namespace {

/// Compares a plan whose numbers do not overflow with the memories.
class LimitChecker {
public:
  LimitChecker(const DriverPlan &plan, const DeviceInfo &device, StringRef file)
      : plan(plan), device(device), file(file) {}
  llvm::Error run();

private:
  llvm::Error refuse(const Twine &place, const json::Value &found,
                     const Twine &expected) const {
    return dlavm::refuse(file, place, expected, found);
  }
  llvm::Error checkPlace(int64_t address, int64_t bytes, const Memory &memory,
                         const Twine &place) const;
  llvm::Error check(const PlanBuffer &buffer, const Twine &place) const;
  llvm::Error check(const PlanObject &object, const Twine &place) const;
  llvm::Error checkShape(const PlanObject &object, const Twine &place) const;
  llvm::Error check(const HostFunction &function, const Twine &place) const;
  /// Bytes of the largest buffer that the host may write, or read.
  int64_t getRoom(bool isInput) const;

  const DriverPlan &plan;
  const DeviceInfo &device;
  StringRef file;
};

} // namespace

static std::string describe(const Memory &memory) {
  return std::to_string(memory.capacity) + " bytes of " + memory.name;
}

llvm::Error LimitChecker::checkPlace(int64_t address, int64_t bytes,
                                     const Memory &memory,
                                     const Twine &place) const {
  if (bytes > memory.capacity)
    return refuse(place + ".bytes", bytes, "at most the " + describe(memory));
  if (address > memory.capacity - bytes)
    return refuse(place + ".address", address,
                  "an address in the " + describe(memory) + " with room for " +
                      Twine(bytes));
  return llvm::Error::success();
}

llvm::Error LimitChecker::check(const PlanBuffer &buffer,
                                const Twine &place) const {
  const Memory &memory = device.getMapMemory();
  const Memory *chip = device.getOnChipMemory();
  if (chip && buffer.memory == chip->name && !buffer.isInput)
    return checkPlace(buffer.address, buffer.bytes, *chip, place);
  if (buffer.memory != memory.name)
    return refuse(place + ".space", buffer.memory,
                  "\"" + memory.name + "\", where " +
                      (chip ? "buffers are that do not lie on the chip"
                            : "all buffers are"));
  return checkPlace(buffer.address, buffer.bytes, memory, place);
}

llvm::Error LimitChecker::checkShape(const PlanObject &object,
                                     const Twine &place) const {
  // Weights have at least four bits, all else has 16. Ports are those of the
  // device.
  int64_t elements = 1;
  for (int64_t size : object.shape)
    elements = saturatingProduct(elements, size);
  const int64_t bytes = object.bytes * object.ports;
  const bool isWeight = object.kind == ObjectKind::Weight ||
                        object.kind == ObjectKind::ConvWeight;
  if (object.shape.empty() ||
      (isWeight ? elements / 2
                : saturatingProduct(elements, bytesPerElement)) <= bytes)
    return llvm::Error::success();
  return refuse(place + ".shape", elements,
                "no more elements than the " + Twine(bytes) +
                    " bytes of the object can hold");
}

llvm::Error LimitChecker::check(const PlanObject &object,
                                const Twine &place) const {
  const Memory *memory = device.getMemory(object.memory);
  if (!memory)
    return refuse(place + ".space", object.memory,
                  "a memory of " + plan.device);
  // Blocks of instructions lie in the first port.
  const bool isInFirst = object.kind == ObjectKind::Instructions;
  if (isInFirst && object.ports != 1)
    return refuse(place + ".ports", object.ports, "1 for instructions");
  if (!isInFirst && object.ports != memory->ports)
    return refuse(place + ".ports", object.ports,
                  "the " + Twine(memory->ports) + " ports of " + object.memory);
  if (object.ports > 1 && object.portStride != memory->portStride)
    return refuse(place + ".port_stride", object.portStride,
                  "the " + Twine(memory->portStride) +
                      " bytes between the ports of " + object.memory);
  if (object.dmaBase != memory->dmaBase)
    return refuse(place + ".dma_base", object.dmaBase,
                  Twine(memory->dmaBase) + ", where the host finds " +
                      object.memory);
  if (llvm::Error error =
          checkPlace(object.address, object.bytes, *memory, place))
    return error;
  if (object.layers > 1) {
    if (object.layerStride < object.bytes)
      return refuse(place + ".layer_stride", object.layerStride,
                    "at least the " + Twine(object.bytes) +
                        " bytes of a layer");
    const int64_t room =
        (memory->capacity - object.address - object.bytes) / object.layerStride;
    if (object.layers - 1 > room)
      return refuse(place + ".layers", object.layers,
                    "at most the " + Twine(room + 1) + " layers that the " +
                        describe(*memory) + " have room for");
  }
  return checkShape(object, place);
}

int64_t LimitChecker::getRoom(bool isInput) const {
  int64_t room = 0;
  for (const PlanBuffer &buffer : plan.buffers)
    if (buffer.memory == device.getMapMemory().name &&
        (!isInput || buffer.isInput))
      room = std::max(room, buffer.bytes);
  // Rows lie in all ports.
  return saturatingProduct(room, device.getMapMemory().ports);
}

llvm::Error LimitChecker::check(const HostFunction &function,
                                const Twine &place) const {
  const int64_t room = getRoom(function.kind == "input");
  if (function.channels > room / bytesPerElement)
    return refuse(place + ".channels", function.channels,
                  "a row that has room in the " + Twine(room) +
                      " bytes of the largest buffer that the function may use");
  const int64_t row = function.channels * bytesPerElement;
  if (row > 0 && function.rows && *function.rows > room / row)
    return refuse(place + ".rows", *function.rows,
                  "at most the " + Twine(room / row) + " rows that " +
                      function.name + " has room for in " + Twine(room) +
                      " bytes");
  if (row > 0 && function.takesSeq() && plan.maxTokens > room / row)
    return refuse("max_tokens", plan.maxTokens,
                  "at most the " + Twine(room / row) + " tokens that " +
                      function.name + " has room for in " + Twine(room) +
                      " bytes");
  return llvm::Error::success();
}

llvm::Error LimitChecker::run() {
  for (auto [i, buffer] : enumerate(plan.buffers))
    if (llvm::Error error = check(buffer, "buffers[" + Twine(i) + "]"))
      return error;
  for (auto [i, object] : enumerate(plan.objects))
    if (llvm::Error error = check(object, "objects[" + Twine(i) + "]"))
      return error;
  for (auto [i, function] : enumerate(plan.functions))
    if (llvm::Error error = check(function, "functions[" + Twine(i) + "]"))
      return error;
  // Each token takes at least an element somewhere, unless the input is an
  // image.
  const bool hasTokens =
      none_of(plan.functions, [](const HostFunction &function) {
        return function.kind == "input" && !function.takesSeq();
      });
  if (hasTokens &&
      plan.maxTokens > getRoom(/*isInput=*/false) / bytesPerElement)
    return refuse("max_tokens", plan.maxTokens,
                  "no more tokens than the largest buffer has room for");
  for (auto [i, parameter] : enumerate(plan.parameters))
    if (parameter.name == plan.embedding &&
        parameter.shape.front() > kMaxEmbeddingRows)
      return refuse(
          "parameters[" + Twine(i) + "].shape[0]", parameter.shape.front(),
          "at most " + Twine(kMaxEmbeddingRows) + " tokens in the embedding");
  return llvm::Error::success();
}

llvm::Error dlavm::checkLimits(const DriverPlan &plan, const DeviceInfo &device,
                               StringRef file) {
  return LimitChecker(plan, device, file).run();
}
