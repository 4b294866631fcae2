//===- InputFile.h - Files that are read ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_INPUTFILE_H
#define DLAVM_SUPPORT_INPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

namespace dlavm {

/// The most bytes of JSON and IR: several times what the index of the largest
/// checkpoints has.
inline constexpr uint64_t kMaxTextBytes = 32 << 20;

/// Reads a text file; the buffer is terminated by a null. Only regular files
/// are read, as others may have no end or never begin. The error says why that
/// is not possible, without the path.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readTextFile(const llvm::Twine &path);

/// Refuses what the parser of LLVM 22 does not survive: its binary form, which
/// crashes it where single bytes have changed, and result numbers (`%x#7`) that
/// take all memory.
llvm::Error checkModuleText(llvm::StringRef text);

/// Reads a module of MLIR that passes checkModuleText.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readModuleFile(const llvm::Twine &path);

/// The same for the file of a tool that reads standard input, be it a pipe,
/// where \p path is "-".
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readModuleFileOrStdin(const llvm::Twine &path);

/// Maps a file of any size.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
openBinaryFile(const llvm::Twine &path);

/// What people give in place of a file of JSON or tensors, known by its first
/// bytes, and what to do: "is an HTML page, ...". Empty for others.
llvm::StringRef describeForeignFile(llvm::StringRef content);

} // namespace dlavm

#endif // DLAVM_SUPPORT_INPUTFILE_H
