//===- Program.h - Running a csb program without a compiler -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_RUN_PROGRAM_H
#define DLAVM_RUN_PROGRAM_H

#include "DLAVM/Check/EventSink.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dlavm {

/// A csb program in a form that runs at some nanoseconds per event.
class Program {
public:
  ~Program();
  Program(Program &&);

  /// Flattens a function of a csb module that the host calls, `run` or
  /// `decode`, and what it calls. Emits an error and fails at an op that a
  /// driver could not have either.
  static mlir::FailureOr<Program> create(mlir::ModuleOp module,
                                         llvm::StringRef entry = "run");

  /// Runs a call; one of a single token where the entry is `decode`. With \p
  /// someLayers, loops over layers (`llm.layer_loop`) do their first, second
  /// and last iteration only: layers differ in nothing but their number. Fails
  /// if seq and past are not a call that the program takes, if a value does not
  /// fit the register that it is written to (0 to 4294967295), if an operation
  /// divides by zero or its result does not fit its type, which is an integer
  /// of 32 or 64 bits in the driver, if a loop makes no step, or if the call
  /// takes more steps than any driver's would. The events before that have
  /// reached the sink. Instruction words go to it as transfers of no bytes,
  /// since their content is not known here; which have been sent, the next run
  /// knows.
  llvm::LogicalResult run(int64_t seq, int64_t past, EventSink &sink,
                          bool someLayers = false);

  /// The register accesses of the last run, with those of the iterations that
  /// it left out: as many as the second one has.
  int64_t getWrites() const { return counts.writes; }
  int64_t getPolls() const { return counts.polls; }

  /// Why the last run failed: "its largest context is 2048 tokens".
  const std::string &getMessage() const { return message; }
  /// Where it failed: at the op, or at the function that the host calls.
  mlir::Location getPlace() const { return place; }

private:
  struct Instruction;
  struct Function;
  class Builder;
  Program();
  llvm::LogicalResult execute(const std::vector<Instruction> &body,
                              EventSink &sink);
  llvm::LogicalResult compute(const Instruction &instruction);
  llvm::LogicalResult loop(const Instruction &instruction, EventSink &sink);
  llvm::LogicalResult fail(const std::string &reason);
  llvm::LogicalResult fail(const Instruction &instruction,
                           const std::string &reason);
  llvm::LogicalResult checkEnd(const Instruction &instruction);

  std::vector<std::unique_ptr<Function>> functions;
  std::vector<int64_t> slots;
  /// The past of the words that were sent last to each buffer of them.
  std::map<int64_t, int64_t> sent;
  int64_t maxTokens = 0;
  bool someLayers = false;
  Function *entry = nullptr;
  /// The name of the task that runs, for messages.
  const std::string *task = nullptr;
  std::string message;
  mlir::LocationAttr place;
  /// What the call has taken so far.
  struct Counts {
    int64_t instructions = 0, writes = 0, polls = 0;
  };
  Counts counts;
};

} // namespace dlavm

#endif // DLAVM_RUN_PROGRAM_H
