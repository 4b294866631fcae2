//===- Shim.cpp - What is compiled around a driver ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Shim.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// A device that calls back.
static const char device[] = R"cpp(
struct Callbacks {
  void *sink;
  void (*task)(void *sink, int32_t layer, const char *name);
  void (*write)(void *sink, uint32_t reg, uint32_t value);
  void (*poll)(void *sink, uint32_t reg, uint32_t value);
  uint32_t (*read)(void *sink, uint32_t reg);
  void (*dmaWrite)(void *sink, uint64_t address, const void *data,
                   size_t bytes);
  void (*dmaRead)(void *sink, uint64_t address, void *data, size_t bytes);
};
struct Call {
  int32_t function, seq, past, token;
  const char *directory;
  const int32_t *ids;
  size_t numIds;
  const uint16_t *input;
  uint64_t budget;
  uint16_t *output;
  size_t outputSize;

  void put(const std::vector<uint16_t> &rows) const {
    if (rows.size() != outputSize)
      throw dlavm::Error("the driver returns " +
                         dlavm::detail::to_text(uint64_t{rows.size()}) +
                         " elements, but by plan.json these are " +
                         dlavm::detail::to_text(uint64_t{outputSize}));
    std::copy(rows.begin(), rows.end(), output);
  }
};
namespace {
class CallbackDevice : public dlavm::NullDevice {
public:
  CallbackDevice(const Callbacks &callbacks, uint64_t budget)
      : callbacks(callbacks), budget(budget) {}
  uint32_t read(uint32_t reg) override {
    spend();
    return callbacks.read(callbacks.sink, reg);
  }
  void poll(uint32_t reg, uint32_t value) override {
    spend();
    callbacks.poll(callbacks.sink, reg, value);
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    callbacks.dmaWrite(callbacks.sink, address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    callbacks.dmaRead(callbacks.sink, address, data, bytes);
  }
  void task(int32_t layer, const char *name) override {
    callbacks.task(callbacks.sink, layer, name);
  }

protected:
  void do_write(uint32_t reg, uint32_t value) override {
    spend();
    callbacks.write(callbacks.sink, reg, value);
  }

private:
  void spend() {
    if (spent++ == budget)
      throw dlavm::Error("the driver does not come to an end: more than " +
                         dlavm::detail::to_text(budget) +
                         " register accesses in one call");
  }

  const Callbacks &callbacks;
  const uint64_t budget;
  uint64_t spent = 0;
};
} // namespace
)cpp";

/// Exceptions end here: the process that loads the library has none.
static const char entry[] = R"cpp(
extern "C" __attribute__((visibility("default"))) const char *
dlavm_call(const Callbacks *callbacks, Call *call) {
  static dlavm::String message;
  try {
    CallbackDevice device(*callbacks, call->budget);
    dispatch(device, *call);
    return nullptr;
  } catch (const std::exception &error) {
    message = error.what();
    return message.c_str();
  }
}
)cpp";

static std::string getCall(const HostFunction &function) {
  const std::string name = "driver::" + function.name;
  if (function.kind == "input")
    return name + "(device, call.input, call.seq)";
  if (function.kind == "token")
    return "call.token = " + name + "(device)";
  return "call.put(" + name +
         (function.lastTokenOnly ? "(device))" : "(device, call.seq))");
}

std::string dlavm::getShimSource(const DriverPlan &plan) {
  std::string text;
  raw_string_ostream os(text);
  os << "#include \"" << plan.driver
     << "\"\nnamespace driver = " << plan.namespaceName << ";\n"
     << device
     << "\nstatic void dispatch(dlavm::Device &device, Call &call) {\n"
     << "  switch (call.function) {\n";
  auto add = [&](unsigned number, const std::string &statement) {
    os << "  case " << number << ":\n    " << statement << ";\n    return;\n";
  };
  add(ShimCall::Run, "driver::run(device, call.seq, call.past)");
  add(ShimCall::LoadParameters,
      "driver::load_parameters(device, call.directory)");
  if (!plan.embedding.empty())
    add(ShimCall::ReadEmbeddings,
        "call.put(driver::read_embeddings(call.directory, "
        "std::vector<int32_t>(call.ids, call.ids + call.numIds)))");
  for (auto [i, function] : enumerate(plan.functions))
    add(ShimCall::FirstFunction + i, getCall(function));
  os << "  }\n}\n" << entry;
  return text;
}
