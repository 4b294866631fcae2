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

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

using namespace dlavm;
using namespace llvm;

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
  for (Open &state : open)
    if (state.os) {
      state.os->close();
      state.os->clear_error();
    }
}

size_t FileSet::add(std::string path, int64_t bytes) {
  files.push_back({std::move(path), bytes});
  open.emplace_back();
  return files.size() - 1;
}

Error FileSet::stage() {
  for (auto [file, state] : zip_equal(files, open))
    if (Error error = output.stage(file.path).moveInto(state.staged))
      return error;
  return Error::success();
}

Error FileSet::write(size_t index, ArrayRef<uint8_t> bytes) {
  PackedFile &file = files[index];
  Open &state = open[index];
  auto fail = [&](std::error_code error) {
    return createStringError(error, "cannot write " +
                                        output.getPlace(file.path) + ": " +
                                        error.message());
  };
  std::error_code error;
  if (state.written == 0) {
    state.os = std::make_unique<raw_fd_ostream>(state.staged, error);
    if (error) {
      state.os.reset();
      return fail(error);
    }
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
    return fail(error);
  if (state.written == file.bytes) {
    state.os.reset();
    file.checksum = XXH64_digest(&state.hash);
  }
  return Error::success();
}
