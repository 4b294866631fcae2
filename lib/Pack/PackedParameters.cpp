//===- PackedParameters.cpp - Parameters read back from files -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/PackedParameters.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Support/InputFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

static ArrayRef<uint8_t> getBytes(const MemoryBuffer &buffer) {
  return {reinterpret_cast<const uint8_t *>(buffer.getBufferStart()),
          buffer.getBufferSize()};
}

void PackedMatrix::readRow(int64_t row, MutableArrayRef<int8_t> values,
                           MutableArrayRef<uint16_t> scales) const {
  device->getObject(ObjectKind::Weight)
      ->readWeights(ports, firstRow + row, *device, values, scales);
}

Expected<const PlanObject *> PackedParameters::findObject(StringRef parameter,
                                                          bool isMatrix,
                                                          int64_t layer) const {
  for (const PlanObject &object : plan.objects) {
    if ((object.kind == ObjectKind::Weight ||
         object.kind == ObjectKind::ConvWeight) != isMatrix ||
        !is_contained(object.from, parameter))
      continue;
    if (layer < 0 || layer >= std::max<int64_t>(object.layers, 1))
      return createStringError("the parameter '" + parameter + "' has " +
                               Twine(object.layers) + " layers, but not " +
                               Twine(layer));
    return &object;
  }
  return createStringError("no object of the plan is made of a " +
                           Twine(isMatrix ? "matrix" : "vector") + " '" +
                           parameter + "'");
}

Expected<std::unique_ptr<MemoryBuffer>>
PackedParameters::openFile(StringRef file, int64_t bytes) const {
  SmallString<128> path(directory);
  sys::path::append(path, file);
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openBinaryFile(path);
  if (!buffer)
    return createStringError("cannot read " + path + ": " +
                             toString(buffer.takeError()) +
                             "; pack the checkpoint with dlavm pack");
  if (const int64_t found = (*buffer)->getBufferSize(); found != bytes)
    return createStringError(path + " should have " + Twine(bytes) +
                             " bytes, but has " + Twine(found) +
                             "; pack the checkpoint again");
  return std::move(*buffer);
}

Expected<std::vector<std::unique_ptr<MemoryBuffer>>>
PackedParameters::openFiles(const PlanObject &object, int64_t layer) const {
  std::vector<std::unique_ptr<MemoryBuffer>> files;
  for (int64_t port = 0; port < object.ports; ++port) {
    Expected<std::unique_ptr<MemoryBuffer>> file =
        openFile(object.getFile(layer, port), object.bytes);
    if (!file)
      return file.takeError();
    files.push_back(std::move(*file));
  }
  return files;
}

static std::vector<ArrayRef<uint8_t>>
getPorts(ArrayRef<std::unique_ptr<MemoryBuffer>> files) {
  std::vector<ArrayRef<uint8_t>> ports;
  for (const std::unique_ptr<MemoryBuffer> &file : files)
    ports.push_back(getBytes(*file));
  return ports;
}

/// Which of the parameters of \p object has this name.
static size_t getSource(const PlanObject &object, StringRef parameter) {
  return find(object.from, parameter) - object.from.begin();
}

Expected<PackedMatrix> PackedParameters::openMatrix(StringRef parameter,
                                                    int64_t layer) const {
  Expected<const PlanObject *> object = findObject(parameter, true, layer);
  if (!object)
    return object.takeError();
  auto files = openFiles(**object, layer);
  if (!files)
    return files.takeError();
  const size_t source = getSource(**object, parameter);
  PackedMatrix matrix;
  matrix.device = &device;
  matrix.firstRow = plan.getFirstRow(**object, source);
  matrix.rows = plan.getParameter(parameter)->shape[0];
  matrix.columns = (*object)->shape[1];
  matrix.ports = getPorts(*files);
  matrix.files = std::move(*files);
  return matrix;
}

bool PackedParameters::isKernels(StringRef parameter) const {
  return any_of(plan.objects, [&](const PlanObject &object) {
    return object.kind == ObjectKind::ConvWeight &&
           is_contained(object.from, parameter);
  });
}

Expected<std::vector<int8_t>>
PackedParameters::readKernels(StringRef parameter, int64_t layer) const {
  Expected<const PlanObject *> object = findObject(parameter, true, layer);
  if (!object)
    return object.takeError();
  auto files = openFiles(**object, layer);
  if (!files)
    return files.takeError();
  const std::vector<ArrayRef<uint8_t>> ports = getPorts(*files);
  ArrayRef<int64_t> shape = (*object)->shape;
  const int64_t columns = shape[1] * shape[2] * shape[3];
  std::vector<int8_t> values(shape[0] * columns);
  for (int64_t row = 0; row < shape[0]; ++row)
    device.getObject(ObjectKind::ConvWeight)
        ->readKernel(ports, row, shape[3], device,
                     MutableArrayRef(values).slice(row * columns, columns));
  return values;
}

Expected<std::vector<uint16_t>>
PackedParameters::readVector(StringRef parameter, int64_t layer) const {
  Expected<const PlanObject *> object = findObject(parameter, false, layer);
  if (!object)
    return object.takeError();
  auto files = openFiles(**object, layer);
  if (!files)
    return files.takeError();
  std::vector<uint16_t> scales((*object)->shape[0]), biases(scales.size());
  device.getObject((*object)->kind)
      ->readPairs(getPorts(*files), device, scales, biases);
  const size_t source = getSource(**object, parameter);
  const int64_t first = plan.getFirstRow(**object, source);
  const std::vector<uint16_t> &all =
      (*object)->getRole(source) == 0 ? scales : biases;
  return std::vector<uint16_t>(
      all.begin() + first,
      all.begin() + first + plan.getParameter(parameter)->shape[0]);
}

Expected<std::unique_ptr<MemoryBuffer>>
PackedParameters::openEmbedding() const {
  const ParameterInfo *info = plan.getParameter(plan.embedding);
  if (!info)
    return createStringError("the model has no embedding");
  return openFile(kEmbeddingFile, 2 * info->shape[0] * info->shape[1]);
}
