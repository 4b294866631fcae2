//===- Archive.cpp - A .tar.zst that is written ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Package/Archive.h"

#include "dlavm_runtime.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

void Archive::fail(const std::string &why) const {
  throw Error("cannot write " + path + ": " + why);
}

void Archive::check(int code) const {
  if (code == ARCHIVE_OK)
    return;
  const char *text = archive_error_string(handle);
  std::string why = text ? text : "the archive is not complete";
  if (const int number = archive_errno(handle); number > 0)
    why += std::string(": ") + std::strerror(number);
  fail(why);
}

/// Its name is always the same, so what a program that was killed has left does
/// not remain. Whoever writes it has it locked.
void Archive::openTemporary() {
  const size_t slash = path.rfind('/') + 1;
  temporary = path.substr(0, slash) + "." + path.substr(slash) + ".part";
  while (true) {
    const int opened =
        open(temporary.c_str(),
             O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
    if (opened < 0)
      fail(std::strerror(errno));
    struct stat own, there;
    const bool isOurs = fstat(opened, &own) == 0 && S_ISREG(own.st_mode);
    if (!isOurs || flock(opened, LOCK_EX | LOCK_NB) != 0) {
      close(opened);
      fail(isOurs ? "another program is writing it"
                  : temporary + " is no file");
    }
    // Whoever had the lock may have moved it to its place.
    if (stat(temporary.c_str(), &there) == 0 && own.st_dev == there.st_dev &&
        own.st_ino == there.st_ino) {
      file = opened;
      break;
    }
    close(opened);
  }
  if (ftruncate(file, 0) != 0)
    fail(std::strerror(errno));
}

Archive::Archive(const std::string &path) : path(path) {
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    fail("it is there and no file");
  openTemporary();
  try {
    handle = archive_write_new();
    if (!handle)
      throw std::bad_alloc();
    // Tar as POSIX has it, which has no limits where they would be exceeded.
    check(archive_write_set_format_pax_restricted(handle));
    check(archive_write_add_filter_zstd(handle));
    check(archive_write_set_bytes_in_last_block(handle, 1));
    check(archive_write_open_fd(handle, file));
  } catch (...) {
    release();
    throw;
  }
}

Archive::~Archive() { release(); }

void Archive::release() {
  if (handle)
    archive_write_free(handle);
  if (file < 0)
    return;
  // Nobody else moves it while it is locked.
  unlink(temporary.c_str());
  close(file);
}

void Archive::beginFile(const std::string &name, uint64_t bytes,
                        bool isExecutable) {
  archive_entry *entry = archive_entry_new();
  if (!entry)
    throw std::bad_alloc();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, isExecutable ? 0755 : 0644);
  archive_entry_set_size(entry, static_cast<la_int64_t>(bytes));
  archive_entry_set_mtime(entry, 0, 0);
  const int code = archive_write_header(handle, entry);
  archive_entry_free(entry);
  check(code);
}

void Archive::write(const void *data, size_t bytes) {
  const la_ssize_t written = archive_write_data(handle, data, bytes);
  if (written != static_cast<la_ssize_t>(bytes))
    check(ARCHIVE_FATAL);
}

void Archive::commit() {
  check(archive_write_close(handle));
  if (fsync(file) != 0 || std::rename(temporary.c_str(), path.c_str()) != 0)
    fail(std::strerror(errno));
  close(file);
  file = -1;
}
