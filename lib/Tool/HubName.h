//===- HubName.h - Names of models that are not here ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_HUBNAME_H
#define DLAVM_LIB_TOOL_HUBNAME_H

#include "llvm/ADT/StringExtras.h"

#include <string>

namespace dlavm {

/// What to do where \p path, which does not exist, may be the name of a model
/// on the Hugging Face Hub, ORGANIZATION/NAME. Empty for other paths.
inline std::string explainHubName(llvm::StringRef path) {
  const auto [organization, name] = path.split('/');
  auto isName = [](llvm::StringRef text) {
    return !text.empty() && llvm::all_of(text, [](char c) {
      return llvm::isAlnum(c) || c == '-' || c == '_' || c == '.';
    });
  };
  if (!isName(organization) || !isName(name) || organization.starts_with("."))
    return "";
  return ". If it is a model of the Hugging Face Hub, download it first: "
         "huggingface-cli download " +
         path.str() + " --local-dir DIR";
}

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_HUBNAME_H
