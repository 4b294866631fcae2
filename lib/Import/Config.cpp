//===- Config.cpp - What a Hugging Face configuration says ----------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Config.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace dlavm;

namespace {
struct Architecture {
  StringLiteral modelType;
  LogicalResult (*read)(const ConfigReader &, ModelConfig &);
};
} // namespace

static constexpr Architecture kArchitectures[] = {
    {"chatglm", readChatGLM},
    {"llama", readLlama},
    {"mistral", readMistral},
    {"qwen2", readQwen2},
};

static LogicalResult emitUnknown(const ConfigReader &reader,
                                 StringRef modelType) {
  InFlightDiagnostic diagnostic = reader.emitError("model_type")
                                  << "is \"" << modelType
                                  << "\", which is not supported";
  if (modelType.starts_with("qwen3"))
    diagnostic << " yet: its norms of query and key heads are missing";
  diagnostic << "; supported are ";
  llvm::interleaveComma(kArchitectures, diagnostic,
                        [&](const Architecture &architecture) {
                          diagnostic << "\"" << architecture.modelType << "\"";
                        });
  return diagnostic;
}

FailureOr<ModelConfig> dlavm::readModelConfig(const ConfigReader &reader) {
  std::string modelType;
  if (failed(reader.readString("model_type", modelType)))
    return failure();
  const Architecture *architecture =
      llvm::find_if(kArchitectures, [&](const Architecture &candidate) {
        return candidate.modelType == modelType;
      });
  if (architecture == std::end(kArchitectures))
    return emitUnknown(reader, modelType);
  // Quantized checkpoints have other tensors than the ones named here.
  if (const llvm::json::Value *found = reader.find("quantization_config"))
    return reader.emitError("quantization_config")
           << "must be absent, found " << ConfigReader::print(*found)
           << ": DLAVM quantizes to INT4 itself; import the model in floating "
              "point";

  ModelConfig config;
  if (failed(reader.readSize("hidden_size", config.hidden)) ||
      failed(reader.readSize("num_attention_heads", config.heads)) ||
      failed(architecture->read(reader, config)))
    return failure();
  if (config.headDim > ConfigReader::kMaxSize / config.heads)
    return reader.emitError("num_attention_heads")
           << "(" << config.heads << ") times the channels of a head ("
           << config.headDim << ") must be at most " << ConfigReader::kMaxSize;
  if (failed(reader.readOptionalCount("num_nextn_predict_layers",
                                      config.predictionLayers)) ||
      failed(checkUnreadKeys(reader, modelType)))
    return failure();
  return config;
}
