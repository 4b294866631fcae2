//===- PlanText.h - Changing plan.json ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_PLANTEXT_H
#define DLAVM_LIB_PACK_PLANTEXT_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace dlavm {

/// Removes the member \p key of a JSON object; all other bytes stay. \p text is
/// an object that json::parse accepts.
std::string removeMember(llvm::StringRef text, llvm::StringRef key);

/// Appends a member to a JSON object that has members, none of this name.
std::string appendMember(llvm::StringRef text, llvm::StringRef key,
                         llvm::StringRef value);

} // namespace dlavm

#endif // DLAVM_LIB_PACK_PLANTEXT_H
