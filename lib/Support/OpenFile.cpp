//===- OpenFile.cpp - A file descriptor that closes itself ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/OpenFile.h"

#include <cerrno>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm;

OpenFile::~OpenFile() {
  if (file >= 0)
    close(file);
}

bool OpenFile::lock() const {
  return flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool OpenFile::isAt(const std::string &path) const {
  struct stat own, current;
  return fstat(file, &own) == 0 && stat(path.c_str(), &current) == 0 &&
         own.st_ino == current.st_ino && own.st_dev == current.st_dev;
}
