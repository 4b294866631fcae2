//===- PromptCacheTest.cpp - Tests of KV caches in files ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/PromptCache.h"
#include "Fakes.h"

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <sys/stat.h>

using namespace dlavm::host;

using Ids = std::vector<int32_t>;

namespace {

class PromptCacheTest : public testing::Test {
protected:
  PromptCacheTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "cache-XXXXXX").string();
    directory = mkdtemp(name.data());
    path = directory + "/cache";
  }
  ~PromptCacheTest() override { std::filesystem::remove_all(directory); }

  /// In pieces of 3 bytes.
  CacheAccess makeAccess(std::string &memory, uint64_t owner = 7) {
    return {
        owner, memory.size(),
        [&memory](const auto &consume) {
          for (size_t i = 0; i < memory.size(); i += 3)
            consume(memory.data() + i, std::min<size_t>(3, memory.size() - i));
        },
        [&memory](const auto &produce) {
          for (size_t i = 0; i < memory.size(); i += 3)
            produce(memory.data() + i, std::min<size_t>(3, memory.size() - i));
        }};
  }
  std::string read() {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void write(const std::string &text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::string load(uint64_t owner = 7) {
    const std::string message = getMessage(
        [&] { loaded = loadPromptCache(path, makeAccess(memory, owner)); });
    const size_t found = message.find(path);
    return found == std::string::npos ? message
                                      : message.substr(0, found) + "FILE" +
                                            message.substr(found + path.size());
  }

  std::string directory, path;
  std::string memory = std::string(10, '\0');
  std::optional<Ids> loaded;
};

} // namespace

TEST_F(PromptCacheTest, SavedAndLoaded) {
  EXPECT_EQ(load(), "");
  EXPECT_EQ(loaded, std::nullopt);
  std::string saved = "0123456789";
  savePromptCache(path, {1, 2, 300000}, makeAccess(saved));
  EXPECT_EQ(load(), "");
  EXPECT_EQ(loaded, (Ids{1, 2, 300000}));
  EXPECT_EQ(memory, saved);
  // Once more, over it.
  savePromptCache(path, {4}, makeAccess(saved));
  EXPECT_EQ(load(), "");
  EXPECT_EQ(loaded, Ids{4});
  // Nothing else is left in the directory.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory),
                          std::filesystem::directory_iterator()),
            1);
}

TEST_F(PromptCacheTest, OfAnother) {
  std::string saved = "0123456789";
  savePromptCache(path, {1}, makeAccess(saved));
  const std::string expected =
      "FILE is the prompt cache of another driver, or of other parameters; "
      "remove it, or name another file";
  EXPECT_EQ(load(8), expected);
  memory.resize(11);
  EXPECT_EQ(load(), expected);
  write("something else");
  EXPECT_EQ(load(), "FILE is no prompt cache of this version; remove it, or "
                    "name another file");
}

TEST_F(PromptCacheTest, Damaged) {
  std::string saved = "0123456789";
  savePromptCache(path, {1, 2}, makeAccess(saved));
  const std::string whole = read();
  // Every byte counts, and every cut.
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] ^= 0x10;
    write(changed);
    EXPECT_NE(load(), "") << i;
    write(whole.substr(0, i));
    EXPECT_NE(load(), "") << i;
  }
  write(whole + "x");
  EXPECT_EQ(load(), "FILE is damaged; remove it, or name another file");
  write(whole);
  EXPECT_EQ(load(), "");
}

TEST_F(PromptCacheTest, WhatFails) {
  std::string saved = "0123456789";
  savePromptCache(path, {1}, makeAccess(saved));
  // The file from before stays.
  CacheAccess failing = makeAccess(saved);
  failing.read = [](const auto &consume) {
    consume("01", 2);
    throw dlavm::Error("no DMA");
  };
  EXPECT_EQ(getMessage([&] { savePromptCache(path, {2}, failing); }), "no DMA");
  EXPECT_EQ(load(), "");
  EXPECT_EQ(loaded, Ids{1});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory),
                          std::filesystem::directory_iterator()),
            1);
  EXPECT_NE(getMessage([&] {
              savePromptCache(directory + "/no/cache", {1}, makeAccess(saved));
            }).find("No such file or directory"),
            std::string::npos);
  EXPECT_NE(getMessage([&] { loadPromptCache(directory, makeAccess(saved)); }),
            "");
}

TEST_F(PromptCacheTest, PathsAreCheckedBefore) {
  const auto check = [&](const std::string &where) {
    return getMessage([&] { checkPromptCachePath(where); });
  };
  EXPECT_EQ(check(path), "");
  write("");
  EXPECT_EQ(check(path), "");
  EXPECT_EQ(check("cache"), "");
  EXPECT_EQ(check(directory + "/no/cache"),
            "cannot create " + directory +
                "/no/cache: No such file or directory");
  EXPECT_EQ(check(path + "/cache"),
            "cannot create " + path + "/cache: Not a directory");
  const std::string other =
      " is no prompt cache of this version; remove it, or name another file";
  EXPECT_EQ(check(directory), directory + other);
  // Nobody waits for the other end.
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(check(path), path + other);
  EXPECT_EQ(load(), "FILE" + other);
}

TEST_F(PromptCacheTest, Owners) {
  EXPECT_EQ(getMessage([&] { getCacheOwner(directory, 8); }),
            "cannot read " + directory +
                "/checksums.txt; run dlavm pack, which writes it");
  std::ofstream(directory + "/checksums.txt") << "a";
  const uint64_t owner = getCacheOwner(directory, 8);
  EXPECT_EQ(getCacheOwner(directory, 8), owner);
  EXPECT_NE(getCacheOwner(directory, 9), owner);
  std::ofstream(directory + "/checksums.txt") << "b";
  EXPECT_NE(getCacheOwner(directory, 8), owner);
}
