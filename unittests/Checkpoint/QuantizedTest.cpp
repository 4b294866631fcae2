//===- QuantizedTest.cpp - Reading quantized checkpoints ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/Quantization.h"
#include "DLAVM/Support/Half.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SHA256.h"
#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <map>

using namespace dlavm;
using namespace llvm;

namespace {

using Matrix = std::vector<std::vector<int>>;

/// A directory with tensors of any type.
class QuantizedTest : public testing::Test {
protected:
  void SetUp() override {
    SmallString<128> path;
    ASSERT_FALSE(sys::fs::createUniqueDirectory("dlavm-quantized", path));
    directory = path.str().str();
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  void add(const std::string &name, const std::string &type,
           std::vector<int64_t> shape, std::string bytes) {
    tensors[name] = {type, std::move(shape), std::move(bytes)};
  }
  void addWords(const std::string &name, std::vector<int64_t> shape,
                const std::vector<uint32_t> &words) {
    std::string bytes(4 * words.size(), 0);
    for (auto [i, word] : enumerate(words))
      support::endian::write32le(&bytes[4 * i], word);
    add(name, "I32", std::move(shape), bytes);
  }
  void addHalves(const std::string &name, std::vector<int64_t> shape,
                 const std::vector<double> &values) {
    std::string bytes(2 * values.size(), 0);
    for (auto [i, value] : enumerate(values))
      support::endian::write16le(&bytes[2 * i], doubleToHalf(value));
    add(name, "F16", std::move(shape), bytes);
  }
  /// Packs eight neighbours of a row, or of a column, in a word.
  void addNibbles(const std::string &name, const Matrix &values,
                  bool isAlongRows,
                  std::array<int, 8> order = {0, 1, 2, 3, 4, 5, 6, 7}) {
    const size_t rows = values.size(), columns = values[0].size();
    const size_t wordRows = isAlongRows ? (rows + 7) / 8 : rows;
    const size_t wordColumns = isAlongRows ? columns : (columns + 7) / 8;
    std::vector<uint32_t> words(wordRows * wordColumns);
    for (size_t r = 0; r < wordRows; ++r)
      for (size_t c = 0; c < wordColumns; ++c)
        for (size_t i = 0; i < 8; ++i) {
          const size_t row = isAlongRows ? 8 * r + order[i] : r;
          const size_t column = isAlongRows ? c : 8 * c + order[i];
          if (row < rows && column < columns)
            words[r * wordColumns + c] |= (values[row][column] & 15u) << 4 * i;
        }
    addWords(name, {int64_t(wordRows), int64_t(wordColumns)}, words);
  }

  void write(const std::string &config) {
    std::string header = "{", data;
    for (const auto &[name, tensor] : tensors) {
      if (!data.empty())
        header += ",";
      header += "\"" + name + "\":{\"dtype\":\"" + tensor.type +
                "\",\"shape\":[" +
                join(map_range(tensor.shape,
                               [](int64_t dim) { return std::to_string(dim); }),
                     ",") +
                "],\"data_offsets\":[" + std::to_string(data.size()) + "," +
                std::to_string(data.size() + tensor.bytes.size()) + "]}";
      data += tensor.bytes;
    }
    header += "}";
    std::string size(8, 0);
    support::endian::write64le(size.data(), header.size());
    std::ofstream(directory + "/model.safetensors", std::ios::binary)
        << size << header << data;
    std::ofstream(directory + "/config.json")
        << "{\"quantization_config\": " << config << "}";
  }

  std::unique_ptr<Checkpoint> open(const std::string &config) {
    write(config);
    Expected<std::unique_ptr<Checkpoint>> checkpoint =
        Checkpoint::open(directory);
    if (checkpoint)
      return std::move(*checkpoint);
    ADD_FAILURE() << toString(checkpoint.takeError());
    return nullptr;
  }
  std::string getError(const std::string &config) {
    write(config);
    Expected<std::unique_ptr<Checkpoint>> checkpoint =
        Checkpoint::open(directory);
    std::string text = checkpoint ? "" : toString(checkpoint.takeError());
    for (size_t place; (place = text.find(directory)) != text.npos;)
      text.replace(place, directory.size(), "DIR");
    return text;
  }

  /// The tensor "x.weight" as doubles; checks that floats and codes agree.
  std::vector<std::vector<double>> read(const std::string &config) {
    std::unique_ptr<Checkpoint> checkpoint = open(config);
    if (!checkpoint)
      return {};
    EXPECT_EQ(checkpoint->getTensorNames(), std::vector<StringRef>{"x.weight"});
    const auto tensor = cantFail(checkpoint->getTensor("x.weight"));
    std::vector<std::vector<double>> rows;
    for (int64_t row = 0; row < tensor->getShape()[0]; ++row) {
      std::vector<double> values(tensor->getRowSize());
      tensor->readRow(row, values);
      std::vector<float> floats(values.size());
      tensor->readRow(row, floats);
      EXPECT_EQ(floats, std::vector<float>(values.begin(), values.end()));
      if (tensor->hasCodes()) {
        std::vector<int8_t> codes(values.size());
        tensor->readCodes(row, codes, floats);
        for (size_t i = 0; i < values.size(); ++i)
          EXPECT_EQ(double(codes[i]) * double(floats[i]), values[i]);
      }
      rows.push_back(values);
    }
    return rows;
  }

  struct Stored {
    std::string type;
    std::vector<int64_t> shape;
    std::string bytes;
  };
  std::map<std::string, Stored> tensors;
  std::string directory;
};

/// Codes from 0 to 15 without a pattern.
Matrix getCodes(int rows, int columns) {
  Matrix codes(rows, std::vector<int>(columns));
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      codes[r][c] = (7 * r + 5 * c + r * c % 3) % 16;
  return codes;
}

Matrix transpose(const Matrix &matrix) {
  Matrix result(matrix[0].size(), std::vector<int>(matrix.size()));
  for (size_t r = 0; r < matrix.size(); ++r)
    for (size_t c = 0; c < matrix[0].size(); ++c)
      result[c][r] = matrix[r][c];
  return result;
}

/// 16 inputs, 8 outputs, groups of 8 inputs.
constexpr int kInputs = 16, kOutputs = 8, kGroups = 2;

/// Scale of output and group: all are different, and FP16 has them exactly.
double getScale(int output, int group) {
  return 0.25 + 0.125 * output + 2 * group;
}

std::vector<double> getScales(int groups, bool isTransposed) {
  std::vector<double> scales;
  for (int i = 0; i < kOutputs * groups; ++i)
    scales.push_back(isTransposed ? getScale(i % kOutputs, i / kOutputs)
                                  : getScale(i / groups, i % groups));
  return scales;
}

int getZero(int output, int group) { return 4 + (output + 3 * group) % 8; }

Matrix getZeros(int offset) {
  Matrix zeros(kGroups, std::vector<int>(kOutputs));
  for (int group = 0; group < kGroups; ++group)
    for (int output = 0; output < kOutputs; ++output)
      zeros[group][output] = getZero(output, group) + offset;
  return zeros;
}

/// What the matrix of getCodes, getScale and getZero stands for, where input i
/// has the group groups[i].
std::vector<std::vector<double>>
dequantize(ArrayRef<int> groups, std::optional<int> zero = std::nullopt) {
  const Matrix codes = getCodes(kOutputs, kInputs);
  std::vector<std::vector<double>> result(kOutputs);
  for (int output = 0; output < kOutputs; ++output)
    for (int input = 0; input < kInputs; ++input) {
      const int group = groups[input];
      result[output].push_back(
          (codes[output][input] - zero.value_or(getZero(output, group))) *
          getScale(output, group));
    }
  return result;
}

const std::vector<int> kNeighbours = {0, 0, 0, 0, 0, 0, 0, 0,
                                      1, 1, 1, 1, 1, 1, 1, 1};
const std::vector<int> kScattered = {1, 0, 0, 1, 1, 0, 1, 0,
                                     0, 1, 1, 1, 0, 0, 1, 0};

class GPTQTest : public QuantizedTest {
protected:
  void SetUp() override {
    QuantizedTest::SetUp();
    addNibbles("x.qweight", transpose(getCodes(kOutputs, kInputs)), true);
    addNibbles("x.qzeros", getZeros(-1), false);
    addHalves("x.scales", {kGroups, kOutputs}, getScales(kGroups, true));
  }
  void addGroups(const std::vector<int> &groups) {
    addWords("x.g_idx", {kInputs}, {groups.begin(), groups.end()});
  }
  static std::string getConfig(const std::string &rest = "") {
    return R"({"quant_method": "gptq", "bits": 4, "group_size": 8)" + rest +
           (StringRef(rest).contains("sym") ? "}" : R"(, "sym": false})");
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// GPTQ
//===----------------------------------------------------------------------===//

TEST_F(GPTQTest, ZeroPointsLessOne) {
  EXPECT_EQ(read(getConfig()), dequantize(kNeighbours));
  EXPECT_EQ(read(getConfig(R"(, "checkpoint_format": "gptq")")),
            dequantize(kNeighbours));
  addGroups(kNeighbours);
  EXPECT_EQ(read(getConfig()), dequantize(kNeighbours));
}

TEST_F(GPTQTest, ZeroPoints) {
  addNibbles("x.qzeros", getZeros(0), false);
  EXPECT_EQ(read(getConfig(R"(, "checkpoint_format": "gptq_v2")")),
            dequantize(kNeighbours));
  EXPECT_EQ(read(getConfig(R"(, "format": "gptq_v2")")),
            dequantize(kNeighbours));
}

TEST_F(GPTQTest, ScatteredGroups) {
  addGroups(kScattered);
  EXPECT_EQ(read(getConfig(R"(, "desc_act": true)")), dequantize(kScattered));
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: the tensor 'x.g_idx' has groups of other "
            "inputs than 8 neighbours, but 'desc_act' of config.json's "
            "'quantization_config' is not true");
  tensors.erase("x.g_idx");
  EXPECT_EQ(getError(getConfig(R"(, "desc_act": true)")),
            "DIR/model.safetensors: the tensor 'x.g_idx' is missing; "
            "'x.qweight' needs it, with I32 of shape [16]");
  addGroups({0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2});
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: the tensor 'x.g_idx' gives input 15 the "
            "group 2, but there are 2");
}

TEST_F(GPTQTest, OneGroup) {
  addHalves("x.scales", {1, kOutputs}, getScales(1, true));
  addWords("x.qzeros", {1, 1}, {0x77777777});
  EXPECT_EQ(read(R"({"quant_method": "gptq", "bits": 4, "group_size": -1,
                     "sym": true})"),
            dequantize(std::vector<int>(kInputs, 0), 8));
}

TEST_F(GPTQTest, ContradictoryZeroPoints) {
  EXPECT_EQ(getError(getConfig(R"(, "sym": true)")),
            "DIR/model.safetensors: the tensor 'x.qzeros' has the zero point 4 "
            "of output 0 and group 0, but 'sym' of config.json's "
            "'quantization_config' is true, or absent, which makes all 8");
  addWords("x.qzeros", {2, 1}, {0x77777777, 0x77777777});
  EXPECT_EQ(getError(getConfig(R"(, "checkpoint_format": "gptq_v2")")),
            "DIR/model.safetensors: the tensor 'x.qzeros' has the zero point 7 "
            "everywhere, which is the 8 of the other version; "
            "'checkpoint_format' of config.json's 'quantization_config' must "
            "be \"gptq\"");
  addWords("x.qzeros", {2, 1}, {0x88888888, 0x88888888});
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: the tensor 'x.qzeros' has the zero point 9 "
            "everywhere, which is the 8 of the other version; "
            "'checkpoint_format' of config.json's 'quantization_config' must "
            "be \"gptq_v2\"");
  addWords("x.qzeros", {2, 1}, {0x77777777, 0x777777F7});
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: the tensor 'x.qzeros' stores the zero "
            "point less 1 as 15, that of output 1 and group 1, which readers "
            "of GPTQ understand in different ways; convert the checkpoint to "
            "the format gptq_v2");
}

TEST_F(GPTQTest, ContradictoryShapes) {
  // Groups of another size, or another number of bits.
  const std::string end = " and the shape [2, 8], but 'x.qweight' of shape "
                          "[2, 8] needs F32, F16 or BF16 of shape [1, 8], as "
                          "'quantization_config' of config.json says";
  EXPECT_EQ(getError(R"({"quant_method": "gptq", "bits": 4})"),
            "DIR/model.safetensors: the tensor 'x.scales' has the type F16" +
                end);
  add("x.scales", "F64", {2, 8}, std::string(128, 0));
  EXPECT_EQ(getError(R"({"quant_method": "gptq", "bits": 4})"),
            "DIR/model.safetensors: the tensor 'x.scales' has the type F64" +
                end);
  addHalves("x.scales", {kGroups, kOutputs}, getScales(kGroups, true));
  addWords("x.qzeros", {1, 1}, {0});
  EXPECT_NE(getError(getConfig())
                .find("'x.qzeros' has the type I32 and the "
                      "shape [1, 1]"),
            std::string::npos);
  add("x.qweight", "I8", {16, 8}, std::string(128, 0));
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: the tensor 'x.qweight' must be a matrix of "
            "I32, found I8 of shape [16, 8]");
}

TEST_F(GPTQTest, PartsThatAreLeftOver) {
  tensors.erase("x.qzeros");
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: the tensor 'x.qzeros' is missing; "
            "'x.qweight' needs it, with I32 of shape [2, 1]");
  addNibbles("x.qzeros", getZeros(-1), false);
  addHalves("y.scales", {1}, {1});
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: has the tensor 'y.scales', but 'y.qweight' "
            "is not there or not quantized");
  tensors.erase("y.scales");
  addHalves("x.weight", {1}, {1});
  EXPECT_EQ(getError(getConfig()),
            "DIR/model.safetensors: has the tensor 'x.weight' in floating "
            "point and quantized");
}

TEST_F(GPTQTest, OtherModulesStayFloats) {
  addHalves("lm_head.weight", {1, 2}, {1, 2});
  addHalves("x.bias", {1}, {3});
  std::unique_ptr<Checkpoint> checkpoint = open(getConfig());
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->getTensorNames(),
            (std::vector<StringRef>{"lm_head.weight", "x.bias", "x.weight"}));
  EXPECT_TRUE(checkpoint->getNotes().empty());
  EXPECT_FALSE(cantFail(checkpoint->getTensor("lm_head.weight"))->hasCodes());
}

TEST_F(GPTQTest, WithoutConfiguration) {
  write("null");
  std::unique_ptr<Checkpoint> checkpoint =
      cantFail(Checkpoint::open(directory));
  EXPECT_EQ(checkpoint->getTensorNames().size(), 3u);
}

//===----------------------------------------------------------------------===//
// AWQ
//===----------------------------------------------------------------------===//

TEST_F(QuantizedTest, AWQ) {
  constexpr std::array<int, 8> order = {0, 2, 4, 6, 1, 3, 5, 7};
  addNibbles("x.qweight", transpose(getCodes(kOutputs, kInputs)), false, order);
  addNibbles("x.qzeros", getZeros(0), false, order);
  addHalves("x.scales", {kGroups, kOutputs}, getScales(kGroups, true));
  const std::string config =
      R"({"quant_method": "awq", "bits": 4, "group_size": 8)";
  EXPECT_EQ(read(config + "}"), dequantize(kNeighbours));
  EXPECT_EQ(read(config + R"(, "version": "GEMM"})"), dequantize(kNeighbours));
  tensors.erase("x.qzeros");
  EXPECT_NE(getError(config + "}"), "");
}

//===----------------------------------------------------------------------===//
// compressed-tensors
//===----------------------------------------------------------------------===//

static std::string getPackedConfig(const std::string &weights) {
  return R"({"quant_method": "compressed-tensors", "format": "pack-quantized",
             "config_groups": {"group_0": {"weights": {"num_bits": 4, )" +
         weights + "}}}}";
}

TEST_F(QuantizedTest, PackQuantized) {
  addNibbles("x.weight_packed", getCodes(kOutputs, kInputs), false);
  addHalves("x.weight_scale", {kOutputs, kGroups}, getScales(kGroups, false));
  std::string shape(16, 0);
  shape[0] = kOutputs;
  shape[8] = kInputs;
  add("x.weight_shape", "I64", {2}, shape);
  const std::string groups =
      getPackedConfig(R"("strategy": "group", "group_size": 8)");
  EXPECT_EQ(read(groups), dequantize(kNeighbours, 8));

  addWords("x.weight_g_idx", {kInputs}, {kScattered.begin(), kScattered.end()});
  EXPECT_EQ(read(groups), dequantize(kScattered, 8));
  tensors.erase("x.weight_g_idx");

  // Zero points, as bytes and packed along the outputs.
  std::string bytes;
  for (int output = 0; output < kOutputs; ++output)
    for (int group = 0; group < kGroups; ++group)
      bytes += static_cast<char>(getZero(output, group) - 8);
  add("x.weight_zero_point", "I8", {kOutputs, kGroups}, bytes);
  EXPECT_EQ(read(groups), dequantize(kNeighbours));
  addNibbles("x.weight_zero_point", transpose(getZeros(0)), true);
  EXPECT_EQ(read(groups), dequantize(kNeighbours));
  bytes[3] = 8;
  add("x.weight_zero_point", "I8", {kOutputs, kGroups}, bytes);
  EXPECT_EQ(getError(groups),
            "DIR/model.safetensors: the tensor 'x.weight_zero_point' has the "
            "zero point 8, which is no 4-bit code");
  tensors.erase("x.weight_zero_point");

  addHalves("x.weight_scale", {kOutputs, 1}, getScales(1, false));
  EXPECT_EQ(read(getPackedConfig(R"("strategy": "channel")")),
            dequantize(std::vector<int>(kInputs, 0), 8));
  EXPECT_NE(getError(groups).find("needs F32, F16 or BF16 of shape [8, 2]"),
            std::string::npos);
  shape[8] = 17;
  add("x.weight_shape", "I64", {2}, shape);
  EXPECT_EQ(getError(groups),
            "DIR/model.safetensors: the tensor 'x.weight_shape' says [8, 17], "
            "but 'x.weight_packed' of 4-bit codes has the shape [8, 2]");
}

TEST_F(QuantizedTest, PackQuantizedRowsThatEndWithinAWord) {
  Matrix codes = getCodes(kOutputs, 13);
  addNibbles("x.weight_packed", codes, false);
  addHalves("x.weight_scale", {kOutputs, 1}, getScales(1, false));
  std::string shape(16, 0);
  shape[0] = kOutputs;
  shape[8] = 13;
  add("x.weight_shape", "I64", {2}, shape);
  const auto rows = read(getPackedConfig(R"("strategy": "channel")"));
  ASSERT_EQ(rows.size(), size_t(kOutputs));
  for (int output = 0; output < kOutputs; ++output)
    for (int input = 0; input < 13; ++input)
      EXPECT_EQ(rows[output][input],
                (codes[output][input] - 8) * getScale(output, 0));
}

//===----------------------------------------------------------------------===//
// FP8
//===----------------------------------------------------------------------===//

TEST_F(QuantizedTest, FP8) {
  // 1, -2, 0.5, the smallest and the largest.
  add("x.weight", "F8_E4M3", {3, 2},
      std::string("\x38\xC0\x30\x01\x7E\x00", 6));
  addHalves("x.weight_scale_inv", {2, 1}, {2, 4});
  const double least = 1.0 / 512;
  const std::vector<std::vector<double>> blocks = {
      {2, -4}, {1, 2 * least}, {1792, 0}};
  EXPECT_EQ(read(R"({"quant_method": "fp8", "fmt": "e4m3",
                     "weight_block_size": [2, 128]})"),
            blocks);
  const std::string compressed =
      R"({"quant_method": "compressed-tensors", "format": "float-quantized",
          "config_groups": {"group_0": {"weights": {"num_bits": 8,
          "type": "float", "strategy": ")";
  tensors["x.weight_scale"] = tensors["x.weight_scale_inv"];
  EXPECT_NE(getError(R"({"quant_method": "fp8"})"), "");
  tensors.erase("x.weight_scale_inv");
  EXPECT_EQ(read(compressed + R"(block", "block_structure": [2, 2]}}}})"),
            blocks);
  EXPECT_NE(getError(compressed + R"(channel"}}}})"), "");

  addHalves("x.weight_scale", {3, 1}, {2, 4, 8});
  const std::vector<std::vector<double>> channels = {
      {2, -4}, {2, 4 * least}, {3584, 0}};
  EXPECT_EQ(read(compressed + R"(channel"}}}})"), channels);
  addHalves("x.weight_scale", {}, {2});
  addHalves("x.input_scale", {}, {2});
  EXPECT_EQ(
      read(R"({"quant_method": "fp8"})"),
      (std::vector<std::vector<double>>{{2, -4}, {1, 2 * least}, {896, 0}}));
}

//===----------------------------------------------------------------------===//
// Configurations
//===----------------------------------------------------------------------===//

TEST_F(QuantizedTest, IgnoredConfiguration) {
  addHalves("x.weight", {1, 2}, {1, 2});
  add("x.position_ids", "I64", {1}, std::string(8, 0));
  std::unique_ptr<Checkpoint> checkpoint =
      open(R"({"quant_method": "bitsandbytes"})");
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->getNotes(),
            ArrayRef<std::string>(
                directory + "/config.json: 'quantization_config' is "
                            R"({"quant_method":"bitsandbytes"}, )"
                            "but all tensors are in floating point, so it says "
                            "nothing of them"));
}

TEST(QuantizationTest, Refusals) {
  auto getError = [](StringRef config) -> std::string {
    Expected<Quantization> quantization =
        parseQuantization(cantFail(json::parse(config)), "config.json");
    return quantization ? "" : toString(quantization.takeError());
  };
  const std::string read =
      ", which is not read; read are \"gptq\", \"awq\", "
      "\"compressed-tensors\" and \"fp8\"; save the model in floating point, "
      "as dequantize() of Transformers does, or take a checkpoint that is";
  for (std::string method : {"mxfp4", "eetq", "hqq", "aqlm", "bitsandbytes",
                             "fbgemm_fp8", "quanto", "torchao", "spqr"})
    EXPECT_EQ(getError(R"({"quant_method": ")" + method + "\"}"),
              "config.json: 'quantization_config' has the quant_method \"" +
                  method + "\"" + read);
  EXPECT_EQ(getError(R"({"load_in_8bit": true})"),
            "config.json: 'quantization_config' has the quant_method "
            "\"bitsandbytes\"" +
                read);
  EXPECT_EQ(getError("4"),
            "config.json: 'quantization_config' must be an object, found 4");

  struct Case {
    std::string config, key, message;
  };
  const std::string gptq = R"("quant_method": "gptq", "bits": 4)";
  const std::string awq = R"("quant_method": "awq", "bits": 4)";
  const std::string compressed = R"("quant_method": "compressed-tensors",
      "format": "pack-quantized", "config_groups": {"a": {"weights": {)";
  const std::vector<Case> cases = {
      {R"("quant_method": 4)", "quant_method", "a string, found 4"},
      {R"("quant_method": "gptq", "bits": 8)", "bits",
       "4: other numbers of bits are not read, found 8"},
      {R"("quant_method": "awq")", "bits",
       "4: other numbers of bits are not read, found nothing"},
      {gptq + R"(, "group_size": 0)", "group_size",
       "a number of inputs, or -1 for all of them, found 0"},
      {gptq + R"(, "checkpoint_format": "marlin")", "checkpoint_format",
       "\"gptq\" or \"gptq_v2\", found \"marlin\""},
      {gptq + R"(, "desc_act": 1)", "desc_act", "true or false, found 1"},
      {awq + R"(, "version": "gemv")", "version",
       "\"gemm\": other layouts of AWQ are not read, found \"gemv\""},
      {awq + R"(, "backend": "llm-awq")", "backend",
       "\"autoawq\", found \"llm-awq\""},
      {R"("quant_method": "compressed-tensors", "format": "marlin-24")",
       "format",
       "\"pack-quantized\" or \"float-quantized\", found "
       "\"marlin-24\""},
      {compressed + R"("num_bits": 8}}})", "config_groups.a.weights.num_bits",
       "4: other numbers of bits are not read, found 8"},
      {compressed + R"("num_bits": 4, "type": "float"}}})",
       "config_groups.a.weights.type", "\"int\", found \"float\""},
      {compressed + R"("num_bits": 4, "strategy": "block"}}})",
       "config_groups.a.weights.strategy",
       "\"group\" or \"channel\", found \"block\""},
      {compressed +
           R"("num_bits": 4, "strategy": "channel"}}}, "sparsity_config":
              {"format": "sparse-24-bitmask"})",
       "sparsity_config",
       "absent or dense, found {\"format\":\"sparse-24-bitmask\"}"},
      {R"("quant_method": "fp8", "fmt": "e5m2")", "fmt",
       "\"e4m3\", found \"e5m2\""},
      {R"("quant_method": "fp8", "weight_block_size": [128])",
       "weight_block_size", "two numbers, of outputs and inputs, found [128]"},
  };
  for (const Case &c : cases)
    EXPECT_EQ(getError("{" + c.config + "}"),
              "config.json: 'quantization_config." + c.key + "' must be " +
                  c.message);
}

//===----------------------------------------------------------------------===//
// Shared checkpoints
//===----------------------------------------------------------------------===//

static std::string getStory(StringRef name) {
  return (DLAVM_SHARED_DIR "/models/architectures/story-" + name).str();
}

class SharedQuantizedTest : public testing::TestWithParam<const char *> {};

TEST_P(SharedQuantizedTest, ChecksumOfMatrix) {
  const std::string directory = getStory(GetParam());
  if (!sys::fs::exists(directory))
    GTEST_SKIP() << "needs the shared models";
  auto checkpoint = Checkpoint::open(directory);
  ASSERT_TRUE(bool(checkpoint)) << toString(checkpoint.takeError());
  const json::Object reference =
      cantFail(readJSONFile(directory + "/reference.json"));
  const json::Object &expected = *reference.getObject("dequantized");
  const auto tensor =
      cantFail((*checkpoint)->getTensor(*expected.getString("name")));
  SHA256 hash;
  std::vector<double> row(tensor->getRowSize());
  for (int64_t i = 0; i < tensor->getShape()[0]; ++i) {
    tensor->readRow(i, row);
    hash.update(ArrayRef(reinterpret_cast<const uint8_t *>(row.data()),
                         row.size() * sizeof(double)));
  }
  EXPECT_EQ(toHex(hash.final(), /*LowerCase=*/true),
            *expected.getString("sha256_float64"));
}

INSTANTIATE_TEST_SUITE_P(Stories, SharedQuantizedTest,
                         testing::Values("gptq-v1", "gptq-v2", "gptq-asym",
                                         "gptq-desc-act", "awq-gemm",
                                         "ct-w4a16", "fp8-block"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SharedQuantized, BitsAndBytes) {
  const std::string directory = getStory("bnb-nf4");
  if (!sys::fs::exists(directory))
    GTEST_SKIP() << "needs the shared models";
  auto checkpoint = Checkpoint::open(directory);
  ASSERT_FALSE(bool(checkpoint));
  EXPECT_NE(toString(checkpoint.takeError())
                .find("'quantization_config' has the quant_method "
                      "\"bitsandbytes\", which is not read"),
            std::string::npos);
}
