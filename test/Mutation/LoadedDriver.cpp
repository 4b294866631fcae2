//===- LoadedDriver.cpp - A driver in this process ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoadedDriver.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

#include <dlfcn.h>

using namespace dlavm;
using namespace llvm;

/// What the library calls, and what it is called with; repeated in the library.
struct LoadedDriver::Call {
  EventSink *sink;
  void (*task)(EventSink *, int32_t layer, const char *name);
  void (*write)(EventSink *, uint32_t reg, uint32_t value);
  void (*poll)(EventSink *, uint32_t reg, uint32_t value);
  uint32_t (*read)(EventSink *, uint32_t reg);
  void (*dmaWrite)(EventSink *, uint64_t address, const void *, size_t bytes);
  void (*dmaRead)(EventSink *, uint64_t address, void *, size_t bytes);
  void (*setRows)(CallResult *, const uint16_t *rows, size_t elements);
  CallResult *result;
  /// Of load_parameters; null for a run.
  const char *directory;
  const uint16_t *input;
  int32_t seq, past, token, decodes;
  /// Of instruction blocks; null for all other calls.
  const void *words;
  size_t wordBytes;
};

static const char device[] = R"cpp(
struct Sink;
struct Result;
struct Call {
  Sink *sink;
  void (*task)(Sink *, int32_t, const char *);
  void (*write)(Sink *, uint32_t, uint32_t);
  void (*poll)(Sink *, uint32_t, uint32_t);
  uint32_t (*read)(Sink *, uint32_t);
  void (*dmaWrite)(Sink *, uint64_t, const void *, size_t);
  void (*dmaRead)(Sink *, uint64_t, void *, size_t);
  void (*setRows)(Result *, const uint16_t *, size_t);
  Result *result;
  const char *directory;
  const uint16_t *input;
  int32_t seq, past, token, decodes;
  const void *words;
  size_t wordBytes;
};
namespace {
class CallbackDevice : public dlavm::NullDevice {
public:
  uint32_t read(uint32_t reg) override { return call->read(call->sink, reg); }
  void poll(uint32_t reg, uint32_t value) override {
    call->poll(call->sink, reg, value);
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    call->dmaWrite(call->sink, address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    call->dmaRead(call->sink, address, data, bytes);
  }

protected:
  void do_task(int32_t layer, const char *name) override {
    call->task(call->sink, layer, name);
  }
  void do_write(uint32_t reg, uint32_t value) override {
    call->write(call->sink, reg, value);
  }

public:
  const Call *call = nullptr;
};

void run(dlavm::Device &device, Call &call) {
)cpp";

/// Exceptions end here: the process that loads the library has none.
static const char entryText[] = R"cpp(
}
} // namespace
extern "C" __attribute__((visibility("default"))) const char *
dlavm_call(Call *call) {
  static std::string message;
  static CallbackDevice device;
  device.call = call;
  try {
    if (call->words)
      device.keep_instructions(call->words, call->wordBytes);
    else if (call->directory)
      driver::load_parameters(device, call->directory);
    else
      run(device, *call);
    return nullptr;
  } catch (const std::exception &error) {
    message = error.what();
    return message.c_str();
  }
}
)cpp";

static std::string getSource(const DriverPlan &plan) {
  std::string text = "#include \"" + plan.driver +
                     "\"\n#include <exception>\n#include <string>\n"
                     "namespace driver = " +
                     plan.namespaceName + ";\n" + device;
  std::string runs, reads;
  for (const HostFunction &function : plan.functions) {
    const std::string name = "driver::" + function.name;
    if (function.kind == "input")
      text += "  " + name +
              (function.takesSeq() ? "(device, call.input, call.seq);\n"
                                   : "(device, call.input);\n");
    else if (function.kind == "token")
      reads += "  call.token = " + name + "(device);\n";
    else if (function.kind == "decode")
      runs = "  if (call.decodes)\n    " + name +
             "(device, call.past);\n  else\n  ";
    else
      reads += "  {\n    const auto rows = " + name +
               (function.takesSeq() ? "(device, call.seq)" : "(device)") +
               ";\n    call.setRows(call.result, rows.data(), rows.size());\n"
               "  }\n";
  }
  return text + runs + "  driver::run(device, call.seq, call.past);\n" + reads +
         entryText;
}

Expected<std::unique_ptr<LoadedDriver>>
LoadedDriver::load(StringRef directory, const DriverPlan &plan) {
  // The directory is temporary.
  SmallString<128> source(directory), library(directory);
  sys::path::append(source, "library.cpp");
  sys::path::append(library, "library.so");
  std::error_code error;
  raw_fd_ostream os(source, error);
  if (!error) {
    os << getSource(plan);
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return createStringError(error, "cannot write " + source);
  const std::string command = sys::Process::GetEnv("CXX").value_or("c++");
  SmallVector<StringRef> arguments;
  SplitString(command, arguments);
  ErrorOr<std::string> compiler = sys::findProgramByName(arguments.front());
  if (!compiler)
    return createStringError("there is no compiler '" + command + "'");
  const std::string include = ("-I" + directory).str();
  // Visible inline variables would be those of another driver of this name.
  arguments.append({"-std=c++17", "-O1", "-fPIC", "-fvisibility=hidden",
                    "-shared", include, source, "-o", library});
  if (sys::ExecuteAndWait(*compiler, arguments) != 0)
    return createStringError("the instrumented driver does not compile");

  std::unique_ptr<LoadedDriver> result(new LoadedDriver);
  result->hasDecode = any_of(plan.functions, [](const HostFunction &function) {
    return function.kind == "decode";
  });
  result->handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!result->handle)
    return createStringError(Twine("cannot load the compiled driver: ") +
                             dlerror());
  result->entry =
      reinterpret_cast<decltype(entry)>(dlsym(result->handle, "dlavm_call"));
  return result;
}

LoadedDriver::~LoadedDriver() {
  if (handle)
    dlclose(handle);
}

llvm::Error LoadedDriver::enter(Call &call) {
  call.task = [](EventSink *sink, int32_t layer, const char *name) {
    sink->task(layer, name);
  };
  call.write = [](EventSink *sink, uint32_t reg, uint32_t value) {
    sink->write(reg, value);
  };
  call.poll = [](EventSink *sink, uint32_t reg, uint32_t value) {
    sink->poll(reg, value);
  };
  call.read = [](EventSink *sink, uint32_t reg) { return sink->read(reg); };
  call.dmaWrite = [](EventSink *sink, uint64_t address, const void *data,
                     size_t bytes) {
    sink->dmaWrite(address, {static_cast<const uint8_t *>(data), bytes});
  };
  call.dmaRead = [](EventSink *sink, uint64_t address, void *data,
                    size_t bytes) {
    sink->dmaRead(address, {static_cast<uint8_t *>(data), bytes});
  };
  call.setRows = [](CallResult *result, const uint16_t *rows, size_t elements) {
    if (result->logits.empty())
      result->logits.assign(rows, rows + elements);
  };
  if (const char *message = entry(&call))
    return createStringError(Twine(message));
  return llvm::Error::success();
}

llvm::Error LoadedDriver::loadParameters(StringRef directory, EventSink &sink) {
  const std::string path = directory.str();
  Call call = {};
  call.sink = &sink;
  call.directory = path.c_str();
  return enter(call);
}

llvm::Error LoadedDriver::keepInstructions(ArrayRef<uint8_t> bytes) {
  Call call = {};
  call.words = bytes.data();
  call.wordBytes = bytes.size();
  return enter(call);
}

Expected<CallResult> LoadedDriver::call(ArrayRef<uint16_t> input, int64_t seq,
                                        int64_t past, bool decodes,
                                        EventSink &sink) {
  CallResult result;
  Call call = {};
  call.sink = &sink;
  call.result = &result;
  call.input = input.data();
  call.seq = static_cast<int32_t>(seq);
  call.past = static_cast<int32_t>(past);
  call.token = -1;
  call.decodes = decodes;
  if (llvm::Error error = enter(call))
    return error;
  if (call.token >= 0)
    result.token = call.token;
  return result;
}
