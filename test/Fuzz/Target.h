//===- Target.h - What reads and transforms inputs --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_TARGET_H
#define DLAVM_TEST_FUZZ_TARGET_H

#include "Corpus.h"
#include "Random.h"

#include "DLAVM/InitAll.h"

namespace dlavm {

/// The readers and pass pipelines, and the names under which an input is kept:
/// "csb-verify-placement", "plan".
std::vector<std::string> getTargets(Format format);

/// Runs targets in this process, which a fault ends: by a signal, or by abort()
/// after a word on stderr where an input is refused without one.
class TargetRunner {
public:
  explicit TargetRunner(const WorkDirectory &work);
  void run(llvm::StringRef target, const std::string &text);

private:
  void runModule(llvm::StringRef target, const std::string &text);
  void runRoundTrip(mlir::ModuleOp module);
  void runInterpreter(mlir::ModuleOp module);
  void runEmission(llvm::StringRef target, mlir::ModuleOp module);
  void runFile(llvm::StringRef target, const std::string &text);
  void runConfig(const std::string &path);
  void runCheckpoint(const std::string &path);
  /// Compiles or packs a model and checks that it says why it fails, and leaves
  /// nothing behind then.
  void runTool(llvm::StringRef command, const std::string &path);
  /// A step that fails must have said why.
  void expectWord(bool hasSucceeded, const llvm::Twine &step);

  const WorkDirectory &work;
  mlir::DialectRegistry registry;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  unsigned numErrors = 0;
};

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_TARGET_H
