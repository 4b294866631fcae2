//===- DriverCompiler.cpp - From driver source to a program ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DriverCompiler.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/TemporaryDirectory.h"

#include "host/Support/CompilerProcess.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"
#include "llvm/TargetParser/Host.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// The compiler
//===----------------------------------------------------------------------===//

bool dlavm::hasSanitizers() {
  return StringRef(sys::Process::GetEnv("CXX").value_or(""))
      .contains("-fsanitize");
}

namespace {

/// The steps of one compilation.
class DriverCompiler {
public:
  DriverCompiler(StringRef directory, TemporaryDirectory &temporary)
      : include("-I"), temporary(temporary),
        source(temporary.getFile("driver.cpp")),
        program(temporary.getFile("driver")) {
    include += directory;
  }
  llvm::Error create(const DriverPlan &plan, StringRef header);
  /// What tells the program from all others: the preprocessed source, which
  /// knows nothing of directories and holds the version of the compiler; the
  /// compiler, its arguments and the machine. Empty where there is no cache.
  std::string getKey();
  llvm::Error compile();
  const std::string &getProgram() const { return program; }

private:
  llvm::Error execute(ArrayRef<StringRef> arguments);

  std::string header;
  std::vector<std::string> command;
  SmallString<128> include;
  TemporaryDirectory &temporary;
  std::string source, program;
};

} // namespace

/// What every compilation gets.
static const StringRef flags[] = {"-std=c++17", "-O1"};

llvm::Error DriverCompiler::create(const DriverPlan &plan, StringRef header) {
  this->header = header.str();
  try {
    command = host::findCompiler();
  } catch (const std::exception &error) {
    return createStringError(error.what());
  }
  std::error_code error;
  raw_fd_ostream os(source, error);
  if (!error) {
    os << getShimSource(plan);
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return createStringError(error, "cannot write the temporary file " +
                                        source + ": " + error.message());
  return llvm::Error::success();
}

llvm::Error DriverCompiler::execute(ArrayRef<StringRef> arguments) {
  std::vector<std::string> all = command;
  all.insert(all.end(), std::begin(flags), std::end(flags));
  all.insert(all.end(), arguments.begin(), arguments.end());
  host::CompilerResult result;
  try {
    result = host::runCompiler(all, /*input=*/"", /*directory=*/".",
                               temporary.getPath().str());
  } catch (const std::exception &error) {
    return createStringError(error.what());
  }
  if (result.code == 0)
    return llvm::Error::success();
  return createStringError(
      "the driver " + header + " does not compile: " +
      (result.messages.empty()
           ? "the compiler '" + command.front() + "' exited with code " +
                 std::to_string(result.code) + " and printed nothing"
           : result.messages));
}

llvm::Error DriverCompiler::compile() {
  return execute({include, source, "-o", program});
}

std::string DriverCompiler::getKey() {
  if (getDriverCacheDirectory().empty())
    return "";
  const std::string preprocessed = temporary.getFile("driver.ii");
  // What is wrong the compilation itself says.
  if (llvm::Error error =
          execute({"-E", "-P", include, source, "-o", preprocessed})) {
    consumeError(std::move(error));
    return "";
  }
  ErrorOr<std::unique_ptr<MemoryBuffer>> text =
      MemoryBuffer::getFile(preprocessed);
  if (!text)
    return "";
  BLAKE3 hash;
  auto add = [&](StringRef part) {
    hash.update(part);
    hash.update(StringRef("", 1));
  };
  add(sys::getProcessTriple());
  for (const std::string &word : command)
    add(word);
  for (StringRef flag : flags)
    add(flag);
  add((*text)->getBuffer());
  return toHex(hash.final(), /*LowerCase=*/true);
}

//===----------------------------------------------------------------------===//
// The cache
//===----------------------------------------------------------------------===//

std::string dlavm::getDriverCacheDirectory() {
  if (std::optional<std::string> path =
          sys::Process::GetEnv("DLAVM_DRIVER_CACHE"))
    return *path;
  SmallString<128> path;
  if (!sys::path::cache_directory(path))
    return "";
  sys::path::append(path, "dlavm");
  return path.str().str();
}

/// LLVM prunes files of such names only.
static SmallString<128> getCachePath(StringRef key) {
  SmallString<128> path(getDriverCacheDirectory());
  sys::path::append(path, "llvmcache-" + key);
  return path;
}

/// What follows the program in the cache: its key, and a checksum of both.
static std::string getTrailer(StringRef program, StringRef key) {
  const uint64_t sums[] = {xxh3_64bits(program), xxh3_64bits(key)};
  return ("dlavm driver " + key + " " + utohexstr(sums[0] ^ sums[1], true, 16))
      .str();
}

/// The program with this key; closed if the cache has none that is whole and
/// the user's own.
static OpenFile findProgram(StringRef key) {
  SmallString<128> path = getCachePath(key);
  OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != geteuid())
    return OpenFile();
  ErrorOr<std::unique_ptr<MemoryBuffer>> content = MemoryBuffer::getOpenFile(
      file.get(), path, status.st_size, /*RequiresNullTerminator=*/false);
  const size_t size = getTrailer("", key).size();
  if (!content || (*content)->getBufferSize() <= size)
    return OpenFile();
  const StringRef text = (*content)->getBuffer();
  if (text.take_back(size) != getTrailer(text.drop_back(size), key))
    return OpenFile();
  // What is used is pruned last.
  futimens(file.get(), nullptr);
  return file;
}

/// Puts a program into the cache, as far as that is possible: without it all
/// works the same.
static void keepProgram(StringRef program, StringRef key) {
  const std::string directory = getDriverCacheDirectory();
  if (sys::fs::create_directories(directory, /*IgnoreExisting=*/true,
                                  sys::fs::owner_all))
    return;
  Expected<TemporaryDirectory> temporary =
      TemporaryDirectory::create(directory);
  if (!temporary)
    return consumeError(temporary.takeError());
  const std::string file = temporary->getFile("driver");
  std::error_code error;
  raw_fd_ostream os(file, error, sys::fs::OF_None);
  if (error)
    return;
  os << program << getTrailer(program, key);
  os.close();
  const bool isWhole = !os.has_error();
  os.clear_error();
  if (isWhole && !sys::fs::setPermissions(file, sys::fs::owner_all))
    sys::fs::rename(file, getCachePath(key));
  CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::hours(30 * 24);
  policy.MaxSizePercentageOfAvailableSpace = 0;
  policy.MaxSizeBytes = 256 << 20;
  policy.MaxSizeFiles = 1024;
  pruneCache(directory, policy);
}

Expected<OpenFile> dlavm::compileDriver(StringRef directory,
                                        const DriverPlan &plan) {
  SmallString<128> header(directory);
  sys::path::append(header, plan.driver);
  // The compiler waits for pipes, and takes many times what it reads.
  if (auto content = readTextFile(header); !content)
    return createStringError(
        header + " cannot be read: " + toString(content.takeError()) +
        "; compile the model again with dlavm compile");
  Expected<TemporaryDirectory> temporary = TemporaryDirectory::create();
  if (!temporary)
    return temporary.takeError();
  removeAbandonedDirectories(getDriverCacheDirectory());
  DriverCompiler compiler(directory, *temporary);
  if (llvm::Error error = compiler.create(plan, header))
    return error;
  const std::string key = compiler.getKey();
  if (!key.empty())
    if (OpenFile program = findProgram(key))
      return program;
  if (llvm::Error error = compiler.compile())
    return error;
  const std::string &path = compiler.getProgram();
  // Somebody may have edited the source meanwhile.
  if (!key.empty() && compiler.getKey() == key)
    if (ErrorOr<std::unique_ptr<MemoryBuffer>> content = MemoryBuffer::getFile(
            path, /*IsText=*/false, /*RequiresNullTerminator=*/false))
      keepProgram((*content)->getBuffer(), key);
  OpenFile program(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!program)
    return createStringError("cannot open the compiled driver");
  return program;
}
