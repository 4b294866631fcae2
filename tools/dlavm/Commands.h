//===- Commands.h - Command line of dlavm -----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOLS_DLAVM_COMMANDS_H
#define DLAVM_TOOLS_DLAVM_COMMANDS_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/CommandLine.h"

#include <map>
#include <optional>
#include <vector>

namespace dlavm {

/// What dlavm does.
extern const char kDescription[];

// Each runs the command that the command line gives, if it is one of its own,
// and returns the exit code.
std::optional<int> runModelCommand();
std::optional<int> runDriverCommand();
std::optional<int> runReportCommand();
std::optional<int> runEstimateCommand();

/// The options whose value is one of a few names. An option alone does not tell
/// that it is one.
std::map<const llvm::cl::Option *, const llvm::cl::generic_parser_base *> &
getNamedOptions();

/// An option of an enumeration.
template <typename T, bool isExternal = false>
class EnumOption : public llvm::cl::opt<T, isExternal> {
public:
  template <typename... Modifiers>
  explicit EnumOption(const Modifiers &...modifiers)
      : llvm::cl::opt<T, isExternal>(modifiers...) {
    getNamedOptions()[this] = &this->getParser();
  }
};

/// Prints an error about the command line and returns the exit code.
int failUsage(const llvm::Twine &message);

/// Parses token ids, "1,80,147"; prints an error if the text is none.
std::optional<std::vector<int32_t>> parseIds(llvm::StringRef text);

/// Whether a machine may have as many threads; prints an error if not.
bool checkThreads(unsigned threads);

/// Whether a command can generate as many tokens; prints an error if not.
bool checkMaxNewTokens(int64_t count);

/// Whether a name was given where the option was; prints an error if not.
bool checkValue(const llvm::cl::opt<std::string, true> &option);

/// The value of an option, if it was given.
template <typename T>
std::optional<T> getOptional(const llvm::cl::opt<T> &option) {
  return option.getNumOccurrences() ? std::optional<T>(option.getValue())
                                    : std::nullopt;
}

} // namespace dlavm

#endif // DLAVM_TOOLS_DLAVM_COMMANDS_H
