//===- DriverLibrary.cpp - Compiled driver source in this process -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverLibrary.h"
#include "Shim.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <dlfcn.h>

using namespace dlavm;
using namespace llvm;

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

/// Every start handles at least one token of the call, and its task accesses
/// fewer than 64 registers for it.
static uint64_t getAccessesPerToken(const DriverPlan &plan) {
  constexpr uint64_t mostPerStart = 64;
  uint64_t layers = 1;
  for (const PlanObject &object : plan.objects)
    layers = std::max<uint64_t>(layers, object.layers);
  const uint64_t tasks = std::max<uint64_t>(plan.tasks.size(), 1);
  return SaturatingMultiply(SaturatingMultiply(tasks, layers), mostPerStart);
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
    os << getShimSource(plan);
    os.close();
    if (os.has_error())
      return createStringError(os.error(), "cannot write " + source);
  }
  SmallString<128> include("-I");
  include += directory;
  SmallVector<StringRef> arguments(compiler->begin(), compiler->end());
  // Inline variables that are visible would be those of the library that was
  // loaded first, so that two drivers of one name would share their tables.
  arguments.append({"-std=c++17", "-O1", "-fPIC", "-fvisibility=hidden",
                    "-shared", include, source, "-o", library});
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
      reinterpret_cast<decltype(entry)>(dlsym(result->handle, "dlavm_call"));
  if (!result->entry)
    return createStringError("the compiled driver has no entry");
  result->maxTokens = plan.maxTokens;
  result->accessesPerToken = getAccessesPerToken(plan);
  result->functions = plan.functions;
  if (const ParameterInfo *embedding = plan.getParameter(plan.embedding))
    result->embeddingChannels = embedding->shape.back();
  return result;
}

DriverLibrary::~DriverLibrary() {
  if (handle)
    dlclose(handle);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static EventSink &getSink(void *sink) {
  return *static_cast<EventSink *>(sink);
}

llvm::Error DriverLibrary::call(ShimCall &call, EventSink &sink) {
  const ShimCallbacks callbacks = {
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
      [](void *sink, uint32_t reg) { return getSink(sink).read(reg); },
      [](void *sink, uint64_t address, const void *data, size_t bytes) {
        getSink(sink).dmaWrite(address,
                               {static_cast<const uint8_t *>(data), bytes});
      },
      [](void *sink, uint64_t address, void *data, size_t bytes) {
        getSink(sink).dmaRead(address, {static_cast<uint8_t *>(data), bytes});
      }};
  if (const char *message = entry(&callbacks, &call))
    return createStringError(Twine(message));
  return llvm::Error::success();
}

llvm::Error DriverLibrary::fail(StringRef kind, const Twine &wanted) const {
  std::string known;
  for (const HostFunction &function : functions)
    if (function.kind == kind)
      known += (known.empty() ? "" : ", ") + function.name;
  return createStringError("the driver has no " + wanted +
                           "; its functions of "
                           "the kind '" +
                           kind + "' are: " + (known.empty() ? "none" : known));
}

Expected<size_t> DriverLibrary::find(StringRef kind, unsigned index) const {
  unsigned count = 0;
  for (auto [i, function] : enumerate(functions))
    if (function.kind == kind && count++ == index)
      return i;
  return fail(kind, kind + " " + Twine(index));
}

Expected<size_t> DriverLibrary::find(StringRef kind, StringRef name) const {
  for (auto [i, function] : enumerate(functions))
    if (function.kind == kind && function.name == name)
      return i;
  return fail(kind, "function '" + name + "'");
}

/// The driver counts tokens with 32 bits, and refuses what it was not made for
/// by itself.
static llvm::Error checkCount(StringRef name, int64_t count) {
  if (isInt<32>(count))
    return llvm::Error::success();
  return createStringError(name + " is " + Twine(count) +
                           ", but drivers count tokens with 32 bits");
}

llvm::Error DriverLibrary::loadParameters(StringRef directory,
                                          EventSink &sink) {
  const std::string path = directory.str();
  ShimCall request;
  request.function = ShimCall::LoadParameters;
  request.directory = path.c_str();
  return call(request, sink);
}

llvm::Error DriverLibrary::run(int64_t seq, int64_t past, EventSink &sink) {
  if (llvm::Error error =
          joinErrors(checkCount("seq", seq), checkCount("past", past)))
    return error;
  ShimCall request;
  request.function = ShimCall::Run;
  request.seq = static_cast<int32_t>(seq);
  request.past = static_cast<int32_t>(past);
  // One token more than there are: a slice of none too many is a fault that
  // others report better.
  request.budget = SaturatingMultiply<uint64_t>(accessesPerToken,
                                                std::max<int64_t>(seq, 0) + 1);
  return call(request, sink);
}

llvm::Error DriverLibrary::writeInput(unsigned index, ArrayRef<uint16_t> rows,
                                      int64_t seq, EventSink &sink) {
  Expected<size_t> place = find("input", index);
  if (!place)
    return place.takeError();
  if (llvm::Error error = checkCount("seq", seq))
    return error;
  const HostFunction &function = functions[*place];
  const size_t channels = function.channels;
  if (rows.size() % channels != 0 ||
      static_cast<int64_t>(rows.size() / channels) != seq)
    return createStringError(
        function.name + " takes " + Twine(seq) + " rows of " + Twine(channels) +
        " elements, found " + Twine(rows.size()) + " elements");
  ShimCall request;
  request.function = ShimCall::FirstFunction + static_cast<int32_t>(*place);
  request.seq = static_cast<int32_t>(seq);
  request.input = rows.data();
  return call(request, sink);
}

Expected<int32_t> DriverLibrary::readToken(EventSink &sink) {
  Expected<size_t> place = find("token", 0u);
  if (!place)
    return place.takeError();
  ShimCall request;
  request.function = ShimCall::FirstFunction + static_cast<int32_t>(*place);
  if (llvm::Error error = call(request, sink))
    return error;
  return request.token;
}

Expected<std::vector<uint16_t>>
DriverLibrary::readOutput(StringRef name, int64_t seq, EventSink &sink) {
  Expected<size_t> place = find("output", name);
  if (!place)
    return place.takeError();
  if (llvm::Error error = checkCount("seq", seq))
    return error;
  const HostFunction &function = functions[*place];
  const int64_t tokens =
      function.lastTokenOnly ? 1 : std::clamp<int64_t>(seq, 0, maxTokens);
  std::vector<uint16_t> rows(tokens * function.channels);
  ShimCall request;
  request.function = ShimCall::FirstFunction + static_cast<int32_t>(*place);
  request.seq = static_cast<int32_t>(seq);
  request.output = rows.data();
  request.outputSize = rows.size();
  if (llvm::Error error = call(request, sink))
    return error;
  return rows;
}

namespace {
/// What needs no device tells nobody anything.
class NoSink final : public EventSink {
  void task(int32_t, StringRef) override {}
  void write(uint32_t, uint32_t) override {}
  void poll(uint32_t, uint32_t) override {}
  uint32_t read(uint32_t) override { return 0; }
};
} // namespace

Expected<std::vector<uint16_t>>
DriverLibrary::readEmbeddings(StringRef directory, ArrayRef<int32_t> ids) {
  if (embeddingChannels == 0)
    return createStringError("the driver has no function 'read_embeddings', "
                             "because its model names no embedding");
  const std::string path = directory.str();
  std::vector<uint16_t> rows(ids.size() * embeddingChannels);
  ShimCall request;
  request.function = ShimCall::ReadEmbeddings;
  request.directory = path.c_str();
  request.ids = ids.data();
  request.numIds = ids.size();
  request.output = rows.data();
  request.outputSize = rows.size();
  NoSink sink;
  if (llvm::Error error = call(request, sink))
    return error;
  return rows;
}
