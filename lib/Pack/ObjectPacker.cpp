//===- ObjectPacker.cpp - One object after the other ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ObjectPacker.h"
#include "DLAVM/Pack/ActivationTable.h"
#include "DLAVM/Plan/Instructions.h"
#include "DLAVM/Support/Half.h"
#include "PackSupport.h"
#include "RopeTable.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;
using namespace llvm;

/// Says which object and layer an error is about.
static Error addPlace(Error error, const PlanObject &object, int64_t layer) {
  if (!error)
    return error;
  std::string place = object.name;
  if (object.layers > 0)
    place += " of layer " + std::to_string(layer);
  return createStringError(place + ": " + toString(std::move(error)));
}

Expected<ParameterRows> ObjectPacker::openRows(const PlanObject &object,
                                               size_t i, int64_t layer) const {
  const ParameterInfo *info = plan.getParameter(object.from[i]);
  if (!info)
    return createStringError("the plan has no parameter '" + object.from[i] +
                             "'");
  if (!object.isShape(i, info->shape))
    return createStringError("the parameter '" + info->name +
                             "' has the shape " + printShape(info->shape) +
                             ", but the object " +
                             (object.isMerged() ? "made of several " : "") +
                             printShape(object.shape));
  return ParameterRows::open(source, *info, layer);
}

Error ObjectPacker::check(const PlanObject &object) const {
  auto fail = [&](const Twine &message) {
    return addPlace(createStringError(message + "; compile the model again"),
                    object, 0);
  };
  if (object.kind == ObjectKind::Instructions) {
    Expected<Instructions> blocks = assembleInstructions(object);
    return blocks ? Error::success() : fail(toString(blocks.takeError()));
  }
  if (!device.getObject(object.kind))
    return fail("the plan has objects that " + device.getName() +
                " does not keep");
  const ObjectSupport &support = *device.getObject(object.kind);
  const size_t rank = support.packKernels   ? 4
                      : support.packWeights ? 2
                      : support.packPairs   ? 1
                                            : 0;
  if (object.shape.size() != rank)
    return fail("the plan gives it the shape " + printShape(object.shape));
  if (const int64_t bytes = support.bytes(object.shape, device);
      bytes != object.bytes)
    return fail("the plan gives it " + Twine(object.bytes) + " bytes, but " +
                device.getName() + " needs " + Twine(bytes));
  if (const int64_t ports = device.getMemory(support.memory)->ports;
      ports != object.ports)
    return fail("the plan gives it " + Twine(object.ports) + " ports, but " +
                device.getName() + " has " + Twine(ports));
  if (!object.hasSourceCount())
    return fail("the plan makes it of " + Twine(object.from.size()) +
                " parameters");
  for (int64_t layer = 0; layer < std::max<int64_t>(object.layers, 1); ++layer)
    for (size_t i = 0; i < object.from.size(); ++i)
      if (Expected<ParameterRows> rows = openRows(object, i, layer); !rows)
        return addPlace(rows.takeError(), object, layer);
  return Error::success();
}

Error ObjectPacker::pack(const PlanObject &object, int64_t layer, PackSink sink,
                         MutableArrayRef<QuantizationError> errors) const {
  auto run = [&]() -> Error {
    if (object.kind == ObjectKind::Instructions)
      return packInstructions(object, sink);
    const ObjectSupport &support = *device.getObject(object.kind);
    if (support.packWeights)
      return packWeights(object, layer, sink, errors);
    if (support.packKernels)
      return packKernels(object, layer, sink, errors.front());
    if (support.packPairs)
      return packPairs(object, layer, sink);
    if (support.packRotations)
      return packRopeTable(object, sink);
    return packActivationTable(object, sink);
  };
  return addPlace(run(), object, layer);
}

Expected<std::vector<uint16_t>>
ObjectPacker::readVector(const PlanObject &object, size_t i,
                         int64_t layer) const {
  Expected<ParameterRows> rows = openRows(object, i, layer);
  if (!rows)
    return rows.takeError();
  std::vector<double> values(rows->getNumColumns());
  std::vector<uint16_t> codes(values.size());
  rows->readRow(0, values);
  if (std::optional<size_t> refused = roundToHalf(values, codes))
    return refuseHalf(*plan.getParameter(object.from[i]), layer, 0, *refused,
                      values[*refused]);
  return codes;
}

Error ObjectPacker::packInstructions(const PlanObject &object,
                                     PackSink sink) const {
  Expected<Instructions> blocks = assembleInstructions(object);
  if (!blocks)
    return blocks.takeError();
  return sendPorts(object, 0, 0, cutPorts(blocks->bytes, 1), object.bytes,
                   sink);
}

Error ObjectPacker::packPairs(const PlanObject &object, int64_t layer,
                              PackSink sink) const {
  std::vector<uint16_t> vectors[2];
  bool isConvolution = false;
  for (size_t i = 0; i < object.from.size(); ++i) {
    if (object.getRole(i) > 1) {
      isConvolution = true;
      continue;
    }
    Expected<std::vector<uint16_t>> vector = readVector(object, i, layer);
    if (!vector)
      return vector.takeError();
    append_range(vectors[object.getRole(i)], *vector);
  }
  if (isConvolution)
    if (Error error = multiplyScales(object, layer, vectors[0]))
      return error;
  // A norm without bias.
  vectors[1].resize(vectors[0].size(), 0);
  if (usableIds && usableIds->object == object.name) {
    fill(MutableArrayRef(vectors[0]).drop_front(usableIds->count), 0);
    fill(MutableArrayRef(vectors[1]).drop_front(usableIds->count),
         doubleToHalf(-65504));
  }
  const double padding = object.config.getNumber("padding_bias").value_or(0);
  std::vector<uint8_t> bytes(object.bytes * object.ports);
  const auto ports = cutPorts(bytes, object.ports);
  device.getObject(object.kind)
      ->packPairs({vectors[0], vectors[1], doubleToHalf(padding)}, device,
                  ports);
  return sendPorts(object, layer, 0, ports, object.bytes, sink);
}

Error ObjectPacker::packRopeTable(const PlanObject &object,
                                  PackSink sink) const {
  const Traits traits = device.getTraits();
  Expected<RopeTable> table = computeRopeTable(object.config, traits.maxTokens,
                                               traits.headChannels / 2);
  if (!table)
    return table.takeError();
  std::vector<uint8_t> bytes(object.bytes * object.ports);
  const auto ports = cutPorts(bytes, object.ports);
  device.getObject(object.kind)
      ->packRotations({table->cosines, table->sines}, device, ports);
  return sendPorts(object, 0, 0, ports, object.bytes, sink);
}

Error ObjectPacker::packActivationTable(const PlanObject &object,
                                        PackSink sink) const {
  const StringRef function = object.config.getString("function").value_or("");
  const std::optional<ActivationTable> table = fitActivation(function);
  if (!table)
    return createStringError("there is no table of the function '" + function +
                             "'");
  std::vector<uint8_t> bytes(object.bytes * object.ports);
  const auto ports = cutPorts(bytes, object.ports);
  device.getObject(object.kind)
      ->packSegments({table->x, table->k, table->b}, device, ports);
  return sendPorts(object, 0, 0, ports, object.bytes, sink);
}
