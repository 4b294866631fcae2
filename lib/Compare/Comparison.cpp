//===- Comparison.cpp - A driver beside the reference ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Compare/Comparison.h"
#include "DLAVM/Support/Half.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

Comparison::Comparison(ReadableDevice &machine, const DeviceInfo &device,
                       const DriverPlan &plan, const Reference &reference,
                       double tolerance)
    : InterposedSink(machine), machine(machine), tasks(*this, machine),
      plan(plan), reference(reference), device(device),
      rowBytes(device.getTraits().rowBytes), tolerance(tolerance),
      decoder(device) {
  if (EventSink *watched = machine.watch(tasks))
    tasks.setNext(*watched);
  else
    setNext(tasks);
  for (int64_t lane = 0; lane < device.getTraits().lanes; ++lane)
    lanePlaces.push_back(device.placeLane(device, lane));
}

void Comparison::beginCall(const ExpectedCall &expected) {
  call = &expected;
  pending.clear();
  for (const ExpectedMap &map : expected.ops)
    pending[{map.layer, map.name}] = {&map};
  layer = -1;
  name.clear();
  started = nullptr;
  starts = 0;
  isReported = false;
  machine.beginRun(expected.seq, expected.past);
}

void Comparison::endCall() {
  finishOp();
  // Nobody sees what runs from blocks on a card.
  const bool isSeen =
      next == &machine || call->seq != 1 || !plan.decodesFromBlocks();
  if (isSeen)
    checkMissing();
  compareCaches();
  compareTokenWord();
  machine.endRun();
  // What the host reads now belongs to no op.
  started = nullptr;
  name.clear();
  layer = -1;
}

void Comparison::checkMissing() {
  for (const ExpectedMap &map : call->ops) {
    const int64_t tokens = pending[{map.layer, map.name}].tokens;
    if (tokens < map.tokens)
      return report(map.layer, map.name, "",
                    tokens == 0 ? "the driver does not run this op"
                                : "the driver runs this op for " +
                                      std::to_string(tokens) + " of " +
                                      std::to_string(map.tokens) + " tokens");
  }
}

void Comparison::checkResult(ArrayRef<uint16_t> output,
                             std::optional<int32_t> token) {
  if (!call->output.empty()) {
    ExpectedMap expected;
    expected.name = "output";
    expected.maps = expected.tokens = 1;
    expected.channels = static_cast<int64_t>(call->output.size());
    expected.values = call->output;
    if (output.size() != call->output.size())
      return report(-1, "", "",
                    "the host reads " + std::to_string(output.size()) +
                        " values of the output instead of " +
                        std::to_string(call->output.size()));
    compare(expected, "what the host reads", "", /*isCache=*/true, {0, 1},
            [&](int64_t, int64_t, int64_t channel) { return output[channel]; });
  }
  if (token != call->token)
    report(-1, "", "",
           "the host reads token " + std::to_string(token.value_or(-1)) +
               " instead of " + std::to_string(call->token.value_or(-1)));
}

void Comparison::Tasks::task(int32_t layer, StringRef name) {
  if (layer != comparison.layer || name != comparison.name) {
    comparison.finishOp();
    comparison.layer = layer;
    comparison.name = name.str();
    comparison.started = nullptr;
  }
  next->task(layer, name);
}

void Comparison::Tasks::write(uint32_t reg, uint32_t value) {
  next->write(reg, value);
  if (const DecodedTask *task = comparison.decoder.write(reg, value)) {
    comparison.started = task;
    ++comparison.starts;
  }
}

void Comparison::finishOp() {
  if (!started)
    return;
  for (const PlanTask &task : plan.tasks)
    if (task.name == name && !task.merges.empty())
      return compareMerged(task);
  auto it = pending.find({layer, name});
  if (it == pending.end()) {
    report(layer, name, "", "the model has no such op");
    return;
  }
  const ExpectedMap &expected = *it->second.map;
  const int64_t first = std::exchange(it->second.tokens, expected.tokens);
  if (first == expected.tokens)
    return report(layer, name, "", "the driver runs this op a second time");
  if (const CacheInfo *cache = reference.getAppended(name))
    return compareCache(expected, *cache, "append to " + cache->symbol,
                        /*isWhole=*/false);
  for (const PlanTask &task : plan.tasks) {
    if (task.name != name)
      continue;
    if (const CacheInfo *cache = reference.getCache(task.result))
      return compareAppended(expected, *cache, task);
    if (task.slice)
      it->second.tokens = std::min(first + *task.slice, expected.tokens);
    return compareBuffer(expected, task, {first, it->second.tokens});
  }
  report(layer, name, "",
         "plan.json has no task of this name, so that nobody "
         "knows where its result is");
}

/// Where the start that ended has left it: on the chip, or where it is in all
/// calls.
const std::string &Comparison::getResult(const PlanTask &task) const {
  const Register *output = started->getTable().lookup(RegisterRole::MapOut);
  const bool isOnChip =
      output && device.getMemory(decoder.getValues(*started), *output).isOnChip;
  return isOnChip && !task.decodeResult.empty() ? task.decodeResult
                                                : task.result;
}

void Comparison::compareMerged(const PlanTask &task) {
  int64_t firstLane = 0;
  for (const std::string &op : task.merges) {
    auto it = pending.find({layer, op});
    if (it == pending.end())
      return report(layer, op, "",
                    "the model has no such op, but the task '" + task.name +
                        "' computes it");
    const ExpectedMap &expected = *it->second.map;
    if (std::exchange(it->second.tokens, expected.tokens) == expected.tokens)
      return report(layer, op, "", "the driver runs this op a second time");
    compareBuffer(expected, task, {0, expected.tokens}, firstLane);
    firstLane += expected.maps * expected.channels;
  }
}

void Comparison::compareBuffer(const ExpectedMap &expected,
                               const PlanTask &task, Tokens tokens,
                               int64_t firstLane) {
  const std::string &result = getResult(task);
  const PlanBuffer *buffer = plan.getBuffer(result);
  if (!buffer)
    return report(layer, name, result, "plan.json has no buffer of this name");
  const int64_t lanes = lanePlaces.size();
  // Heads follow each other, or fill surfaces of their own.
  const int64_t distance =
      expected.hasTokensAsChannels
          ? static_cast<int64_t>(alignTo(expected.channels, lanes))
          : expected.channels;
  // A surface of the buffer has rows for all tokens, or for those of a slice.
  const int64_t rows = buffer->slice ? std::min(*buffer->slice, expected.tokens)
                                     : expected.tokens;
  const int64_t firstToken = buffer->slice ? tokens.first : 0;
  const int64_t bytes =
      rowBytes * rows * divideCeil(firstLane + distance * expected.maps, lanes);
  const Memory &memory = *device.getMemory(buffer->memory);
  SmallVector<ArrayRef<uint8_t>> ports;
  for (int64_t port = 0; port < memory.ports; ++port)
    ports.push_back(machine.getMemory(memory, port, buffer->address, bytes));
  if (any_of(ports, [&](ArrayRef<uint8_t> port) {
        return port.size() != static_cast<size_t>(bytes);
      }))
    return report(layer, name, result,
                  "plan.json gives this buffer an address outside the memory");
  compare(expected, task.computes, buffer->name, /*isCache=*/false, tokens,
          [&](int64_t map, int64_t token, int64_t channel) {
            const int64_t lane = firstLane + map * distance + channel;
            const int64_t row = lane / lanes * rows + token - firstToken;
            const ElementPlace &place = lanePlaces[lane % lanes];
            return support::endian::read16le(ports[place.port].data() +
                                             row * rowBytes + place.offset);
          });
}

void Comparison::compareAppended(const ExpectedMap &expected,
                                 const CacheInfo &cache, const PlanTask &task) {
  compareCache(expected, cache, task.computes, /*isWhole=*/false);
  // No task of its own appends.
  for (const ExpectedMap &op : call->ops)
    if (op.layer == layer && reference.getAppended(op.name) == &cache)
      pending[{layer, op.name}].tokens = op.tokens;
}

void Comparison::compareCache(const ExpectedMap &expected,
                              const CacheInfo &cache, StringRef computes,
                              bool isWhole) {
  const PlanObject *object = plan.getObject(cache.object);
  if (!object)
    return report(expected.layer, expected.name, cache.object,
                  "plan.json has no object of this name");
  const int64_t address =
      object->address + expected.layer * object->layerStride;
  const int64_t first = isWhole ? 0 : call->past;
  // What appends its result may have the channels of all heads in a row.
  const int64_t headChannels = device.getTraits().headChannels;
  compare(expected, computes, cache.object, isWhole, {0, expected.tokens},
          [&](int64_t map, int64_t token, int64_t channel) {
            const ElementPlace place = device.placeCacheElement(
                device, cache.isKeys, map + channel / headChannels,
                first + token, channel % headChannels);
            const ArrayRef<uint8_t> bytes =
                machine.getMemory(device.getMemory(RegisterRole::CacheIn),
                                  place.port, address + place.offset, 2);
            return bytes.empty() ? uint16_t(0)
                                 : support::endian::read16le(bytes.data());
          });
}

void Comparison::compareTokenWord() {
  // The token may be in a register only.
  if (device.getTraits().argmaxBits == 0)
    return;
  const auto function = find_if(plan.functions, [](const HostFunction &entry) {
    return entry.kind == "token";
  });
  const PlanBuffer *buffer = function == plan.functions.end()
                                 ? nullptr
                                 : plan.getBuffer(function->buffer);
  if (!buffer || !call->token)
    return;
  ArrayRef<uint8_t> memory =
      machine.getMemory(device.getMapMemory(), 0, buffer->address, 4);
  const int64_t found =
      memory.size() == 4 ? support::endian::read32le(memory.data()) : -1;
  if (found != *call->token)
    report(-1, "", buffer->name,
           "the token in the device's memory is " + std::to_string(found) +
               " instead of " + std::to_string(*call->token));
}

void Comparison::compareCaches() {
  for (const ExpectedMap &expected : call->caches)
    compareCache(expected,
                 *find_if(reference.getCaches(),
                          [&](const CacheInfo &cache) {
                            return cache.symbol == expected.name;
                          }),
                 "KV cache after the call", /*isWhole=*/true);
}

/// "token 3, channel 7", and the head where there are several.
static std::string describe(int64_t map, int64_t maps, int64_t token,
                            int64_t channel) {
  return (maps > 1 ? "head " + std::to_string(map) + ", " : "") + "token " +
         std::to_string(token) + ", channel " + std::to_string(channel);
}

/// A number as short as it can be told from its FP16 neighbours.
static std::string printNumber(double value) {
  std::string text;
  raw_string_ostream(text) << format("%.5g", value);
  return text;
}

void Comparison::compare(const ExpectedMap &expected, StringRef computes,
                         StringRef buffer, bool isCache, Tokens tokens,
                         ReadElement read) {
  OpDistance &distance =
      (isCache ? caches : ops)[{expected.layer, expected.name}];
  distance.layer = expected.layer;
  distance.name = expected.name;
  distance.computes = computes.str();
  distance.buffer = buffer.str();

  double largest = 0;
  for (float value : expected.values)
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(static_cast<double>(value)));
  const double allowed = tolerance * largest;

  int64_t different = 0, beyondRange = 0;
  std::string first, firstBeyondRange;
  for (int64_t map = 0; map < expected.maps; ++map)
    for (int64_t token = tokens.first; token < tokens.end; ++token) {
      const float *values = expected.values.data() +
                            (map * expected.tokens + token) * expected.channels;
      for (int64_t channel = 0; channel < expected.channels; ++channel) {
        const double wanted = values[channel];
        const uint16_t code = read(map, token, channel);
        const double found = halfToDouble(code);
        // A difference of equal infinities would be NaN.
        const double error = found == wanted ? 0 : std::abs(found - wanted);
        distance.product += found * wanted;
        distance.expectedSquares += wanted * wanted;
        distance.foundSquares += found * found;
        // A NaN is further away than anything.
        const bool isEqual =
            tolerance == 0 ? code == doubleToHalf(wanted) : error <= allowed;
        if (!std::isnan(distance.largestError) &&
            !(error <= distance.largestError) && code != doubleToHalf(wanted))
          distance.largestError = error;
        // Two that are equal prove nothing.
        if (!std::isfinite(wanted) && !std::isfinite(found) &&
            beyondRange++ == 0)
          firstBeyondRange = describe(map, expected.maps, token, channel);
        if (isEqual)
          continue;
        if (different++ == 0)
          first = "first at " + describe(map, expected.maps, token, channel) +
                  ": expected " + printNumber(wanted) + ", found " +
                  printNumber(found);
      }
    }
  const int64_t elements =
      expected.maps * (tokens.end - tokens.first) * expected.channels;
  distance.elements += elements;
  distance.different += different;
  if (different > 0)
    report(expected.layer, expected.name, buffer,
           std::to_string(different) + " of " + std::to_string(elements) +
               " values differ from the reference, " + first);
  else if (beyondRange > 0)
    report(expected.layer, expected.name, buffer,
           std::to_string(beyondRange) + " of " + std::to_string(elements) +
               " values are infinite or NaN, as those of the reference are, "
               "first at " +
               firstBeyondRange);
}

void Comparison::report(int64_t opLayer, StringRef task, StringRef buffer,
                        std::string message) {
  if (std::exchange(isReported, true))
    return;
  std::string reg;
  if (started && task == name)
    for (const Register *candidate : started->written)
      if (isOutput(candidate->role)) {
        reg = started->getName(*candidate);
        break;
      }
  findings.push_back({call->seq, call->past, static_cast<int32_t>(opLayer),
                      task.str(), starts == 0 ? 0 : starts - 1, std::move(reg),
                      buffer.str(), std::move(message)});
}

std::vector<OpDistance> Comparison::getDistances() const {
  std::vector<OpDistance> result;
  for (const auto *table : {&ops, &caches})
    for (const auto &entry : *table)
      result.push_back(entry.second);
  return result;
}
