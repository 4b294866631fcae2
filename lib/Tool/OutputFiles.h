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

#include <string>
#include <utility>
#include <vector>

namespace dlavm {

/// The files of one directory. They are written beside their places first and
/// moved there when all of them are complete.
class OutputFiles {
public:
  explicit OutputFiles(llvm::StringRef directory) : directory(directory) {}

  void add(llvm::StringRef name, std::string content) {
    files.push_back({name.str(), std::move(content)});
  }

  /// Creates the directory where it is missing. After an error nothing has
  /// changed.
  llvm::Error write();

private:
  std::string directory;
  std::vector<std::pair<std::string, std::string>> files;
};

} // namespace dlavm

#endif // DLAVM_TOOL_OUTPUTFILES_H
