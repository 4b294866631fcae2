//===- Execution.cpp - Calls of a driver on the simulator -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Compare/Execution.h"
#include "DLAVM/Support/Half.h"

using namespace dlavm;
using namespace llvm;

void CheckingSink::task(int32_t layer, StringRef name) {
  checker.task(layer, name);
  next->task(layer, name);
}

void CheckingSink::write(uint32_t reg, uint32_t value) {
  checker.write(reg, value);
  next->write(reg, value);
}

void CheckingSink::poll(uint32_t reg, uint32_t value) {
  checker.poll(reg, value);
  next->poll(reg, value);
}

uint32_t CheckingSink::read(uint32_t reg) {
  checker.read(reg);
  return next->read(reg);
}

Expected<CallResult> dlavm::callDriver(DriverLibrary &library,
                                       const DriverPlan &plan,
                                       ArrayRef<uint16_t> input, int64_t seq,
                                       int64_t past, EventSink &sink,
                                       bool readsLogits) {
  if (count_if(plan.functions, [](const HostFunction &function) {
        return function.kind == "input";
      }) != 1)
    return createStringError("the driver does not take exactly one input, so "
                             "it cannot be called with embedded tokens");
  if (llvm::Error error = library.writeInput(0, input, seq, sink))
    return error;
  if (llvm::Error error = seq == 1 && library.hasDecode()
                              ? library.decode(past, sink)
                              : library.run(seq, past, sink))
    return error;
  CallResult result;
  for (const HostFunction &function : plan.functions) {
    if (function.kind == "token") {
      Expected<int32_t> token = library.readToken(sink);
      if (!token)
        return token.takeError();
      result.token = *token;
    } else if (function.kind == "output" && readsLogits &&
               result.logits.empty()) {
      Expected<std::vector<uint16_t>> logits =
          library.readOutput(function.name, seq, sink);
      if (!logits)
        return logits.takeError();
      result.logits = std::move(*logits);
    }
  }
  return result;
}

double RandomCalls::getNumber() {
  // SplitMix64: the same numbers with every standard library.
  state += 0x9e3779b97f4a7c15;
  uint64_t bits = state;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  bits ^= bits >> 31;
  return static_cast<double>(bits >> 11) * 0x1p-52 - 1;
}

Expected<ExpectedCall> RandomCalls::next(const CallShape &shape) {
  const int64_t rows =
      reference.getInterpreter().getInputRows().value_or(shape.seq);
  MapValue input{1, rows, channels, {}};
  for (int64_t i = 0; i < rows * channels; ++i)
    input.values.push_back(halfToDouble(doubleToHalf(getNumber())));
  return reference.call(input, shape.past);
}

Expected<std::vector<ExpectedCall>>
dlavm::expectCalls(Reference &reference, int64_t channels,
                   ArrayRef<CallShape> shapes, uint64_t seed) {
  RandomCalls calls(reference, channels, seed);
  std::vector<ExpectedCall> result;
  for (const CallShape &shape : shapes) {
    Expected<ExpectedCall> call = calls.next(shape);
    if (!call)
      return call.takeError();
    result.push_back(std::move(*call));
  }
  return result;
}
