//===- InterpreterTest.cpp - What tests of the interpreter share ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpreterTest.h"

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <cmath>

using namespace dlavm;
using namespace mlir;

void TestTensors::set(const std::string &name, llvm::ArrayRef<int64_t> shape,
                      std::vector<float> values) {
  tensors[name] = {shape.vec(), std::move(values)};
}

llvm::Expected<std::shared_ptr<const Tensor>>
TestTensors::getTensor(llvm::StringRef name) {
  auto it = tensors.find(name.str());
  if (it == tensors.end())
    return llvm::createStringError("the test has no tensor '" + name + "'");
  const auto &[shape, values] = it->second;
  const llvm::ArrayRef<uint8_t> bytes(
      reinterpret_cast<const uint8_t *>(values.data()),
      values.size() * sizeof(float));
  return std::make_shared<FloatTensor>(ElementType::F32, shape, bytes,
                                       "the test");
}

InterpreterTest::InterpreterTest() {
  context.disableMultithreading();
  context.loadDialect<llm::LLMDialect, arith::ArithDialect, func::FuncDialect,
                      scf::SCFDialect>();
}

void InterpreterTest::parse(const std::string &text) {
  std::string aliases;
  for (int channels : {1, 2, 3, 4, 6, 8, 32, 96}) {
    const std::string n = std::to_string(channels);
    aliases += "!x" + n + " = tensor<1x?x" + n + "xf16, #llm.dims<1, seq, " +
               n + ">>\n";
    aliases += "!h2x" + n + " = tensor<2x?x" + n + "xf16, #llm.dims<2, seq, " +
               n + ">>\n";
  }
  module = parseSourceString<ModuleOp>(aliases + text, ParserConfig(&context));
  ASSERT_TRUE(module);
}

const DeviceInfo &InterpreterTest::getDevice() {
  static const DeviceInfo *device = [] {
    edgellm::registerDevices(DeviceRegistry::instance());
    return DeviceRegistry::instance().lookup("edgellm-20241128");
  }();
  return *device;
}

std::unique_ptr<Interpreter> InterpreterTest::create(Arithmetic arithmetic) {
  InterpreterOptions options;
  options.arithmetic = arithmetic;
  options.device = device;
  FailureOr<std::unique_ptr<Interpreter>> interpreter =
      Interpreter::create(*module, tensors, options);
  EXPECT_TRUE(succeeded(interpreter));
  return succeeded(interpreter) ? std::move(*interpreter) : nullptr;
}

MapValue InterpreterTest::run(const MapValue &input, Arithmetic arithmetic) {
  std::unique_ptr<Interpreter> interpreter = create(arithmetic);
  if (!interpreter)
    return {};
  Interpreter::Result result = get(interpreter->run(input, 0));
  EXPECT_EQ(result.maps.size(), 1u);
  return result.maps.empty() ? MapValue() : result.maps.front();
}

std::string InterpreterTest::getCreateError(Arithmetic arithmetic) {
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message = diagnostic.str();
    return success();
  });
  InterpreterOptions options;
  options.arithmetic = arithmetic;
  EXPECT_TRUE(failed(Interpreter::create(*module, tensors, options)));
  return message;
}

MapValue InterpreterTest::makeInput(int64_t tokens,
                                    std::vector<double> values) {
  MapValue input;
  input.maps = 1;
  input.tokens = tokens;
  input.channels = static_cast<int64_t>(values.size()) / tokens;
  input.values = std::move(values);
  return input;
}

std::vector<ParameterInfo> dlavm::getParameters(ModuleOp module) {
  std::vector<ParameterInfo> parameters;
  for (auto op : module.getOps<llm::ParameterOp>())
    parameters.push_back(llm::getParameterInfo(op));
  return parameters;
}

void dlavm::expectNear(const MapValue &map, const std::vector<double> &expected,
                       double tolerance) {
  ASSERT_EQ(map.values.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (map.values[i] == expected[i])
      continue;
    EXPECT_NEAR(map.values[i], expected[i], tolerance) << "element " << i;
  }
}

double dlavm::getDistance(const MapValue &lhs, const MapValue &rhs) {
  EXPECT_EQ(lhs.maps, rhs.maps);
  EXPECT_EQ(lhs.tokens, rhs.tokens);
  EXPECT_EQ(lhs.channels, rhs.channels);
  EXPECT_EQ(lhs.values.size(), rhs.values.size());
  double distance = 0;
  for (size_t i = 0; i < std::min(lhs.values.size(), rhs.values.size()); ++i)
    distance = std::fmax(distance, std::fabs(lhs.values[i] - rhs.values[i]));
  return distance;
}
