//===- OutputDirectory.cpp - Files that replace others together ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/OutputDirectory.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <climits>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;
namespace fs = sys::fs;

/// Files that may be incomplete.
static constexpr StringLiteral kStaged = ".dlavm-staged";
/// Files that are complete and on their way to their places.
static constexpr StringLiteral kCommitted = ".dlavm-committed";
/// Among these the file that lists those to be removed.
static constexpr StringLiteral kRemoved = ".removed";

static std::string joinPath(StringRef directory, StringRef name) {
  SmallString<128> result(directory);
  sys::path::append(result, name);
  return result.str().str();
}

static Error failWriting(StringRef place, std::error_code error) {
  return createStringError(error,
                           "cannot write " + place + ": " + error.message());
}

std::string dlavm::followLink(StringRef place) {
  // As many as Linux follows.
  constexpr unsigned kMaxLinks = 40;
  std::string path = place.str();
  for (unsigned i = 0; i < kMaxLinks; ++i) {
    char target[PATH_MAX];
    const ssize_t size = readlink(path.c_str(), target, sizeof target);
    if (size <= 0 || size == sizeof target)
      return path;
    const StringRef name(target, size);
    path = sys::path::is_absolute(name)
               ? name.str()
               : joinPath(sys::path::parent_path(path), name);
  }
  return path;
}

//===----------------------------------------------------------------------===//
// Recovery
//===----------------------------------------------------------------------===//

/// Moves a file to its place, which may be a link to another file system.
static std::error_code moveFile(StringRef from, StringRef place) {
  const std::string target = followLink(place);
  std::error_code error = fs::rename(from, target);
  if (error != std::errc::cross_device_link)
    return error;
  const std::string copy = target + ".part";
  error = fs::copy_file(from, copy);
  if (!error)
    error = copyOwnerAndMode(copy, from);
  if (!error)
    error = fs::rename(copy, target);
  if (error)
    fs::remove(copy);
  return error;
}

/// Moves what has been committed. Does the rest of it where it was stopped.
static Error moveCommitted(StringRef directory) {
  const std::string committed = joinPath(directory, kCommitted);
  if (auto list = MemoryBuffer::getFile(joinPath(committed, kRemoved))) {
    SmallVector<StringRef> names;
    (*list)->getBuffer().split(names, '\n', -1, /*KeepEmpty=*/false);
    for (StringRef name : names)
      if (std::error_code error = fs::remove(joinPath(directory, name)))
        return createStringError(error, "cannot remove " +
                                            joinPath(directory, name) + ": " +
                                            error.message());
  }
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(committed, error), end;
       !error && it != end; it.increment(error))
    if (it->type() != fs::file_type::directory_file)
      files.push_back(it->path());
  if (error)
    return createStringError(error, "cannot read " + committed + ": " +
                                        error.message());
  for (StringRef file : files) {
    const StringRef name = file.drop_front(committed.size() + 1);
    if (name == kRemoved)
      continue;
    const std::string place = joinPath(directory, name);
    error = fs::create_directories(sys::path::parent_path(place),
                                   /*IgnoreExisting=*/true, fs::all_all);
    if (!error)
      error = moveFile(file, place);
    if (error)
      return createStringError(
          error, "cannot write " + place + ": " + error.message() +
                     "; until it can be written, and a command completes the "
                     "files of " +
                     directory + ", they cannot be used");
  }
  removeTree(committed.c_str());
  return Error::success();
}

/// Needs the lock.
static Error recoverLocked(StringRef directory) {
  removeTree(joinPath(directory, kStaged).c_str());
  if (!fs::exists(joinPath(directory, kCommitted)))
    return Error::success();
  return moveCommitted(directory);
}

static Error failBusy(StringRef directory) {
  return createStringError("another command is writing into " + directory +
                           "; run this one again when it has ended");
}

/// Locks a directory that exists; closed if another command has locked it.
static OpenFile lockDirectory(StringRef path, std::error_code &error) {
  while (true) {
    OpenFile file(open(path.str().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file) {
      error = errnoAsErrorCode();
      return OpenFile();
    }
    if (!file.lock())
      return OpenFile();
    // Whoever created it may have removed it before the lock was free.
    if (file.isAt(path.str()))
      return file;
    if (!fs::exists(path)) {
      error = std::make_error_code(std::errc::no_such_file_or_directory);
      return OpenFile();
    }
  }
}

Error dlavm::recoverOutputs(StringRef directory) {
  if (!fs::exists(joinPath(directory, kStaged)) &&
      !fs::exists(joinPath(directory, kCommitted)))
    return Error::success();
  std::error_code error;
  if (const OpenFile lock = lockDirectory(directory, error))
    return recoverLocked(directory);
  return fs::exists(joinPath(directory, kCommitted)) ? failBusy(directory)
                                                     : Error::success();
}

//===----------------------------------------------------------------------===//
// OutputDirectory
//===----------------------------------------------------------------------===//

std::error_code dlavm::copyOwnerAndMode(const Twine &from, const Twine &to) {
  struct stat status;
  if (stat(to.str().c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return std::error_code();
  const std::string file = from.str();
  // Only root may give files away.
  (void)!chown(file.c_str(), status.st_uid, status.st_gid);
  if (chmod(file.c_str(), status.st_mode & 07777) != 0)
    return errnoAsErrorCode();
  return std::error_code();
}

/// Adds the directories that a path needs and that do not exist, the outer ones
/// first.
static void addMissing(StringRef path, std::vector<std::string> &directories) {
  SmallVector<std::string> missing;
  for (; !path.empty() && !fs::exists(path);
       path = sys::path::parent_path(path))
    missing.push_back(path.str());
  append_range(directories, reverse(missing));
}

Expected<OutputDirectory> OutputDirectory::open(StringRef path) {
  OutputDirectory result;
  result.path = path.str();
  addMissing(path, result.created);
  std::error_code error;
  // Another command may remove what it created while this one starts.
  do {
    error = fs::create_directories(path, /*IgnoreExisting=*/true, fs::all_all);
    if (error)
      return createStringError(error, "cannot create the directory " + path +
                                          ": " + error.message());
    if (!fs::is_directory(path))
      return createStringError(path + " is no directory; choose another one");
    result.lock = lockDirectory(path, error);
  } while (error == std::errc::no_such_file_or_directory);
  if (error)
    return createStringError(error, "cannot open the directory " + path + ": " +
                                        error.message());
  if (!result.lock) {
    // It is the other command's now.
    result.created.clear();
    return failBusy(path);
  }
  if (Error error = recoverLocked(path))
    return error;
  const std::string staging = joinPath(path, kStaged);
  // A signal may come as soon as it is there.
  result.staging = ScopedTree(staging);
  if ((error = fs::create_directory(staging, /*IgnoreExisting=*/false)))
    return createStringError(error, "cannot write into the directory " + path +
                                        ": " + error.message());
  return result;
}

OutputDirectory::~OutputDirectory() {
  staging = ScopedTree();
  for (const std::string &directory : reverse(created))
    rmdir(directory.c_str());
}

std::string OutputDirectory::getPlace(StringRef name) const {
  return joinPath(path, name);
}

Expected<bool> OutputDirectory::isEmpty() const {
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error))
    if (sys::path::filename(it->path()) != kStaged)
      return false;
  if (error)
    return createStringError(error, "cannot read the directory " + path + ": " +
                                        error.message());
  return true;
}

Expected<std::string> OutputDirectory::stage(StringRef name) {
  // A signal may have removed the staged files: then none is made again.
  std::string directory = staging.getPath();
  SmallVector<StringRef, 2> components;
  sys::path::parent_path(name).split(components, '/', -1, /*KeepEmpty=*/false);
  for (StringRef component : components) {
    directory = joinPath(directory, component);
    if (std::error_code error = fs::create_directory(directory))
      return failWriting(getPlace(name), error);
  }
  staged.push_back(name.str());
  return joinPath(staging.getPath(), name);
}

Error OutputDirectory::write(StringRef name,
                             function_ref<void(raw_fd_ostream &)> print) {
  Expected<std::string> file = stage(name);
  if (!file)
    return file.takeError();
  std::error_code error;
  raw_fd_ostream os(*file, error);
  if (!error) {
    print(os);
    os.close();
    error = os.error();
    os.clear_error();
  }
  return error ? failWriting(getPlace(name), error) : Error::success();
}

Error OutputDirectory::write(StringRef name, StringRef content) {
  return write(name, [&](raw_fd_ostream &os) { os << content; });
}

/// Makes sure that a file can be moved to its place.
Error OutputDirectory::preparePlace(StringRef name) {
  const std::string place = followLink(getPlace(name));
  const StringRef parent = sys::path::parent_path(place);
  addMissing(parent, created);
  std::error_code error =
      fs::create_directories(parent, /*IgnoreExisting=*/true, fs::all_all);
  if (!error && !parent.empty() && !fs::is_directory(parent))
    error = std::make_error_code(std::errc::not_a_directory);
  if (!error)
    error = fs::access(parent.empty() ? "." : parent, fs::AccessMode::Write);
  if (!error)
    error = copyOwnerAndMode(joinPath(staging.getPath(), name), place);
  if (error)
    return failWriting(getPlace(name), error);
  fs::file_status status;
  if (!fs::status(place, status) && !fs::is_regular_file(status))
    return createStringError(
        getPlace(name) + " is a " +
        (fs::is_directory(status) ? "directory" : "device or a pipe") +
        ", but a file of that name has to be written");
  return Error::success();
}

Error OutputDirectory::commit() {
  for (const std::string &name : staged)
    if (Error error = preparePlace(name))
      return error;
  if (!removed.empty()) {
    std::string list;
    for (const std::string &name : removed)
      list += name + "\n";
    if (Error error = write(kRemoved, list))
      return error;
  }
  const std::string from = staging.getPath();
  staging.release();
  if (std::error_code error = fs::rename(from, getPlace(kCommitted))) {
    staging = ScopedTree(from);
    return failWriting(path, error);
  }
  created.clear();
  return moveCommitted(path);
}

//===----------------------------------------------------------------------===//
// InputDirectory
//===----------------------------------------------------------------------===//

static fs::file_status getStatus(StringRef file) {
  fs::file_status status;
  // What does not exist has a status of its own.
  (void)fs::status(file, status);
  return status;
}

InputDirectory::InputDirectory(StringRef directory, StringRef file)
    : directory(directory), file(joinPath(directory, file)),
      status(getStatus(this->file)) {}

Expected<InputDirectory> InputDirectory::open(StringRef directory,
                                              StringRef file) {
  if (Error error = recoverOutputs(directory))
    return error;
  InputDirectory result(directory, file);
  // Only now: whoever has replaced the file since has not been here.
  if (fs::exists(joinPath(directory, kCommitted)))
    return failBusy(directory);
  return result;
}

Error InputDirectory::check() const {
  const bool isMoving = fs::exists(joinPath(directory, kCommitted));
  const fs::file_status now = getStatus(file);
  if (!isMoving && now.getUniqueID() == status.getUniqueID() &&
      now.getLastModificationTime() == status.getLastModificationTime())
    return Error::success();
  return createStringError("another command has written into " + directory +
                           " while this one was reading; run it again");
}
