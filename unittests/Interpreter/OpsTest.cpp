//===- OpsTest.cpp - What each op computes, in FP64 -----------------------===//
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

/// The expectations are worked out by hand from the documentation of the ops.
class OpsTest : public InterpreterTest {};

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, Linear) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<3x2xi4>
    func.func @model(%x: !x2) -> !x3 {
      %y = llm.linear %x, @w : !x2 -> !x3
      return %y : !x3
    })mlir");
  tensors.set("w", {3, 2}, {1, 2, 3, 4, 5, 6});
  expectNear(run(makeInput(2, {1, 10, 0.5, -1})),
             {21, 43, 65, -1.5, -2.5, -3.5});
}

TEST_F(OpsTest, LinearWithScaleAndBias) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<2x1xi4>
    llm.parameter @s from "s" : tensor<2xf16>
    llm.parameter @b from "b" rows [1] : tensor<2xf16>
    func.func @model(%x: !x1) -> !x2 {
      %y = llm.linear %x, @w scale @s bias @b : !x1 -> !x2
      return %y : !x2
    })mlir");
  tensors.set("w", {2, 1}, {1, 2});
  tensors.set("s", {2}, {10, 100});
  tensors.set("b", {3}, {9, 1, 2});
  expectNear(run(makeInput(2, {1, 3})), {11, 202, 31, 602});
}

TEST_F(OpsTest, LinearWithResidual) {
  for (const char *kind : {"add", "mul"}) {
    parse(std::string(R"mlir(
      llm.parameter @w from "w" : tensor<2x2xi4>
      llm.parameter @s splat 1.0 : tensor<2xf16>
      llm.parameter @b splat 0.5 : tensor<2xf16>
      func.func @model(%x: !x2) -> !x2 {
        %y = llm.linear %x, @w scale @s bias @b )mlir") +
          kind + R"mlir( %x : !x2 -> !x2
        return %y : !x2
      })mlir");
    tensors.set("w", {2, 2}, {0, 1, 1, 1});
    if (std::string(kind) == "add")
      expectNear(run(makeInput(1, {2, 3})), {5.5, 8.5});
    else
      expectNear(run(makeInput(1, {2, 3})), {7, 16.5});
  }
}

TEST_F(OpsTest, LinearWithReLU) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<2x1xi4>
    llm.parameter @s splat -1.0 : tensor<2xf16>
    llm.parameter @b splat 1.0 : tensor<2xf16>
    func.func @model(%x: !x1) -> (!x2, !x2) {
      %y = llm.linear %x, @w relu : !x1 -> !x2
      %z = llm.linear %x, @w scale @s bias @b relu : !x1 -> !x2
      return %y, %z : !x2, !x2
    })mlir");
  tensors.set("w", {2, 1}, {1, -2});
  Interpreter::Result result = get(create()->run(makeInput(2, {3, -3}), 0));
  ASSERT_EQ(result.maps.size(), 2u);
  expectNear(result.maps[0], {3, 0, 0, 6});
  // 0 is the least behind the bias, not before it.
  expectNear(result.maps[1], {0, 7, 4, 0});
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, Conv2D) {
  // 2 x 3 pixels of two channels; a row of padding above and below.
  parse(R"mlir(
    llm.parameter @w from "w" kernel [2, 1] : tensor<1x4xi4>
    llm.parameter @s from "s" : tensor<1xf16>
    llm.parameter @b from "b" : tensor<1xf16>
    func.func @model(%x: tensor<1x6x2xf16>) -> tensor<1x6x1xf16> {
      %y = llm.conv2d %x, @w scale @s bias @b
        window <2 x 3, kernel 2 x 1, strides 1 x 2, padding 1 x 0>
        : tensor<1x6x2xf16> -> tensor<1x6x1xf16>
      return %y : tensor<1x6x1xf16>
    })mlir");
  // [outputs, inputs, rows, columns]: w[0][0][1] = 10.
  tensors.set("w", {1, 2, 2, 1}, {1, 10, 2, 20});
  tensors.set("s", {1}, {2});
  tensors.set("b", {1}, {1});
  const MapValue input = makeInput(6, {1, 0, 9, 9, 2, 1, 3, 0, 9, 9, 0, 1});
  // Columns 0 and 2 of three rows.
  expectNear(run(input), {21, 81, 1 + 2 * (1 + 30), 1 + 2 * (4 + 20), 7, 5});
}

TEST_F(OpsTest, CutPatches) {
  parse(R"mlir(
    func.func @model(%x: tensor<1x8x2xf16>) -> tensor<1x2x8xf16> {
      %p = llm.cut_patches %x
        window <2 x 4, kernel 2 x 2, strides 2 x 2, padding 0 x 0>
        : tensor<1x8x2xf16> -> tensor<1x2x8xf16>
      return %p : tensor<1x2x8xf16>
    })mlir");
  expectNear(
      run(makeInput(8, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})),
      {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15});
}

TEST_F(OpsTest, Conv2DRelu) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<2x1xi4>
    llm.parameter @s splat 1.0 : tensor<2xf16>
    llm.parameter @b splat 0.5 : tensor<2xf16>
    func.func @model(%x: tensor<1x4x1xf16>) -> tensor<1x1x2xf16> {
      %y = llm.conv2d %x, @w scale @s bias @b relu
        window <2 x 2, kernel 1 x 1, strides 2 x 2, padding 0 x 0>
        : tensor<1x4x1xf16> -> tensor<1x1x2xf16>
      return %y : tensor<1x1x2xf16>
    })mlir");
  tensors.set("w", {2, 1}, {2, -3});
  expectNear(run(makeInput(4, {1, 9, 9, 9})), {2.5, 0});
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, RMSNorm) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<2xf16>
    func.func @model(%x: !x2) -> !x2 {
      %y = llm.rms_norm %x, @w epsilon 3.0 : !x2
      return %y : !x2
    })mlir");
  tensors.set("w", {2}, {1, 10});
  // The roots of 1 + 3 and of 13 + 3.
  expectNear(run(makeInput(2, {1, -1, 1, 5})), {0.5, -5, 0.25, 12.5});
}

TEST_F(OpsTest, LayerNorm) {
  parse(R"mlir(
    llm.parameter @w from "w" : tensor<2xf16>
    llm.parameter @b from "b" : tensor<2xf16>
    func.func @model(%x: !x2) -> !x2 {
      %y = llm.layer_norm %x, @w bias @b epsilon 3.0 : !x2
      return %y : !x2
    })mlir");
  tensors.set("w", {2}, {1, 10});
  tensors.set("b", {2}, {100, 200});
  // The mean is 2 and the variance 1.
  expectNear(run(makeInput(1, {1, 3})), {99.5, 205});
}

//===----------------------------------------------------------------------===//
// Heads and rotary embeddings
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, SplitAndMergeHeads) {
  parse(R"mlir(
    func.func @model(%x: !x4) -> (!h2x2, !x4) {
      %h = llm.split_heads %x : !x4 -> !h2x2
      %y = llm.merge_heads %h : !h2x2
      return %h, %y : !h2x2, !x4
    })mlir");
  auto interpreter = create();
  const MapValue input = makeInput(2, {1, 2, 3, 4, 5, 6, 7, 8});
  Interpreter::Result result = get(interpreter->run(input, 0));
  ASSERT_EQ(result.maps.size(), 2u);
  EXPECT_EQ(result.maps[0].maps, 2);
  EXPECT_EQ(result.maps[0].channels, 2);
  expectNear(result.maps[0], {1, 2, 5, 6, 3, 4, 7, 8});
  expectNear(result.maps[1], input.values);
}

/// The angle per position is 1 for pair 0 and 1/4 for pair 1.
TEST_F(OpsTest, Rope) {
  const double c0 = std::cos(1.0), s0 = std::sin(1.0);
  const double c1 = std::cos(0.25), s1 = std::sin(0.25);
  const std::vector<double> token = {1, 2, 3, 4, 5, 6};
  std::vector<double> two = token;
  two.insert(two.end(), token.begin(), token.end());
  parse(R"mlir(
    func.func @model(%x: !x6) -> !x6 {
      %y = llm.rope %x half_split theta 16.0 rotary 4 : !x6
      return %y : !x6
    })mlir");
  // Position 0 does not rotate.
  expectNear(run(makeInput(2, two)),
             {1, 2, 3, 4, 5, 6, 1 * c0 - 3 * s0, 2 * c1 - 4 * s1,
              3 * c0 + 1 * s0, 4 * c1 + 2 * s1, 5, 6});
  parse(R"mlir(
    func.func @model(%x: !x6) -> !x6 {
      %y = llm.rope %x interleaved theta 16.0 rotary 4 : !x6
      return %y : !x6
    })mlir");
  expectNear(run(makeInput(2, two)),
             {1, 2, 3, 4, 5, 6, 1 * c0 - 2 * s0, 2 * c0 + 1 * s0,
              3 * c1 - 4 * s1, 4 * c1 + 3 * s1, 5, 6});
}

TEST_F(OpsTest, RopeContinuesAfterTheHistory) {
  parse(R"mlir(
    func.func @model(%x: !x2) -> !x2 {
      %y = llm.rope %x interleaved theta 10000.0 rotary 2 : !x2
      return %y : !x2
    })mlir");
  auto interpreter = create();
  get(interpreter->run(makeInput(3, {1, 0, 1, 0, 1, 0}), 0));
  Interpreter::Result result =
      get(interpreter->run(makeInput(2, {1, 0, 1, 0}), 3));
  expectNear(result.maps.front(),
             {std::cos(3.0), std::sin(3.0), std::cos(4.0), std::sin(4.0)});
}

/// Frequencies 1, 0.25 and 1/16. The two channels that are not rotated are not
/// multiplied either.
TEST_F(OpsTest, RopeWithDivisorsAndAFactor) {
  parse(R"mlir(
    func.func @model(%x: !x8) -> !x8 {
      %y = llm.rope %x interleaved theta 64.0 rotary 6
        divisors [1.0, 2.5, 8.0] attention_factor 1.5 : !x8
      return %y : !x8
    })mlir");
  std::vector<double> two, expected;
  for (double position : {0, 1}) {
    for (double frequency : {1.0, 0.25 / 2.5, 1 / 16.0 / 8}) {
      two.insert(two.end(), {1, 0});
      expected.push_back(1.5 * std::cos(position * frequency));
      expected.push_back(1.5 * std::sin(position * frequency));
    }
    two.insert(two.end(), {1, 0});
    expected.insert(expected.end(), {1, 0});
  }
  expectNear(run(makeInput(2, two)), expected);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Query head 0 is the input, head 1 twice the input; keys and values are the
/// input. With the scale ln 2 the exponentials are powers of 2.
TEST_F(OpsTest, Attention) {
  parse(R"mlir(
    !scores = tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    llm.kv_cache @v : tensor<1x?x2xf16, #llm.dims<1, seq + past, 2>>
    llm.parameter @w from "w" : tensor<4x2xi4>
    func.func @model(%x: !x2) -> (!scores, !scores, !h2x2) {
      %q = llm.linear %x, @w : !x2 -> !x4
      %h = llm.split_heads %q : !x4 -> !h2x2
      %tk = llm.kv_append %x, @k : !x2
      %s = llm.attention_scores %h, @k after %tk scale 0.69314718055994531 : !h2x2
      %p = llm.softmax %s : !scores
      %tv = llm.kv_append %x, @v : !x2
      %o = llm.attention_values %p, @v after %tv : !scores -> !h2x2
      return %s, %p, %o : !scores, !scores, !h2x2
    })mlir");
  tensors.set("w", {4, 2}, {1, 0, 0, 1, 2, 0, 0, 2});
  auto interpreter = create();
  Interpreter::Result first =
      get(interpreter->run(makeInput(2, {1, 0, 0, 1}), 0));
  ASSERT_EQ(first.maps.size(), 3u);
  const double ln2 = std::log(2.0);
  expectNear(first.maps[0], {ln2, 0, 0, ln2, 2 * ln2, 0, 0, 2 * ln2});
  // Token 0 does not see token 1.
  expectNear(first.maps[1], {1, 0, 1 / 3.0, 2 / 3.0, 1, 0, 1 / 5.0, 4 / 5.0});
  expectNear(first.maps[2], {1, 0, 1 / 3.0, 2 / 3.0, 1, 0, 1 / 5.0, 4 / 5.0});

  Interpreter::Result second = get(interpreter->run(makeInput(1, {1, 1}), 2));
  ASSERT_EQ(second.maps.size(), 3u);
  expectNear(second.maps[0], {ln2, ln2, 2 * ln2, 2 * ln2, 2 * ln2, 4 * ln2});
  expectNear(second.maps[1],
             {1 / 4.0, 1 / 4.0, 1 / 2.0, 1 / 6.0, 1 / 6.0, 2 / 3.0});
  expectNear(second.maps[2], {3 / 4.0, 3 / 4.0, 5 / 6.0, 5 / 6.0});
  const MapValue keys = interpreter->getCache("k", 0);
  EXPECT_EQ(keys.tokens, 3);
  expectNear(keys, {1, 0, 0, 1, 1, 1});
}

/// Four query heads, of which neighbours share a KV head.
TEST_F(OpsTest, QueryHeadsShareKVHeads) {
  parse(R"mlir(
    !h4x1 = tensor<4x?x1xf16, #llm.dims<4, seq, 1>>
    llm.kv_cache @k : tensor<2x?x1xf16, #llm.dims<2, seq + past, 1>>
    llm.parameter @w from "w" : tensor<4x2xi4>
    func.func @model(%x: !x2)
        -> tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>> {
      %k = llm.split_heads %x : !x2 -> !h2x1
      %t = llm.kv_append %k, @k : !h2x1
      %q = llm.linear %x, @w : !x2 -> !x4
      %h = llm.split_heads %q : !x4 -> !h4x1
      %s = llm.attention_scores %h, @k after %t scale 1.0 : !h4x1
      return %s : tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>
    })mlir");
  tensors.set("w", {4, 2}, {1, 0, 2, 0, 3, 0, 4, 0});
  expectNear(run(makeInput(1, {1, 10})), {1, 2, 30, 40});
}

/// Exponentials of these scores exceed FP64.
TEST_F(OpsTest, SoftmaxWithoutMask) {
  parse(R"mlir(
    !scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    func.func @model(%x: !x1) -> !scores {
      %t = llm.kv_append %x, @k : !x1
      %s = llm.attention_scores %x, @k after %t scale 0.6931471805599453 : !x1
      %p = llm.softmax %s unmasked : !scores
      return %p : !scores
    })mlir");
  // The first token sees the second, too.
  expectNear(run(makeInput(2, {1, 2})), {1 / 3.0, 2 / 3.0, 1 / 5.0, 4 / 5.0});
}

TEST_F(OpsTest, SoftmaxSubtractsTheLargest) {
  parse(R"mlir(
    !scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
    llm.kv_cache @k : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    func.func @model(%x: !x1) -> !scores {
      %t = llm.kv_append %x, @k : !x1
      %s = llm.attention_scores %x, @k after %t scale 1000.0 : !x1
      %p = llm.softmax %s : !scores
      return %p : !scores
    })mlir");
  expectNear(run(makeInput(2, {1, 1})), {1, 0, 0.5, 0.5});
}

//===----------------------------------------------------------------------===//
// Element-wise and selection
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, Activations) {
  const double e = std::exp(1.0);
  const std::pair<const char *, std::vector<double>> expectations[] = {
      {"silu", {-1 / (1 + e), 0, 2 / (1 + 1 / (e * e))}},
      {"sigmoid", {1 / (1 + e), 0.5, 1 / (1 + 1 / (e * e))}},
      {"tanh",
       {(1 / e - e) / (1 / e + e), 0,
        (e * e - 1 / (e * e)) / (e * e + 1 / (e * e))}},
      // The normal distribution function at -1 and 2, from a table.
      {"gelu", {-0.158655253931457, 0, 2 * 0.977249868051821}},
      {"relu", {0, 0, 2}}};
  for (const auto &[kind, expected] : expectations) {
    parse(std::string("func.func @model(%x: !x3) -> !x3 {\n"
                      "  %y = llm.activation ") +
          kind + " %x : !x3\n  return %y : !x3\n}");
    expectNear(run(makeInput(1, {-1, 0, 2})), expected);
  }
}

TEST_F(OpsTest, SumsAndProducts) {
  parse(R"mlir(
    llm.parameter @p from "p.{layer}" layers 2 : tensor<2xf16>
    func.func @model(%x: !x2) -> (!x2, !x2, !x2, !x2) {
      %c1 = arith.constant 1 : index
      %p = llm.get_parameter @p[%c1] : tensor<2xf16>
      %0 = llm.add %x, %p : !x2, tensor<2xf16>
      %1 = llm.mul %x, %p : !x2, tensor<2xf16>
      %2 = llm.add %0, %x : !x2
      %3 = llm.mul %0, %x : !x2
      return %0, %1, %2, %3 : !x2, !x2, !x2, !x2
    })mlir");
  tensors.set("p.0", {2}, {7, 7});
  tensors.set("p.1", {2}, {10, 100});
  Interpreter::Result result =
      get(create()->run(makeInput(2, {1, 2, 3, 4}), 0));
  ASSERT_EQ(result.maps.size(), 4u);
  expectNear(result.maps[0], {11, 102, 13, 104});
  expectNear(result.maps[1], {10, 200, 30, 400});
  expectNear(result.maps[2], {12, 104, 16, 108});
  expectNear(result.maps[3], {11, 204, 39, 416});
}

TEST_F(OpsTest, Differences) {
  parse(R"mlir(
    llm.parameter @p from "p" : tensor<2xf16>
    func.func @model(%x: !x2) -> (!x2, !x2) {
      %p = llm.get_parameter @p : tensor<2xf16>
      %0 = llm.sub %x, %p : !x2, tensor<2xf16>
      %1 = llm.sub %0, %x : !x2
      return %0, %1 : !x2, !x2
    })mlir");
  tensors.set("p", {2}, {10, 100});
  Interpreter::Result result = get(create()->run(makeInput(1, {1, 2}), 0));
  ASSERT_EQ(result.maps.size(), 2u);
  expectNear(result.maps[0], {-9, -98});
  expectNear(result.maps[1], {-10, -100});
}

TEST_F(OpsTest, LastTokenAndArgmax) {
  parse(R"mlir(
    func.func @model(%x: !x4) -> (tensor<1x1x4xf16>, tensor<1xi32>) {
      %y = llm.last_token %x : !x4
      %i = llm.argmax %y : tensor<1x1x4xf16> -> tensor<1xi32>
      return %y, %i : tensor<1x1x4xf16>, tensor<1xi32>
    })mlir");
  // The lowest index wins a tie.
  Interpreter::Result result =
      get(create()->run(makeInput(2, {9, 1, 1, 1, 1, 5, 2, 5}), 0));
  expectNear(result.maps.front(), {1, 5, 2, 5});
  EXPECT_EQ(result.token, 1);
}

//===----------------------------------------------------------------------===//
// Functions, loops and tasks
//===----------------------------------------------------------------------===//

TEST_F(OpsTest, LayersAndTasks) {
  parse(R"mlir(
    llm.parameter @w from "w{layer}" layers 4 : tensor<1x1xi4>
    llm.kv_cache @k layers 4 : tensor<1x?x1xf16, #llm.dims<1, seq + past, 1>>
    func.func private @layer(%layer: index, %x: !x1) -> !x1 {
      %y = llm.linear %x, @w[%layer] {llm.task = "scaled"} : !x1 -> !x1
      %z = llm.activation tanh %y : !x1
      %t = llm.kv_append %y, @k[%layer] {llm.task = "append"} : !x1
      return %y : !x1
    }
    func.func @model(%x: !x1) -> !x1 {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      %y = scf.for %i = %c0 to %c4 step %c2 iter_args(%h = %x) -> !x1 {
        %odd = arith.addi %i, %c1 : index
        %a = func.call @layer(%i, %h) : (index, !x1) -> !x1
        %b = func.call @layer(%odd, %a) : (index, !x1) -> !x1
        scf.yield %b : !x1
      }
      %z = llm.add %y, %x {llm.task = "sum"} : !x1
      return %z : !x1
    })mlir");
  const float weights[] = {2, 3, 5, 7};
  for (int i = 0; i < 4; ++i)
    tensors.set("w" + std::to_string(i), {1, 1}, {weights[i]});
  auto interpreter = create();
  std::vector<std::string> seen;
  Interpreter::Result result = get(interpreter->run(
      makeInput(1, {1}), 0,
      [&](int64_t layer, llvm::StringRef name, const MapValue &value) {
        seen.push_back(std::to_string(layer) + " " + name.str() + " " +
                       std::to_string(static_cast<int>(value.values.front())));
      }));
  expectNear(result.maps.front(), {211});
  const std::vector<std::string> expected = {
      "0 scaled 2",   "0 append 2",   "1 scaled 6",
      "1 append 6",   "2 scaled 30",  "2 append 30",
      "3 scaled 210", "3 append 210", "-1 sum 211"};
  EXPECT_EQ(seen, expected);
  expectNear(interpreter->getCache("k", 2), {30});
}

/// Ops in the body of a loop over layers, without a function.
TEST_F(OpsTest, TheLayerOfALoop) {
  parse(R"mlir(
    llm.parameter @w from "w{layer}" layers 2 : tensor<1x1xi4>
    func.func @model(%x: !x1) -> !x1 {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %y = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %x) -> !x1 {
        %a = llm.linear %h, @w[%i] : !x1 -> !x1
        %b = llm.activation silu %a {llm.task = "silu"} : !x1
        scf.yield %a : !x1
      } {llm.layer_loop}
      %z = llm.add %y, %x {llm.task = "sum"} : !x1
      return %z : !x1
    })mlir");
  tensors.set("w0", {1, 1}, {2});
  tensors.set("w1", {1, 1}, {3});
  auto interpreter = create();
  std::vector<int64_t> layers;
  Interpreter::Result result =
      get(interpreter->run(makeInput(1, {1}), 0,
                           [&](int64_t layer, llvm::StringRef,
                               const MapValue &) { layers.push_back(layer); }));
  expectNear(result.maps.front(), {7});
  EXPECT_EQ(layers, (std::vector<int64_t>{0, 1, -1}));
}

/// A loop is over layers where it says so, whatever takes its variable.
TEST_F(OpsTest, OtherLoopsHaveNoLayer) {
  parse(R"mlir(
    llm.parameter @w from "w{layer}" layers 2 : tensor<1x1xi4>
    func.func @model(%x: !x1) -> !x1 {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %y = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %x) -> !x1 {
        %a = llm.linear %h, @w[%i] {llm.task = "scaled"} : !x1 -> !x1
        scf.yield %a : !x1
      }
      return %y : !x1
    })mlir");
  tensors.set("w0", {1, 1}, {2});
  tensors.set("w1", {1, 1}, {3});
  auto interpreter = create();
  std::vector<int64_t> layers;
  Interpreter::Result result =
      get(interpreter->run(makeInput(1, {1}), 0,
                           [&](int64_t layer, llvm::StringRef,
                               const MapValue &) { layers.push_back(layer); }));
  expectNear(result.maps.front(), {6});
  EXPECT_EQ(layers, (std::vector<int64_t>{-1, -1}));
}

} // namespace
