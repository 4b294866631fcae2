//===- GGUFModelTest.cpp - A model in GGUF files --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUFModel.h"
#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "GGUFWriter.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace dlavm;
using namespace llvm;

namespace {

/// A directory for files, and the sizes of a small model.
class GGUFModelTest : public testing::Test {
protected:
  void SetUp() override {
    SmallString<128> path;
    ASSERT_FALSE(sys::fs::createUniqueDirectory("dlavm-gguf", path));
    directory = path.str().str();
  }
  void TearDown() override { sys::fs::remove_directories(directory); }

  std::string write(StringRef name, const GGUFWriter &writer) {
    const std::string path = directory + "/" + name.str();
    std::error_code error;
    raw_fd_ostream os(path, error);
    EXPECT_FALSE(error);
    os << writer.getFile();
    return path;
  }

  GGUFModel open(const GGUFWriter &writer) {
    Expected<GGUFModel> model = GGUFModel::open(write("model.gguf", writer));
    if (model)
      return std::move(*model);
    ADD_FAILURE() << toString(model.takeError());
    return {};
  }

  std::string getError(StringRef path) {
    Expected<GGUFModel> model = GGUFModel::open(path);
    if (model)
      return "";
    std::string text = toString(model.takeError());
    for (size_t place; (place = text.find(directory + "/")) != text.npos;)
      text.erase(place, directory.size() + 1);
    return text;
  }
  std::string getError(const GGUFWriter &writer) {
    return getError(write("model.gguf", writer));
  }

  /// Metadata of an architecture: 4 query and 2 key heads, 8 layers.
  static GGUFWriter getWriter(const std::string &architecture) {
    GGUFWriter writer;
    writer.add("general.architecture", StringRef(architecture));
    addSizes(writer, architecture);
    return writer;
  }
  static void addSizes(GGUFWriter &writer, const std::string &architecture) {
    writer.add(architecture + ".block_count", 8u);
    writer.add(architecture + ".context_length", 512u);
    writer.add(architecture + ".embedding_length", 64u);
    writer.add(architecture + ".feed_forward_length", 96u);
    writer.add(architecture + ".attention.head_count", 4u);
    writer.add(architecture + ".attention.head_count_kv", 2u);
    writer.add(architecture + ".attention.layer_norm_rms_epsilon", 1e-6f);
  }

  static std::string print(const json::Value *value) {
    std::string text;
    if (value)
      raw_string_ostream(text) << *value;
    return text;
  }
  /// The configuration without the \p sizes that all have.
  static std::string print(const GGUFModel &model) {
    json::Object config = model.config;
    for (StringRef key :
         {"num_hidden_layers", "max_position_embeddings", "hidden_size",
          "intermediate_size", "num_attention_heads", "num_key_value_heads",
          "rms_norm_eps", "tie_word_embeddings"})
      config.erase(key);
    const json::Value value(std::move(config));
    return print(&value);
  }

  std::string directory;
};

} // namespace

TEST_F(GGUFModelTest, Llama) {
  GGUFWriter writer = getWriter("llama");
  writer.add("general.name", "My model");
  writer.add("llama.rope.freq_base", 500000.0f);
  writer.add("llama.rope.dimension_count", 16u);
  writer.add("llama.vocab_size", 7u);
  writer.add("tokenizer.ggml.eos_token_id", 2u);
  writer.add("tokenizer.ggml.eot_token_id", 5u);
  writer.add("tokenizer.ggml.eom_token_id", 2u);
  writer.addFloats("token_embd.weight", {64, 7});
  writer.addFloats("output_norm.weight", {64});
  writer.addFloats("blk.11.attn_q.weight", {64, 64});
  writer.addFloats("blk.0.attn_k.weight", {64, 32});
  writer.addFloats("blk.0.attn_q.bias", {64});
  writer.addFloats("blk.0.attn_v.weight", {64, 32});
  writer.addFloats("blk.0.unknown.weight", {1});
  const GGUFModel model = open(writer);
  const json::Value config(json::Object(model.config));
  EXPECT_EQ(print(&config),
            "{\"attention_bias\":true,\"head_dim\":16,\"hidden_size\":64,"
            "\"intermediate_size\":96,\"max_position_embeddings\":512,"
            "\"mlp_bias\":false,\"model_type\":\"llama\","
            "\"num_attention_heads\":4,\"num_hidden_layers\":8,"
            "\"num_key_value_heads\":2,\"rms_norm_eps\":9.9999999999999995e-07,"
            "\"rope_theta\":500000,\"tie_word_embeddings\":true,"
            "\"vocab_size\":7}");
  EXPECT_EQ(model.config.getNumber("rms_norm_eps"), 1e-6);
  EXPECT_EQ(model.name, "My model");
  EXPECT_EQ(model.endTokens, (std::vector<int32_t>{2, 5}));
  std::vector<std::pair<std::string, int64_t>> names;
  for (const GGUFModel::Tensor &tensor : model.tensors)
    names.emplace_back(tensor.name, tensor.pairedHeads);
  const std::vector<std::pair<std::string, int64_t>> expected = {
      {"model.embed_tokens.weight", 0},
      {"model.norm.weight", 0},
      {"model.layers.11.self_attn.q_proj.weight", 4},
      {"model.layers.0.self_attn.k_proj.weight", 2},
      {"model.layers.0.self_attn.q_proj.bias", 4},
      {"model.layers.0.self_attn.v_proj.weight", 0},
      {"blk.0.unknown.weight", 0}};
  EXPECT_EQ(names, expected);
}

TEST_F(GGUFModelTest, Defaults) {
  GGUFWriter writer;
  writer.add("general.architecture", "qwen2");
  writer.add("qwen2.block_count", 8u);
  writer.add("qwen2.context_length", 512u);
  writer.add("qwen2.embedding_length", 64u);
  writer.add("qwen2.feed_forward_length", 96u);
  writer.add("qwen2.attention.head_count", 4u);
  writer.add("qwen2.attention.layer_norm_rms_epsilon", 1e-6f);
  writer.addFloats("output.weight", {64, 7});
  writer.addFloats("token_embd.weight", {64, 7});
  const GGUFModel model = open(writer);
  EXPECT_EQ(model.config.getInteger("num_key_value_heads"), 4);
  EXPECT_EQ(model.config.getInteger("vocab_size"), 7);
  EXPECT_EQ(model.config.getBoolean("tie_word_embeddings"), false);
  EXPECT_EQ(print(model),
            "{\"head_dim\":16,\"model_type\":\"qwen2\",\"vocab_size\":7}");
  EXPECT_EQ(model.name, "");
  EXPECT_TRUE(model.endTokens.empty());
}

TEST_F(GGUFModelTest, OtherArchitectures) {
  GGUFWriter qwen3 = getWriter("qwen3");
  qwen3.add("qwen3.attention.key_length", 32u);
  qwen3.add("qwen3.attention.value_length", 32u);
  qwen3.addFloats("blk.3.attn_q_norm.weight", {32});
  qwen3.addFloats("blk.3.attn_q.weight", {32});
  GGUFModel model = open(qwen3);
  EXPECT_EQ(print(model), "{\"attention_bias\":false,\"head_dim\":32,"
                          "\"mlp_bias\":false,\"model_type\":\"qwen3\"}");
  EXPECT_EQ(model.tensors[0].name, "model.layers.3.self_attn.q_norm.weight");
  EXPECT_EQ(model.tensors[1].pairedHeads, 0);

  GGUFWriter glm4 = getWriter("glm4");
  glm4.add("glm4.rope.dimension_count", 8u);
  glm4.addFloats("blk.0.post_attention_norm.weight", {64});
  glm4.addFloats("blk.0.post_ffw_norm.weight", {64});
  glm4.addFloats("blk.0.ffn_norm.weight", {64});
  glm4.addFloats("blk.0.ffn_up.weight", {64, 192});
  glm4.addFloats("blk.0.attn_q.bias", {64});
  model = open(glm4);
  EXPECT_EQ(print(model),
            "{\"attention_bias\":true,\"head_dim\":16,\"mlp_bias\":false,"
            "\"model_type\":\"glm4\","
            "\"partial_rotary_factor\":0.5}");
  EXPECT_EQ(model.tensors[0].name,
            "model.layers.0.post_self_attn_layernorm.weight");
  EXPECT_EQ(model.tensors[1].name, "model.layers.0.post_mlp_layernorm.weight");
  EXPECT_EQ(model.tensors[2].name,
            "model.layers.0.post_attention_layernorm.weight");
  EXPECT_EQ(model.tensors[3].name, "model.layers.0.mlp.gate_up_proj.weight");

  GGUFWriter granite = getWriter("granite");
  granite.add("granite.attention.scale", 0.22f);
  granite.add("granite.embedding_scale", 12.0f);
  granite.add("granite.residual_scale", 0.1f);
  granite.add("granite.logit_scale", 8.0f);
  granite.addFloats("blk.0.attn_q.weight", {64, 64});
  model = open(granite);
  EXPECT_EQ(print(model),
            "{\"attention_bias\":false,\"attention_multiplier\":0.22,"
            "\"embedding_multiplier\":12,\"head_dim\":16,"
            "\"logits_scaling\":8,\"mlp_bias\":false,"
            "\"model_type\":\"granite\",\"residual_multiplier\":"
            "0.10000000000000001}");
  EXPECT_EQ(model.tensors[0].pairedHeads, 4);

  // A quotient that would be rounded down.
  GGUFWriter wide = getWriter("glm4");
  wide.add("glm4.attention.key_length", 44u);
  wide.add("glm4.rope.dimension_count", 30u);
  EXPECT_EQ(
      std::floor(*open(wide).config.getNumber("partial_rotary_factor") * 44),
      30);

  GGUFWriter glm = getWriter("chatglm");
  glm.add("chatglm.rope.dimension_count", 8u);
  glm.addFloats("blk.0.attn_q.weight", {64, 64});
  model = open(glm);
  EXPECT_EQ(print(model),
            "{\"attention_bias\":false,\"head_dim\":16,\"mlp_bias\":false,"
            "\"model_type\":\"glm\","
            "\"partial_rotary_factor\":0.5}");

  GGUFWriter chatglm = getWriter("chatglm");
  chatglm.add("chatglm.rope.dimension_count", 8u);
  chatglm.add("chatglm.rope.freq_base", 500000.0f);
  chatglm.addFloats("token_embd.weight", {64, 5});
  chatglm.addFloats("blk.0.attn_qkv.weight", {64, 128});
  chatglm.addFloats("blk.0.attn_qkv.bias", {128});
  chatglm.addFloats("output.weight", {64, 5});
  model = open(chatglm);
  EXPECT_EQ(print(model),
            "{\"add_bias_linear\":false,\"add_qkv_bias\":true,"
            "\"ffn_hidden_size\":96,\"kv_channels\":16,"
            "\"layernorm_epsilon\":9.9999999999999995e-07,"
            "\"model_type\":\"chatglm\",\"multi_query_attention\":true,"
            "\"multi_query_group_num\":2,\"num_layers\":8,"
            "\"padded_vocab_size\":5,\"rope_theta\":500000,"
            "\"seq_length\":512}");
  EXPECT_EQ(model.tensors[0].name,
            "transformer.embedding.word_embeddings.weight");
  EXPECT_EQ(model.tensors[1].name,
            "transformer.encoder.layers.0.self_attention.query_key_value."
            "weight");
  EXPECT_EQ(model.tensors[3].name, "transformer.output_layer.weight");
  chatglm.add("chatglm.attention.key_length", 32u);
  EXPECT_EQ(getError(chatglm),
            "model.gguf: 'chatglm.rope.dimension_count' must be 16, half the "
            "channels of a head, found 8");
}

TEST_F(GGUFModelTest, LinearAndYarn) {
  GGUFWriter writer = getWriter("llama");
  writer.add("llama.rope.scaling.type", "linear");
  writer.add("llama.rope.scaling.factor", 4.0f);
  EXPECT_EQ(print(open(writer).config.get("rope_scaling")),
            "{\"factor\":4,\"rope_type\":\"linear\"}");
  GGUFWriter old = getWriter("llama");
  old.add("llama.rope.scale_linear", 2.0f);
  EXPECT_EQ(print(open(old).config.get("rope_scaling")),
            "{\"factor\":2,\"rope_type\":\"linear\"}");
  GGUFWriter none = getWriter("llama");
  none.add("llama.rope.scaling.type", "none");
  none.add("llama.rope.scaling.factor", 2.0f);
  EXPECT_EQ(open(none).config.get("rope_scaling"), nullptr);
  GGUFWriter yarn = getWriter("qwen2");
  yarn.add("qwen2.rope.scaling.type", "yarn");
  yarn.add("qwen2.rope.scaling.factor", 4.0f);
  yarn.add("qwen2.rope.scaling.original_context_length", 128u);
  EXPECT_EQ(print(open(yarn).config.get("rope_scaling")),
            "{\"factor\":4,\"original_max_position_embeddings\":128,"
            "\"rope_type\":\"yarn\"}");
  yarn.add("qwen2.rope.scaling.yarn_beta_fast", 16.0f);
  EXPECT_EQ(print(open(yarn).config.get("rope_scaling")),
            "{\"beta_fast\":16,\"factor\":4,"
            "\"original_max_position_embeddings\":128,\"rope_type\":\"yarn\"}");
  yarn.add("qwen2.rope.scaling.attn_factor", 1.5f);
  EXPECT_EQ(getError(yarn),
            "model.gguf: 'qwen2.rope.scaling.attn_factor' is 1.5, with which "
            "models compute something else than the architecture \"qwen2\" "
            "does; that is not supported");
  GGUFWriter other = getWriter("llama");
  other.add("llama.rope.scaling.type", "longrope");
  EXPECT_EQ(getError(other),
            "model.gguf: 'llama.rope.scaling.type' must be \"none\", "
            "\"linear\" or \"yarn\", found \"longrope\": other scaled rotary "
            "embeddings are not supported");
}

/// Divisors in FP32, by which the converter replaces the numbers of Llama 3.
static std::string getLlama3Divisors(double theta, int pairs,
                                     double context = 8192) {
  std::string bytes;
  for (int i = 0; i < pairs; ++i) {
    const double length = 2 * M_PI * std::pow(theta, double(i) / pairs);
    double divisor = 8;
    if (length < context / 4)
      divisor = 1;
    else if (length <= context) {
      const double smooth = (context / length - 1) / 3;
      divisor = 1 / ((1 - smooth) / 8 + smooth);
    }
    bytes += GGUFWriter::number(static_cast<float>(divisor));
  }
  return bytes;
}

TEST_F(GGUFModelTest, Divisors) {
  GGUFWriter writer = getWriter("llama");
  writer.add("llama.attention.key_length", 64u);
  writer.add("llama.rope.freq_base", 500000.0f);
  GGUFWriter other = writer;
  writer.addTensor("rope_freqs.weight", {32}, 0, getLlama3Divisors(500000, 32));
  writer.addFloats("output_norm.weight", {64});
  const GGUFModel model = open(writer);
  EXPECT_EQ(print(model.config.get("rope_scaling")),
            "{\"factor\":8,\"high_freq_factor\":4,\"low_freq_factor\":1,"
            "\"original_max_position_embeddings\":8192,"
            "\"rope_type\":\"llama3\"}");
  ASSERT_EQ(model.tensors.size(), 1u);
  EXPECT_EQ(model.tensors[0].name, "model.norm.weight");

  GGUFWriter shorter = other;
  shorter.addTensor("rope_freqs.weight", {32}, 0,
                    getLlama3Divisors(500000, 32, 2048));
  EXPECT_EQ(open(shorter)
                .config.getObject("rope_scaling")
                ->getInteger("original_max_position_embeddings"),
            2048);

  GGUFWriter wrong = other;
  wrong.addFloats("rope_freqs.weight", {2});
  EXPECT_EQ(getError(wrong),
            "model.gguf: the tensor 'rope_freqs.weight' has 2 elements, but a "
            "head has 32 rotary pairs");
  other = getWriter("llama");
  other.add("llama.attention.key_length", 4u);
  other.addTensor("rope_freqs.weight", {2}, 0,
                  GGUFWriter::number(1.5f) + GGUFWriter::number(1.08f));
  EXPECT_EQ(print(open(other).config.get("rope_scaling")),
            "{\"attention_factor\":1,\"long_factor\":[1.5,1.0800000000000001],"
            "\"original_max_position_embeddings\":512,"
            "\"rope_type\":\"longrope\","
            "\"short_factor\":[1.5,1.0800000000000001]}");
  GGUFWriter half = getWriter("llama");
  half.addTensor("rope_freqs.weight", {2}, 1, "abcd");
  EXPECT_EQ(getError(half), "model.gguf: the tensor 'rope_freqs.weight' must "
                            "be a vector of F32, found F16 of shape [2]");
}

TEST_F(GGUFModelTest, LongRope) {
  auto getPhi3 = [](float factor) {
    GGUFWriter writer = getWriter("phi3");
    writer.add("phi3.rope.dimension_count", 12u);
    writer.add("phi3.rope.scaling.original_context_length", 64u);
    writer.add("phi3.rope.scaling.attn_factor", factor);
    writer.add("phi3.attention.sliding_window", 0u);
    writer.addFloats("rope_factors_short.weight", {3});
    writer.addFloats("rope_factors_long.weight", {3});
    writer.addFloats("blk.0.attn_qkv.weight", {64, 128});
    return writer;
  };
  // Of 512 tokens, 8 times the original ones.
  const double computed = std::sqrt(1 + std::log(8.0) / std::log(64.0));
  const GGUFModel model = open(getPhi3(static_cast<float>(computed)));
  EXPECT_EQ(print(model), "{\"head_dim\":16,\"model_type\":\"phi3\","
                          "\"original_max_position_embeddings\":64,"
                          "\"partial_rotary_factor\":0.75,\"rope_scaling\":{"
                          "\"long_factor\":[0,1,2],\"rope_type\":\"longrope\","
                          "\"short_factor\":[0,1,2]},\"sliding_window\":null}");
  ASSERT_EQ(model.tensors.size(), 1u);
  EXPECT_EQ(model.tensors[0].name, "model.layers.0.self_attn.qkv_proj.weight");
  EXPECT_EQ(open(getPhi3(1.25))
                .config.getObject("rope_scaling")
                ->getNumber("attention_factor"),
            1.25);
  GGUFWriter window = getWriter("phi3");
  window.add("phi3.attention.sliding_window", 2047u);
  EXPECT_EQ(open(window).config.getInteger("sliding_window"), 2047);
}

TEST_F(GGUFModelTest, Refusals) {
  EXPECT_EQ(getError(GGUFWriter()),
            "model.gguf: 'general.architecture' must be a string, found "
            "nothing");
  EXPECT_EQ(
      getError(getWriter("gemma")),
      "model.gguf: 'general.architecture' is \"gemma\", which is not "
      "supported in GGUF files; supported are \"chatglm\", \"glm4\", "
      "\"granite\", \"llama\", \"olmo2\", \"phi3\", \"qwen2\", \"qwen3\", "
      "\"seed_oss\", \"smollm3\". The model's directory in the Hugging "
      "Face layout may be");
  EXPECT_EQ(getError(getWriter("chatglm")),
            "model.gguf: has no tensor 'blk.0.attn_qkv.weight' and no "
            "'blk.0.attn_q.weight', of which a model of the architecture "
            "\"chatglm\" has one");
  GGUFWriter adapter = getWriter("llama");
  adapter.add("general.type", "adapter");
  EXPECT_EQ(getError(adapter),
            "model.gguf: 'general.type' must be \"model\", found \"adapter\": "
            "adapters and other parts of models are not supported");
  GGUFWriter missing;
  missing.add("general.architecture", "llama");
  EXPECT_EQ(getError(missing), "model.gguf: has no 'llama.attention.head_count'"
                               " in its metadata");
  GGUFWriter list = getWriter("llama");
  list.metadata.clear();
  list.pairCount = 0;
  list.add("general.architecture", "llama");
  list.add("llama.attention.head_count", 9,
           GGUFWriter::number<uint32_t>(4) + GGUFWriter::number<uint64_t>(2) +
               "12345678");
  EXPECT_EQ(getError(list),
            "model.gguf: 'llama.attention.head_count' must be one value, found "
            "a list of 2: models whose layers differ are not supported");
  GGUFWriter values = getWriter("llama");
  values.add("llama.attention.value_length", 8u);
  EXPECT_EQ(getError(values),
            "model.gguf: 'llama.attention.value_length' is 8, but keys have 16 "
            "channels; other lengths of values are not supported");
  GGUFWriter eos = getWriter("llama");
  eos.add("tokenizer.ggml.eos_token_id", "2");
  EXPECT_EQ(getError(eos), "model.gguf: 'tokenizer.ggml.eos_token_id' must be "
                           "a token, found \"2\"");
}

/// Keys of other architectures.
TEST_F(GGUFModelTest, NumbersOfHeads) {
  for (int64_t heads : {std::numeric_limits<int64_t>::max(), int64_t{1} << 62,
                        int64_t{-1}, int64_t{3}}) {
    GGUFWriter writer;
    writer.add("general.architecture", "llama");
    writer.add("llama.block_count", 1u);
    writer.add("llama.context_length", 512u);
    writer.add("llama.embedding_length", 4u);
    writer.add("llama.feed_forward_length", 4u);
    writer.add("llama.attention.head_count", /*Int64*/ 11,
               GGUFWriter::number(heads));
    writer.add("llama.attention.layer_norm_rms_epsilon", 1e-6f);
    writer.addFloats("blk.0.attn_q.weight", {4, 4});
    const GGUFModel model = open(writer);
    ASSERT_EQ(model.tensors.size(), 1u);
    // The rows are those of the file; the shape is refused by who needs it.
    std::vector<double> row(4);
    cantFail(model.tensors.front().open())->readRow(1, row);
    EXPECT_EQ(row, (std::vector<double>{4, 5, 6, 7})) << heads;
  }
}

TEST_F(GGUFModelTest, UnreadKeys) {
  GGUFWriter neutral = getWriter("llama");
  neutral.add("llama.expert_count", 0u);
  neutral.add("llama.attention.layer_norm_epsilon", 1e-5f);
  neutral.add("llama.rope.scaling.finetuned", 7,
              GGUFWriter::number<uint8_t>(1));
  neutral.add("other.thing", 1u);
  EXPECT_EQ(open(neutral).config.get("llama.expert_count"), nullptr);
  EXPECT_EQ(open(neutral).config.get("other.thing"), nullptr);
  GGUFWriter experts = getWriter("llama");
  experts.add("llama.expert_count", 8u);
  EXPECT_EQ(getError(experts),
            "model.gguf: 'llama.expert_count' is 8, with which models compute "
            "something else than the architecture \"llama\" does; that is not "
            "supported");
  GGUFWriter sections = getWriter("llama");
  sections.add("llama.rope.dimension_sections", 9,
               GGUFWriter::number<uint32_t>(0) +
                   GGUFWriter::number<uint64_t>(4) + "1234");
  EXPECT_EQ(getError(sections),
            "model.gguf: 'llama.rope.dimension_sections' is a list of 4, with "
            "which models compute something else than the architecture "
            "\"llama\" does; that is not supported");
  // The reader of configurations warns of it.
  GGUFWriter unknown = getWriter("llama");
  unknown.add("llama.novelty", 3u);
  EXPECT_EQ(open(unknown).config.getInteger("llama.novelty"), 3);
}

//===----------------------------------------------------------------------===//
// Several files
//===----------------------------------------------------------------------===//

TEST_F(GGUFModelTest, Parts) {
  auto getPart = [](unsigned number, unsigned count, unsigned tensors = 2) {
    GGUFWriter writer;
    if (number == 0) {
      writer = getWriter("llama");
      writer.add("split.tensors.count", tensors);
      writer.addFloats("output_norm.weight", {64});
    } else {
      writer.addFloats("token_embd.weight", {64, 3});
    }
    writer.add("split.no", number);
    writer.add("split.count", count);
    return writer;
  };
  const std::string first = write("a-00001-of-00002.gguf", getPart(0, 2));
  EXPECT_EQ(getError(first),
            "a-00001-of-00002.gguf: is the first of 2 files, but "
            "a-00002-of-00002.gguf is missing; is the download complete?");
  const std::string second = write("a-00002-of-00002.gguf", getPart(1, 2));
  EXPECT_EQ(GGUFModel::getFiles(first), (std::vector{first, second}));
  Expected<GGUFModel> model = GGUFModel::open(first);
  ASSERT_TRUE(bool(model)) << toString(model.takeError());
  ASSERT_EQ(model->tensors.size(), 2u);
  EXPECT_EQ(model->tensors[1].name, "model.embed_tokens.weight");
  EXPECT_EQ(model->tensors[1].file, second);
  EXPECT_EQ(model->config.getInteger("vocab_size"), 3);
  EXPECT_EQ(getError(second), "a-00002-of-00002.gguf: is file 2 of 2; give the "
                              "first one, a-00001-of-00002.gguf");

  write("a-00002-of-00002.gguf", getPart(1, 3));
  EXPECT_EQ(getError(first),
            "a-00002-of-00002.gguf: its name says that it is file 2 of 2, but "
            "its metadata say file 2 of 3");
  EXPECT_EQ(getError(getPart(0, 2)),
            "model.gguf: is one of 2 files that its model is split into, whose "
            "names must end with -00001-of-00002.gguf and so on");
  write("a-00002-of-00002.gguf", getPart(1, 2));
  write("a-00001-of-00002.gguf", getPart(0, 2, 3));
  EXPECT_EQ(getError(first),
            "a-00001-of-00002.gguf: its model should have 3 tensors, but all "
            "files together have 2");
  GGUFWriter twice = getPart(1, 2);
  twice.addFloats("output_norm.weight", {64});
  write("a-00002-of-00002.gguf", twice);
  EXPECT_EQ(getError(first), "a-00002-of-00002.gguf: has the tensor "
                             "'output_norm.weight', but so has "
                             "a-00001-of-00002.gguf");
}

//===----------------------------------------------------------------------===//
// As a checkpoint
//===----------------------------------------------------------------------===//

static std::vector<double> readRow(const Tensor &tensor, int64_t row) {
  std::vector<double> values(tensor.getRowSize());
  tensor.readRow(row, values);
  std::vector<float> floats(values.size());
  tensor.readRow(row, floats);
  EXPECT_TRUE(std::equal(values.begin(), values.end(), floats.begin()));
  return values;
}

TEST_F(GGUFModelTest, Checkpoint) {
  GGUFWriter writer = getWriter("llama");
  writer.add("tokenizer.ggml.eos_token_id", 2u);
  writer.addFloats("token_embd.weight", {64, 3});
  // Rows of two heads of 16 channels.
  writer.addFloats("blk.0.attn_k.weight", {1, 32});
  writer.addFloats("blk.0.attn_k.bias", {32});
  writer.addTensor("blk.0.attn_v.weight", {32, 1}, 20, std::string(18, 'x'));
  writer.addTensor("output.weight", {32, 2}, 2, std::string(36, '\x11'));
  const std::string path = write("model.gguf", writer);
  EXPECT_TRUE(Checkpoint::hasTensors(path));
  EXPECT_EQ(Checkpoint::getInputFiles(path), std::vector{path});
  Expected<std::vector<int32_t>> endTokens = readEndTokens(path);
  ASSERT_TRUE(bool(endTokens));
  EXPECT_EQ(*endTokens, std::vector<int32_t>{2});
  Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::open(path);
  ASSERT_TRUE(bool(checkpoint)) << toString(checkpoint.takeError());

  auto getTensor = [&](StringRef name) {
    Expected<std::shared_ptr<const Tensor>> tensor =
        (*checkpoint)->getTensor(name);
    if (tensor)
      return std::move(*tensor);
    ADD_FAILURE() << toString(tensor.takeError());
    return std::shared_ptr<const Tensor>();
  };
  auto embedding = getTensor("model.embed_tokens.weight");
  EXPECT_EQ(embedding->getShape(), ArrayRef<int64_t>({3, 64}));
  EXPECT_EQ(readRow(*embedding, 1)[2], 66);
  // A pair lies side by side in the file, and half a head apart here.
  auto key = getTensor("model.layers.0.self_attn.k_proj.weight");
  auto bias = getTensor("model.layers.0.self_attn.k_proj.bias");
  const std::pair<int, int> places[] = {{0, 0},   {1, 2},   {7, 14},
                                        {8, 1},   {15, 15}, {16, 16},
                                        {17, 18}, {24, 17}, {31, 31}};
  for (auto [here, stored] : places) {
    EXPECT_EQ(readRow(*key, here)[0], stored);
    EXPECT_EQ(readRow(*bias, 0)[here], stored);
  }
  auto output = getTensor("lm_head.weight");
  ASSERT_TRUE(output->hasCodes());
  EXPECT_FALSE(embedding->hasCodes());
  std::vector<int8_t> codes(32);
  std::vector<float> scales(32);
  output->readCodes(1, codes, scales);
  const std::vector<double> values = readRow(*output, 1);
  for (size_t i = 0; i < 32; ++i)
    EXPECT_EQ(values[i], double(codes[i]) * scales[i]);
  EXPECT_EQ(codes[0], -7);
  EXPECT_EQ(toString((*checkpoint)
                         ->getTensor("model.layers.0.self_attn.v_proj.weight")
                         .takeError()),
            path + ": the tensor 'blk.0.attn_v.weight' has the encoding "
                   "IQ4_NL, which is not supported; quantize the model to "
                   "another one, Q4_K_M for instance, or take it in floating "
                   "point");
}

/// Two names that would be one.
TEST_F(GGUFModelTest, EqualNames) {
  GGUFWriter writer = getWriter("llama");
  writer.addFloats("output_norm.weight", {64});
  writer.addFloats("model.norm.weight", {64});
  const std::string path = write("model.gguf", writer);
  EXPECT_EQ(toString(Checkpoint::open(path).takeError()),
            path + ": has two tensors that are 'model.norm.weight', one of "
                   "them is 'model.norm.weight'");
}

TEST_F(GGUFModelTest, WhatIsAModel) {
  GGUFWriter writer = getWriter("llama");
  EXPECT_TRUE(GGUFModel::isModel(write("a.gguf", writer)));
  EXPECT_TRUE(GGUFModel::isModel(write("blob", writer)));
  writer.metadata.clear();
  const std::string text = directory + "/config.json";
  std::error_code error;
  raw_fd_ostream(text, error) << "{}";
  EXPECT_FALSE(GGUFModel::isModel(text));
  EXPECT_FALSE(GGUFModel::isModel(directory));
  EXPECT_FALSE(GGUFModel::isModel(directory + "/none.gguf"));
  EXPECT_EQ(GGUFModel::explainDirectory(directory),
            "; a model in GGUF is given by its file, " + directory + "/a.gguf");
  EXPECT_EQ(GGUFModel::explainDirectory("/"), "");
}
