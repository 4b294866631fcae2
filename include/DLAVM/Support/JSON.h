//===- JSON.h - Reading JSON files ------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_JSON_H
#define DLAVM_SUPPORT_JSON_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace dlavm {

/// The deepest nesting of arrays and objects that is read.
inline constexpr unsigned kMaxJSONDepth = 64;

/// Fails, with \p what, line and column, at a byte of \p text that is no UTF-8:
/// no JSON can have it.
llvm::Error checkUTF8(llvm::StringRef text, const llvm::Twine &what);

/// Parses \p text, which must be one object in which no key comes twice and
/// which nests no deeper than kMaxJSONDepth and has at most a million values
/// and 100,000 objects. Errors start with \p what, the file or its part, and
/// where they can with line and column: "config.json:3:7:
/// ".
llvm::Expected<llvm::json::Object> parseJSONObject(llvm::StringRef text,
                                                   const llvm::Twine &what);

/// Reads such an object from a file, see readTextFile. \p hint says what is
/// expected where there is no such file: "; give a config.json".
llvm::Expected<llvm::json::Object> readJSONFile(const llvm::Twine &path,
                                                llvm::StringRef hint = "");

/// The same; nothing if there is no file.
llvm::Expected<std::optional<llvm::json::Object>>
readOptionalJSONFile(const llvm::Twine &path);

/// The keys in alphabetical order, as objects have none that is stable.
std::vector<llvm::StringRef> getSortedKeys(const llvm::json::Object &object);

/// \p value for messages, cut if it is long; "nothing" for null.
std::string printJSON(const llvm::json::Value *value);

} // namespace dlavm

#endif // DLAVM_SUPPORT_JSON_H
