//===- DriverPlanTest.cpp - Tests of plan.json ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Plan/Instructions.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace llvm;

namespace {

/// A plan with everything that one may have, of a device that nobody knows.
DriverPlan makePlan() {
  DriverPlan plan;
  plan.driver = "toy.h";
  plan.namespaceName = "toy";
  plan.device = "none";
  plan.maxTokens = 16;
  plan.accesses = 100;
  plan.fingerprint = "0123456789abcdef";
  plan.model = "toy.llm.mlir";
  plan.embedding = "rows";
  plan.functions = {{"write_input", "input", 64, false, {}, "map"},
                    {"read_token", "token", 0, true, {}, ""}};
  plan.tasks = {{"w", "linear \"64 -> 64\"", true, "map"},
                {"p", "softmax of 4 heads", false, "map", true}};
  plan.buffers = {{"map", "SRAM", 4096, 2048, true, {0, 0, 1, 1}}};
  const HeadLayout heads = {2, 24, 16, 32};
  plan.parameters = {
      {"rows", "rows", {}, 0, 0, {10, 64}, {}, HeadLayout{1, 64, 0, 64}},
      {"w", "w{layer}", RowSlice{3, 2, 4}, 0, 2, {64, 64}, heads, {}},
      {"norm", "", {}, 0.5, 0, {64}, {}, {}}};
  plan.parameters[0].factor = 12;
  plan.parameters[1].isNormalized = true;
  PlanObject weight;
  weight.name = "weight";
  weight.shape = {64, 64};
  weight.from = {"w"};
  weight.memory = "SRAM";
  weight.address = int64_t(1) << 40;
  weight.bytes = 2048;
  weight.layers = 2;
  weight.layerStride = 2048;
  weight.dmaBase = 1;
  weight.ports = 2;
  weight.portStride = 1 << 20;
  weight.file = "layer{layer}/weight.{port}.bin";
  plan.objects.push_back(weight);
  PlanObject table;
  table.name = "table";
  table.kind = ObjectKind::RopeTable;
  table.config =
      json::Object{{"theta", 10000.5}, {"divisors", json::Array{1, 2.5}}};
  table.memory = "SRAM";
  table.bytes = 64;
  table.file = "table.bin";
  plan.objects.push_back(table);
  PlanObject cache;
  cache.name = "cache";
  cache.kind = ObjectKind::KVCache;
  cache.shape = {2};
  cache.memory = "SRAM";
  cache.bytes = 64;
  plan.objects.push_back(cache);
  PlanObject blocks;
  blocks.name = "blocks";
  blocks.kind = ObjectKind::Instructions;
  const json::Object task{{"code", 7},
                          {"layer", json::Array{0, 1}},
                          {"name", "w"},
                          {"steps", json::Array{0, 4}},
                          {"words", json::Array{1, 64}}};
  blocks.config = json::Object{
      {"block_tasks", 2},
      {"copies", 2},
      {"header_words", 1},
      {"runs",
       json::Array{json::Object{{"first", json::Array{}},
                                {"last", json::Array{}},
                                {"layer", json::Array{json::Object(task)}},
                                {"layers", 2}}}}};
  blocks.memory = "SRAM";
  blocks.bytes = 40;
  blocks.file = "instructions.bin";
  plan.objects.push_back(blocks);
  plan.packed =
      PackedPlan{"search", {2, 69}, {{"table.bin", 64, 0xfedcba9876543210}}};
  return plan;
}

std::string getMessage(StringRef text) {
  return toString(DriverPlan::parse(text, "plan.json").takeError());
}

/// What is said of a plan with a changed text.
std::string changed(StringRef from, StringRef to) {
  std::string text = makePlan().print();
  const size_t at = text.find(from.str());
  EXPECT_NE(at, std::string::npos) << from.str();
  text.replace(at, from.size(), to.str());
  return getMessage(text);
}

} // namespace

TEST(DriverPlan, ReadsWhatItPrints) {
  const std::string text = makePlan().print();
  Expected<DriverPlan> plan = DriverPlan::parse(text, "plan.json");
  ASSERT_TRUE(!!plan) << toString(plan.takeError());
  EXPECT_EQ(plan->print(), text);
  EXPECT_EQ(plan->packed->files.front().checksum, 0xfedcba9876543210);
  EXPECT_EQ(plan->getObject("weight")->getFile(1, 0), "layer01/weight.00.bin");
  const std::vector<PlanRegion> regions = plan->getRegions();
  ASSERT_EQ(regions.size(), 5u);
  EXPECT_EQ(regions[0].kind, "input");
  EXPECT_EQ(regions[1].end, (int64_t(1) << 40) + 2048);
  EXPECT_EQ(regions[1].kind, "parameter");
  EXPECT_EQ(regions[3].kind, "cache");
  EXPECT_EQ(regions[4].kind, "instructions");
  Expected<std::optional<Instructions>> blocks = assembleInstructions(*plan);
  ASSERT_TRUE(!!blocks) << toString(blocks.takeError());
  const std::vector<uint8_t> copy = {7, 7, 0, 0, 1, 0, 0,  0, 64, 0,
                                     0, 0, 1, 0, 0, 0, 68, 0, 0,  0};
  std::vector<uint8_t> twice = copy;
  twice.insert(twice.end(), copy.begin(), copy.end());
  EXPECT_EQ((*blocks)->bytes, twice);
}

TEST(DriverPlan, KeysAreThoseOfAPlan) {
  EXPECT_EQ(changed("\"accesses\": 100,", ""),
            "missing value at plan.json.accesses");
  EXPECT_EQ(changed("\"accesses\"", "\"a\": 1, \"accesses\""),
            "expected no such key at plan.json.a, found 1");
  EXPECT_EQ(changed("\"divisors\"", "\"other\""), "");
  EXPECT_EQ(changed("\"splat\"", "\"tensor\": \"x\", \"splat\""),
            "expected either this or 'splat' at "
            "plan.json.parameters[2].tensor, found \"x\"");
  EXPECT_EQ(changed("\"splat\": 0.5,", ""),
            "expected either this or 'splat' at "
            "plan.json.parameters[2].tensor");
  EXPECT_EQ(changed("\"tensor\": \"rows\"", "\"tensor\": \"\""),
            "expected the name of a tensor at plan.json.parameters[0].tensor, "
            "found \"\"");
  EXPECT_EQ(changed("\"heads\": 2", "\"heads\": 2, \"head\": 2"),
            "expected no such key at plan.json.parameters[1].row_heads.head, "
            "found 2");
}

TEST(DriverPlan, InstructionsAreThoseOfBlocks) {
  EXPECT_EQ(changed("\"copies\"", "\"copy\""),
            "expected no such key at plan.json.objects[3].with.copy, found 2");
  EXPECT_EQ(changed("\"block_tasks\"", "\"tasks\""),
            "missing value at plan.json.objects[3].with.block_tasks");
  EXPECT_EQ(changed("\"steps\"", "\"step\""),
            "expected no such key at "
            "plan.json.objects[3].with.runs[0].layer[0].step");
  EXPECT_EQ(changed("\"last\"", "\"end\""),
            "expected an array at plan.json.objects[3].with.runs[0].last");
  EXPECT_EQ(changed("\"code\": 7", "\"code\": 256"),
            "expected 0 to 255 at "
            "plan.json.objects[3].with.runs[0].layer[0].code, found 256");
  EXPECT_EQ(changed("\"copies\": 2", "\"copies\": 3"),
            "expected 1 to 2 at plan.json.objects[3].with.copies, found 3");
  DriverPlan plan = makePlan();
  plan.objects.push_back(plan.objects.back());
  plan.objects.back().name = "other";
  EXPECT_EQ(getMessage(plan.print()),
            "expected no second object of instructions at "
            "plan.json.objects[4].kind, found \"instructions\"");
}

TEST(DriverPlan, TypesAndNumbers) {
  EXPECT_EQ(changed("\"accesses\": 100", "\"accesses\": 0.5"),
            "expected integer at plan.json.accesses, found 0.5");
  EXPECT_EQ(changed("\"accesses\": 100", "\"accesses\": 2147483648"),
            "expected 0 to 2147483647 at plan.json.accesses, found 2147483648");
  EXPECT_EQ(changed("\"bytes\": 2048", "\"bytes\": 0"),
            "expected 1 or more at plan.json.buffers[0].bytes, found 0");
  EXPECT_EQ(changed("\"driver\": \"toy.h\"", "\"driver\": {}"),
            "expected string at plan.json.driver");
  EXPECT_EQ(
      changed("\"kind\": \"kv_cache\"", "\"kind\": \"cache\""),
      "expected weight, conv_weight, scale_bias, norm_weight, rope_table, "
      "activation_table or kv_cache at plan.json.objects[2].kind, found "
      "\"cache\"");
  EXPECT_EQ(changed("fedcba9876543210", "fedcba987654321"),
            "expected 16 hexadecimal digits at "
            "plan.json.packed.files[0].checksum, found \"fedcba987654321\"");
  EXPECT_EQ(getMessage("[]"), "plan.json: must be a JSON object, found []");
}

TEST(DriverPlan, Contradictions) {
  EXPECT_EQ(changed("\"name\": \"cache\"", "\"name\": \"map\""),
            "expected a name that no other buffer or object has at "
            "plan.json.objects[2].name, found \"map\"");
  EXPECT_EQ(changed("\"result\": \"map\"", "\"result\": \"m\""),
            "expected the name of a buffer or a KV cache at "
            "plan.json.tasks[0].result, found \"m\"");
  EXPECT_EQ(changed("\"buffer\": \"map\"", "\"buffer\": \"m\""),
            "expected the name of a buffer at plan.json.functions[0].buffer, "
            "found \"m\"");
  EXPECT_EQ(changed("\"file\": \"table.bin\"", "\"file\": \"../table.bin\""),
            "expected a path below the directory at plan.json.objects[1].file, "
            "found \"../table.bin\"");
  EXPECT_EQ(changed("\"port_stride\": 1048576",
                    "\"port_stride\": 9223372036854775807"),
            "expected an end of all ports below 2^63 at "
            "plan.json.objects[0].port_stride, found 9223372036854775807");
  EXPECT_EQ(changed("\"interleaved\": 16", "\"interleaved\": 26"),
            "expected an even number, at most 'channels' at "
            "plan.json.parameters[1].row_heads.interleaved, found 26");
}
