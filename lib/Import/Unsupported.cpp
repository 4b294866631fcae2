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
     " arctic aria_text bailing_moe dbrx deepseek deepseek_v2 deepseek_v3 "
     "deepseek_v32 dots1 ernie4_5_moe flex_olmo glm4_moe gpt_oss granitemoe "
     "granitemoehybrid granitemoeshared grok-1 hunyuan_v1_moe jamba jetmoe "
     "kimi_k2 lfm2_moe llama4 llama4_text longcat_flash minimax minimax_m2 "
     "mixtral nllb-moe olmoe phimoe qwen2_moe qwen3_moe qwen3_next "
     "qwen3_omni_moe qwen3_vl_moe switch_transformers "},
    {"it has layer norms",
     " biogpt bloom codegen cohere cohere2 ctrl falcon gpt2 gpt_bigcode "
     "gpt_neo gpt_neox gpt_neox_japanese gptj jais moonshine mpt nemotron olmo "
     "openai-gpt opt persimmon phi phi-msft RefinedWeb RefinedWebModel "
     "stablelm stablelm_epoch starcoder2 xglm "},
    {"its activation is GELU", " gemma "},
    {"it caps its scores and logits, and its layers attend within sliding "
     "windows",
     " gemma2 "},
    {"its activation is GELU, and its layers attend within sliding windows",
     " gemma3 gemma3_text gemma3n gemma3n_text "},
    {"its activation is the square of ReLU, without a gate", " arcee "},
    {"its activation is xIELU, without a gate", " apertus "},
    {"its layers attend within sliding windows, or without positions",
     " exaone4 "},
    {"its attention goes through latent vectors (MLA)", " minicpm3 "},
    {"it has layers with a recurrent state, or convolutions, instead of "
     "attention",
     " bamba falcon_h1 falcon_mamba lfm2 mamba mamba2 nemotron_h "
     "recurrent_gemma rwkv rwkv5 rwkv6 rwkv7 xlstm zamba zamba2 "},
    {"it has an encoder, or attends to later tokens",
     " albert bart bert blenderbot deberta-v2 distilbert electra fsmt "
     "m2m_100 marian mbart mt5 pegasus roberta t5 t5gemma umt5 whisper "
     "xlm-roberta "},
    {"it reads images", " qwen2_vl qwen2_5_vl qwen2_5_omni mllama "},
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

/// The `model_type` of the text part of a model with other parts; empty where
/// the configuration has none.
static std::string getTextType(const ConfigReader &reader) {
  const llvm::json::Value *value = reader.find("text_config");
  const llvm::json::Object *text = value ? value->getAsObject() : nullptr;
  return text ? text->getString("model_type").value_or("").str() : "";
}

LogicalResult dlavm::emitUnsupported(const ConfigReader &reader,
                                     StringRef modelType) {
  InFlightDiagnostic diagnostic = reader.emitError("model_type")
                                  << "is \"" << modelType
                                  << "\", which is not supported";
  const std::string text = getTextType(reader);
  if (findArchitecture(text))
    return diagnostic << ": it has other parts beside that for text. Its "
                         "'text_config' holds a \""
                      << text
                      << "\": its text part can be compiled with a config.json "
                         "that has the keys of 'text_config' only";
  if (StringRef reason = findReason(text); !reason.empty())
    diagnostic << ": its 'text_config' holds a \"" << text << "\", and "
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
