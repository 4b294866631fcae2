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

#include <algorithm>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

ModelBuilder::ModelBuilder(const ModelConfig &config, StringRef path,
                           MLIRContext &context)
    : config(config),
      builder(FileLineColLoc::get(&context, path, 0, 0), &context),
      forms(config.hasRope) {
  forms.resize(config.layers, true);
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
  for (bool hasRope : {true, false})
    if (llvm::is_contained(forms, hasRope))
      addLayerFunction(hasRope);
  addModelFunction();
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
  const bool isOfAll = config.hasNormsOfAllHeads;
  addParameter(
      "embedding",
      RankedTensorType::get({config.vocabulary, hidden}, builder.getF16Type()),
      /*hasLayers=*/false, config.embedding, config.embeddingMultiplier);
  addNorm("input_norm", true, hidden, config.inputNorm);
  addLinear("query", queries, hidden, true, config.query);
  addLinear("key", keys, hidden, true, config.key);
  addLinear("value", keys, hidden, true, config.value);
  addNorm("query_norm", true, isOfAll ? queries : config.headDim,
          config.queryNorm);
  addNorm("key_norm", true, isOfAll ? keys : config.headDim, config.keyNorm);
  addLinear("attention_output", hidden, queries, true, config.attentionOutput,
            config.residualMultiplier);
  addNorm("attention_output_norm", true, hidden, config.attentionOutputNorm);
  addNorm("post_attention_norm", true, hidden, config.feedForwardNorm);
  addLinear("gate", config.intermediate, hidden, true, config.gate);
  addLinear("up", config.intermediate, hidden, true, config.up);
  addLinear("down", hidden, config.intermediate, true, config.down,
            config.residualMultiplier);
  addNorm("feed_forward_output_norm", true, hidden,
          config.feedForwardOutputNorm);
  addNorm("final_norm", false, hidden, config.finalNorm);
  addLinear("lm_head", config.vocabulary, hidden, false, config.lmHead,
            1 / config.logitsScaling, config.isLMHeadNormalized);
}

void ModelBuilder::addParameter(const Twine &name, RankedTensorType type,
                                bool hasLayers, const TensorSlice &source,
                                double factor, bool isNormalized) {
  DenseI64ArrayAttr rows;
  if (source.rows && source.rows->stride)
    rows = builder.getDenseI64ArrayAttr(
        {source.rows->first, source.rows->run, source.rows->stride});
  else if (source.rows)
    rows = builder.getDenseI64ArrayAttr(source.rows->first);
  ParameterOp::create(
      builder, builder.getStringAttr(name), builder.getStringAttr(source.name),
      rows, isNormalized ? builder.getUnitAttr() : nullptr,
      factor == 1 ? nullptr : builder.getF64FloatAttr(factor),
      /*splat=*/nullptr,
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

void ModelBuilder::addNorm(StringRef name, bool hasLayers, int64_t channels,
                           const std::optional<TensorSlice> &source) {
  if (source)
    addParameter(name, RankedTensorType::get({channels}, builder.getF16Type()),
                 hasLayers, *source);
}

/// Adds weight, scale and bias; the result is multiplied with \p factor. No
/// checkpoint has scales per output; passes fold such multiplications into the
/// parameter that is there for them.
void ModelBuilder::addLinear(StringRef name, int64_t outputChannels,
                             int64_t inputChannels, bool hasLayers,
                             const LinearSource &source, double factor,
                             bool isNormalized) {
  auto vector = RankedTensorType::get({outputChannels}, builder.getF16Type());
  addParameter(name,
               RankedTensorType::get({outputChannels, inputChannels},
                                     builder.getI4Type()),
               hasLayers, source.weight, /*factor=*/1, isNormalized);
  addSplat(name + "_scale", vector, hasLayers, factor);
  if (source.bias)
    addParameter(name + "_bias", vector, hasLayers, *source.bias, factor);
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

void ModelBuilder::addLayerFunction(bool hasRope) {
  OpBuilder::InsertionGuard guard(builder);
  Type hidden = getMapType(1, config.hidden);
  auto function = func::FuncOp::create(
      builder, hasRope ? "layer" : "layer_without_rope",
      builder.getFunctionType({builder.getIndexType(), hidden}, {hidden}));
  function.setPrivate();
  builder.setInsertionPointToEnd(function.addEntryBlock());
  layer = function.getArgument(0);
  Value attended = buildAttention(function.getArgument(1), hasRope);
  func::ReturnOp::create(builder, buildFeedForward(attended));
  layer = nullptr;
}

Value ModelBuilder::buildAttention(Value input, bool hasRope) {
  Value normed = config.inputNorm ? norm(input, "input_norm") : input;

  Value query = project(normed, "query", config.heads,
                        config.queryNorm.has_value(), hasRope);
  Value key = project(normed, "key", config.kvHeads, config.keyNorm.has_value(),
                      hasRope);
  Value keyToken = KVAppendOp::create(builder, key, "keys", layer);

  Value scores = AttentionScoresOp::create(
      builder, query, "keys", layer, keyToken,
      llvm::APFloat(config.attentionScale), /*heads=*/nullptr);
  Value probabilities = SoftmaxOp::create(builder, scores);

  Value value = linear(normed, "value", config.kvHeads * config.headDim);
  value = heads(value, config.kvHeads);
  Value valueToken = KVAppendOp::create(builder, value, "values", layer);
  Value attended = AttentionValuesOp::create(
      builder, query.getType(), probabilities, "values", layer, valueToken);
  attended = MergeHeadsOp::create(builder, attended);
  Value output = linear(attended, "attention_output", config.hidden);
  if (config.attentionOutputNorm)
    output = norm(output, "attention_output_norm");
  return AddOp::create(builder, output, input);
}

Value ModelBuilder::buildFeedForward(Value input) {
  Value normed =
      config.feedForwardNorm ? norm(input, "post_attention_norm") : input;
  Value gate = linear(normed, "gate", config.intermediate);
  gate = ActivationOp::create(builder, ActivationKind::SiLU, gate);
  Value up = linear(normed, "up", config.intermediate);
  up = MulOp::create(builder, gate, up);
  Value output = linear(up, "down", config.hidden);
  if (config.feedForwardOutputNorm)
    output = norm(output, "feed_forward_output_norm");
  return AddOp::create(builder, output, input);
}

/// The number of layers after which their forms come again.
static int64_t getPeriod(const std::vector<bool> &forms) {
  const auto count = static_cast<int64_t>(forms.size());
  for (int64_t period = 1; period < count; ++period)
    if (std::equal(forms.begin() + period, forms.end(), forms.begin()))
      return period;
  return std::max<int64_t>(count, 1);
}

/// A loop over the layers, a period at a time, and those that remain.
Value ModelBuilder::addLayerCalls(Value input) {
  const int64_t period = getPeriod(forms);
  const int64_t looped = config.layers / period * period;
  auto call = [&](OpBuilder &body, Location loc, int64_t form, Value index,
                  Value carried) -> Value {
    StringRef name = forms[form] ? "layer" : "layer_without_rope";
    return func::CallOp::create(body, loc, name, carried.getType(),
                                {index, carried})
        .getResult(0);
  };

  Value first = arith::ConstantIndexOp::create(builder, 0);
  Value end = arith::ConstantIndexOp::create(builder, looped);
  Value step = arith::ConstantIndexOp::create(builder, period);
  auto loop = scf::ForOp::create(
      builder, first, end, step, input,
      [&](OpBuilder &body, Location loc, Value index, ValueRange carried) {
        Value result = call(body, loc, 0, index, carried.front());
        for (int64_t i = 1; i < period; ++i) {
          Value offset = arith::ConstantIndexOp::create(body, loc, i);
          Value place = arith::AddIOp::create(body, loc, index, offset);
          result = call(body, loc, i, place, result);
        }
        scf::YieldOp::create(body, loc, result);
      });
  loop->setAttr(LLMDialect::getLayerLoopAttrName(), builder.getUnitAttr());
  Value result = loop.getResult(0);
  for (int64_t i = looped; i < config.layers; ++i)
    result = call(builder, builder.getLoc(), i,
                  arith::ConstantIndexOp::create(builder, i), result);
  return result;
}

void ModelBuilder::addModelFunction() {
  Type hidden = getMapType(1, config.hidden);
  auto logitsType =
      RankedTensorType::get({1, 1, config.vocabulary}, builder.getF16Type());
  auto tokenType = RankedTensorType::get({1}, builder.getI32Type());
  auto function = func::FuncOp::create(
      builder, "model",
      builder.getFunctionType({hidden}, {logitsType, tokenType}));
  builder.setInsertionPointToEnd(function.addEntryBlock());

  Value last =
      LastTokenOp::create(builder, addLayerCalls(function.getArgument(0)));
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

/// The heads of queries or keys, or rather of what attends with them.
Value ModelBuilder::project(Value input, StringRef weight, int64_t count,
                            bool hasNorm, bool hasRope) {
  Value result = linear(input, weight, count * config.headDim);
  const std::string normWeight = (weight + "_norm").str();
  if (hasNorm && config.hasNormsOfAllHeads)
    result = norm(result, normWeight);
  result = heads(result, count);
  if (hasNorm && !config.hasNormsOfAllHeads)
    result = norm(result, normWeight);
  return hasRope ? rope(result) : result;
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
