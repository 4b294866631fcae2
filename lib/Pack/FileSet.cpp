//===- FileSet.cpp - Parameter files while they are written ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FileSet.h"
#include "DLAVM/Support/Threads.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

using namespace dlavm;
using namespace llvm;

static Error failWriting(StringRef path, std::error_code error) {
  return createStringError(error,
                           "cannot write " + path + ": " + error.message());
}

std::string dlavm::joinPath(StringRef directory, StringRef path) {
  SmallString<128> result(directory);
  sys::path::append(result, path);
  return result.str().str();
}

/// How many files the process may have open, at least \p wanted if it can have
/// its limit raised as far.
static uint64_t getOpenFileLimit(uint64_t wanted) {
#if __has_include(<sys/resource.h>)
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    if (limit.rlim_cur >= wanted)
      return limit.rlim_cur;
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur
                                                  : limit.rlim_cur;
  }
#endif
  return wanted;
}

unsigned dlavm::limitThreads(unsigned threads, int64_t filesPerThread) {
  // For what the process has open already.
  constexpr uint64_t others = 64;
  const unsigned most = countThreads(threads);
  const uint64_t files = std::max<int64_t>(filesPerThread, 1);
  const uint64_t limit = getOpenFileLimit(most * files + others);
  if (limit < others + files)
    return 1;
  return std::min<uint64_t>(most, (limit - others) / files);
}

FileSet::~FileSet() {
  for (auto [file, state] : zip_equal(files, open)) {
    if (state.os) {
      state.os->close();
      state.os->clear_error();
    }
    if (!isKept && state.exists)
      sys::fs::remove(joinPath(directory, file.path));
  }
  if (!isKept)
    for (const std::string &path : reverse(created))
      sys::fs::remove(path);
}

size_t FileSet::add(std::string path, int64_t bytes) {
  files.push_back({std::move(path), bytes});
  open.emplace_back();
  return files.size() - 1;
}

Error FileSet::createDirectories() {
  std::string last;
  for (const PackedFile &file : files) {
    const std::string parent =
        sys::path::parent_path(joinPath(directory, file.path)).str();
    if (parent == last)
      continue;
    last = parent;
    // The outer ones before the inner ones, to be removed the other way round.
    SmallVector<std::string> missing;
    for (StringRef path = parent; !path.empty() && !sys::fs::exists(path);
         path = sys::path::parent_path(path))
      missing.push_back(path.str());
    append_range(created, reverse(missing));
    if (std::error_code error = sys::fs::create_directories(
            parent, /*IgnoreExisting=*/true, sys::fs::all_all))
      return createStringError(error, "cannot create the directory " + parent +
                                          ": " + error.message());
  }
  return Error::success();
}

Error FileSet::write(size_t index, ArrayRef<uint8_t> bytes) {
  PackedFile &file = files[index];
  Open &state = open[index];
  const std::string path = joinPath(directory, file.path);
  std::error_code error;
  if (state.written == 0) {
    state.os = std::make_unique<raw_fd_ostream>(path, error);
    if (error) {
      state.os.reset();
      return failWriting(path, error);
    }
    state.exists = true;
    state.os->SetUnbuffered();
    XXH64_reset(&state.hash, /*seed=*/0);
  }
  XXH64_update(&state.hash, bytes.data(), bytes.size());
  state.os->write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  state.written += bytes.size();
  if (state.written == file.bytes)
    state.os->close();
  error = state.os->error();
  state.os->clear_error();
  if (error)
    return failWriting(path, error);
  if (state.written == file.bytes) {
    state.os.reset();
    file.checksum = XXH64_digest(&state.hash);
  }
  return Error::success();
}
