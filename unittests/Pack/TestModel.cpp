//===- TestModel.cpp - Plans and tensors for the tests of packing ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"
#include "DLAVM/Support/Half.h"

#include "llvm/Support/Endian.h"

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;

void TestTensors::add(const std::string &name, ElementType type,
                      ArrayRef<int64_t> shape, ArrayRef<float> values) {
  Entry &tensor = tensors[name];
  tensor.type = type;
  tensor.shape.assign(shape.begin(), shape.end());
  const int64_t size = getByteSize(type);
  tensor.bytes.resize(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) {
    uint8_t *out = tensor.bytes.data() + i * size;
    if (type == ElementType::F32)
      std::memcpy(out, &values[i], 4);
    else
      support::endian::write16le(out, type == ElementType::F16
                                          ? doubleToHalf(values[i])
                                          : floatToBFloat(values[i]));
  }
}

void TestTensors::addRandom(const std::string &name, ElementType type,
                            ArrayRef<int64_t> shape, double deviation) {
  std::normal_distribution<float> normal(0, static_cast<float>(deviation));
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::vector<float> values(count);
  for (float &value : values)
    value = normal(random);
  add(name, type, shape, values);
}

std::vector<float> TestTensors::get(const std::string &name) const {
  const Entry &tensor = tensors.at(name);
  std::vector<float> values(tensor.bytes.size() / getByteSize(tensor.type));
  convertElements(tensor.type, tensor.bytes, MutableArrayRef<float>(values));
  return values;
}

Expected<std::shared_ptr<const Tensor>> TestTensors::getTensor(StringRef name) {
  auto it = tensors.find(name.str());
  if (it == tensors.end())
    return createStringError("test: there is no tensor '" + name + "'");
  const auto &[type, shape, bytes] = it->second;
  return std::make_shared<FloatTensor>(type, shape, bytes, "test");
}

TestPlan::TestPlan() {
  fingerprint = "0123456789abcdef";
  DriverPlan::device = device.getName();
}

ParameterInfo &TestPlan::addParameter(const std::string &name,
                                      ArrayRef<int64_t> shape, int64_t layers) {
  ParameterInfo info;
  info.name = name;
  info.tensor = layers > 0 ? "layers.{layer}." + name : name;
  info.layers = layers;
  info.shape.assign(shape.begin(), shape.end());
  parameters.push_back(info);
  return parameters.back();
}

PlanObject &TestPlan::addObject(const std::string &name, ObjectKind kind,
                                ArrayRef<int64_t> shape,
                                std::vector<std::string> from, int64_t layers) {
  PlanObject object;
  object.name = name;
  object.kind = kind;
  object.shape.assign(shape.begin(), shape.end());
  object.from = std::move(from);
  object.layers = layers;
  const ObjectSupport &support = *device.getObject(kind);
  object.memory = support.memory;
  object.bytes = support.bytes(shape, device);
  object.ports = device.getMemory(support.memory)->ports;
  object.file = layers > 0 ? "layer{layer}/" + name : name;
  object.file += object.ports > 1 ? ".{port}.bin" : ".bin";
  objects.push_back(std::move(object));
  return objects.back();
}

Expected<Ports> dlavm::test::packPorts(const TestPlan &plan,
                                       TensorSource &tensors,
                                       const PlanObject &object,
                                       int64_t layer) {
  Ports ports(object.ports);
  auto sink = [&](const PlanObject &, int64_t, int64_t port, int64_t offset,
                  ArrayRef<uint8_t> bytes) -> Error {
    if (static_cast<size_t>(offset) != ports[port].size())
      return createStringError("the bytes come out of order");
    append_range(ports[port], bytes);
    return Error::success();
  };
  if (Error error = packObject(plan, plan.device, tensors, ScaleChoice::AbsMax,
                               object, layer, sink))
    return error;
  return ports;
}
