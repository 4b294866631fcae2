//===- PackDirectoryTest.cpp - Tests of parameter files -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Pack/PackedParameters.h"
#include "DLAVM/Support/Half.h"
#include "FileSet.h"
#include "SpecDecoder.h"
#include "TestModel.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

/// A plan with everything that a model has, and a directory for it.
class PackDirectoryTest : public testing::Test {
protected:
  PackDirectoryTest() {
    SmallString<128> path;
    EXPECT_FALSE(sys::fs::createUniqueDirectory("dlavm-pack", path));
    directory = path.str().str();
    plan.addParameter("w", {300, 200}, 2);
    plan.addParameter("scale", {300}, 0).tensor = "";
    plan.parameters.back().splat = 1;
    plan.addParameter("bias", {300}, 2);
    plan.addParameter("norm", {200}, 0);
    plan.addParameter("rows", {70, 200}, 0);
    plan.embedding = "rows";
    plan.addObject("w_weight", ObjectKind::Weight, {300, 200}, {"w"}, 2);
    plan.addObject("w_words", ObjectKind::ScaleBias, {300}, {"scale", "bias"},
                   2);
    plan.addObject("norm_weight", ObjectKind::NormWeight, {200}, {"norm"});
    plan.addObject("cache", ObjectKind::KVCache, {2}, {}, 2);
    plan.addObject("silu_table", ObjectKind::ActivationTable, {}, {})
        .config["function"] = "silu";
    for (const char *layer : {"layers.0.", "layers.1."}) {
      tensors.addRandom(layer + std::string("w"), ElementType::BF16, {300, 200},
                        0.1);
      tensors.addRandom(layer + std::string("bias"), ElementType::F32, {300},
                        1);
    }
    tensors.addRandom("norm", ElementType::F16, {200}, 1);
    tensors.addRandom("rows", ElementType::F32, {70, 200}, 1);
    planText = plan.print();
    write("plan.json", planText);
    write("driver.h", "mine");
  }
  ~PackDirectoryTest() override { fs::remove_all(directory); }

  void write(const std::string &name, const std::string &text) {
    std::ofstream(directory + "/" + name, std::ios::binary) << text;
  }
  std::string read(const std::string &name) const {
    std::ifstream stream(directory + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  /// All files with their content.
  std::map<std::string, std::string> readAll() const {
    std::map<std::string, std::string> files;
    for (const auto &entry : fs::recursive_directory_iterator(directory)) {
      const std::string name =
          fs::relative(entry.path(), directory).generic_string();
      files[name] = entry.is_directory() ? "" : read(name);
    }
    return files;
  }
  std::string pack(PackOptions options = {}) {
    Expected<OutputDirectory> output = OutputDirectory::open(directory);
    if (!output)
      return toString(output.takeError());
    return getMessage(
        packDirectory(*output, plan, plan.device, tensors, options));
  }
  /// Nothing but what was there at the beginning.
  void expectUntouched() const {
    const std::map<std::string, std::string> expected = {
        {"plan.json", planText}, {"driver.h", "mine"}};
    EXPECT_EQ(readAll(), expected);
  }

  std::string planText;
  std::string directory;
  TestPlan plan;
  TestTensors tensors;
};

} // namespace

TEST_F(PackDirectoryTest, WritesEverything) {
  PackOptions options;
  options.endTokens = {2, 69};
  OutputDirectory output = cantFail(OutputDirectory::open(directory));
  Expected<PackedDirectory> packed =
      packDirectory(output, plan, plan.device, tensors, options);
  ASSERT_TRUE(!!packed) << toString(packed.takeError());
  EXPECT_EQ(packed->files, 2 * 32 + 2 + 1 + 1 + 1);
  auto files = readAll();
  EXPECT_EQ(files["driver.h"], "mine");

  // The checksums, by another implementation, in the plan's order.
  SmallVector<StringRef> lines;
  StringRef(files["checksums.txt"]).split(lines, '\n');
  EXPECT_EQ(lines.front(),
            "dlavm-parameters 2 0123456789abcdef " +
                utohexstr(xxHash64(StringRef(files["checksums.txt"])
                                       .drop_front(lines.front().size() + 1)),
                          true, 16));
  EXPECT_EQ(lines.back(), "");
  const ArrayRef<StringRef> entries = ArrayRef(lines).drop_front().drop_back();
  ASSERT_EQ(static_cast<int64_t>(entries.size()), packed->files);
  int64_t total = 0;
  std::string packedFiles;
  for (StringRef line : entries) {
    SmallVector<StringRef> words;
    line.split(words, ' ');
    ASSERT_EQ(words.size(), 3u);
    const std::string &content = files.at(words[2].str());
    EXPECT_EQ(words[0], utohexstr(xxHash64(content), true, 16));
    EXPECT_EQ(words[1], std::to_string(content.size()));
    total += content.size();
    packedFiles += (packedFiles.empty() ? "" : ",") +
                   ("\n      {\n        \"path\": \"" + words[2] +
                    "\",\n        \"bytes\": " + words[1] +
                    ",\n        \"checksum\": \"" + words[0] + "\"\n      }")
                       .str();
  }
  EXPECT_EQ(total, packed->bytes);
  EXPECT_EQ(entries[0].rsplit(' ').second, "layer00/w_weight.00.bin");
  EXPECT_EQ(entries[33].rsplit(' ').second, "layer01/w_weight.01.bin");
  EXPECT_EQ(entries.back().rsplit(' ').second, "embedding.bin");

  EXPECT_EQ(files["plan.json"],
            planText.substr(0, planText.rfind("\n}")) +
                ",\n  \"packed\": {\n    \"scale_choice\": \"absmax\",\n"
                "    \"end_tokens\": [\n      2,\n      69\n    ],\n"
                "    \"files\": [" +
                packedFiles + "\n    ]\n  }\n}\n");
  EXPECT_EQ(files["pack-report.txt"],
            printReport(packed->report, ScaleChoice::AbsMax));
  // The table of parameters, and that of each layer's tensor.
  const std::vector<PackReport::Matrix> &matrices = packed->report.matrices;
  ASSERT_EQ(matrices.size(), 2u);
  EXPECT_THAT(files["pack-report.txt"], HasSubstr("\nw  "));
  std::string table = "\ntensor                          layer     relative"
                      "      largest\n";
  for (auto [layer, matrix] : enumerate(matrices))
    table += formatv("{0,-28} {1,8} {2,12:P2} {3,12:E2}\n", "w", layer,
                     matrix.error.getRelative(), matrix.error.largest);
  EXPECT_THAT(files["pack-report.txt"], HasSubstr(table + "\nsilu_table"));
  EXPECT_NE(matrices[0].error.largest, matrices[1].error.largest);

  // The embedding: rounded rows, one after the other.
  const std::vector<float> rows = tensors.get("rows");
  const std::string &embedding = files["embedding.bin"];
  ASSERT_EQ(embedding.size(), 2 * rows.size());
  const std::vector<uint8_t> bytes(embedding.begin(), embedding.end());
  for (size_t i = 0; i < rows.size(); ++i)
    ASSERT_EQ(specdecoder::decodeWord16(bytes, 2 * i), doubleToHalf(rows[i]));
}

TEST_F(PackDirectoryTest, DependsOnNothingElse) {
  PackOptions options;
  options.threads = 1;
  EXPECT_EQ(pack(options), "");
  const auto once = readAll();
  // Again, over the old files, by more threads.
  options.threads = 4;
  EXPECT_EQ(pack(options), "");
  EXPECT_EQ(readAll(), once);
  options.scaleChoice = ScaleChoice::Search;
  EXPECT_EQ(pack(options), "");
  EXPECT_THAT(read("plan.json"), HasSubstr("\"scale_choice\": \"search\""));
  EXPECT_NE(readAll(), once);
}

TEST_F(PackDirectoryTest, ReadsBack) {
  ASSERT_EQ(pack(), "");
  const PackedParameters parameters(directory, plan, plan.device);
  for (int64_t layer : {0, 1}) {
    Expected<PackedMatrix> matrix = parameters.openMatrix("w", layer);
    ASSERT_TRUE(!!matrix) << toString(matrix.takeError());
    EXPECT_EQ(matrix->getNumRows(), 300);
    EXPECT_EQ(matrix->getNumColumns(), 200);
    EXPECT_EQ(matrix->getNumBlocks(), 2);
    const std::vector<float> weights =
        tensors.get("layers." + std::to_string(layer) + ".w");
    for (int64_t row = 0; row < 300; ++row) {
      int8_t values[200], expected[200];
      uint16_t scales[2];
      matrix->readRow(row, values, scales);
      const ArrayRef<float> in = ArrayRef(weights).slice(200 * row, 200);
      MutableArrayRef<int8_t> out(expected);
      EXPECT_EQ(scales[0],
                quantizeBlock(in.take_front(128), ScaleChoice::AbsMax, out));
      EXPECT_EQ(scales[1],
                quantizeBlock(in.drop_front(128), ScaleChoice::AbsMax,
                              out.drop_front(128)));
      ASSERT_EQ(ArrayRef(values), ArrayRef(expected));
    }
    Expected<std::vector<uint16_t>> bias = parameters.readVector("bias", layer);
    ASSERT_TRUE(!!bias) << toString(bias.takeError());
    for (auto [code, value] : zip_equal(
             *bias, tensors.get("layers." + std::to_string(layer) + ".bias")))
      EXPECT_EQ(code, doubleToHalf(value));
  }
  EXPECT_EQ(cantFail(parameters.readVector("scale", 1)),
            std::vector<uint16_t>(300, 0x3C00));
  EXPECT_EQ(cantFail(parameters.readVector("norm", 0)).size(), 200u);
  EXPECT_EQ(cantFail(parameters.openEmbedding())->getBufferSize(), 28000u);
}

TEST_F(PackDirectoryTest, ReadingBackFails) {
  ASSERT_EQ(pack(), "");
  const PackedParameters parameters(directory, plan, plan.device);
  EXPECT_EQ(getMessage(parameters.openMatrix("none", 0)),
            "no object of the plan is made of a matrix 'none'");
  EXPECT_EQ(getMessage(parameters.readVector("w", 0)),
            "no object of the plan is made of a vector 'w'");
  EXPECT_EQ(getMessage(parameters.openMatrix("w", 2)),
            "the parameter 'w' has 2 layers, but not 2");
  write("layer01/w_weight.31.bin", "short");
  EXPECT_THAT(getMessage(parameters.openMatrix("w", 1)),
              HasSubstr("w_weight.31.bin should have 1600 bytes, but has 5"));
  fs::remove(directory + "/norm_weight.bin");
  EXPECT_THAT(getMessage(parameters.readVector("norm", 0)),
              HasSubstr("cannot read "));
}

TEST_F(PackDirectoryTest, MissingTensor) {
  tensors.remove("rows");
  EXPECT_EQ(pack(), "the embedding: test: there is no tensor 'rows'");
  expectUntouched();
}

TEST_F(PackDirectoryTest, BadValue) {
  // Found when other files are complete.
  std::vector<float> rows = tensors.get("rows");
  rows.back() = NAN;
  tensors.add("rows", ElementType::F32, {70, 200}, rows);
  PackOptions options;
  options.threads = 1;
  EXPECT_EQ(pack(options), "the embedding: the tensor 'rows' has the value nan "
                           "at [69, 199]; parameters must be finite");
  expectUntouched();
}

TEST_F(PackDirectoryTest, AnEarlierPackingStays) {
  ASSERT_EQ(pack(), "");
  const auto before = readAll();
  // Found before anything is written, and at the end.
  tensors.remove("norm");
  EXPECT_NE(pack(), "");
  EXPECT_EQ(readAll(), before);
  tensors.addRandom("norm", ElementType::F16, {200}, 1);
  tensors.add("rows", ElementType::F32, {70, 200},
              std::vector<float>(70 * 200, NAN));
  EXPECT_THAT(pack(), HasSubstr("parameters must be finite"));
  EXPECT_EQ(readAll(), before);
}

TEST_F(PackDirectoryTest, PlacesThatAreTaken) {
  fs::create_directory(directory + "/embedding.bin");
  EXPECT_THAT(pack(), HasSubstr("embedding.bin is a directory"));
  fs::remove(directory + "/embedding.bin");
  expectUntouched();
  write("layer01", "a file");
  EXPECT_THAT(pack(), HasSubstr("w_weight.00.bin: Not a directory"));
  fs::remove(directory + "/layer01");
  expectUntouched();
  // The very last file.
  fs::create_directories(directory + "/checksums.txt/x");
  EXPECT_THAT(pack(), HasSubstr(directory + "/checksums.txt is a directory"));
  fs::remove_all(directory + "/checksums.txt");
  expectUntouched();
}

TEST_F(PackDirectoryTest, OneAtATime) {
  const OutputDirectory other = cantFail(OutputDirectory::open(directory));
  EXPECT_EQ(pack(), "another command is writing into " + directory +
                        "; run this one again when it has ended");
}

/// Each in a process of its own, as nobody can raise a hard limit again.
TEST(FileSetTest, OpenFilesLimitThreads) {
  auto limitTo = [](rlim_t soft, rlim_t hard, unsigned threads, int64_t files) {
    const rlimit limit = {soft, hard};
    if (setrlimit(RLIMIT_NOFILE, &limit))
      std::exit(100);
    std::exit(static_cast<int>(limitThreads(threads, files)));
  };
  rlimit old;
  getrlimit(RLIMIT_NOFILE, &old);
  ASSERT_GE(old.rlim_max, 400u);
  EXPECT_EXIT(limitTo(100, 100, 8, 32), testing::ExitedWithCode(1), "");
  EXPECT_EXIT(limitTo(30, 30, 8, 32), testing::ExitedWithCode(1), "");
  EXPECT_EXIT(limitTo(192, 192, 8, 32), testing::ExitedWithCode(4), "");
  EXPECT_EXIT(limitTo(191, 191, 8, 32), testing::ExitedWithCode(3), "");
  EXPECT_EXIT(limitTo(400, 400, 8, 32), testing::ExitedWithCode(8), "");
  // The hard limit counts.
  EXPECT_EXIT(limitTo(20, 192, 8, 32), testing::ExitedWithCode(4), "");
  EXPECT_EXIT(limitTo(192, 192, 2, 32), testing::ExitedWithCode(2), "");
}

/// A full disk looks the same to the packer.
TEST_F(PackDirectoryTest, FileSizeLimit) {
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old;
  getrlimit(RLIMIT_FSIZE, &old);
  scope_exit restore([&] {
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
  });
  // Port files have 1600 bytes; the table and the embedding have more.
  for (rlim_t limit : {1000, 1700, 20000}) {
    rlimit small = old;
    small.rlim_cur = limit;
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string message = pack();
    setrlimit(RLIMIT_FSIZE, &old);
    EXPECT_THAT(message, HasSubstr(": File too large"));
    EXPECT_THAT(message, HasSubstr("cannot write " + directory));
    expectUntouched();
  }
}
