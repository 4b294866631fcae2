//===- Config.cpp - What a Hugging Face configuration says ----------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Architecture.h"

#include "DLAVM/Checkpoint/Vocabulary.h"

#include <cmath>

using namespace mlir;
using namespace dlavm;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Reads a size, which is \p derived where the key is null, or absent and
/// without a default of its own.
static LogicalResult readSize(const ConfigReader &reader, const SizeKey &key,
                              int64_t derived, int64_t &size) {
  size = derived;
  if (key.name.empty())
    return success();
  if (key.absent == SizeKey::kRequired)
    return reader.readSize(key.name, size);
  if (key.absent != SizeKey::kDerived && !reader.contains(key.name))
    size = key.absent;
  return reader.readOptionalSize(key.name, size);
}

static LogicalResult checkHeadDim(const ConfigReader &reader,
                                  const Architecture &architecture,
                                  const ModelConfig &config) {
  const SizeKey &key = architecture.headDim;
  if (!architecture.rope.part.name.empty())
    return success();
  if (architecture.rope.part.absent != 1) {
    if (config.headDim % 4 == 0)
      return success();
    return reader.emitError(key.name)
           << "must be a multiple of 4, as the rotary embedding pairs the "
              "channels of half a head, found "
           << config.headDim;
  }
  if (config.headDim % 2 == 0)
    return success();
  if (reader.find(key.name))
    return reader.emitError(key.name)
           << "must be even, as the rotary embedding pairs channels, found "
           << config.headDim;
  return reader.emitError("hidden_size")
         << "(" << config.hidden << ") divided by 'num_attention_heads' ("
         << config.heads
         << ") must be even, as the rotary embedding pairs channels, found "
         << config.headDim;
}

static LogicalResult readHeads(const ConfigReader &reader,
                               const Architecture &architecture,
                               ModelConfig &config) {
  const SizeKey &kvHeads = architecture.kvHeads, &key = architecture.headDim;
  if (failed(readSize(reader, kvHeads, config.heads, config.kvHeads)))
    return failure();
  if (config.heads % config.kvHeads != 0)
    return reader.emitError("num_attention_heads")
           << "(" << config.heads << ") must be a multiple of '" << kvHeads.name
           << "' (" << config.kvHeads << ")";
  if (failed(readSize(reader, key, 0, config.headDim)))
    return failure();
  if (config.headDim == 0) {
    if (config.hidden % config.heads != 0) {
      InFlightDiagnostic error =
          reader.emitError("hidden_size")
          << "(" << config.hidden
          << ") must be a multiple of 'num_attention_heads' (" << config.heads
          << ")";
      if (!key.name.empty())
        error << " where there is no '" << key.name << "'";
      return error;
    }
    config.headDim = config.hidden / config.heads;
  }
  constexpr StringLiteral headDim = "head_dim";
  if (key.name != headDim && reader.find(headDim) &&
      *reader.find(headDim) != config.headDim)
    return reader.emitError(headDim)
           << "is " << ConfigReader::print(*reader.find(headDim))
           << ", but the class of \"" << architecture.modelType
           << "\" does not read it, and heads have " << config.headDim
           << " channels; remove it";
  if (config.headDim > ConfigReader::kMaxSize / config.heads)
    return reader.emitError("num_attention_heads")
           << "(" << config.heads << ") times the channels of a head ("
           << config.headDim << ") must be at most " << ConfigReader::kMaxSize;
  return checkHeadDim(reader, architecture, config);
}

static LogicalResult readSizes(const ConfigReader &reader,
                               const Architecture &architecture,
                               ModelConfig &config) {
  if (failed(reader.readSize("hidden_size", config.hidden)) ||
      failed(reader.readSize("num_attention_heads", config.heads)) ||
      failed(readHeads(reader, architecture, config)) ||
      failed(reader.readSize(architecture.layers, config.layers)) ||
      failed(reader.readSize(architecture.intermediate, config.intermediate)) ||
      failed(reader.readSize(architecture.vocabulary, config.vocabulary)) ||
      failed(reader.readSize(architecture.context, config.context)))
    return failure();
  if (config.vocabulary > kMaxEmbeddingRows)
    return reader.emitError(architecture.vocabulary)
           << "must be at most " << kMaxEmbeddingRows
           << ", the tokens that an embedding can have here, found "
           << config.vocabulary;
  if (config.intermediate % architecture.intermediateFactor != 0)
    return reader.emitError(architecture.intermediate)
           << "must be a multiple of " << architecture.intermediateFactor
           << ", found " << config.intermediate;
  config.intermediate /= architecture.intermediateFactor;
  return success();
}

//===----------------------------------------------------------------------===//
// What is computed
//===----------------------------------------------------------------------===//

static LogicalResult checkActivation(const ConfigReader &reader,
                                     StringRef key) {
  std::string activation = "silu";
  if (key.empty())
    return success();
  if (failed(reader.readOptionalString(key, activation)))
    return failure();
  // Two names of one function.
  if (activation == "silu" || activation == "swish")
    return success();
  return reader.emitError(key) << "must be \"silu\", found \"" << activation
                               << "\": other activations are not supported";
}

/// Newer configurations say which layers have the window.
static LogicalResult readLayerTypes(const ConfigReader &reader, int64_t layers,
                                    bool &hasWindow) {
  constexpr StringLiteral key = "layer_types";
  const llvm::json::Value *value = reader.find(key);
  const llvm::json::Array *types = value ? value->getAsArray() : nullptr;
  if (!value)
    return success();
  if (types && static_cast<int64_t>(types->size()) == layers &&
      llvm::all_of(*types, [](const llvm::json::Value &type) {
        return type == "full_attention" || type == "sliding_attention";
      })) {
    hasWindow = llvm::is_contained(*types, "sliding_attention");
    return success();
  }
  return reader.emitError(key)
         << "must be a list of \"full_attention\" or \"sliding_attention\" "
            "for each of the "
         << layers << " layers, found " << ConfigReader::print(*value);
}

static LogicalResult readWindow(const ConfigReader &reader,
                                const WindowKeys &keys, ModelConfig &config) {
  constexpr StringLiteral size = "sliding_window", first = "max_window_layers";
  if (!keys.isKnown)
    return success();
  bool isUsed = true;
  if (!keys.flag.empty()) {
    isUsed = false;
    if (failed(reader.readOptionalFlag(keys.flag, isUsed)))
      return failure();
  }
  // They say nothing where no window is used, whatever they are.
  if (!isUsed) {
    (void)reader.find(size);
    (void)reader.find(first);
    return success();
  }
  int64_t window = reader.contains(size) ? 0 : keys.absent, firstLayer = 28;
  if (failed(reader.readOptionalSize(size, window)) ||
      (keys.hasFirstLayer &&
       failed(reader.readOptionalCount(first, firstLayer))))
    return failure();
  bool hasWindow =
      window && !(keys.hasFirstLayer && firstLayer >= config.layers);
  if (!keys.flag.empty() &&
      failed(readLayerTypes(reader, config.layers, hasWindow)))
    return failure();
  if (window && hasWindow)
    config.addWindow(window, !reader.find(size));
  return success();
}

static LogicalResult readNumber(const ConfigReader &reader,
                                const NumberKey &key, double &number) {
  if (key.name.empty())
    return success();
  number = key.absent;
  return reader.readOptionalNumber(key.name, number);
}

static LogicalResult readMultipliers(const ConfigReader &reader,
                                     const Architecture &architecture,
                                     ModelConfig &config) {
  config.attentionScale = 1 / std::sqrt(static_cast<double>(config.headDim));
  return success(succeeded(readNumber(reader, architecture.embeddingMultiplier,
                                      config.embeddingMultiplier)) &&
                 succeeded(readNumber(reader, architecture.residualMultiplier,
                                      config.residualMultiplier)) &&
                 succeeded(readNumber(reader, architecture.logitsScaling,
                                      config.logitsScaling)) &&
                 succeeded(readNumber(reader, architecture.attentionMultiplier,
                                      config.attentionScale)));
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

namespace {
class TensorNaming {
public:
  TensorNaming(const ConfigReader &reader, const Architecture &architecture,
               ModelConfig &config)
      : reader(reader), architecture(architecture), names(architecture.tensors),
        config(config) {}

  LogicalResult name();

private:
  LogicalResult readFlag(const FlagKey &key, bool &flag);
  void nameProjections(bool hasBias);
  void nameNorms();
  LinearSource getLinear(StringRef name, bool hasBias,
                         std::optional<RowSlice> rows = {}) const;
  std::optional<TensorSlice> getNorm(StringRef name) const;

  const ConfigReader &reader;
  const Architecture &architecture;
  const TensorNames &names;
  ModelConfig &config;
};
} // namespace

LogicalResult TensorNaming::readFlag(const FlagKey &key, bool &flag) {
  flag = key.absent;
  // Classes that always have biases of queries, keys and values ask no key.
  if (key.name.empty() && key.absent)
    for (StringRef unasked : {"attention_bias", "qkv_bias"})
      (void)reader.find(unasked);
  if (!key.name.empty() && failed(reader.readOptionalFlag(key.name, flag)))
    return failure();
  flag ^= key.isInverted;
  return success();
}

LinearSource TensorNaming::getLinear(StringRef name, bool hasBias,
                                     std::optional<RowSlice> rows) const {
  const std::string prefix = (names.layer + name).str();
  LinearSource linear = {{prefix + ".weight", rows}, {}};
  if (hasBias)
    linear.bias = TensorSlice{prefix + ".bias", rows};
  return linear;
}

std::optional<TensorSlice> TensorNaming::getNorm(StringRef name) const {
  if (name.empty())
    return std::nullopt;
  return TensorSlice{(names.layer + name + ".weight").str(), {}};
}

void TensorNaming::nameProjections(bool hasBias) {
  const int64_t channels = config.headDim;
  const int64_t queries = config.heads * channels;
  const int64_t keys = config.kvHeads * channels;
  std::optional<RowSlice> query, key, value;
  if (architecture.isGroupedByKVHead) {
    const int64_t group = queries / config.kvHeads;
    const int64_t stride = group + 2 * channels;
    query = RowSlice{0, group, stride};
    key = RowSlice{group, channels, stride};
    value = RowSlice{group + channels, channels, stride};
  } else if (names.query == names.key) {
    query = RowSlice{0};
    key = RowSlice{queries};
    value = RowSlice{queries + keys};
  }
  config.query = getLinear(names.query, hasBias, query);
  config.key = getLinear(names.key, hasBias, key);
  config.value = getLinear(names.value, hasBias, value);
}

void TensorNaming::nameNorms() {
  config.inputNorm = getNorm(names.inputNorm);
  config.queryNorm = getNorm(names.queryNorm);
  config.keyNorm = getNorm(names.keyNorm);
  config.hasNormsOfAllHeads = architecture.hasNormsOfAllHeads;
  config.attentionOutputNorm = getNorm(names.attentionOutputNorm);
  config.feedForwardNorm = getNorm(names.feedForwardNorm);
  config.feedForwardOutputNorm = getNorm(names.feedForwardOutputNorm);
  config.finalNorm.name = (names.finalNorm + ".weight").str();
}

LogicalResult TensorNaming::name() {
  bool hasInputBias, hasOutputBias, hasFeedForwardBias, hasBias, isTied;
  if (failed(readFlag(architecture.hasInputBias, hasInputBias)) ||
      failed(readFlag(architecture.hasOutputBias, hasOutputBias)) ||
      failed(readFlag(architecture.hasFeedForwardBias, hasFeedForwardBias)) ||
      failed(readFlag(architecture.hasBias, hasBias)) ||
      failed(readFlag(architecture.isTied, isTied)))
    return failure();
  nameProjections(hasInputBias || hasBias);
  config.attentionOutput =
      getLinear(names.attentionOutput, hasOutputBias || hasBias);
  hasFeedForwardBias |= hasBias;
  std::optional<RowSlice> gate, up;
  if (names.gate == names.up) {
    gate = RowSlice{0};
    up = RowSlice{config.intermediate};
  }
  config.gate = getLinear(names.gate, hasFeedForwardBias, gate);
  config.up = getLinear(names.up, hasFeedForwardBias, up);
  config.down = getLinear(names.down, hasFeedForwardBias);
  nameNorms();
  config.layerPrefix = names.layer.str();
  config.embedding.name = (names.embedding + ".weight").str();
  config.lmHead.weight.name =
      isTied ? config.embedding.name : (names.lmHead + ".weight").str();
  return success();
}

//===----------------------------------------------------------------------===//
// Everything
//===----------------------------------------------------------------------===//

/// Classes that are not language models have their `model_type`, too.
static LogicalResult checkClass(const ConfigReader &reader) {
  constexpr StringLiteral others[] = {
      "ForSequenceClassification", "ForTokenClassification",
      "ForQuestionAnswering",      "ForRewardModel",
      "ForProcessRewardModel",     "ForCausalLMEagle",
      "ForCausalLMEagle3"};
  const llvm::json::Value *value = reader.find("architectures");
  const llvm::json::Array *classes = value ? value->getAsArray() : nullptr;
  if (!classes)
    return success();
  for (const llvm::json::Value &element : *classes)
    for (StringRef other : others)
      if (element.getAsString().value_or("").ends_with(other))
        return reader.emitError("architectures")
               << "is " << ConfigReader::print(*value)
               << ", which is not a language model: its output is not that of "
                  "an output layer for the whole vocabulary; that is not "
                  "supported";
  return success();
}

static LogicalResult checkVariant(const ConfigReader &reader,
                                  const Architecture &architecture) {
  if (failed(checkClass(reader)))
    return failure();
  if (architecture.refuse && failed(architecture.refuse(reader)))
    return failure();
  for (const Requirement &requirement : architecture.requirements)
    if (failed(reader.expectFlag(requirement.key, requirement.expected,
                                 requirement.absent, requirement.reason)))
      return failure();
  return success();
}

FailureOr<ModelConfig> dlavm::readModelConfig(const ConfigReader &reader) {
  std::string modelType;
  if (failed(reader.readString("model_type", modelType)))
    return failure();
  const Architecture *architecture = findArchitecture(modelType);
  if (!architecture)
    return emitUnsupported(reader, modelType);

  ModelConfig config;
  if (failed(checkVariant(reader, *architecture)) ||
      failed(readSizes(reader, *architecture, config)) ||
      failed(reader.readNumber(architecture->epsilon, config.epsilon)) ||
      failed(checkActivation(reader, architecture->activation)) ||
      failed(readRope(reader, architecture->rope, config)) ||
      failed(readWindow(reader, architecture->window, config)) ||
      failed(readMultipliers(reader, *architecture, config)) ||
      failed(TensorNaming(reader, *architecture, config).name()) ||
      (architecture->finish && failed(architecture->finish(reader, config))) ||
      failed(reader.readOptionalCount("num_nextn_predict_layers",
                                      config.predictionLayers)) ||
      failed(checkUnreadKeys(reader, modelType)))
    return failure();
  return config;
}
