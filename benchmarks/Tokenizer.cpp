//===- Tokenizer.cpp - How fast text becomes tokens -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// compare-tokenizers.sh runs it beside Hugging Face's tokenizers.
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Tokenizer.h"

#include "benchmark/benchmark.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace dlavm::host;

static std::string readFile(const std::filesystem::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// Some 3 MB: the file that DLAVM_BENCHMARK_TEXT names, or the pages of docs/.
static const std::string &getText() {
  static const std::string text = [] {
    if (const char *path = std::getenv("DLAVM_BENCHMARK_TEXT"))
      return readFile(path);
    std::string pages;
    for (const auto &entry :
         std::filesystem::directory_iterator(DLAVM_DOCS_DIR))
      if (entry.path().extension() == ".md")
        pages += readFile(entry.path());
    std::string all;
    while (all.size() < 3000000)
      all += pages;
    return all;
  }();
  return text;
}

static void encode(benchmark::State &state, const std::string &path) {
  const std::string &text = getText();
  size_t count = 0;
  for (auto _ : state) {
    // No word is known from the round before.
    state.PauseTiming();
    const auto tokenizer = Tokenizer::open(path);
    state.ResumeTiming();
    count = tokenizer->encode(text).size();
  }
  state.SetBytesProcessed(
      static_cast<int64_t>(text.size() * state.iterations()));
  state.counters["tokens"] = static_cast<double>(count);
}

static void decode(benchmark::State &state, const std::string &path) {
  const auto tokenizer = Tokenizer::open(path);
  const std::vector<int32_t> ids = tokenizer->encode(getText());
  for (auto _ : state)
    benchmark::DoNotOptimize(tokenizer->decode(ids));
  state.SetItemsProcessed(
      static_cast<int64_t>(ids.size() * state.iterations()));
}

/// What a token of an answer costs.
static void stream(benchmark::State &state, const std::string &path) {
  const auto tokenizer = Tokenizer::open(path);
  std::vector<int32_t> ids = tokenizer->encode(getText().substr(0, 100000));
  for (auto _ : state) {
    TextStream texts(*tokenizer);
    for (int32_t id : ids)
      benchmark::DoNotOptimize(texts.add(id));
  }
  state.SetItemsProcessed(
      static_cast<int64_t>(ids.size() * state.iterations()));
}

static void open(benchmark::State &state, const std::string &path) {
  for (auto _ : state)
    benchmark::DoNotOptimize(Tokenizer::open(path));
}

int main(int argc, char **argv) {
  const std::filesystem::path folder =
      std::filesystem::path(DLAVM_SHARED_DIR) / "tokenizers";
  for (const char *name :
       {"gpt2", "qwen2", "o200k_gpt4o", "mistral_v01", "story-656k"}) {
    const std::string path = folder / name;
    if (!std::filesystem::exists(path))
      continue;
    const std::pair<const char *,
                    void (*)(benchmark::State &, const std::string &)>
        functions[] = {{"open/", open},
                       {"encode/", encode},
                       {"decode/", decode},
                       {"stream/", stream}};
    for (const auto &[prefix, function] : functions)
      benchmark::RegisterBenchmark((std::string(prefix) + name).c_str(),
                                   function, path)
          ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
