//===- TemporaryDirectory.h - A place for files of one command ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_TEMPORARYDIRECTORY_H
#define DLAVM_SUPPORT_TEMPORARYDIRECTORY_H

#include "DLAVM/Support/OpenFile.h"
#include "DLAVM/Support/ScopedTree.h"

#include "llvm/Support/Error.h"

namespace dlavm {

/// A directory of this process only, which goes with it. It is locked as long
/// as its process lives, so the next one sees which were left behind by
/// processes that were killed, and removes them.
class TemporaryDirectory {
public:
  /// Makes one in \p parent; by default where the system has temporary files,
  /// $TMPDIR or /tmp.
  static llvm::Expected<TemporaryDirectory>
  create(llvm::StringRef parent = llvm::StringRef());

  llvm::StringRef getPath() const { return tree.getPath(); }
  /// The path of a file in it.
  std::string getFile(llvm::StringRef name) const;

private:
  TemporaryDirectory(OpenFile lock, ScopedTree tree)
      : lock(std::move(lock)), tree(std::move(tree)) {}

  // The tree is removed while it is locked.
  OpenFile lock;
  ScopedTree tree;
};

/// Removes what processes that were killed have left in \p parent.
void removeAbandonedDirectories(llvm::StringRef parent);

} // namespace dlavm

#endif // DLAVM_SUPPORT_TEMPORARYDIRECTORY_H
