//===- Shim.h - What is compiled around a driver --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A driver under test is a program of its own: main() serves calls that come
// through a channel, memory that both processes see. They take turns: who has
// the turn reads what the other one left there, and leaves its own. A turn is
// handed over with a byte through a socket, so a process that ends is noticed.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DRIVER_SHIM_H
#define DLAVM_LIB_DRIVER_SHIM_H

#include "DLAVM/Plan/DriverPlan.h"

/// Declarations that two programs share: for this one as they are, for the
/// other one as text.
#define DLAVM_SHARED(TEXT, ...)                                                \
  __VA_ARGS__                                                                  \
  inline constexpr char TEXT[] = #__VA_ARGS__;

namespace dlavm {

// What the driver does is a stream of records, some with bytes behind them.
//   Task: layer; length of the name, which follows
//   Write, Poll: register; value
//   Read: register. The answer has 4 bytes
//   DMAWrite, DMARead: address; their size, 8 bytes, follows, and what is
//     written. The answer is what is read
//   Return: token; size of the rows, which follow. Ends the call, as does
//   Throw: length of the message, which follows
// A call is in the fields of the channel; directory, ids and input follow as
// bytes.
// clang-format off
DLAVM_SHARED(channelText,
enum class RecordKind : uint32_t {
  Task, Write, Poll, Read, DMAWrite, DMARead, Return, Throw
};
struct Record {
  RecordKind kind;
  uint32_t number;
  uint64_t value;
};
struct Channel {
  static constexpr size_t capacity = size_t{1} << 18;
  int32_t function;
  int32_t seq;
  int32_t past;
  uint64_t directorySize;
  uint64_t idsSize;
  uint64_t inputSize;
  uint64_t received;
  uint64_t sent;
  unsigned char bytes[capacity];
};
)
// clang-format on

/// The functions of a driver by number, and one of its device, which gets the
/// words of instruction blocks as input; the others are FirstFunction + the
/// index in DriverPlan::functions.
enum ShimFunction : int32_t {
  Run,
  LoadParameters,
  ReadEmbeddings,
  KeepInstructions,
  FirstFunction
};

/// The source of a program with the driver of \p plan. Its arguments are the
/// open files of the channel and the socket.
std::string getShimSource(const DriverPlan &plan);

} // namespace dlavm

#endif // DLAVM_LIB_DRIVER_SHIM_H
