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

class OutputDirectory;

/// The files of one directory, which replace those of earlier commands
/// together, see OutputDirectory.
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
  /// The same, into this directory, which has been opened.
  llvm::Error write(OutputDirectory &output);

private:
  std::string directory;
  std::vector<
      std::pair<std::string, std::function<void(llvm::raw_fd_ostream &)>>>
      files;
};

/// Writes one file, or what it is a link to, beside its place, and moves it
/// there when it is complete; owner and mode of a file that is replaced remain.
/// "-" is standard output, and a device or a pipe is written to as it is.
llvm::Error writeOutputFile(llvm::StringRef path, llvm::StringRef content);

/// Fails where writeOutputFile cannot write to \p path, as far as that is known
/// before: it is a directory, or lies in one that does not exist or cannot be
/// written. An empty path is none.
llvm::Error checkOutputFile(llvm::StringRef path);

/// Fails if an output is an input as well, or two outputs are one file: by
/// another path, a link, or as standard output. Empty paths are none.
llvm::Error checkOutputs(llvm::ArrayRef<std::string> outputs,
                         llvm::ArrayRef<std::string> inputs);

} // namespace dlavm

#endif // DLAVM_SUPPORT_OUTPUTFILES_H
