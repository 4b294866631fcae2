//===- JSONFile.h - JSON objects of a checkpoint ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECKPOINT_JSONFILE_H
#define DLAVM_LIB_CHECKPOINT_JSONFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace dlavm {

/// Parses \p text, which must be one object in which no key comes twice.
/// Errors start with \p what, the file or its part.
llvm::Expected<llvm::json::Object> parseJSONObject(llvm::StringRef text,
                                                   const llvm::Twine &what);

/// Reads such an object from a file; nothing if there is no file.
llvm::Expected<std::optional<llvm::json::Object>>
readJSONFile(llvm::StringRef directory, llvm::StringRef name);

/// The keys in alphabetical order, as objects have none that is stable.
std::vector<llvm::StringRef> getSortedKeys(const llvm::json::Object &object);

/// \p value for messages, cut if it is long.
std::string printJSON(const llvm::json::Value *value);

} // namespace dlavm

#endif // DLAVM_LIB_CHECKPOINT_JSONFILE_H
