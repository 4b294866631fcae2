//===- DriverLibrary.cpp - Compiled driver source in this process -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverLibrary.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

using namespace dlavm;
using namespace llvm;

namespace {

/// What the compiled shim calls; its layout is repeated in the shim.
struct Callbacks {
  void *sink;
  void (*task)(void *sink, int32_t layer, const char *name);
  void (*write)(void *sink, uint32_t reg, uint32_t value);
  void (*poll)(void *sink, uint32_t reg, uint32_t value);
  void (*read)(void *sink, uint32_t reg);
};

EventSink &getSink(void *sink) { return *static_cast<EventSink *>(sink); }

} // namespace

/// A device that calls back. Exceptions end here: this process has none.
static const char shim[] = R"cpp(
struct Callbacks {
  void *sink;
  void (*task)(void *sink, int32_t layer, const char *name);
  void (*write)(void *sink, uint32_t reg, uint32_t value);
  void (*poll)(void *sink, uint32_t reg, uint32_t value);
  void (*read)(void *sink, uint32_t reg);
};
namespace {
class CallbackDevice : public dlavm::NullDevice {
public:
  explicit CallbackDevice(const Callbacks &callbacks) : callbacks(callbacks) {}
  uint32_t read(uint32_t reg) override {
    callbacks.read(callbacks.sink, reg);
    return 0;
  }
  void poll(uint32_t reg, uint32_t value) override {
    callbacks.poll(callbacks.sink, reg, value);
  }
  void task(int32_t layer, const char *name) override {
    callbacks.task(callbacks.sink, layer, name);
  }

protected:
  void do_write(uint32_t reg, uint32_t value) override {
    callbacks.write(callbacks.sink, reg, value);
  }

private:
  const Callbacks &callbacks;
};
} // namespace
extern "C" const char *dlavm_run(const void *callbacks, int32_t seq,
                                 int32_t past) {
  static std::string message;
  try {
    CallbackDevice device(*static_cast<const Callbacks *>(callbacks));
    driver::run(device, seq, past);
    return nullptr;
  } catch (const std::exception &error) {
    message = error.what();
    return message.c_str();
  }
}
)cpp";

/// The path of the compiler, and the arguments that $CXX has for it.
static Expected<std::vector<std::string>> findCompiler() {
  const std::string cxx = sys::Process::GetEnv("CXX").value_or("");
  SmallVector<StringRef> words;
  SplitString(cxx, words);
  if (!words.empty()) {
    ErrorOr<std::string> path = sys::findProgramByName(words.front());
    if (!path)
      return createStringError("the compiler of the environment variable CXX, "
                               "'" +
                               words.front() + "', is not found");
    std::vector<std::string> command(words.begin(), words.end());
    command.front() = *path;
    return command;
  }
  for (const char *name : {"c++", "g++", "clang++"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return std::vector<std::string>{*path};
  return createStringError("no C++ compiler is found; install one or name it "
                           "in the environment variable CXX");
}

/// What is known about a compiler that failed: the reason why it did not run to
/// its end, or else what it printed.
static std::string explainFailure(StringRef compiler, int code, StringRef why,
                                  StringRef printed) {
  printed = printed.trim();
  std::string text = why.str();
  if (why.empty() && printed.empty())
    text = ("the compiler '" + compiler + "' exited with code " + Twine(code) +
            " and printed nothing")
               .str();
  if (!text.empty() && !printed.empty())
    text += "\n";
  return text + printed.str();
}

/// Creates a temporary file that is removed at the end of the scope.
static Expected<FileRemover> createTemporary(StringRef suffix,
                                             SmallString<128> &path) {
  if (std::error_code error =
          sys::fs::createTemporaryFile("dlavm", suffix, path))
    return createStringError(error, "cannot create a temporary file: " +
                                        error.message());
  return FileRemover(path);
}

Expected<std::unique_ptr<DriverLibrary>>
DriverLibrary::load(StringRef directory, const DriverPlan &plan) {
  SmallString<128> header(directory);
  sys::path::append(header, plan.driver);
  if (!sys::fs::exists(header))
    return createStringError(header + " does not exist; compile the model "
                                      "again with dlavm compile");
  Expected<std::vector<std::string>> compiler = findCompiler();
  if (!compiler)
    return compiler.takeError();
  SmallString<128> source, library, messages;
  Expected<FileRemover> removeSource = createTemporary("cpp", source);
  if (!removeSource)
    return removeSource.takeError();
  Expected<FileRemover> removeLibrary = createTemporary("so", library);
  if (!removeLibrary)
    return removeLibrary.takeError();
  Expected<FileRemover> removeMessages = createTemporary("txt", messages);
  if (!removeMessages)
    return removeMessages.takeError();

  std::error_code error;
  {
    raw_fd_ostream os(source, error);
    os << "#include \"" << plan.driver
       << "\"\nnamespace driver = " << plan.namespaceName << ";\n"
       << shim;
    os.close();
    if (os.has_error())
      return createStringError(os.error(), "cannot write " + source);
  }
  SmallString<128> include("-I");
  include += directory;
  SmallVector<StringRef> arguments(compiler->begin(), compiler->end());
  arguments.append({"-std=c++17", "-O1", "-fPIC", "-shared", include, source,
                    "-o", library});
  const std::optional<StringRef> redirects[] = {"", "", StringRef(messages)};
  std::string why;
  if (int code = sys::ExecuteAndWait(compiler->front(), arguments, std::nullopt,
                                     redirects, 0, 0, &why)) {
    ErrorOr<std::unique_ptr<MemoryBuffer>> text =
        MemoryBuffer::getFile(messages);
    return createStringError(
        "the driver " + header + " does not compile: " +
        explainFailure(compiler->front(), code, why,
                       text ? (*text)->getBuffer() : StringRef()));
  }

  std::unique_ptr<DriverLibrary> result(new DriverLibrary);
  result->handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!result->handle)
    return createStringError(Twine("cannot load the compiled driver: ") +
                             dlerror());
  result->entry =
      reinterpret_cast<decltype(entry)>(dlsym(result->handle, "dlavm_run"));
  if (!result->entry)
    return createStringError("the compiled driver has no entry");
  return result;
}

DriverLibrary::~DriverLibrary() {
  if (handle)
    dlclose(handle);
}

llvm::Error DriverLibrary::run(int64_t seq, int64_t past, EventSink &sink) {
  const Callbacks callbacks = {
      &sink,
      [](void *sink, int32_t layer, const char *name) {
        getSink(sink).task(layer, name);
      },
      [](void *sink, uint32_t reg, uint32_t value) {
        getSink(sink).write(reg, value);
      },
      [](void *sink, uint32_t reg, uint32_t value) {
        getSink(sink).poll(reg, value);
      },
      [](void *sink, uint32_t reg) { getSink(sink).read(reg); }};
  if (const char *message = entry(&callbacks, static_cast<int32_t>(seq),
                                  static_cast<int32_t>(past)))
    return createStringError(Twine(message));
  return llvm::Error::success();
}
