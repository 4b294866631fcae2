//===- FileSet.h - Parameter files while they are written -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_FILESET_H
#define DLAVM_LIB_PACK_FILESET_H

#include "DLAVM/Plan/DriverPlan.h"
#include "DLAVM/Support/OutputDirectory.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

// The driver's runtime has its own.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <memory>
#include <string>
#include <vector>

namespace dlavm {

/// Files that are staged in a directory, each written in pieces from its
/// beginning to its end by one thread at a time.
class FileSet {
public:
  explicit FileSet(OutputDirectory &output) : output(output) {}
  ~FileSet();

  /// Announces a file; returns its index. All are announced before the first is
  /// written.
  size_t add(std::string path, int64_t bytes);
  /// Makes room for all files.
  llvm::Error stage();
  /// Writes the next bytes of a file; the last ones close it. Every error of
  /// the file system is reported here.
  llvm::Error write(size_t file, llvm::ArrayRef<uint8_t> bytes);

  const std::vector<PackedFile> &getFiles() const { return files; }

private:
  /// What there is of a file while it is written.
  struct Open {
    std::string staged;
    std::unique_ptr<llvm::raw_fd_ostream> os;
    XXH64_state_t hash;
    int64_t written = 0;
  };

  OutputDirectory &output;
  std::vector<PackedFile> files;
  std::vector<Open> open;
};

/// How many threads may write where each has up to \p filesPerThread files open
/// at once: countThreads(\p threads), or less where the process may not open as
/// many files, but at least one. Raises the soft limit of the
/// process to the hard one if that helps.
unsigned limitThreads(unsigned threads, int64_t filesPerThread);

} // namespace dlavm

#endif // DLAVM_LIB_PACK_FILESET_H
