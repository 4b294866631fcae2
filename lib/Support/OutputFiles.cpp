//===- OutputFiles.cpp - Files that appear together or not at all -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/OutputFiles.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
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
  // Only the directories that are created here are removed after an error.
  SmallVector<std::string> created;
  for (StringRef path = directory; !path.empty() && !sys::fs::exists(path);
       path = sys::path::parent_path(path))
    created.push_back(path.str());
  std::vector<std::string> temporaries, copies;
  scope_exit forgetTemporaries([&] {
    for (const std::string &file : temporaries)
      sys::DontRemoveFileOnSignal(file);
  });
  // Files that have been replaced, each with the copy of what it was, and files
  // that are new, with an empty one.
  std::vector<std::pair<std::string, std::string>> replaced;
  scope_exit cleanUp([&] {
    for (auto &[file, copy] : replaced)
      copy.empty() ? sys::fs::remove(file) : sys::fs::rename(copy, file);
    for (const std::string &file : concat<std::string>(temporaries, copies))
      sys::fs::remove(file);
    for (const std::string &path : created)
      sys::fs::remove(path);
  });

  if (std::error_code error = sys::fs::create_directories(
          directory, /*IgnoreExisting=*/true, sys::fs::all_all))
    return createStringError(error, "cannot create the directory " + directory +
                                        ": " + error.message());
  if (!sys::fs::is_directory(directory))
    return createStringError(directory + " is no directory; choose another "
                                         "one with -o");
  for (auto &[name, print] : files) {
    SmallString<128> path(directory);
    sys::path::append(path, "." + name + ".part");
    std::error_code error;
    raw_fd_ostream os(path, error);
    if (!error) {
      temporaries.push_back(path.str().str());
      sys::RemoveFileOnSignal(path);
      print(os);
      os.close();
      error = os.error();
      os.clear_error();
    }
    SmallString<128> place(directory);
    sys::path::append(place, name);
    if (error)
      return createStringError(error, "cannot write " + place + ": " +
                                          error.message());
    if (sys::fs::is_directory(place))
      return createStringError(place + " is a directory, but a file of that "
                                       "name has to be written");
  }
  for (auto [temporary, file] : zip_equal(temporaries, files)) {
    SmallString<128> place(directory), copy;
    sys::path::append(place, file.first);
    std::error_code error;
    if (sys::fs::exists(place)) {
      copy = directory;
      sys::path::append(copy, "." + file.first + ".old");
      sys::fs::remove(copy);
      // Not all file systems have links.
      error = sys::fs::create_hard_link(place, copy);
      if (error)
        error = sys::fs::copy_file(place, copy);
      copies.push_back(copy.str().str());
    }
    if (!error)
      error = sys::fs::rename(temporary, place);
    if (error)
      return createStringError(error, "cannot write " + place + ": " +
                                          error.message());
    replaced.push_back({place.str().str(), copy.str().str()});
  }
  cleanUp.release();
  for (const std::string &copy : copies)
    sys::fs::remove(copy);
  return llvm::Error::success();
}

/// Writes to what is there already: standard output, a device or a pipe.
static llvm::Error writeStream(StringRef path, StringRef content) {
  std::error_code error;
  raw_fd_ostream os(path, error);
  if (!error) {
    os << content;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return createStringError(error,
                             "cannot write " + path + ": " + error.message());
  return llvm::Error::success();
}

llvm::Error dlavm::writeOutputFile(StringRef path, std::string content) {
  if (path == "-") {
    outs() << content;
    return llvm::Error::success();
  }
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) && sys::fs::is_other(status))
    return writeStream(path, content);
  // A link is written through, unless it leads nowhere.
  SmallString<128> place;
  if (!sys::fs::is_symlink_file(path) || sys::fs::real_path(path, place))
    place = path;
  StringRef directory = sys::path::parent_path(place);
  if (directory.empty())
    directory = ".";
  if (!sys::fs::is_directory(directory))
    return createStringError(
        "cannot write " + path + ": " + directory +
        (sys::fs::exists(directory) ? " is no directory" : " does not exist"));
  OutputFiles files(directory);
  files.add(sys::path::filename(place), std::move(content));
  return files.write();
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
