//===- OutputDirectory.h - Files that replace others together -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_OUTPUTDIRECTORY_H
#define DLAVM_SUPPORT_OUTPUTDIRECTORY_H

#include "DLAVM/Support/OpenFile.h"
#include "DLAVM/Support/ScopedTree.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <vector>

namespace llvm {
class raw_fd_ostream;
} // namespace llvm

namespace dlavm {

/// A directory while a command writes files into it that belong together. No
/// other command can write there meanwhile.
///
/// The files are staged in a hidden directory below. commit() renames that,
/// which decides, and then moves the files to their places. Whoever is killed
/// before has changed nothing, and the next command that opens the directory
/// removes what was staged. Whoever is killed after it leaves files to be
/// moved, and the next command moves them, before it reads or writes others.
class OutputDirectory {
public:
  /// Creates the directory where it is missing. Fails where another command is
  /// writing there.
  static llvm::Expected<OutputDirectory> open(llvm::StringRef path);
  OutputDirectory(OutputDirectory &&) = default;
  /// Without commit() nothing has changed.
  ~OutputDirectory();

  const std::string &getPath() const { return path; }
  /// Whether nothing is there but what is staged.
  llvm::Expected<bool> isEmpty() const;
  /// The place of a file.
  std::string getPlace(llvm::StringRef name) const;

  /// Where to write the file \p name, a path below the directory, which may
  /// be in a directory of its own.
  llvm::Expected<std::string> stage(llvm::StringRef name);
  /// Stages a file that \p print writes. It may stop at an error of the stream.
  llvm::Error write(llvm::StringRef name,
                    llvm::function_ref<void(llvm::raw_fd_ostream &)> print);
  llvm::Error write(llvm::StringRef name, llvm::StringRef content);
  /// Removes a file when the others are moved.
  void remove(llvm::StringRef name) { removed.push_back(name.str()); }

  /// Fails where a file that was staged cannot take its place. Links are
  /// followed, and files that are replaced leave their owner and mode to those
  /// that take their place.
  llvm::Error commit();

private:
  OutputDirectory() = default;
  llvm::Error preparePlace(llvm::StringRef name);

  std::string path;
  OpenFile lock;
  ScopedTree staging;
  std::vector<std::string> staged, removed;
  /// Directories that were created, the outer ones first.
  std::vector<std::string> created;
};

/// Completes or removes what a command that was killed has left in a directory.
/// Fails where a set of files is not whole and cannot be completed: another
/// command is moving it, or the directory cannot be written.
llvm::Error recoverOutputs(llvm::StringRef directory);

/// A directory whose files belong together, while they are read: commands that
/// write there need not wait until whoever reads has ended.
class InputDirectory {
public:
  /// Recovers the directory first. \p file is one that every command which
  /// writes there replaces.
  static llvm::Expected<InputDirectory> open(llvm::StringRef directory,
                                             llvm::StringRef file);
  /// Fails if files have been replaced since it was opened.
  llvm::Error check() const;

private:
  InputDirectory(llvm::StringRef directory, llvm::StringRef file);

  std::string directory, file;
  llvm::sys::fs::file_status status;
};

/// The file that is written where \p place is a link; one that leads nowhere is
/// replaced.
std::string followLink(llvm::StringRef place);

/// Gives the file \p from the mode and, as far as possible, the owner of \p to,
/// where that is a file.
std::error_code copyOwnerAndMode(const llvm::Twine &from,
                                 const llvm::Twine &to);

} // namespace dlavm

#endif // DLAVM_SUPPORT_OUTPUTDIRECTORY_H
