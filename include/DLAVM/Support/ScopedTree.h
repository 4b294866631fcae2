//===- ScopedTree.h - What is removed, come what may ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_SCOPEDTREE_H
#define DLAVM_SUPPORT_SCOPEDTREE_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace dlavm {

/// Prepares the process for signals that end it (SIGINT, SIGTERM, SIGHUP):
/// trees of ScopedTree are removed before. Must come before LLVM handles
/// signals, whose handlers then call these.
void prepareForSignals();
/// The same for crashes, after LLVM prepared to report them. Signals that were
/// ignored at first are ignored again.
void prepareForCrashes();

/// Removes a file, or a directory with all that it holds; links are not
/// followed. True if nothing is left.
bool removeTree(const char *path);

/// A file or directory that is removed at the end of the scope, also where that
/// is a signal. Only few may live at a time.
class ScopedTree {
public:
  ScopedTree() = default;
  explicit ScopedTree(llvm::StringRef path);
  ScopedTree(ScopedTree &&other);
  ScopedTree &operator=(ScopedTree &&other);
  ~ScopedTree();

  const std::string &getPath() const { return path; }
  /// Lets it live on. Does not return where a signal ends the process already.
  void release();

private:
  /// Empty after release().
  std::string path;
};

} // namespace dlavm

#endif // DLAVM_SUPPORT_SCOPEDTREE_H
