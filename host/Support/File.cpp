//===- File.cpp - Open files, and whole ones ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Support/File.h"

#include "dlavm_runtime.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

File::File(const std::string &path, int flags, mode_t mode)
    : descriptor(open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, mode)) {}

bool File::isRegular() const {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

bool File::close() {
  const int file = std::exchange(descriptor, -1);
  return file < 0 || ::close(file) == 0;
}

bool File::write(const void *data, size_t bytes) const {
  const auto *next = static_cast<const char *>(data);
  while (bytes > 0) {
    const ssize_t count = ::write(descriptor, next, bytes);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    next += count;
    bytes -= static_cast<size_t>(count);
  }
  return true;
}

ssize_t File::read(void *data, size_t bytes) const {
  auto *next = static_cast<char *>(data);
  size_t done = 0;
  while (done < bytes) {
    const ssize_t count = ::read(descriptor, next + done, bytes - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return -1;
    if (count == 0)
      break;
    done += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

static std::string readOpened(const File &file, const std::string &path,
                              size_t limit) {
  const auto fail = [&] {
    throw Error(path + " cannot be read: " + std::strerror(errno));
  };
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0)
    fail();
  if (!S_ISREG(status.st_mode))
    throw Error(path + " is no regular file");
  if (static_cast<size_t>(status.st_size) > limit)
    throw Error(path + " has " + std::to_string(status.st_size) +
                " bytes; at most " + std::to_string(limit) + " are read");
  std::string text(static_cast<size_t>(status.st_size), '\0');
  const ssize_t size = file.read(text.data(), text.size());
  if (size < 0)
    fail();
  if (static_cast<size_t>(size) != text.size())
    throw Error(path + " cannot be read: it is shorter than its size says");
  return text;
}

std::string dlavm::host::readFile(const std::string &path, size_t limit) {
  return readOpened(File(path, O_RDONLY), path, limit);
}

std::optional<std::string> dlavm::host::readFileIfThere(const std::string &path,
                                                        size_t limit) {
  const File file(path, O_RDONLY);
  if (!file && errno == ENOENT)
    return std::nullopt;
  return readOpened(file, path, limit);
}

std::string dlavm::host::joinPath(const std::string &directory,
                                  const std::string &name) {
  const bool hasSlash = !directory.empty() && directory.back() == '/';
  return directory + (hasSlash ? "" : "/") + name;
}
