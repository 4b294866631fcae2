//===- FileTest.cpp - Tests of files --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Support/File.h"

#include "dlavm_runtime.h"

#include "gtest/gtest.h"

#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm::host;

namespace {

class FileTest : public testing::Test {
protected:
  FileTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "file-XXXXXX").string();
    directory = mkdtemp(name.data());
    path = directory + "/file";
  }
  ~FileTest() override { std::filesystem::remove_all(directory); }

  static std::string getMessage(const std::function<void()> &run) {
    try {
      run();
    } catch (const dlavm::Error &error) {
      return error.what();
    }
    return "";
  }

  std::string directory, path;
};

} // namespace

TEST_F(FileTest, WholeFiles) {
  // More than the file system takes at once, with zeros.
  const std::string text = "a" + std::string(5 << 20, '\0') + "b";
  File file(path, O_WRONLY | O_CREAT);
  ASSERT_TRUE(file);
  EXPECT_TRUE(file.isRegular());
  EXPECT_TRUE(file.write(text));
  EXPECT_TRUE(file.close());
  EXPECT_FALSE(file);
  EXPECT_EQ(readFile(path), text);
  EXPECT_EQ(readFileIfThere(path), text);
  char bytes[4] = {};
  EXPECT_EQ(File(path, O_RDONLY).read(bytes, 1), 1);
  EXPECT_EQ(bytes[0], 'a');
  EXPECT_EQ(getMessage([&] { readFile(path, 4); }),
            path + " has 5242882 bytes; at most 4 are read");
}

TEST_F(FileTest, WhatIsNoRegularFile) {
  EXPECT_EQ(getMessage([&] { readFile(path); }),
            path + " cannot be read: No such file or directory");
  EXPECT_EQ(readFileIfThere(path), std::nullopt);
  EXPECT_EQ(getMessage([&] { readFileIfThere(directory); }),
            directory + " is no regular file");
  // Nobody writes to it, and nobody waits.
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(getMessage([&] { readFile(path); }), path + " is no regular file");
  EXPECT_EQ(getMessage([&] { readFile(path + "/a"); }),
            path + "/a cannot be read: Not a directory");
}

TEST_F(FileTest, WhatFails) {
  const File none(path, O_RDONLY);
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.isRegular());
  EXPECT_FALSE(none.write("a"));
  char byte;
  EXPECT_EQ(none.read(&byte, 1), -1);
  EXPECT_FALSE(File("/dev/full", O_WRONLY).write("a"));
}

TEST_F(FileTest, HasOneOwner) {
  File first(path, O_WRONLY | O_CREAT);
  const int descriptor = first.get();
  File second(std::move(first));
  EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.get(), descriptor);
  second = File();
  EXPECT_EQ(fcntl(descriptor, F_GETFD), -1);
}

TEST(PathTest, HasOneSlash) {
  EXPECT_EQ(joinPath("a", "b"), "a/b");
  EXPECT_EQ(joinPath("a/", "b"), "a/b");
  EXPECT_EQ(joinPath("/", "b"), "/b");
}
