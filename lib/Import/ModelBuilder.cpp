//===- ModelBuilder.cpp - The llm module of a configuration ---------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <cmath>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

ModelBuilder::ModelBuilder(const ModelConfig &config, MLIRContext &context)
    : config(config), builder(UnknownLoc::get(&context), &context) {
  context.loadDialect<LLMDialect, arith::ArithDialect, func::FuncDialect,
                      scf::SCFDialect>();
}

OwningOpRef<ModuleOp> ModelBuilder::build(StringRef name, int64_t modelLayers) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder, name);
  (*module)->setAttr(LLMDialect::getModelLayersAttrName(),
                     builder.getI64IntegerAttr(modelLayers));
  (*module)->setAttr(LLMDialect::getMaxTokensAttrName(),
                     builder.getI64IntegerAttr(config.context));
  (*module)->setAttr(
      LLMDialect::getEmbeddingAttrName(),
      FlatSymbolRefAttr::get(builder.getStringAttr("embedding")));
  builder.setInsertionPointToEnd(module->getBody());
  addParameters();
  addCache("keys");
  addCache("values");
  addModelFunction(addLayerFunction());
  return module;
}

RankedTensorType ModelBuilder::getMapType(int64_t maps, int64_t channels) {
  return getTensorType({builder.getAffineConstantExpr(maps),
                        DimsAttr::getSeq(builder.getContext()),
                        builder.getAffineConstantExpr(channels)},
                       builder.getF16Type());
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

void ModelBuilder::addParameters() {
  const int64_t hidden = config.hidden;
  const int64_t queries = config.heads * config.headDim;
  const int64_t keys = config.kvHeads * config.headDim;
  addParameter(
      "embedding",
      RankedTensorType::get({config.vocabulary, hidden}, builder.getF16Type()),
      /*hasLayers=*/false, config.embedding);
  addNorm("input_norm", true, config.inputNorm);
  addLinear("query", queries, hidden, true, config.query);
  addLinear("key", keys, hidden, true, config.key);
  addLinear("value", keys, hidden, true, config.value);
  addLinear("attention_output", hidden, queries, true, config.attentionOutput);
  addNorm("post_attention_norm", true, config.postAttentionNorm);
  addLinear("gate", config.intermediate, hidden, true, config.gate);
  addLinear("up", config.intermediate, hidden, true, config.up);
  addLinear("down", hidden, config.intermediate, true, config.down);
  addNorm("final_norm", false, config.finalNorm);
  addLinear("lm_head", config.vocabulary, hidden, false, config.lmHead);
}

void ModelBuilder::addParameter(const Twine &name, RankedTensorType type,
                                bool hasLayers, const TensorSlice &source) {
  ParameterOp::create(
      builder, builder.getStringAttr(name), builder.getStringAttr(source.name),
      source.firstRow ? builder.getDenseI64ArrayAttr(*source.firstRow)
                      : nullptr,
      /*normalized=*/nullptr, /*times=*/nullptr, /*splat=*/nullptr,
      hasLayers ? builder.getI64IntegerAttr(config.layers) : nullptr,
      /*row_heads=*/nullptr, /*column_heads=*/nullptr, /*kernel=*/nullptr,
      TypeAttr::get(type));
}

void ModelBuilder::addSplat(const Twine &name, RankedTensorType type,
                            bool hasLayers, double value) {
  ParameterOp::create(builder, builder.getStringAttr(name), /*tensor=*/nullptr,
                      /*rows=*/nullptr, /*normalized=*/nullptr,
                      /*times=*/nullptr, builder.getF64FloatAttr(value),
                      hasLayers ? builder.getI64IntegerAttr(config.layers)
                                : nullptr,
                      /*row_heads=*/nullptr, /*column_heads=*/nullptr,
                      /*kernel=*/nullptr, TypeAttr::get(type));
}

void ModelBuilder::addNorm(StringRef name, bool hasLayers,
                           const TensorSlice &source) {
  addParameter(name,
               RankedTensorType::get({config.hidden}, builder.getF16Type()),
               hasLayers, source);
}

/// Adds weight, scale and bias. No checkpoint has scales per output; passes
/// fold such multiplications into the parameter that is there for them.
void ModelBuilder::addLinear(StringRef name, int64_t outputChannels,
                             int64_t inputChannels, bool hasLayers,
                             const LinearSource &source) {
  auto vector = RankedTensorType::get({outputChannels}, builder.getF16Type());
  addParameter(name,
               RankedTensorType::get({outputChannels, inputChannels},
                                     builder.getI4Type()),
               hasLayers, source.weight);
  addSplat(name + "_scale", vector, hasLayers, 1.0);
  if (source.bias)
    addParameter(name + "_bias", vector, hasLayers, *source.bias);
  else
    addSplat(name + "_bias", vector, hasLayers, 0.0);
}

void ModelBuilder::addCache(StringRef name) {
  MLIRContext *context = builder.getContext();
  RankedTensorType type =
      getTensorType({builder.getAffineConstantExpr(config.kvHeads),
                     DimsAttr::getTotal(context),
                     builder.getAffineConstantExpr(config.headDim)},
                    builder.getF16Type());
  KVCacheOp::create(builder, builder.getStringAttr(name),
                    builder.getI64IntegerAttr(config.layers),
                    TypeAttr::get(type));
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

func::FuncOp ModelBuilder::addLayerFunction() {
  OpBuilder::InsertionGuard guard(builder);
  Type hidden = getMapType(1, config.hidden);
  auto function = func::FuncOp::create(
      builder, "layer",
      builder.getFunctionType({builder.getIndexType(), hidden}, {hidden}));
  function.setPrivate();
  builder.setInsertionPointToEnd(function.addEntryBlock());
  layer = function.getArgument(0);
  Value attended = buildAttention(function.getArgument(1));
  func::ReturnOp::create(builder, buildFeedForward(attended));
  layer = nullptr;
  return function;
}

Value ModelBuilder::buildAttention(Value input) {
  Value normed = norm(input, "input_norm");

  Value query = linear(normed, "query", config.heads * config.headDim);
  query = rope(heads(query, config.heads));
  Value key = linear(normed, "key", config.kvHeads * config.headDim);
  key = rope(heads(key, config.kvHeads));
  Value keyToken = KVAppendOp::create(builder, key, "keys", layer);

  const double scale = 1 / std::sqrt(static_cast<double>(config.headDim));
  Value scores = AttentionScoresOp::create(builder, query, "keys", layer,
                                           keyToken, llvm::APFloat(scale),
                                           /*heads=*/nullptr);
  Value probabilities = SoftmaxOp::create(builder, scores);

  Value value = linear(normed, "value", config.kvHeads * config.headDim);
  value = heads(value, config.kvHeads);
  Value valueToken = KVAppendOp::create(builder, value, "values", layer);
  Value attended = AttentionValuesOp::create(
      builder, query.getType(), probabilities, "values", layer, valueToken);
  attended = MergeHeadsOp::create(builder, attended);
  return AddOp::create(
      builder, linear(attended, "attention_output", config.hidden), input);
}

Value ModelBuilder::buildFeedForward(Value input) {
  Value normed = norm(input, "post_attention_norm");
  Value gate = linear(normed, "gate", config.intermediate);
  gate = ActivationOp::create(builder, ActivationKind::SiLU, gate);
  Value up = linear(normed, "up", config.intermediate);
  up = MulOp::create(builder, gate, up);
  return AddOp::create(builder, linear(up, "down", config.hidden), input);
}

void ModelBuilder::addModelFunction(func::FuncOp layerFunction) {
  Type hidden = getMapType(1, config.hidden);
  auto logitsType =
      RankedTensorType::get({1, 1, config.vocabulary}, builder.getF16Type());
  auto tokenType = RankedTensorType::get({1}, builder.getI32Type());
  auto function = func::FuncOp::create(
      builder, "model",
      builder.getFunctionType({hidden}, {logitsType, tokenType}));
  builder.setInsertionPointToEnd(function.addEntryBlock());

  Value first = arith::ConstantIndexOp::create(builder, 0);
  Value end = arith::ConstantIndexOp::create(builder, config.layers);
  Value step = arith::ConstantIndexOp::create(builder, 1);
  auto loop = scf::ForOp::create(
      builder, first, end, step, function.getArgument(0),
      [&](OpBuilder &body, Location loc, Value index, ValueRange carried) {
        auto call = func::CallOp::create(body, loc, layerFunction,
                                         {index, carried.front()});
        scf::YieldOp::create(body, loc, call.getResults());
      });
  loop->setAttr(LLMDialect::getLayerLoopAttrName(), builder.getUnitAttr());

  Value last = LastTokenOp::create(builder, loop.getResult(0));
  Value logits = linear(norm(last, "final_norm"), "lm_head", config.vocabulary);
  Value token = ArgmaxOp::create(builder, tokenType, logits);
  func::ReturnOp::create(builder, {logits, token});
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value ModelBuilder::norm(Value input, StringRef weight) {
  return RMSNormOp::create(builder, input.getType(), input, weight, layer,
                           llvm::APFloat(config.epsilon));
}

Value ModelBuilder::linear(Value input, StringRef weight,
                           int64_t outputChannels) {
  DimsAttr dims = getDims(cast<RankedTensorType>(input.getType()));
  RankedTensorType type =
      getTensorType({dims.getDim(0), dims.getDim(1),
                     builder.getAffineConstantExpr(outputChannels)},
                    builder.getF16Type());
  auto getSymbol = [&](const char *suffix) {
    return FlatSymbolRefAttr::get(builder.getStringAttr(weight + suffix));
  };
  return LinearOp::create(builder, type, input, getSymbol(""), layer,
                          getSymbol("_scale"), getSymbol("_bias"),
                          /*residual=*/Value(), /*residual_kind=*/nullptr);
}

Value ModelBuilder::heads(Value input, int64_t count) {
  return SplitHeadsOp::create(builder, getMapType(count, config.headDim),
                              input);
}

Value ModelBuilder::rope(Value input) {
  return RopeOp::create(
      builder, input.getType(), input,
      RopeStyleAttr::get(builder.getContext(), config.ropeStyle),
      builder.getF64FloatAttr(config.theta),
      builder.getI64IntegerAttr(config.rotary),
      config.ropeDivisors.empty()
          ? nullptr
          : builder.getF64ArrayAttr(config.ropeDivisors),
      config.ropeAttentionFactor == 1
          ? nullptr
          : builder.getF64FloatAttr(config.ropeAttentionFactor));
}
