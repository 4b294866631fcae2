//===- DriverLibrary.h - Compiled driver source -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DRIVER_DRIVERLIBRARY_H
#define DLAVM_DRIVER_DRIVERLIBRARY_H

#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Plan/DriverPlan.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace dlavm {

/// How a driver ended a call otherwise than by returning.
class DriverFailure : public llvm::ErrorInfo<DriverFailure> {
public:
  static char ID;
  DriverFailure(std::string message, int32_t layer, std::string task,
                bool threw)
      : message(std::move(message)), layer(layer), task(std::move(task)),
        threw(threw) {}
  /// The message and the task.
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }

  /// Of the exception; or what became of the driver.
  std::string message;
  /// The last task that the driver began in the call, which may be none.
  int32_t layer;
  std::string task;
  /// Whether it threw an exception. Otherwise it ended its process, or was
  /// stopped because it did more than any driver of its plan has to.
  bool threw;
};

/// The driver of a directory, compiled with the system's compiler: the very
/// source that a host would use, with a device that hands all events to a sink.
/// It runs in a process of its own, with limits, and keeps its device object as
/// long as the process lives. A call that it does not return
/// from fails with a DriverFailure. FP16 elements are rows, row-major
/// [tokens][channels]. One call at a time.
class DriverLibrary {
public:
  /// Compiles with $CXX, a program and perhaps arguments separated by spaces;
  /// where it is unset or empty, with c++, g++ or clang++, whichever is found
  /// first. Compiled drivers are kept, in the directory $DLAVM_DRIVER_CACHE if
  /// that is set, and not at all if it is empty.
  static llvm::Expected<std::unique_ptr<DriverLibrary>>
  load(llvm::StringRef directory, const DriverPlan &plan);
  ~DriverLibrary();

  /// Loads all parameter files of a directory.
  llvm::Error loadParameters(llvm::StringRef directory, EventSink &sink);

  /// What load_parameters does with instruction blocks on the host's side, for
  /// those who load no parameters: every process of the driver begins with
  /// these bytes, a multiple of 4, as the words that decode changes and sends.
  llvm::Error keepInstructions(llvm::ArrayRef<uint8_t> bytes);

  /// Runs a call.
  llvm::Error run(int64_t seq, int64_t past, EventSink &sink);

  /// Runs a call of one token with the function that the driver has for it.
  llvm::Error decode(int64_t past, EventSink &sink);
  bool hasDecode() const;

  /// Writes the rows of \p seq tokens into the input with this index: 0 where
  /// there is one.
  llvm::Error writeInput(unsigned index, llvm::ArrayRef<uint16_t> rows,
                         int64_t seq, EventSink &sink);

  /// The id of the token that the hardware chose.
  llvm::Expected<int32_t> readToken(EventSink &sink);

  /// The rows that the function \p name ("read_logits") reads; \p seq, the
  /// tokens of the call, does not matter where it reads the last token only.
  llvm::Expected<std::vector<uint16_t>>
  readOutput(llvm::StringRef name, int64_t seq, EventSink &sink);

  /// The embedding rows of tokens, from a directory with parameter files.
  llvm::Expected<std::vector<uint16_t>>
  readEmbeddings(llvm::StringRef directory, llvm::ArrayRef<int32_t> ids);

private:
  DriverLibrary() = default;

  /// The place of the function in the plan, by kind and by index or name.
  /// Fails, with the functions of this kind, if there is none.
  llvm::Expected<size_t> find(llvm::StringRef kind, unsigned index) const;
  llvm::Expected<size_t> find(llvm::StringRef kind, llvm::StringRef name) const;
  llvm::Error fail(llvm::StringRef kind, const llvm::Twine &wanted) const;

  class Impl;
  std::unique_ptr<Impl> impl;
  int64_t maxTokens = 0;
  std::vector<HostFunction> functions;
  /// Channels of an embedding row; 0 without an embedding.
  int64_t embeddingChannels = 0;
};

} // namespace dlavm

#endif // DLAVM_DRIVER_DRIVERLIBRARY_H
