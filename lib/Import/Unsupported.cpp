//===- Unsupported.cpp - Why architectures are not supported --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Architecture.h"

using namespace mlir;
using namespace dlavm;

namespace {
struct Unsupported {
  StringLiteral reason;
  /// Each between spaces.
  StringLiteral modelTypes;
};
} // namespace

static constexpr Unsupported kUnsupported[] = {
    {"it has layers of experts",
     " afmoe arctic aria_text bailing_moe dbrx deepseek deepseek_v2 "
     "deepseek_v3 deepseek_v32 deepseek_v4 dots1 ernie4_5_moe flex_olmo "
     "glm4_moe glm4v_moe glm_moe_dsa gpt_oss granitemoe granitemoeshared "
     "grok-1 hunyuan_v1_moe jamba jetmoe kimi_k2 kimi_linear lfm2_moe llama4 "
     "llama4_text longcat_flash mimo_v2_flash minimax minimax_m2 minimax_m3 "
     "minimax_m3_vl mixtral nllb-moe olmoe phimoe qwen2_moe qwen3_5_moe "
     "qwen3_5_moe_text qwen3_moe qwen3_next qwen3_omni_moe qwen3_vl_moe "
     "qwen3_vl_moe_text step3 step3p5 step3p7 switch_transformers "},
    {"it has layer norms",
     " RefinedWeb RefinedWebModel biogpt bloom codegen codeshell cohere "
     "cohere2 ctrl falcon gpt2 gpt_bigcode gpt_neo gpt_neox gpt_neox_japanese "
     "gptj jais moonshine moss mpt nemotron olmo openai-gpt opt orion "
     "persimmon phi phi-msft stablelm stablelm_epoch starcoder2 xglm "},
    {"its activation is GELU", " gemma "},
    {"it caps its scores and logits, and its layers attend within sliding "
     "windows",
     " gemma2 "},
    {"its activation is GELU, and its layers attend within sliding windows",
     " gemma3 gemma3_text gemma3n gemma3n_text gemma4 gemma4_text "},
    {"its activation is the square of ReLU, without a gate", " arcee "},
    {"its activation is xIELU, without a gate", " apertus "},
    {"its layers attend within sliding windows, or without positions",
     " exaone4 "},
    {"its attention goes through latent vectors (MLA)", " minicpm3 "},
    {"it has layers with a recurrent state, or convolutions, instead of "
     "attention",
     " bamba falcon_h1 falcon_mamba lfm2 mamba mamba2 minicpm_sala nemotron_h "
     "phi4flash plamo2 qwen3_5 qwen3_5_text recurrent_gemma rwkv rwkv5 rwkv6 "
     "rwkv7 xlstm zamba zamba2 "},
    {"it has an encoder, or attends to later tokens",
     " Dream albert bart bert blenderbot deberta-v2 distilbert electra fsmt "
     "llada m2m_100 marian mbart mt5 pegasus roberta t5 t5gemma umt5 whisper "
     "xlm-roberta "},
    {"it reads images",
     " glm4v glm4v_text internvl internvl_chat minicpmo minicpmv mllama "
     "phi3_v phi4mm qwen2_5_omni qwen2_5_vl qwen2_5_vl_text qwen2_vl "
     "qwen2_vl_text qwen3_vl qwen3_vl_text "},
    {"it has layers of experts, or with a recurrent state, in most of its "
     "sizes",
     " granitemoehybrid "},
    {"its activation is the square of ReLU", " bitnet "},
    {"its layers attend within sliding windows", " cwm ministral olmo3 "},
    {"its layers are of different sizes", " decilm nemotron-nas openelm "},
    {"queries and keys are normed after they are rotated",
     " hunyuan_v1_dense "},
    {"its queries are scaled by their positions", " ministral3 "},
    {"its attention is sparse", " phi3small "},
};

static StringRef findReason(StringRef modelType) {
  if (modelType.empty() || modelType.contains(' '))
    return "";
  const std::string word = (" " + modelType + " ").str();
  for (const Unsupported &entry : kUnsupported)
    if (entry.modelTypes.contains(word))
      return entry.reason;
  return "";
}

namespace {
/// The text part of a model with other parts.
struct TextPart {
  StringRef key;
  /// Empty where the configuration has none.
  std::string modelType;
};
} // namespace

static TextPart findTextPart(const ConfigReader &reader) {
  for (StringRef key : {"text_config", "llm_config", "language_config"}) {
    const llvm::json::Value *value = reader.find(key);
    const llvm::json::Object *text = value ? value->getAsObject() : nullptr;
    if (text)
      return {key, text->getString("model_type").value_or("").str()};
  }
  return {};
}

LogicalResult dlavm::emitUnsupported(const ConfigReader &reader,
                                     StringRef modelType) {
  InFlightDiagnostic diagnostic = reader.emitError("model_type")
                                  << "is \"" << modelType
                                  << "\", which is not supported";
  const auto [key, text] = findTextPart(reader);
  if (findArchitecture(text))
    return diagnostic << ": it has other parts beside that for text. Its "
                         "'"
                      << key << "' holds a \"" << text
                      << "\": its text part can be compiled with a config.json "
                         "that has the keys of '"
                      << key << "' only";
  if (StringRef reason = findReason(text); !reason.empty())
    diagnostic << ": its '" << key << "' holds a \"" << text << "\", and "
               << reason;
  else if (StringRef reason = findReason(modelType); !reason.empty())
    diagnostic << ": " << reason;
  diagnostic << "; supported are ";
  llvm::interleaveComma(getArchitectures(), diagnostic,
                        [&](const Architecture &architecture) {
                          diagnostic << "\"" << architecture.modelType << "\"";
                        });
  return diagnostic;
}
