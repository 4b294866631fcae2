//===- InterpreterTest.h - What tests of the interpreter share ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_INTERPRETER_INTERPRETERTEST_H
#define DLAVM_UNITTESTS_INTERPRETER_INTERPRETERTEST_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Interpreter/Interpreter.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "gtest/gtest.h"

#include <map>

namespace dlavm {

/// FP32 tensors that a test wrote down.
class TestTensors : public TensorSource {
public:
  void set(const std::string &name, llvm::ArrayRef<int64_t> shape,
           std::vector<float> values);
  llvm::Expected<std::shared_ptr<const Tensor>>
  getTensor(llvm::StringRef name) override;

private:
  struct Entry {
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  std::map<std::string, Entry> tensors;
};

class InterpreterTest : public testing::Test {
protected:
  InterpreterTest();

  /// Parses a module. Before it stand the aliases !xN and !hHxN of the maps
  /// [1, seq, N] and [H, seq, N] for a few H and N.
  void parse(const std::string &text);
  std::unique_ptr<Interpreter> create(Arithmetic arithmetic = Arithmetic::FP64);
  /// Runs one call of a new interpreter and returns its only map.
  MapValue run(const MapValue &input, Arithmetic arithmetic = Arithmetic::FP64);
  /// The message of a diagnostic or an error.
  std::string getCreateError(Arithmetic arithmetic = Arithmetic::FP64);

  static MapValue makeInput(int64_t tokens, std::vector<double> values);
  /// A device of the project.
  static const DeviceInfo &getDevice();

  /// Whose arithmetic Arithmetic::Device is.
  const DeviceInfo *device = &getDevice();
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  TestTensors tensors;
};

/// The parameters that a module declares.
std::vector<ParameterInfo> getParameters(mlir::ModuleOp module);

/// Fails the test with the message of \p expected if that is an error.
template <typename T> T get(llvm::Expected<T> expected) {
  if (!expected) {
    ADD_FAILURE() << llvm::toString(expected.takeError());
    return T();
  }
  return std::move(*expected);
}

/// Compares all values of a map.
void expectNear(const MapValue &map, const std::vector<double> &expected,
                double tolerance = 1e-12);
/// The largest difference of two maps of one shape.
double getDistance(const MapValue &lhs, const MapValue &rhs);

} // namespace dlavm

#endif // DLAVM_UNITTESTS_INTERPRETER_INTERPRETERTEST_H
