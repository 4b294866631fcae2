//===- GGUFConfig.cpp - The configuration of a GGUF file ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Metadata become the keys of a config.json, so that one reader serves both.
//
//===----------------------------------------------------------------------===//

#include "GGUFConfig.h"

#include "DLAVM/Support/JSON.h"

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Keys that are not translated
//===----------------------------------------------------------------------===//

/// Keys that no architecture here has, and the values, as JSON, with which they
/// change nothing.
static constexpr GGUFNames kNeutral[] = {
    {"attention.causal", "[true]"},
    {"attention.clamp_kqv", "[0]"},
    {"attention.max_alibi_bias", "[0]"},
    {"attention.scale", "[0]"},
    {"attention.sliding_window", "[0]"},
    {"attn_logit_softcapping", "[0]"},
    {"embedding_scale", "[0, 1]"},
    {"expert_count", "[0]"},
    {"expert_used_count", "[0]"},
    {"final_logit_softcapping", "[0]"},
    {"leading_dense_block_count", "[0]"},
    {"logit_scale", "[0, 1]"},
    {"nextn_predict_layers", "[0]"},
    {"residual_scale", "[0, 1]"},
    {"rope.dimension_sections", "[]"},
    {"rope.scaling.attn_factor", "[1]"},
    {"rope.scaling.yarn_attn_factor", "[1]"},
    {"rope.scaling.yarn_ext_factor", "[1]"},
    {"rope.scaling.yarn_log_multiplier", "[0]"},
    {"swin_norm", "[false]"},
    {"use_parallel_residual", "[false]"},
};

/// What they say is said otherwise, or is about other things than logits.
static constexpr StringLiteral kIrrelevant[] = {
    "attention.layer_norm_epsilon",
    "classifier.output_labels",
    "pooling_type",
    "rope.scaling.finetuned",
    "rope.scaling.original_context_length",
    "tensor_data_layout",
};

//===----------------------------------------------------------------------===//
// The translation
//===----------------------------------------------------------------------===//

Error GGUFTranslation::chooseArchitecture() {
  const json::Value *type = content.find("general.type");
  if (type && type->getAsString() != "model")
    return fail("'general.type' must be \"model\", found {0}: adapters and "
                "other parts of models are not supported",
                printJSON(type));
  const json::Value *name = content.find("general.architecture");
  if (!name || !name->getAsString())
    return fail("'general.architecture' must be a string, found {0}",
                printJSON(name));
  bool isKnown = false;
  for (const GGUFArchitecture &candidate : getGGUFArchitectures()) {
    if (candidate.name != *name->getAsString())
      continue;
    isKnown = true;
    if (candidate.mark.empty() || hasTensor(candidate.mark)) {
      architecture = &candidate;
      config["model_type"] = architecture->modelType;
      return Error::success();
    }
  }
  if (isKnown)
    return fail("has no tensor 'blk.0.attn_qkv.weight' and no "
                "'blk.0.attn_q.weight', of which a model of the architecture "
                "{0} has one",
                printJSON(name));
  StringSet<> names;
  std::string list;
  for (const GGUFArchitecture &candidate : getGGUFArchitectures())
    if (names.insert(candidate.name).second)
      list += (list.empty() ? "\"" : ", \"") + candidate.name.str() + "\"";
  return fail("'general.architecture' is {0}, which is not supported in GGUF "
              "files; supported are {1}. The model's directory in the Hugging "
              "Face layout may be",
              printJSON(name), list);
}

Error GGUFTranslation::readSizes() {
  constexpr StringLiteral required[] = {
      "attention.head_count", "attention.layer_norm_rms_epsilon",
      "block_count",          "context_length",
      "embedding_length",     "feed_forward_length"};
  for (const auto &[here, there] : architecture->keys) {
    const std::string key = (architecture->name + "." + here).str();
    if (auto it = content.metadata.find(key);
        it != content.metadata.end() && it->second.count)
      return fail("'{0}' must be one value, found a list of {1}: models whose "
                  "layers differ are not supported",
                  key, *it->second.count);
    if (const json::Value *value = find(here))
      config[there] = *value;
    else if (is_contained(required, here))
      return fail("has no '{0}' in its metadata", key);
  }
  StringRef vocabulary = getConfigKey("vocab_size");
  if (const GGUFTensorInfo *embedding = content.findTensor("token_embd.weight");
      embedding && !embedding->shape.empty() && !config.get(vocabulary))
    config[vocabulary] = embedding->shape[0];
  config["tie_word_embeddings"] = !hasTensor("output.weight");
  return Error::success();
}

/// What is absent has a default of the file format, and classes have others.
Error GGUFTranslation::readHeads() {
  heads = getInteger("attention.head_count");
  const int64_t hidden = getInteger("embedding_length");
  kvHeads = getInteger("attention.head_count_kv");
  headDim = getInteger("attention.key_length");
  if (heads > 0 && !find("attention.head_count_kv"))
    config[getConfigKey("attention.head_count_kv")] = kvHeads = heads;
  if (heads > 0 && hidden % heads == 0 && !find("attention.key_length"))
    config[getConfigKey("attention.key_length")] = headDim = hidden / heads;
  const json::Value *valueLength = find("attention.value_length");
  if (valueLength && valueLength->getAsInteger() != headDim)
    return fail("'{0}.attention.value_length' is {1}, but keys have {2} "
                "channels; other lengths of values are not supported",
                architecture->name, printJSON(valueLength), headDim);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Everything else
//===----------------------------------------------------------------------===//

/// Whether there are biases is a key for classes that come with and without.
void GGUFTranslation::readBiases() {
  const bool hasInputBias =
      hasTensor("blk.0.attn_q.bias") || hasTensor("blk.0.attn_qkv.bias");
  const bool hasOutputBias = hasTensor("blk.0.attn_output.bias");
  const bool hasMLPBias = hasTensor("blk.0.ffn_down.bias");
  if (architecture->modelType == "chatglm") {
    config["add_qkv_bias"] = hasInputBias;
    config["add_bias_linear"] = hasOutputBias || hasMLPBias;
    config["multi_query_attention"] = true;
  } else if (architecture->modelType == "phi3") {
    // The reader refuses 0; a model without a window has null.
    if (const json::Value *window = find("attention.sliding_window");
        window && window->getAsInteger() != 0)
      config["sliding_window"] = *window;
    else
      config["sliding_window"] = nullptr;
  } else if (architecture->modelType != "qwen2") {
    config["attention_bias"] = hasInputBias || hasOutputBias;
    config["mlp_bias"] = hasMLPBias;
  }
  if (architecture->modelType == "seed_oss")
    config["attention_out_bias"] = hasOutputBias;
  // No key of the file says it.
  if (architecture->modelType == "smollm3")
    config["no_rope_layer_interval"] = 4;
}

/// Whether \p value is one of those in \p neutral.
static bool isNeutral(const json::Value &value, StringRef neutral) {
  const json::Value values = cantFail(json::parse(neutral));
  return is_contained(*values.getAsArray(), value);
}

/// Refuses keys that change what the model computes and that nobody has read.
Error GGUFTranslation::checkOthers() {
  std::vector<StringRef> keys(content.metadata.keys().begin(),
                              content.metadata.keys().end());
  sort(keys);
  const std::string prefix = (architecture->name + ".").str();
  for (StringRef key : keys) {
    StringRef own = key;
    if (!own.consume_front(prefix) || known.contains(own) ||
        is_contained(kIrrelevant, own))
      continue;
    const GGUFValue &value = content.metadata.find(key)->second;
    const auto *neutral = find_if(
        kNeutral, [&](const GGUFNames &names) { return names.here == own; });
    if (neutral == std::end(kNeutral)) {
      config[key.str()] = value.count ? json::Value("a list") : value.scalar;
      continue;
    }
    if (value.count || !isNeutral(value.scalar, neutral->there))
      return fail("'{0}' is {1}, with which models compute something else than "
                  "the architecture \"{2}\" does; that is not supported",
                  key,
                  value.count ? "a list of " + std::to_string(*value.count)
                              : printJSON(&value.scalar),
                  architecture->name);
  }
  return Error::success();
}

void GGUFTranslation::renameTensors() {
  llvm::erase_if(model.tensors, [&](const GGUFModel::Tensor &tensor) {
    return tables.contains(tensor.name);
  });
  for (GGUFModel::Tensor &tensor : model.tensors) {
    const auto [stem, kind] = StringRef(tensor.name).rsplit('.');
    StringRef part = stem, layer;
    const bool isLayer = part.consume_front("blk.");
    if (isLayer)
      std::tie(layer, part) = part.split('.');
    ArrayRef<GGUFNames> table =
        isLayer ? architecture->layerTensors : architecture->otherTensors;
    const auto *names = find_if(
        table, [&](const GGUFNames &names) { return names.here == part; });
    if (names == table.end())
      continue;
    if (architecture->pairsRows && isLayer && !tensor.stored.shape.empty()) {
      if (part == "attn_q")
        tensor.pairedHeads = heads;
      if (part == "attn_k")
        tensor.pairedHeads = kvHeads;
    }
    // Wrong shapes are somebody else's to refuse.
    // So are numbers of heads whose double no integer can hold.
    if (tensor.pairedHeads < 0 ||
        (tensor.pairedHeads > 0 &&
         (tensor.stored.shape[0] % 2 != 0 ||
          tensor.stored.shape[0] / 2 % tensor.pairedHeads != 0)))
      tensor.pairedHeads = 0;
    tensor.name =
        (isLayer ? architecture->layerPrefix.str() + layer.str() + "." : "") +
        names->there.str() + "." + kind.str();
  }
}

Error GGUFTranslation::run() {
  if (Error error = chooseArchitecture())
    return error;
  if (Error error = readSizes())
    return error;
  if (Error error = readHeads())
    return error;
  if (Error error = readRope())
    return error;
  readBiases();
  if (Error error = checkOthers())
    return error;
  renameTensors();
  return Error::success();
}
