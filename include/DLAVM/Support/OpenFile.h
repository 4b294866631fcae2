//===- OpenFile.h - A file descriptor that closes itself -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_OPENFILE_H
#define DLAVM_SUPPORT_OPENFILE_H

#include <string>
#include <utility>

namespace dlavm {

/// An open file, which is closed.
class OpenFile {
public:
  explicit OpenFile(int file = -1) : file(file) {}
  OpenFile(OpenFile &&other) : file(std::exchange(other.file, -1)) {}
  OpenFile &operator=(OpenFile &&other) {
    std::swap(file, other.file);
    return *this;
  }
  ~OpenFile();
  explicit operator bool() const { return file >= 0; }
  int get() const { return file; }

  /// Locks it against all others, or says false where it is locked already. The
  /// lock goes with the file. File systems without locks grant it to everybody.
  bool lock() const;
  /// True if \p path leads to this file, not to one that has replaced it.
  bool isAt(const std::string &path) const;

private:
  int file;
};

} // namespace dlavm

#endif // DLAVM_SUPPORT_OPENFILE_H
