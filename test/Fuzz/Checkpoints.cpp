//===- Checkpoints.cpp - Quantized and GGUF models to start from ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checkpoints.h"
#include "GGUFWriter.h"
#include "Random.h"

#include "DLAVM/Checkpoint/GGUFEncoding.h"
#include "DLAVM/Checkpoint/Safetensors.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

std::string dlavm::joinCheckpoint(StringRef config, StringRef tensors) {
  return config.str() + '\0' + tensors.str();
}

std::pair<StringRef, StringRef> dlavm::splitCheckpoint(StringRef text) {
  return text.split('\0');
}

/// Bytes of which two are a small half, positive like all of them.
static std::string getBytes(Random &random, uint64_t size) {
  std::string bytes(size, 0);
  for (char &byte : bytes)
    byte = static_cast<char>(random.below(0x20));
  return bytes;
}

static std::string repeat(StringRef bytes, uint64_t count) {
  std::string text;
  for (uint64_t i = 0; i < count; ++i)
    text += bytes;
  return text;
}

//===----------------------------------------------------------------------===//
// Quantized directories
//===----------------------------------------------------------------------===//

namespace {

class SafetensorsText {
public:
  void add(const Twine &name, StringRef type, ArrayRef<int64_t> shape,
           StringRef bytes) {
    header[name.str()] = json::Object{
        {"dtype", type},
        {"shape", json::Array(shape)},
        {"data_offsets", json::Array{data.size(), data.size() + bytes.size()}}};
    data += bytes;
  }
  std::string finish() {
    const json::Value value(std::move(header));
    const std::string text = formatv("{0}", value);
    std::string length(8, 0);
    support::endian::write64le(length.data(), text.size());
    return length + text + data;
  }

private:
  json::Object header;
  std::string data;
};

/// A matrix of a model, quantized.
struct Matrix {
  std::string module;
  int64_t outputs, inputs;
};

struct QuantizedFormat {
  StringLiteral name, config;
  void (*add)(SafetensorsText &text, Random &random, const Matrix &matrix);
};

} // namespace

/// Inputs that share a scale.
constexpr int64_t kGroup = 32;

static void addGPTQ(SafetensorsText &text, Random &random,
                    const Matrix &matrix) {
  const int64_t groups = matrix.inputs / kGroup;
  const int64_t words = matrix.outputs / 8;
  std::string groupOfInput;
  for (int64_t input = 0; input < matrix.inputs; ++input)
    groupOfInput += GGUFWriter::number<int32_t>(input / kGroup);
  text.add(matrix.module + ".qweight", "I32",
           {matrix.inputs / 8, matrix.outputs},
           getBytes(random, matrix.inputs * matrix.outputs / 2));
  text.add(matrix.module + ".qzeros", "I32", {groups, words},
           repeat("wwww", groups * words));
  text.add(matrix.module + ".scales", "F16", {groups, matrix.outputs},
           getBytes(random, groups * matrix.outputs * 2));
  text.add(matrix.module + ".g_idx", "I32", {matrix.inputs}, groupOfInput);
}

static void addAWQ(SafetensorsText &text, Random &random,
                   const Matrix &matrix) {
  const int64_t groups = matrix.inputs / kGroup;
  const int64_t words = matrix.outputs / 8;
  text.add(matrix.module + ".qweight", "I32", {matrix.inputs, words},
           getBytes(random, matrix.inputs * words * 4));
  text.add(matrix.module + ".qzeros", "I32", {groups, words},
           getBytes(random, groups * words * 4));
  text.add(matrix.module + ".scales", "F16", {groups, matrix.outputs},
           getBytes(random, groups * matrix.outputs * 2));
}

static void addPacked(SafetensorsText &text, Random &random,
                      const Matrix &matrix) {
  const int64_t groups = matrix.inputs / kGroup;
  text.add(matrix.module + ".weight_packed", "I32",
           {matrix.outputs, matrix.inputs / 8},
           getBytes(random, matrix.outputs * matrix.inputs / 2));
  text.add(matrix.module + ".weight_scale", "F16", {matrix.outputs, groups},
           getBytes(random, groups * matrix.outputs * 2));
  text.add(matrix.module + ".weight_shape", "I64", {2},
           GGUFWriter::number(matrix.outputs) +
               GGUFWriter::number(matrix.inputs));
}

/// With zero points, and a scale for each output.
static void addPackedZeros(SafetensorsText &text, Random &random,
                           const Matrix &matrix) {
  text.add(matrix.module + ".weight_packed", "I32",
           {matrix.outputs, matrix.inputs / 8},
           getBytes(random, matrix.outputs * matrix.inputs / 2));
  text.add(matrix.module + ".weight_scale", "F16", {matrix.outputs, 1},
           getBytes(random, matrix.outputs * 2));
  text.add(matrix.module + ".weight_zero_point", "I32", {matrix.outputs / 8, 1},
           getBytes(random, matrix.outputs / 2));
  text.add(matrix.module + ".weight_shape", "I64", {2},
           GGUFWriter::number(matrix.outputs) +
               GGUFWriter::number(matrix.inputs));
}

static void addFP8(SafetensorsText &text, Random &random,
                   const Matrix &matrix) {
  const int64_t scales = matrix.outputs / kGroup * (matrix.inputs / kGroup);
  text.add(matrix.module + ".weight", "F8_E4M3",
           {matrix.outputs, matrix.inputs},
           getBytes(random, matrix.outputs * matrix.inputs));
  text.add(matrix.module + ".weight_scale_inv", "F32",
           {matrix.outputs / kGroup, matrix.inputs / kGroup},
           repeat(GGUFWriter::number(0.5f), scales));
}

static constexpr QuantizedFormat kQuantizedFormats[] = {
    {"gptq",
     R"({"quant_method": "gptq", "bits": 4, "group_size": 32, "sym": true,
         "desc_act": false, "checkpoint_format": "gptq"})",
     addGPTQ},
    {"awq",
     R"({"quant_method": "awq", "bits": 4, "group_size": 32,
         "version": "gemm", "backend": "autoawq", "zero_point": true})",
     addAWQ},
    {"packed",
     R"({"quant_method": "compressed-tensors", "format": "pack-quantized",
         "config_groups": {"group_0": {"targets": ["Linear"], "weights":
         {"num_bits": 4, "type": "int", "strategy": "group",
          "group_size": 32, "symmetric": true}}}})",
     addPacked},
    {"packed-zeros",
     R"({"quant_method": "compressed-tensors", "format": "pack-quantized",
         "config_groups": {"group_0": {"weights": {"num_bits": 4,
         "type": "int", "strategy": "channel", "symmetric": false}}}})",
     addPackedZeros},
    {"fp8",
     R"({"quant_method": "fp8", "fmt": "e4m3",
         "weight_block_size": [32, 32]})",
     addFP8},
};

std::vector<std::string> dlavm::getQuantizedModels() {
  std::vector<std::string> names;
  for (const QuantizedFormat &format : kQuantizedFormats)
    names.push_back(("llama-" + format.name).str());
  return names;
}

static Error makeQuantized(const QuantizedFormat &format,
                           const WorkDirectory &work) {
  const std::string model = work / "llama";
  Expected<json::Object> config = readJSONFile(model + "/config.json");
  if (!config)
    return config.takeError();
  (*config)["quantization_config"] = cantFail(json::parse(format.config));
  Expected<std::unique_ptr<MemoryBuffer>> file =
      openBinaryFile(model + "/model.safetensors");
  if (!file)
    return file.takeError();
  Expected<SafetensorsContent> content =
      parseSafetensors((*file)->getBuffer(), model);
  if (!content)
    return content.takeError();
  SafetensorsText text;
  Random random(1);
  for (const StoredTensor &tensor : content->tensors) {
    StringRef module = tensor.name;
    if (module.contains(".layers.") && tensor.shape.size() == 2 &&
        module.consume_back(".weight"))
      format.add(text, random,
                 {module.str(), tensor.shape[0], tensor.shape[1]});
    else
      text.add(tensor.name, tensor.type, tensor.shape,
               toStringRef(tensor.bytes));
  }
  const std::string directory = work / "llama-" + format.name.str();
  sys::fs::create_directory(directory);
  writeFile(directory + "/config.json",
            formatv("{0}", json::Value(std::move(*config))).str());
  writeFile(directory + "/model.safetensors", text.finish());
  return Error::success();
}

//===----------------------------------------------------------------------===//
// GGUF files
//===----------------------------------------------------------------------===//

namespace {

struct GGUFForm {
  StringLiteral architecture;
  /// Of the matrices of layers.
  uint32_t encoding;
  /// One matrix of queries, keys and values; of gate and up.
  bool fusesAttention = false, fusesFeedForward = false;
  bool hasBias = false, hasHeadNorms = false, hasPostNorms = false;
  /// Of each head.
  bool rotatesHalf = false;
};

} // namespace

static constexpr GGUFForm kGGUFForms[] = {
    {"llama", /*Q4_0*/ 2},
    {"llama", /*Q4_K*/ 12},
    {"llama", /*Q5_K*/ 13},
    {"llama", /*Q5_1*/ 7},
    {"qwen2", /*Q8_0*/ 8, false, false, /*hasBias=*/true},
    {"qwen3", /*Q6_K*/ 14, false, false, false, /*hasHeadNorms=*/true},
    {"phi3", /*Q4_1*/ 3, true, true},
    {"chatglm", /*F16*/ 1, true, true, true, false, false, true},
    {"glm4", /*Q5_0*/ 6, false, true, true, false, true, true},
};

std::vector<std::string> dlavm::getGGUFModels() {
  std::vector<std::string> names;
  for (const GGUFForm &form : kGGUFForms)
    names.push_back(
        (form.architecture + "-" + Twine(form.encoding) + ".gguf").str());
  return names;
}

static std::string makeGGUF(const GGUFForm &form) {
  const GGUFEncoding &encoding = *lookupGGUFEncoding(form.encoding);
  const uint32_t heads = 2, kvHeads = 1, vocabulary = 40;
  const uint32_t hidden = encoding.elements == 256 ? 256 : 64;
  const uint32_t headDim = hidden / heads;
  const uint32_t intermediate = hidden == 256 ? 256 : 96;
  GGUFWriter writer;
  Random random(1);
  auto addKey = [&](const Twine &key, auto value) {
    writer.add((form.architecture + "." + key).str(), value);
  };
  writer.add("general.architecture", form.architecture);
  writer.add("general.name", "model");
  addKey("block_count", 1u);
  addKey("context_length", 48u);
  addKey("embedding_length", hidden);
  addKey("feed_forward_length", intermediate);
  addKey("attention.head_count", heads);
  addKey("attention.head_count_kv", kvHeads);
  addKey("attention.key_length", headDim);
  addKey("attention.value_length", headDim);
  addKey("attention.layer_norm_rms_epsilon", 1e-5f);
  addKey("rope.dimension_count", form.rotatesHalf ? headDim / 2 : headDim);
  addKey("rope.freq_base", 10000.0f);
  addKey("vocab_size", vocabulary);
  writer.add("tokenizer.ggml.eos_token_id", 2u);
  writer.add("tokenizer.ggml.tokens", 9,
             GGUFWriter::number<uint32_t>(8) + GGUFWriter::number<uint64_t>(3) +
                 repeat(GGUFWriter::text("a"), 3));

  auto addVector = [&](const Twine &name, uint64_t size) {
    writer.addTensor(name.str(), {size}, 0,
                     repeat(GGUFWriter::number(1.0f), size));
  };
  auto addMatrix = [&](const Twine &name, uint64_t rows, uint64_t columns,
                       const GGUFEncoding &encoding) {
    writer.addTensor(
        name.str(), {columns, rows}, encoding.id,
        getBytes(random, rows * columns / encoding.elements * encoding.bytes));
  };
  auto addLinear = [&](const Twine &name, uint64_t rows, uint64_t columns,
                       bool hasBias) {
    addMatrix("blk.0." + name + ".weight", rows, columns, encoding);
    if (hasBias)
      addVector("blk.0." + name + ".bias", rows);
  };
  const GGUFEncoding &half = *lookupGGUFEncoding(1);
  addMatrix("token_embd.weight", vocabulary, hidden, half);
  addVector("blk.0.attn_norm.weight", hidden);
  const uint64_t queries = heads * headDim, keys = kvHeads * headDim;
  if (form.fusesAttention) {
    addLinear("attn_qkv", queries + 2 * keys, hidden, form.hasBias);
  } else {
    addLinear("attn_q", queries, hidden, form.hasBias);
    addLinear("attn_k", keys, hidden, form.hasBias);
    addLinear("attn_v", keys, hidden, form.hasBias);
  }
  for (StringRef name : {"attn_q_norm", "attn_k_norm"})
    if (form.hasHeadNorms)
      addVector("blk.0." + name + ".weight", headDim);
  for (StringRef name : {"post_attention_norm", "post_ffw_norm"})
    if (form.hasPostNorms)
      addVector("blk.0." + name + ".weight", hidden);
  addLinear("attn_output", hidden, queries, false);
  addVector("blk.0.ffn_norm.weight", hidden);
  if (!form.fusesFeedForward)
    addLinear("ffn_gate", intermediate, hidden, false);
  addLinear("ffn_up", form.fusesFeedForward ? 2 * intermediate : intermediate,
            hidden, false);
  addLinear("ffn_down", hidden, intermediate, false);
  addVector("output_norm.weight", hidden);
  addMatrix("output.weight", vocabulary, hidden, half);
  return writer.getFile();
}

bool dlavm::makeCheckpoints(const WorkDirectory &work) {
  for (const QuantizedFormat &format : kQuantizedFormats)
    if (Error error = makeQuantized(format, work)) {
      errs() << toString(std::move(error)) << "\n";
      return false;
    }
  for (const auto &[form, name] : zip_equal(kGGUFForms, getGGUFModels()))
    writeFile(work / name, makeGGUF(form));
  return true;
}
