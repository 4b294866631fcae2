//===- ChatGLM.cpp - Configurations of ChatGLM2 and ChatGLM3 --------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Config.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace dlavm;

/// Refuses the variants of the architecture that compute something else.
static LogicalResult refuseVariants(const ConfigReader &reader) {
  struct Requirement {
    StringLiteral key;
    bool expected;
    bool isSetByDefault;
    StringLiteral reason;
  };
  static constexpr Requirement requirements[] = {
      {"rmsnorm", true, true, "models with layer norms are not supported"},
      {"post_layer_norm", true, true,
       "models without a final norm are not supported"},
      {"apply_residual_connection_post_layernorm", false, false,
       "residuals that start after a norm are not supported"},
      {"original_rope", true, true,
       "other rotary embeddings than the original one are not supported"},
      // Such a model's fused matrix has the rows of each head's query, key and
      // value together, so that no slice of rows is a parameter.
      {"multi_query_attention", true, false,
       "models that interleave the rows of 'query_key_value' by heads are not "
       "supported"},
  };
  for (const Requirement &requirement : requirements)
    if (failed(reader.expectFlag(requirement.key, requirement.expected,
                                 requirement.isSetByDefault,
                                 requirement.reason)))
      return failure();

  constexpr std::pair<StringLiteral, StringLiteral> absent[] = {
      {"pre_seq_len", "tuned prefixes are not supported"},
      {"quantization_bit", "DLAVM quantizes to INT4 itself; import the model "
                           "in floating point"},
  };
  for (auto [key, reason] : absent) {
    const llvm::json::Value *found = reader.find(key);
    if (found && found->getAsInteger() != 0)
      return reader.emitError(key)
             << "must be 0 or absent, found " << ConfigReader::print(*found)
             << ": " << reason;
  }
  return success();
}

static LogicalResult readChatGLMHeads(const ConfigReader &reader,
                                      ModelConfig &config) {
  if (failed(reader.readSize("multi_query_group_num", config.kvHeads)) ||
      failed(reader.readSize("kv_channels", config.headDim)))
    return failure();
  if (config.heads % config.kvHeads != 0)
    return reader.emitError("num_attention_heads")
           << "(" << config.heads
           << ") must be a multiple of 'multi_query_group_num' ("
           << config.kvHeads << ")";
  if (config.headDim % 4 != 0)
    return reader.emitError("kv_channels")
           << "must be a multiple of 4, as the rotary embedding pairs the "
              "channels of half a head, found "
           << config.headDim;
  return success();
}

static LogicalResult readRope(const ConfigReader &reader, ModelConfig &config) {
  double ratio = 1;
  if (failed(reader.readOptionalNumber("rope_ratio", ratio)) ||
      failed(reader.readOptionalNumber("rope_theta", config.theta)))
    return failure();
  // ChatGLM3 and GLM-4 multiply the base, the 32K model of ChatGLM2 divides the
  // positions. Its vocabulary is that of ChatGLM3, and no key tells them apart.
  constexpr int64_t kChatGLM3Vocabulary = 65024;
  int64_t vocabulary = 0;
  if (failed(reader.readSize("padded_vocab_size", vocabulary)))
    return failure();
  if (ratio != 1 && vocabulary <= kChatGLM3Vocabulary)
    return reader.emitError("rope_ratio")
           << "is " << ConfigReader::print(*reader.find("rope_ratio"))
           << ", by which ChatGLM3 multiplies the base of the rotary "
              "embedding, "
              "but ChatGLM2 divides the positions, which is not supported; no "
              "key says which of them this is. If it is a ChatGLM3, remove the "
              "key, and set 'rope_theta' to "
           << llvm::formatv("{0}", config.theta * ratio).str();
  config.ropeStyle = llm::RopeStyle::Interleaved;
  config.rotary = config.headDim / 2;
  config.theta *= ratio;
  return success();
}

/// The rows of the layer's tensors \p name from \p firstRow on.
static LinearSource getChatGLMLinear(StringRef name, bool hasBias,
                                     std::optional<int64_t> firstRow = {}) {
  const std::string prefix = "transformer.encoder.layers.{layer}." + name.str();
  LinearSource linear = {{prefix + ".weight", firstRow}, {}};
  if (hasBias)
    linear.bias = TensorSlice{prefix + ".bias", firstRow};
  return linear;
}

static LogicalResult nameTensors(const ConfigReader &reader,
                                 ModelConfig &config) {
  bool hasQKVBias = false, hasBias = false, isTied = false;
  if (failed(reader.readOptionalFlag("add_qkv_bias", hasQKVBias)) ||
      failed(reader.readOptionalFlag("add_bias_linear", hasBias)) ||
      failed(reader.readOptionalFlag("tie_word_embeddings", isTied)))
    return failure();
  hasQKVBias |= hasBias;
  const int64_t keyRow = config.heads * config.headDim;
  const int64_t valueRow = keyRow + config.kvHeads * config.headDim;
  const std::string prefix = "transformer.encoder.layers.{layer}.";
  config.embedding.name = "transformer.embedding.word_embeddings.weight";
  config.inputNorm.name = prefix + "input_layernorm.weight";
  config.query =
      getChatGLMLinear("self_attention.query_key_value", hasQKVBias, 0);
  config.key =
      getChatGLMLinear("self_attention.query_key_value", hasQKVBias, keyRow);
  config.value =
      getChatGLMLinear("self_attention.query_key_value", hasQKVBias, valueRow);
  config.attentionOutput = getChatGLMLinear("self_attention.dense", hasBias);
  config.postAttentionNorm.name = prefix + "post_attention_layernorm.weight";
  config.gate = getChatGLMLinear("mlp.dense_h_to_4h", hasBias, 0);
  config.up =
      getChatGLMLinear("mlp.dense_h_to_4h", hasBias, config.intermediate);
  config.down = getChatGLMLinear("mlp.dense_4h_to_h", hasBias);
  config.finalNorm.name = "transformer.encoder.final_layernorm.weight";
  config.lmHead.weight.name =
      isTied ? config.embedding.name : "transformer.output_layer.weight";
  return success();
}

/// Transformers' own names of what this architecture calls otherwise.
static LogicalResult checkAliases(const ConfigReader &reader,
                                  const ModelConfig &config) {
  // The class overwrites it with 'padded_vocab_size'.
  (void)reader.find("vocab_size");
  int64_t layers = config.layers;
  if (failed(reader.readOptionalSize("num_hidden_layers", layers)))
    return failure();
  if (layers == config.layers)
    return success();
  return reader.emitError("num_hidden_layers")
         << "is " << layers << ", but 'num_layers' is " << config.layers
         << "; remove the one that is wrong";
}

LogicalResult dlavm::readChatGLM(const ConfigReader &reader,
                                 ModelConfig &config) {
  if (failed(refuseVariants(reader)) ||
      failed(readChatGLMHeads(reader, config)) ||
      failed(readRope(reader, config)) ||
      failed(reader.readSize("num_layers", config.layers)) ||
      failed(reader.readSize("ffn_hidden_size", config.intermediate)) ||
      failed(reader.readSize("padded_vocab_size", config.vocabulary)) ||
      failed(reader.readSize("seq_length", config.context)) ||
      failed(reader.readNumber("layernorm_epsilon", config.epsilon)) ||
      failed(checkAliases(reader, config)))
    return failure();
  return nameTensors(reader, config);
}
