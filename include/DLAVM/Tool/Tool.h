//===- Tool.h - The commands of dlavm -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_TOOL_H
#define DLAVM_TOOL_TOOL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// `dlavm compile`.
struct CompileCommand {
  /// A config.json, a checkpoint directory or a .mlir file.
  std::string model;
  std::string device;
  std::string outputDirectory;
  std::optional<int64_t> layers;
  std::optional<int64_t> maxTokens;
  std::string weightLoading = "dma";
  std::string namespaceName;
  bool printSteps = false;
  bool saveIR = false;
};

/// Token counts of a sweep: "5", "1:2048", "1:2048:64" or a list of these with
/// commas.
struct Sweep {
  std::vector<int64_t> values;
};
/// Parses a sweep; nullopt where the text is none.
std::optional<Sweep> parseSweep(llvm::StringRef text);

/// `dlavm trace`.
struct TraceCommand {
  std::string directory;
  Sweep seq;
  Sweep past;
  bool names = false;
  bool hash = false;
};

/// `dlavm check`.
struct CheckCommand {
  std::string directory;
  /// All prompt lengths and a spread of pasts by default.
  std::optional<Sweep> seq;
  std::optional<Sweep> past;
};

// Each prints errors on stderr and returns the exit code: 0, or 1 after an
// error or a finding.
int runCompile(const CompileCommand &command);
int runTrace(const TraceCommand &command);
int runCheck(const CheckCommand &command);
int runDevices(bool registers);

} // namespace dlavm

#endif // DLAVM_TOOL_TOOL_H
