//===- TemporaryDirectory.cpp - A place for files of one command --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/TemporaryDirectory.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kPrefix = ".dlavm-temporary-";

static OpenFile openDirectory(const Twine &path) {
  return OpenFile(open(path.str().c_str(),
                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

void dlavm::removeAbandonedDirectories(StringRef parent) {
  std::error_code error;
  for (sys::fs::directory_iterator it(parent, error), end; !error && it != end;
       it.increment(error)) {
    if (!sys::path::filename(it->path()).starts_with(kPrefix))
      continue;
    const OpenFile directory = openDirectory(it->path());
    struct stat status;
    if (directory && fstat(directory.get(), &status) == 0 &&
        status.st_uid == geteuid() && directory.lock())
      removeTree(it->path().c_str());
  }
}

Expected<TemporaryDirectory> TemporaryDirectory::create(StringRef parent) {
  SmallString<128> path(parent);
  if (parent.empty())
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, path);
  removeAbandonedDirectories(path);
  sys::path::append(path, kPrefix + "XXXXXX");
  while (true) {
    std::string name = path.str().str();
    if (!mkdtemp(name.data())) {
      const std::error_code error = errnoAsErrorCode();
      return createStringError(
          error, "cannot create a temporary directory in " +
                     sys::path::parent_path(path) + ": " + error.message());
    }
    ScopedTree tree(name);
    OpenFile lock = openDirectory(name);
    // Before it is locked, others take it for one that was left behind.
    if (lock && lock.lock() && lock.isAt(name))
      return TemporaryDirectory(std::move(lock), std::move(tree));
  }
}

std::string TemporaryDirectory::getFile(StringRef name) const {
  SmallString<128> path(getPath());
  sys::path::append(path, name);
  return path.str().str();
}
