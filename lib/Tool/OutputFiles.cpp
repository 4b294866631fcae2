//===- OutputFiles.cpp - Files that appear together or not at all -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OutputFiles.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

void OutputFiles::add(StringRef name, std::string content) {
  add(name,
      [content = std::move(content)](raw_fd_ostream &os) { os << content; });
}

llvm::Error OutputFiles::write() {
  // Only the directories that are created here are removed after an error.
  SmallVector<std::string> created;
  for (StringRef path = directory; !path.empty() && !sys::fs::exists(path);
       path = sys::path::parent_path(path))
    created.push_back(path.str());
  std::vector<std::string> temporaries, copies;
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
      print(os);
      os.close();
      error = os.error();
      os.clear_error();
    }
    if (error)
      return createStringError(error,
                               "cannot write " + path + ": " + error.message());
    SmallString<128> place(directory);
    sys::path::append(place, name);
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

llvm::Error dlavm::writeOutputFile(StringRef path, std::string content) {
  const StringRef directory =
      sys::path::has_parent_path(path) ? sys::path::parent_path(path) : ".";
  if (sys::fs::exists(directory) && !sys::fs::is_directory(directory))
    return createStringError("cannot write " + path + ": " + directory +
                             " is no directory");
  OutputFiles files(directory);
  files.add(sys::path::filename(path), std::move(content));
  return files.write();
}
