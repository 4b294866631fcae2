//===- TestModel.h - Plans and tensors for the tests of packing -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_PACK_TESTMODEL_H
#define DLAVM_UNITTESTS_PACK_TESTMODEL_H

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Pack/Packer.h"

#include <map>
#include <random>

namespace dlavm::test {

/// Tensors in memory, as a checkpoint would have them.
class TestTensors : public TensorSource {
public:
  void add(const std::string &name, ElementType type,
           llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values);
  /// Normally distributed, what FP16 and BF16 have of them.
  void addRandom(const std::string &name, ElementType type,
                 llvm::ArrayRef<int64_t> shape, double deviation);
  void remove(const std::string &name) { tensors.erase(name); }
  /// The elements as FP32.
  std::vector<float> get(const std::string &name) const;

  llvm::Expected<std::shared_ptr<const Tensor>>
  getTensor(llvm::StringRef name) override;

private:
  struct Entry {
    ElementType type;
    llvm::SmallVector<int64_t, 2> shape;
    std::vector<uint8_t> bytes;
  };
  std::map<std::string, Entry> tensors;
  std::mt19937 random{1};
};

/// A plan under construction.
struct TestPlan : DriverPlan {
  TestPlan();
  ParameterInfo &addParameter(const std::string &name,
                              llvm::ArrayRef<int64_t> shape, int64_t layers);
  /// An object whose size is what the device says.
  PlanObject &addObject(const std::string &name, ObjectKind kind,
                        llvm::ArrayRef<int64_t> shape,
                        std::vector<std::string> from, int64_t layers = 0);

  const DeviceInfo device = edgellm::createDevice20241128();
};

/// The bytes of all ports of an object, or the error.
using Ports = std::vector<std::vector<uint8_t>>;
llvm::Expected<Ports> packPorts(const TestPlan &plan, TensorSource &tensors,
                                const PlanObject &object, int64_t layer = 0);

/// The message of a failure, empty for a success.
template <typename T> std::string getMessage(llvm::Expected<T> result) {
  return result ? "" : llvm::toString(result.takeError());
}

} // namespace dlavm::test

#endif // DLAVM_UNITTESTS_PACK_TESTMODEL_H
