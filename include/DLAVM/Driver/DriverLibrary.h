//===- DriverLibrary.h - Compiled driver source in this process ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DRIVER_DRIVERLIBRARY_H
#define DLAVM_DRIVER_DRIVERLIBRARY_H

#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Driver/DriverPlan.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace dlavm {

struct ShimCall;
struct ShimCallbacks;

/// The driver of a directory, compiled with the system's compiler and loaded:
/// the very source that a host would use, with a device that hands all events
/// to a sink. Every call fails with the message of the driver's exception, if
/// there is one. FP16 elements are rows, row-major [tokens][channels]. One call
/// at a time.
class DriverLibrary {
public:
  /// Compiles with $CXX, a program and perhaps arguments separated by spaces;
  /// where it is unset or empty, with c++, g++ or clang++, whichever is found
  /// first.
  static llvm::Expected<std::unique_ptr<DriverLibrary>>
  load(llvm::StringRef directory, const DriverPlan &plan);
  ~DriverLibrary();

  /// Loads all parameter files of a directory.
  llvm::Error loadParameters(llvm::StringRef directory, EventSink &sink);

  /// Runs a call. Fails if the driver accesses registers more often than any
  /// driver of this plan has to, as one that does not come to an end.
  llvm::Error run(int64_t seq, int64_t past, EventSink &sink);

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
  llvm::Error call(ShimCall &call, EventSink &sink);

  void *handle = nullptr;
  const char *(*entry)(const ShimCallbacks *callbacks,
                       ShimCall *call) = nullptr;
  int64_t maxTokens = 0;
  /// The most register accesses that a run may make for each token.
  uint64_t accessesPerToken = 0;
  std::vector<HostFunction> functions;
  /// Channels of an embedding row; 0 without an embedding.
  int64_t embeddingChannels = 0;
};

} // namespace dlavm

#endif // DLAVM_DRIVER_DRIVERLIBRARY_H
