//===- Corpus.h - Inputs to start from --------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_CORPUS_H
#define DLAVM_TEST_FUZZ_CORPUS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace dlavm {

/// What reads an input.
enum class Format {
  LLM,
  Accel,
  CSB,
  Config,
  GenerationConfig,
  Index,
  Safetensors,
  /// A text of joinCheckpoint.
  Checkpoint,
  GGUF,
  Plan,
  Checksums,
};
constexpr unsigned kNumFormats = 11;

struct Seed {
  std::string name;
  Format format;
  std::string text;
  /// Part of a whole model, not a test's.
  bool isModel = false;
};

/// A directory of its own for the time of the run.
class WorkDirectory {
public:
  WorkDirectory();
  ~WorkDirectory();
  std::string operator/(const llvm::Twine &name) const;

private:
  std::string path;
};

/// Writes a file; ends the program where it cannot.
void writeFile(const llvm::Twine &path, llvm::StringRef text);

/// Writes one small model of each architecture that make-model has, its driver
/// and its packed parameters below \p work; and those of makeCheckpoints.
/// Prints what fails.
bool makeModels(const WorkDirectory &work);

/// The .mlir files of \p tests, cut at the marks of split-input-file and
/// split-file, and the models of makeModels at each level, as they are and in
/// the generic and the binary form; their configurations, checkpoints and
/// plans. The configurations of models in .json files of \p tests. In an order
/// that does not depend on the machine.
llvm::Expected<std::vector<Seed>> readCorpus(llvm::StringRef tests,
                                             const WorkDirectory &work);

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_CORPUS_H
