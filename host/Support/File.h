//===- File.h - Open files, and whole ones ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SUPPORT_FILE_H
#define DLAVM_HOST_SUPPORT_FILE_H

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <sys/types.h>

namespace dlavm::host {

/// An open file, closed in the end. What fails has its reason in errno.
class File {
public:
  explicit File(int descriptor = -1) : descriptor(descriptor) {}
  /// Opens \p path, or is none. It does not wait for the other end of a pipe.
  File(const std::string &path, int flags, mode_t mode = 0600);
  File(File &&other) noexcept
      : descriptor(std::exchange(other.descriptor, -1)) {}
  File &operator=(File &&other) noexcept {
    std::swap(descriptor, other.descriptor);
    return *this;
  }
  ~File() { close(); }

  explicit operator bool() const { return descriptor >= 0; }
  int get() const { return descriptor; }
  bool isRegular() const;
  /// Returns false if what was written is lost.
  bool close();

  /// Writes all bytes, or returns false.
  bool write(const void *data, size_t bytes) const;
  bool write(const std::string &text) const {
    return write(text.data(), text.size());
  }
  /// Reads all bytes, or less at the end of the file, and returns how many; -1
  /// if that fails.
  ssize_t read(void *data, size_t bytes) const;

private:
  int descriptor;
};

/// Reads a regular file of at most \p limit bytes. Throws dlavm::Error, which
/// names it.
std::string readFile(const std::string &path, size_t limit = size_t{1} << 28);
/// The same, or nothing if there is no such file.
std::optional<std::string> readFileIfThere(const std::string &path,
                                           size_t limit = size_t{1} << 28);

/// The path of a file in a directory, which may end with a slash.
std::string joinPath(const std::string &directory, const std::string &name);

} // namespace dlavm::host

#endif // DLAVM_HOST_SUPPORT_FILE_H
