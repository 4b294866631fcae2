//===- ArchitectureHooks.cpp - What no table says of architectures --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Architecture.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace dlavm;

//===----------------------------------------------------------------------===//
// Baichuan
//===----------------------------------------------------------------------===//

LogicalResult dlavm::refuseBaichuan(const ConfigReader &reader) {
  if (reader.find("max_position_embeddings"))
    return success();
  return reader.emitError()
         << "is of a Baichuan of 13B, as there is no "
            "'max_position_embeddings': its attention has linear biases "
            "(ALiBi), which are not supported; those of 7B are";
}

/// Both generations have one `model_type`; the spelling of the class differs.
LogicalResult dlavm::finishBaichuan(const ConfigReader &reader,
                                    ModelConfig &config) {
  const llvm::json::Value *value = reader.find("architectures");
  const llvm::json::Array *classes = value ? value->getAsArray() : nullptr;
  if (classes && classes->size() == 1) {
    std::optional<StringRef> name = classes->front().getAsString();
    config.isLMHeadNormalized = name == "BaichuanForCausalLM";
    if (config.isLMHeadNormalized || name == "BaiChuanForCausalLM")
      return success();
  }
  InFlightDiagnostic error = reader.emitError("architectures");
  error << "must be [\"BaiChuanForCausalLM\"] for a Baichuan, or "
           "[\"BaichuanForCausalLM\"] for a Baichuan 2, which normalizes the "
           "rows of its output layer; found ";
  return value ? error << ConfigReader::print(*value) : error << "no such key";
}

//===----------------------------------------------------------------------===//
// ChatGLM2, ChatGLM3 and GLM-4
//===----------------------------------------------------------------------===//

LogicalResult dlavm::refuseChatGLM(const ConfigReader &reader) {
  if (reader.find("position_encoding_2d") || reader.find("inner_hidden_size"))
    return reader.emitError()
           << "is of a ChatGLM of the first generation: it has layer norms and "
              "positions of two dimensions, which are not supported; ChatGLM2, "
              "ChatGLM3 and GLM-4 are";
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

static LogicalResult readRopeRatio(const ConfigReader &reader,
                                   ModelConfig &config) {
  double ratio = 1;
  if (failed(reader.readOptionalNumber("rope_ratio", ratio)))
    return failure();
  // ChatGLM3 and GLM-4 multiply the base, the 32K model of ChatGLM2 divides the
  // positions. Its vocabulary is that of ChatGLM3, and no key tells them apart.
  constexpr int64_t kChatGLM3Vocabulary = 65024;
  if (ratio != 1 && config.vocabulary <= kChatGLM3Vocabulary)
    return reader.emitError("rope_ratio")
           << "is " << ConfigReader::print(*reader.find("rope_ratio"))
           << ", by which ChatGLM3 multiplies the base of the rotary "
              "embedding, "
              "but ChatGLM2 divides the positions, which is not supported; no "
              "key says which of them this is. If it is a ChatGLM3, remove the "
              "key, and set 'rope_theta' to "
           << llvm::formatv("{0}", config.theta * ratio).str();
  config.theta *= ratio;
  return success();
}

LogicalResult dlavm::finishChatGLM(const ConfigReader &reader,
                                   ModelConfig &config) {
  // The class overwrites it with 'padded_vocab_size'.
  (void)reader.find("vocab_size");
  int64_t layers = config.layers;
  if (failed(readRopeRatio(reader, config)) ||
      failed(reader.readOptionalSize("num_hidden_layers", layers)))
    return failure();
  if (layers == config.layers)
    return success();
  return reader.emitError("num_hidden_layers")
         << "is " << layers << ", but 'num_layers' is " << config.layers
         << "; remove the one that is wrong";
}

//===----------------------------------------------------------------------===//
// MiniCPM
//===----------------------------------------------------------------------===//

/// Attention is sparse (InfLLM v2) from so many tokens on.
static LogicalResult readSparseAttention(const ConfigReader &reader,
                                         ModelConfig &config) {
  FailureOr<ConfigReader> sparse = reader.readOptionalObject("sparse_config");
  int64_t first = 8192;
  if (failed(sparse) || failed(sparse->readOptionalSize("dense_len", first)))
    return failure();
  if (reader.find("sparse_config"))
    config.contextLimits.push_back(
        {"sparse_config.dense_len - 1", !sparse->find("dense_len"), first - 1,
         "sparse attention is not supported", "what is dense"});
  return success();
}

LogicalResult dlavm::finishMiniCPM(const ConfigReader &reader,
                                   ModelConfig &config) {
  double depth = 1, base = 1;
  if (failed(
          reader.readOptionalNumber("scale_emb", config.embeddingMultiplier)) ||
      failed(reader.readOptionalNumber("scale_depth", depth)) ||
      failed(reader.readOptionalNumber("dim_model_base", base)))
    return failure();
  if (failed(readSparseAttention(reader, config)))
    return failure();
  config.residualMultiplier =
      depth / std::sqrt(static_cast<double>(config.layers));
  config.logitsScaling = static_cast<double>(config.hidden) / base;
  return success();
}

//===----------------------------------------------------------------------===//
// Qwen
//===----------------------------------------------------------------------===//

/// Up to the context of the training, both change nothing.
LogicalResult dlavm::finishQwen(const ConfigReader &reader,
                                ModelConfig &config) {
  bool hasDynamicNTK = true, hasLogN = true;
  int64_t trained = config.context;
  if (failed(reader.readOptionalFlag("use_dynamic_ntk", hasDynamicNTK)) ||
      failed(reader.readOptionalFlag("use_logn_attn", hasLogN)) ||
      failed(reader.readSize("seq_length", trained)))
    return failure();
  if (hasDynamicNTK || hasLogN)
    config.context = std::min(config.context, trained);
  return success();
}

//===----------------------------------------------------------------------===//
// SmolLM3
//===----------------------------------------------------------------------===//

LogicalResult dlavm::finishSmolLM3(const ConfigReader &reader,
                                   ModelConfig &config) {
  int64_t interval = 4;
  if (failed(reader.readOptionalSize("no_rope_layer_interval", interval)))
    return failure();
  // In spite of its name, 1 is for layers that have a rotary embedding.
  const llvm::json::Value *value = reader.find("no_rope_layers");
  if (!value) {
    for (int64_t layer = 0; layer < config.layers; ++layer)
      config.hasRope.push_back((layer + 1) % interval != 0);
    return success();
  }
  if (const llvm::json::Array *flags = value->getAsArray())
    for (const llvm::json::Value &flag : *flags)
      if (flag == 0 || flag == 1)
        config.hasRope.push_back(flag == 1);
  if (static_cast<int64_t>(config.hasRope.size()) == config.layers)
    return success();
  return reader.emitError("no_rope_layers")
         << "must be a list of 0 or 1 for each of the " << config.layers
         << " layers, found " << ConfigReader::print(*value);
}
