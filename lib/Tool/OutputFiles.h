//===- OutputFiles.h - Files that appear together or not at all ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_OUTPUTFILES_H
#define DLAVM_TOOL_OUTPUTFILES_H

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

  /// Creates the directory where it is missing. After an error nothing has
  /// changed.
  llvm::Error write();

private:
  std::string directory;
  std::vector<
      std::pair<std::string, std::function<void(llvm::raw_fd_ostream &)>>>
      files;
};

/// Writes one file as OutputFiles does.
llvm::Error writeOutputFile(llvm::StringRef path, std::string content);

} // namespace dlavm

#endif // DLAVM_TOOL_OUTPUTFILES_H
