//===- FormulasTest.cpp - Sizes and slices of the edgellm family ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Expected values are the tables of the register document; the section is named
// at each.
//
//===----------------------------------------------------------------------===//

#include "../../lib/Device/EdgeLLM/Encode/Partition.h"
#include "../../lib/Device/EdgeLLM/Record/Layouts.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Encoding/Partition.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::edgellm;

namespace {

const DeviceInfo &getDevice() {
  static const DeviceInfo device = createDevice20241128();
  return device;
}

int64_t bytes(ObjectKind kind, llvm::ArrayRef<int64_t> shape) {
  return getDevice().getObject(kind)->bytes(shape, getDevice());
}

// Section 3.2.
TEST(Formulas, WeightMatrices) {
  struct Row {
    int64_t inputs, outputs, blocks, groups, package, port;
  };
  const Row rows[] = {{4096, 4096, 32, 2, 2112, 270336},
                      {4096, 256, 32, 2, 2112, 16896},
                      {4096, 13696, 32, 2, 2112, 903936},
                      {13696, 4096, 107, 7, 7072, 905216},
                      {4096, 65024, 32, 2, 2112, 4291584},
                      {4096, 11008, 32, 2, 2112, 726528},
                      {11008, 4096, 86, 6, 5696, 729088},
                      {4096, 32000, 32, 2, 2112, 2112000},
                      {3584, 3584, 28, 2, 1856, 207872},
                      {3584, 512, 28, 2, 1856, 29696},
                      {3584, 18944, 28, 2, 1856, 1098752},
                      {18944, 3584, 148, 10, 9792, 1096704},
                      {3584, 152064, 28, 2, 1856, 8819712},
                      {128, 32, 1, 1, 96, 96}};
  for (const Row &row : rows) {
    SCOPED_TRACE(std::to_string(row.inputs) + " -> " +
                 std::to_string(row.outputs));
    EXPECT_EQ(inputBlocks(getDevice(), row.inputs), row.blocks);
    EXPECT_EQ(scaleGroups(getDevice(), row.inputs), row.groups);
    EXPECT_EQ(packageBytes(getDevice(), row.inputs), row.package);
    EXPECT_EQ(bytes(ObjectKind::Weight, {row.outputs, row.inputs}), row.port);
  }
  // Inputs are padded to 128 channels, outputs to 32.
  EXPECT_EQ(bytes(ObjectKind::Weight, {33, 129}), 2 * (32 + 128));
  EXPECT_EQ(getDevice().getObject(ObjectKind::Weight)->memory, "HBM");
}

// Register 24, sections 4.1 and 8.2.
TEST(Formulas, LastScaleGroup) {
  EXPECT_EQ(lastGroupChannels(getDevice(), 4096), 2048);
  EXPECT_EQ(lastGroupChannels(getDevice(), 3584), 1536);
  EXPECT_EQ(lastGroupChannels(getDevice(), 11008), 768);
  EXPECT_EQ(lastGroupChannels(getDevice(), 13696), 1408);
  EXPECT_EQ(lastGroupChannels(getDevice(), 18944), 512);
  EXPECT_EQ(lastGroupChannels(getDevice(), 128), 128);
}

// Sections 3.3 to 3.7 and 6.4.
TEST(Formulas, OtherObjects) {
  EXPECT_EQ(bytes(ObjectKind::ScaleBias, {4096}), 16384);
  EXPECT_EQ(bytes(ObjectKind::ScaleBias, {256}), 1024);
  EXPECT_EQ(bytes(ObjectKind::ScaleBias, {13696}), 54784);
  EXPECT_EQ(bytes(ObjectKind::ScaleBias, {65024}), 260096);
  EXPECT_EQ(bytes(ObjectKind::ScaleBias, {152064}), 608256);
  EXPECT_EQ(bytes(ObjectKind::ScaleBias, {33}), 4 * 64);
  EXPECT_EQ(bytes(ObjectKind::NormWeight, {4096}), 16384);
  EXPECT_EQ(bytes(ObjectKind::NormWeight, {3584}), 14336);
  EXPECT_EQ(bytes(ObjectKind::RopeTable, {}), 524288);
  EXPECT_EQ(bytes(ObjectKind::ActivationTable, {}), 8192);
  EXPECT_EQ(bytes(ObjectKind::KVCache, {2}), 32768);
  EXPECT_EQ(bytes(ObjectKind::KVCache, {4}), 65536);
  EXPECT_EQ(bytes(ObjectKind::KVCache, {32}), 524288);
  for (ObjectKind kind : {ObjectKind::ScaleBias, ObjectKind::NormWeight,
                          ObjectKind::RopeTable, ObjectKind::ActivationTable})
    EXPECT_EQ(getDevice().getObject(kind)->memory, "DDR");
  EXPECT_EQ(getDevice().getObject(ObjectKind::KVCache)->memory, "HBM");
}

// Section 5.1.
TEST(Formulas, TokensOfALinearLayer) {
  EXPECT_EQ(linearTokens(getDevice(), 3584), 146);
  EXPECT_EQ(linearTokens(getDevice(), 4096), 128);
  EXPECT_EQ(linearTokens(getDevice(), 11008), 47);
  EXPECT_EQ(linearTokens(getDevice(), 13696), 38);
  EXPECT_EQ(linearTokens(getDevice(), 18944), 27);
  EXPECT_EQ(linearTokens(getDevice(), 128), 4096);
}

// Section 5.2.
TEST(Formulas, PartitionOfOutputChannels) {
  EXPECT_EQ(weightBufferChannels(getDevice(), 3584), 1152);
  EXPECT_EQ(weightBufferChannels(getDevice(), 4096), 1024);
  EXPECT_EQ(weightBufferChannels(getDevice(), 11008), 352);
  EXPECT_EQ(weightBufferChannels(getDevice(), 13696), 288);
  EXPECT_EQ(weightBufferChannels(getDevice(), 18944), 192);
  EXPECT_EQ(weightBufferChannels(getDevice(), 128), 32768);
  // Registers 7, 8 and 14.
  struct Row {
    int64_t inputs, outputs, slice, last, lastIndex;
  };
  const Row rows[] = {
      {3584, 512, 512, 512, 0},     {3584, 3584, 1024, 512, 3},
      {3584, 18944, 1024, 512, 18}, {3584, 152064, 1024, 512, 148},
      {4096, 256, 256, 256, 0},     {4096, 4096, 1024, 1024, 3},
      {4096, 11008, 1024, 768, 10}, {4096, 13696, 1024, 384, 13},
      {4096, 32000, 1024, 256, 31}, {4096, 65024, 1024, 512, 63},
      {11008, 4096, 256, 256, 15},  {13696, 4096, 256, 256, 15},
      {18944, 3584, 128, 128, 27},  {4096, 100, 128, 128, 0}};
  for (const Row &row : rows)
    for (bool hasScaleBias : {false, true}) {
      SCOPED_TRACE(std::to_string(row.inputs) + " -> " +
                   std::to_string(row.outputs));
      const OutputPartition partition = partitionOutputChannels(
          getDevice(), row.inputs, row.outputs, hasScaleBias);
      EXPECT_EQ(partition.sliceChannels, row.slice);
      EXPECT_EQ(partition.lastSliceChannels, row.last);
      EXPECT_EQ(partition.slices - 1, row.lastIndex);
    }
}

// Only narrow inputs reach the limit of the scale and bias FIFOs.
TEST(Formulas, ScaleAndBiasLimitThePartition) {
  EXPECT_EQ(
      partitionOutputChannels(getDevice(), 128, 65024, true).sliceChannels,
      2048);
  EXPECT_EQ(
      partitionOutputChannels(getDevice(), 128, 65024, false).sliceChannels,
      32768);
}

/// The most tokens of a start of each attention product, at this many tokens in
/// the cache, as the device says it of an op.
std::pair<int64_t, int64_t> attentionTokens(int64_t queryHeads, int64_t kvHeads,
                                            int64_t total) {
  mlir::MLIRContext context;
  context.loadDialect<accel::AccelDialect, mlir::func::FuncDialect>();
  const std::string head = "memref<" + std::to_string(4 * queryHeads) +
                           "x?x32xf16, #accel.space<DDR>>";
  const std::string map = "memref<?x?x32xf16, #accel.space<DDR>>";
  const std::string heads = " [" + std::to_string(queryHeads) + ", " +
                            std::to_string(kvHeads) + ", 128]\n";
  const std::string text =
      "func.func @f(%q: " + head + ", %s: " + map +
      ", %c: !accel.object, %n: index) {\n"
      "accel.scores \"s\" ins(%q : " +
      head + ") cache(%c) keys(%n) scale 1.0 outs(%s : " + map + ")" + heads +
      "accel.values \"v\" ins(%s : " + map +
      ") cache(%c) keys(%n) outs(%q : " + head + ")" + heads + "return }\n";
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  std::pair<int64_t, int64_t> tokens = {-1, -1};
  if (!module) {
    ADD_FAILURE() << "no module:\n" << text;
    return tokens;
  }
  module->walk([&](accel::TaskOpInterface task) {
    const Partition partition =
        getDevice()
            .getTask(task.getTaskKind())
            ->partition(task, getDevice(), {Word(total), Word(total)});
    ASSERT_EQ(partition.loops.size(), 1u);
    ASSERT_EQ(partition.loops.front().dimension, TaskDimension::Tokens);
    const Word most = partition.loops.front().step;
    ASSERT_TRUE(most.isConstant());
    (task.getTaskKind() == TaskKind::Scores ? tokens.first : tokens.second) =
        most.getConstant();
  });
  return tokens;
}

// Section 5.3.
TEST(Formulas, TokensOfAttention) {
  struct Row {
    int64_t queryHeads, kvHeads, scores;
    int64_t values[5];
  };
  const int64_t totals[] = {20, 128, 377, 1024, 2048};
  const Row rows[] = {{32, 2, 128, {512, 128, 42, 16, 8}},
                      {28, 4, 292, {1170, 292, 97, 36, 18}},
                      {32, 32, 2048, {8192, 2048, 682, 256, 128}}};
  for (const Row &row : rows)
    for (size_t i = 0; i < std::size(totals); ++i)
      EXPECT_EQ(attentionTokens(row.queryHeads, row.kvHeads, totals[i]),
                std::make_pair(row.scores, row.values[i]))
          << row.queryHeads << " and " << row.kvHeads << " heads, " << totals[i]
          << " tokens";
}

// The document of the versions, section 3: tokens of a start, and registers 7,
// 8 and 14.
TEST(Formulas, OlderVersions) {
  DeviceRegistry registry;
  registerDevices(registry);
  struct Row {
    int64_t inputs, tokens, outputs, slice, last, lastIndex;
  };
  const std::vector<Row> deep = {
      {4096, 128, 256, 256, 256, 0},     {4096, 128, 4096, 1024, 1024, 3},
      {4096, 128, 11008, 1024, 768, 10}, {4096, 128, 13696, 1024, 384, 13},
      {4096, 128, 32000, 1024, 256, 31}, {4096, 128, 65024, 1024, 512, 63},
      {13696, 38, 4096, 288, 64, 14},    {11008, 47, 4096, 352, 224, 11}};
  std::vector<Row> shallow = deep;
  for (Row &row : shallow)
    row.tokens = row.inputs == 4096 ? 64 : row.inputs == 11008 ? 23 : 19;
  const std::pair<const char *, std::vector<Row>> versions[] = {
      {"edgellm-20240923",
       {{4096, 256, 256, 256, 256, 0},
        {4096, 256, 4096, 512, 512, 7},
        {4096, 256, 13696, 512, 384, 26},
        {4096, 256, 65024, 512, 512, 126},
        {13696, 76, 4096, 128, 128, 31},
        {11008, 95, 4096, 128, 128, 31}}},
      {"edgellm-20240912",
       {{4096, 128, 4096, 1024, 1024, 3},
        {13696, 38, 4096, 256, 256, 15},
        {11008, 47, 4096, 256, 256, 15}}},
      {"edgellm-20240831", deep},
      {"edgellm-20240824", deep},
      {"edgellm-20240725", deep},
      {"edgellm-20240721", deep},
      {"edgellm-20240720", shallow},
      {"edgellm-20240603", shallow}};
  for (const auto &[name, rows] : versions) {
    const DeviceInfo &device = *registry.lookup(name);
    for (const Row &row : rows) {
      SCOPED_TRACE(std::string(name) + " " + std::to_string(row.inputs) +
                   " -> " + std::to_string(row.outputs));
      EXPECT_EQ(linearTokens(device, row.inputs), row.tokens);
      const OutputPartition partition =
          partitionOutputChannels(device, row.inputs, row.outputs, true);
      EXPECT_EQ(partition.sliceChannels, row.slice);
      EXPECT_EQ(partition.lastSliceChannels, row.last);
      EXPECT_EQ(partition.slices - 1, row.lastIndex);
    }
  }
}

// Section 4 there: the bytes of a cache in DDR.
TEST(Formulas, CachesInDDR) {
  DeviceRegistry registry;
  registerDevices(registry);
  const DeviceInfo &device = *registry.lookup("edgellm-20240603");
  const ObjectSupport *cache = device.getObject(ObjectKind::KVCache);
  EXPECT_EQ(cache->memory, "DDR");
  EXPECT_EQ(cache->bytes({2}, device), 1048576);
  EXPECT_EQ(cache->bytes({32}, device), 16777216);
  const ElementPlace place =
      device.placeCacheElement(device, /*isKeys=*/true, 1, 77, 100);
  EXPECT_EQ(place.port, 0);
  EXPECT_EQ(place.offset, 524288 + 3 * 131072 + 77 * 64 + 2 * 4);
}

// Section 4.11.
TEST(Formulas, WeightCopy) { EXPECT_EQ(getDevice().weightCopyBytes, 65536); }

} // namespace
