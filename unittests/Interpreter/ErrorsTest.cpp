//===- ErrorsTest.cpp - What the interpreter refuses ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InterpreterTest.h"

#include <cmath>

using namespace dlavm;

namespace {

class ErrorsTest : public InterpreterTest {
protected:
  /// The message of an error, which must be one.
  template <typename T> static std::string message(llvm::Expected<T> value) {
    EXPECT_FALSE(static_cast<bool>(value));
    return value ? "" : llvm::toString(value.takeError());
  }
};

constexpr const char *kModel = R"mlir(
  module attributes {llm.max_tokens = 4 : i64, llm.embedding = @e} {
    llm.parameter @e from "e" : tensor<3x2xf16>
    llm.parameter @w from "w{layer}" layers 2 : tensor<2x2xi4>
    llm.kv_cache @k layers 2 : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    func.func @model(%x: !x2) -> !x2 {
      %c1 = arith.constant 1 : index
      %t = llm.kv_append %x, @k[%c1] : !x2
      %y = llm.linear %x, @w[%c1] : !x2 -> !x2
      return %y : !x2
    }
  })mlir";

TEST_F(ErrorsTest, Calls) {
  parse(kModel);
  tensors.set("w1", {2, 2}, {1, 2, 3, 4});
  auto interpreter = create();
  EXPECT_EQ(message(interpreter->run(makeInput(1, {1, 2}), 1)),
            "the KV caches hold 0 tokens, but the call wants to follow 1");
  EXPECT_EQ(message(interpreter->run(makeInput(1, {1, 2}), -1)),
            "the KV caches hold 0 tokens, but the call wants to follow -1");
  EXPECT_EQ(message(interpreter->run(makeInput(1, {1, 2, 3}), 0)),
            "dimension 2 of the input is 3, but the model wants 2");
  EXPECT_EQ(message(interpreter->run(MapValue{1, 0, 2, {}}, 0)),
            "a call has at least one token");
  get(interpreter->run(makeInput(3, {1, 2, 3, 4, 5, 6}), 0));
  EXPECT_EQ(message(interpreter->run(makeInput(2, {1, 2, 3, 4}), 3)),
            "the largest context is 4 tokens, but the call has 2 after 3");
  // Neither of them changes the history.
  get(interpreter->run(makeInput(1, {1, 2}), 3));
  EXPECT_EQ(interpreter->getCache("k", 1).tokens, 4);
  EXPECT_EQ(interpreter->getCache("k", 2).tokens, 0);
  EXPECT_EQ(interpreter->getCache("v", 0).tokens, 0);
}

TEST_F(ErrorsTest, Tensors) {
  parse(kModel);
  auto interpreter = create();
  EXPECT_EQ(message(interpreter->run(makeInput(1, {1, 2}), 0)),
            "the test has no tensor 'w1'");
  tensors.set("w1", {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(message(interpreter->run(makeInput(1, {1, 2}), 0)),
            "the test: the tensor 'w1' has the shape [2, 3], but the parameter "
            "'w' needs [2, 2]");
  EXPECT_EQ(message(interpreter->embed({0})), "the test has no tensor 'e'");
  tensors.set("e", {3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(message(interpreter->embed({0, 3})),
            "token 3 is not in the vocabulary, which has ids 0 to 2");
  EXPECT_EQ(message(interpreter->embed({-1})),
            "token -1 is not in the vocabulary, which has ids 0 to 2");
}

/// What rounding to INT4 has no scale for; FP64 has no such limit.
TEST_F(ErrorsTest, WeightsThatCannotBeRounded) {
  parse(R"mlir(
    llm.parameter @w from "w{layer}" layers 2 : tensor<2x2xi4>
    func.func @model(%x: !x2) -> !x2 {
      %c1 = arith.constant 1 : index
      %y = llm.linear %x, @w[%c1] : !x2 -> !x2
      return %y : !x2
    })mlir");
  // 65520 is the first scale that rounds to infinity.
  const float tooLarge = 65520.0f * 7.5f;
  for (auto [value, reason] :
       {std::pair(NAN, "value nan in row 1, column 0; weights must be finite "
                       "to be rounded"),
        std::pair(-HUGE_VALF, "value -INF in row 1, column 0; weights must be "
                              "finite to be rounded"),
        std::pair(tooLarge, "value 491400.00 in row 1, column 0; the scale of "
                            "its block is too large for FP16")}) {
    tensors.set("w1", {2, 2}, {1, 2, value, 4});
    for (Arithmetic arithmetic : {Arithmetic::FP64INT4, Arithmetic::Device})
      EXPECT_EQ(message(create(arithmetic)->run(makeInput(1, {1, 2}), 0)),
                "the parameter 'w' of layer 1 has the " + std::string(reason));
    get(create()->run(makeInput(1, {1, 2}), 0));
  }
  tensors.set("w1", {2, 2}, {1, 2, std::nextafter(tooLarge, 0.0f), 4});
  get(create(Arithmetic::FP64INT4)->run(makeInput(1, {1, 2}), 0));
}

/// A call that fails leaves the history that it wanted to follow.
TEST_F(ErrorsTest, AFailedCallForgets) {
  parse(R"mlir(
    llm.kv_cache @k : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    llm.parameter @w from "w" : tensor<2x2xi4>
    func.func @model(%x: !x2) -> !x2 {
      %t = llm.kv_append %x, @k : !x2
      %y = llm.linear %x, @w : !x2 -> !x2
      return %y : !x2
    })mlir");
  auto interpreter = create();
  EXPECT_NE(message(interpreter->run(makeInput(2, {1, 2, 3, 4}), 0)), "");
  EXPECT_TRUE(interpreter->getCache("k", 0).values.empty());
  EXPECT_EQ(message(interpreter->run(makeInput(1, {7, 8}), 2)),
            "the KV caches hold 0 tokens, but the call wants to follow 2");
  tensors.set("w", {2, 2}, {1, 0, 0, 1});
  get(interpreter->run(makeInput(1, {7, 8}), 0));
  expectNear(interpreter->getCache("k", 0), {7, 8});
}

TEST_F(ErrorsTest, WithoutAnEmbedding) {
  parse("func.func @model(%x: !x2) -> !x2 {\n  return %x : !x2\n}");
  EXPECT_EQ(message(create()->embed({0})),
            "the module does not say where the embedding is; it needs the "
            "attribute llm.embedding");
}

TEST_F(ErrorsTest, Layers) {
  parse(R"mlir(
    llm.parameter @w from "w{layer}" layers 2 : tensor<2x2xi4>
    func.func @model(%x: !x2) -> !x2 {
      %c1 = arith.constant 1 : index
      %c2 = arith.addi %c1, %c1 : index
      %y = llm.linear %x, @w[%c2] : !x2 -> !x2
      return %y : !x2
    })mlir");
  EXPECT_EQ(message(create()->run(makeInput(1, {1, 2}), 0)),
            "the parameter @w has layers 0 to 1, but an op wants that of layer "
            "2");
  parse(R"mlir(
    llm.kv_cache @k layers 2 : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    func.func @model(%x: !x2) -> !x2 {
      %c1 = arith.constant 1 : index
      %c2 = arith.addi %c1, %c1 : index
      %t = llm.kv_append %x, @k[%c2] : !x2
      return %x : !x2
    })mlir");
  EXPECT_EQ(message(create()->run(makeInput(1, {1, 2}), 0)),
            "the KV cache @k has no layer 2");
}

/// The token says that an append came before, but it is that of another cache.
TEST_F(ErrorsTest, TokensThatNoOpAppended) {
  parse(R"mlir(
    llm.kv_cache @k : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    llm.kv_cache @v : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    func.func @model(%x: !x2) -> tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>> {
      %t = llm.kv_append %x, @v : !x2
      %s = llm.attention_scores %x, @k after %t scale 1.0 : !x2
      return %s : tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    })mlir");
  EXPECT_EQ(message(create()->run(makeInput(1, {1, 2}), 0)),
            "llm.attention_scores reads 1 tokens of layer 0 of the KV cache "
            "@k, which has 0; append those of the call before");
}

TEST_F(ErrorsTest, Modules) {
  parse("func.func private @model(%x: !x2) -> !x2 {\n  return %x : !x2\n}");
  EXPECT_EQ(getCreateError(), "has no public function, which is the model");
  parse(R"mlir(
    func.func @a(%x: !x2) -> !x2 {
      return %x : !x2
    }
    func.func @b(%x: !x2) -> !x2 {
      return %x : !x2
    })mlir");
  EXPECT_EQ(getCreateError(), "'func.func' op is public, like @a; only the "
                              "function of the model may be, the others are "
                              "private");
  parse("func.func @model(%x: !x2, %y: !x2) -> !x2 {\n  return %x : !x2\n}");
  EXPECT_NE(getCreateError().find("must take the embedded tokens only"),
            std::string::npos);
  parse("func.func @model(%x: !x2) -> index {\n"
        "  %c = arith.constant 0 : index\n  return %c : index\n}");
  EXPECT_EQ(getCreateError(),
            "'func.func' op must yield maps and a token, found 'index'");
  parse("func.func private @f(!x2) -> !x2\n"
        "func.func @model(%x: !x2) -> !x2 {\n"
        "  %y = func.call @f(%x) : (!x2) -> !x2\n  return %y : !x2\n}");
  EXPECT_EQ(getCreateError(),
            "'func.func' op has no body, so it cannot be interpreted");
  parse("func.func @model(%x: !x2) -> !x2 {\n  return %x : !x2\n"
        "^bb1:\n  return %x : !x2\n}");
  EXPECT_EQ(getCreateError(), "'func.func' op branches between blocks; models "
                              "have scf.for and func.call");
  parse("func.func private @f(%x: !x2) -> !x2 {\n"
        "  %y = func.call @f(%x) : (!x2) -> !x2\n  return %y : !x2\n}\n"
        "func.func @model(%x: !x2) -> !x2 {\n"
        "  %y = func.call @f(%x) : (!x2) -> !x2\n  return %y : !x2\n}");
  EXPECT_EQ(getCreateError(),
            "'func.call' op makes 'f' call itself, which no model and no "
            "driver does");
  parse("func.func @model(%x: !x2) -> !x2 {\n"
        "  %c = arith.constant 1.0 : f32\n  return %x : !x2\n}");
  EXPECT_EQ(getCreateError(),
            "'arith.constant' op cannot be interpreted; the ops of the llm "
            "dialect, scf.for, func.call and sums, products and constants of "
            "indices can");
}

TEST_F(ErrorsTest, LoopsWithoutEnd) {
  auto parseLoop = [&](const std::string &end, const std::string &step) {
    parse("func.func @model(%x: !x2) -> !x2 {\n"
          "  %begin = arith.constant 0 : index\n"
          "  %end = arith.constant " +
          end + " : index\n  %step = arith.constant " + step +
          " : index\n"
          "  scf.for %i = %begin to %end step %step {\n  }\n"
          "  return %x : !x2\n}\n");
  };
  parseLoop("9223372036854775807", "1");
  EXPECT_EQ(message(create()->run(makeInput(1, {1, 2}), 0)),
            "the model is not at its end after 1048576 iterations of loops and "
            "calls");
  parseLoop("9223372036854775807", "4611686018427387905");
  get(create()->run(makeInput(1, {1, 2}), 0));
}

TEST_F(ErrorsTest, DeviceArithmeticNeedsADevice) {
  parse("func.func @model(%x: !x2) -> !x2 {\n  return %x : !x2\n}");
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) {
                                          message = diagnostic.str();
                                          return mlir::success();
                                        });
  InterpreterOptions options;
  options.arithmetic = Arithmetic::Device;
  EXPECT_TRUE(failed(Interpreter::create(*module, tensors, options)));
  EXPECT_EQ(message, "needs a device to be interpreted in its arithmetic");
}

} // namespace
