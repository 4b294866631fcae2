//===- OutputFiles.h - Files that appear together or not at all ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_OUTPUTFILES_H
#define DLAVM_SUPPORT_OUTPUTFILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class raw_fd_ostream;
} // namespace llvm

namespace dlavm {

/// The files of one directory. They are written beside their places first and
/// moved there when all of them are complete.
class OutputFiles {
public:
  explicit OutputFiles(llvm::StringRef directory) : directory(directory) {}

  void add(llvm::StringRef name, std::string content);
  /// Adds a file that \p print writes piece by piece, when it is its turn. It
  /// may stop at an error of the stream.
  void add(llvm::StringRef name,
           std::function<void(llvm::raw_fd_ostream &)> print) {
    files.push_back({name.str(), std::move(print)});
  }

  /// The places of the files.
  std::vector<std::string> getPaths() const;

  /// Creates the directory where it is missing. After an error nothing has
  /// changed.
  llvm::Error write();

private:
  std::string directory;
  std::vector<
      std::pair<std::string, std::function<void(llvm::raw_fd_ostream &)>>>
      files;
};

/// Writes one file as OutputFiles does, or what it is a link to. "-" is
/// standard output, and a device or a pipe is written to as it is.
llvm::Error writeOutputFile(llvm::StringRef path, std::string content);

/// Fails if an output is an input as well, or two outputs are one file: by
/// another path, a link, or as standard output. Empty paths are none.
llvm::Error checkOutputs(llvm::ArrayRef<std::string> outputs,
                         llvm::ArrayRef<std::string> inputs);

} // namespace dlavm

#endif // DLAVM_SUPPORT_OUTPUTFILES_H
