//===- OutputFiles.cpp - Files that appear together or not at all -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Support/OutputDirectory.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <variant>

using namespace dlavm;
using namespace llvm;

void OutputFiles::add(StringRef name, std::string content) {
  add(name,
      [content = std::move(content)](raw_fd_ostream &os) { os << content; });
}

std::vector<std::string> OutputFiles::getPaths() const {
  std::vector<std::string> paths;
  for (const auto &[name, print] : files) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    paths.push_back(path.str().str());
  }
  return paths;
}

llvm::Error OutputFiles::write() {
  Expected<OutputDirectory> output = OutputDirectory::open(directory);
  if (!output)
    return output.takeError();
  return write(*output);
}

llvm::Error OutputFiles::write(OutputDirectory &output) {
  for (auto &[name, print] : files)
    if (llvm::Error error = output.write(name, print))
      return error;
  return output.commit();
}

//===----------------------------------------------------------------------===//
// Single files
//===----------------------------------------------------------------------===//

static llvm::Error failWriting(StringRef path, const Twine &why) {
  return createStringError("cannot write " + path + ": " + why);
}

static llvm::Error writeTo(const OpenFile &file, StringRef path,
                           StringRef content) {
  // The lock stays when the stream is closed, which may be an error.
  const int copy = fcntl(file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (copy < 0)
    return failWriting(path, errnoAsErrorCode().message());
  raw_fd_ostream os(copy, /*shouldClose=*/true);
  os << content;
  os.close();
  const std::error_code error = os.error();
  os.clear_error();
  return error ? failWriting(path, error.message()) : llvm::Error::success();
}

/// Whether it is written to as it is: a device, a pipe, or what the process has
/// open.
static bool isStream(StringRef path) {
  sys::fs::file_status status;
  return path.starts_with("/dev/fd/") || path.starts_with("/proc/") ||
         (!sys::fs::status(path, status) && sys::fs::is_other(status));
}

static StringRef getDirectory(StringRef place) {
  const StringRef directory = sys::path::parent_path(place);
  return directory.empty() ? "." : directory;
}

llvm::Error dlavm::checkOutputFile(StringRef path) {
  if (path.empty() || path == "-" || isStream(path))
    return llvm::Error::success();
  const std::string place = followLink(path);
  if (sys::fs::is_directory(place) || sys::path::filename(place) == ".")
    return failWriting(path, "it is a directory; name a file");
  const StringRef directory = getDirectory(place);
  if (!sys::fs::is_directory(directory))
    return failWriting(path, directory + (sys::fs::exists(directory)
                                              ? " is no directory"
                                              : " does not exist"));
  if (std::error_code error =
          sys::fs::access(directory, sys::fs::AccessMode::Write))
    return failWriting(path, directory + ": " + error.message());
  return llvm::Error::success();
}

/// A new file beside \p place that nobody else writes. Its name is always the
/// same, so what a command that was killed has left does not remain.
static Expected<OpenFile> openBeside(StringRef path, const std::string &part) {
  while (true) {
    OpenFile file(
        ::open(part.c_str(),
               O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
    struct stat own;
    if (!file || fstat(file.get(), &own) != 0)
      return failWriting(path, errnoAsErrorCode().message());
    if (!S_ISREG(own.st_mode))
      return failWriting(path, part + " is no file");
    if (!file.lock())
      return failWriting(path, "another command is writing it");
    // Whoever had the lock may have moved it to its place.
    if (!file.isAt(part))
      continue;
    if (ftruncate(file.get(), 0) != 0)
      return failWriting(path, errnoAsErrorCode().message());
    return file;
  }
}

llvm::Error dlavm::writeOutputFile(StringRef path, StringRef content) {
  if (path == "-") {
    outs() << content;
    return llvm::Error::success();
  }
  if (isStream(path)) {
    const OpenFile file(
        ::open(path.str().c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    if (!file)
      return failWriting(path, errnoAsErrorCode().message());
    return writeTo(file, path, content);
  }
  if (llvm::Error error = checkOutputFile(path))
    return error;
  const std::string place = followLink(path);
  SmallString<128> part(getDirectory(place));
  sys::path::append(part, "." + sys::path::filename(place) + ".part");
  Expected<OpenFile> file = openBeside(path, part.str().str());
  if (!file)
    return file.takeError();
  ScopedTree tree(part);
  if (llvm::Error error = writeTo(*file, path, content))
    return error;
  std::error_code error = copyOwnerAndMode(part, place);
  if (!error)
    error = sys::fs::rename(part, place);
  if (error)
    return failWriting(path, error.message());
  tree.release();
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Identity
//===----------------------------------------------------------------------===//

/// A file that exists, or else the place where it would be.
using FileIdentity = std::variant<sys::fs::UniqueID, std::string>;

/// Nothing for what several may write to: devices and pipes.
static std::optional<FileIdentity> identify(StringRef path) {
  sys::fs::file_status status;
  if (!sys::fs::status(path, status))
    return sys::fs::is_other(status)
               ? std::nullopt
               : std::optional<FileIdentity>(status.getUniqueID());
  SmallString<128> absolute(path), place;
  (void)sys::fs::make_absolute(absolute);
  if (sys::fs::real_path(sys::path::parent_path(absolute), place)) {
    // The directory is missing, too.
    place = absolute;
    sys::path::remove_dots(place, /*remove_dot_dot=*/true);
  } else {
    sys::path::append(place, sys::path::filename(absolute));
  }
  return place.str().str();
}

static std::optional<FileIdentity> identifyStandardOutput() {
  sys::fs::file_status status;
  if (sys::fs::status(/*FD=*/1, status) || !sys::fs::is_regular_file(status))
    return std::nullopt;
  return status.getUniqueID();
}

llvm::Error dlavm::checkOutputs(ArrayRef<std::string> outputs,
                                ArrayRef<std::string> inputs) {
  std::map<FileIdentity, std::string> taken;
  for (const std::string &input : inputs)
    if (std::optional<FileIdentity> file = identify(input))
      taken.emplace(*file, "the input " + input);
  if (std::optional<FileIdentity> file = identifyStandardOutput())
    taken.emplace(*file, "standard output");
  for (const std::string &output : outputs) {
    if (output.empty() || output == "-")
      continue;
    std::optional<FileIdentity> file = identify(output);
    if (!file)
      continue;
    auto [it, isNew] = taken.emplace(*file, "the output " + output);
    if (!isNew)
      return createStringError("the output " + output +
                               " would be written over " + it->second +
                               "; choose another file");
  }
  return llvm::Error::success();
}
