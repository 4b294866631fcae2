//===- Archive.h - A .tar.zst that is written -------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_PACKAGE_ARCHIVE_H
#define DLAVM_HOST_PACKAGE_ARCHIVE_H

#include <cstddef>
#include <cstdint>
#include <string>

struct archive;

namespace dlavm::host {

/// A tar archive, compressed with zstd, that has what its files have and
/// nothing of where and when it was made: no owner, no time. It is written
/// beside its place and takes it when it is complete. All functions throw
/// dlavm::Error.
class Archive {
public:
  explicit Archive(const std::string &path);
  Archive(const Archive &) = delete;
  Archive &operator=(const Archive &) = delete;
  /// Without commit() nothing has changed.
  ~Archive();

  /// Begins a file, whose content write() gets, in as many pieces as one likes.
  void beginFile(const std::string &name, uint64_t bytes, bool isExecutable);
  void write(const void *data, size_t bytes);
  void commit();

private:
  [[noreturn]] void fail(const std::string &why) const;
  void openTemporary();
  void release();
  /// Fails if \p code is not that of success.
  void check(int code) const;

  std::string path, temporary;
  int file = -1;
  struct archive *handle = nullptr;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_PACKAGE_ARCHIVE_H
