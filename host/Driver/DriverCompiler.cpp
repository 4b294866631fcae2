//===- DriverCompiler.cpp - Driver source to shared objects ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/DriverCompiler.h"

#include "dlavm_runtime.h"
#include "host/Support/CompilerProcess.h"
#include "host/Support/File.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

using namespace dlavm::host;
using dlavm::Error;

namespace fs = std::filesystem;

SharedObject::~SharedObject() {
  if (handle)
    dlclose(handle);
}

void *SharedObject::findSymbol(const char *name) const {
  return dlsym(handle, name);
}

/// What tools of DLAVM call their temporary directories.
static const std::string temporaryPrefix = ".dlavm-temporary-";

/// Opens a directory and locks it; -1 with the reason in errno, which is
/// EWOULDBLOCK if somebody uses it.
static int lockDirectory(const std::string &path) {
  const int directory =
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0 || flock(directory, LOCK_EX | LOCK_NB) == 0)
    return directory;
  const int reason = errno;
  close(directory);
  errno = reason;
  return -1;
}

/// Removes the temporary directories of the user that nobody uses: their
/// programs were killed.
static void removeAbandoned(const std::string &parent) {
  std::error_code error;
  for (fs::directory_iterator entry(parent, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string path = entry->path().string();
    struct stat status;
    if (entry->path().filename().string().rfind(temporaryPrefix, 0) != 0 ||
        lstat(path.c_str(), &status) != 0 || status.st_uid != geteuid())
      continue;
    const int directory = lockDirectory(path);
    if (directory < 0)
      continue;
    std::error_code ignored;
    fs::remove_all(path, ignored);
    close(directory);
  }
}

namespace {

/// A directory that the process removes; others do if it cannot, as they see by
/// the lock that nobody uses it.
class TemporaryDirectory {
public:
  explicit TemporaryDirectory(const std::string &parent) {
    removeAbandoned(parent);
    // Before it is locked, others take it for one that was left behind.
    while (!isOurs()) {
      if (lock >= 0)
        close(lock);
      path = parent + "/" + temporaryPrefix + "XXXXXX";
      if (!mkdtemp(path.data()))
        throw Error("cannot create a temporary directory in " + parent + ": " +
                    std::strerror(errno) +
                    "; the environment variable TMPDIR names another place");
      lock = lockDirectory(path);
      // Somebody else may lock it, to remove it. A file system without locks
      // has nobody who does.
      if (lock < 0 && errno != EWOULDBLOCK && errno != ENOENT) {
        lock = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (lock < 0)
          throw Error("cannot use the temporary directory " + path + ": " +
                      std::strerror(errno));
      }
    }
  }
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
    close(lock);
  }
  const std::string &getPath() const { return path; }

private:
  /// Whether it is locked and still there.
  bool isOurs() const {
    struct stat there, locked;
    return lock >= 0 && stat(path.c_str(), &there) == 0 &&
           fstat(lock, &locked) == 0 && there.st_dev == locked.st_dev &&
           there.st_ino == locked.st_ino;
  }

  std::string path;
  int lock = -1;
};

} // namespace

static std::string getVariable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

/// Empty where there is no cache.
static std::string getCacheDirectory() {
  // The compiler runs in another directory.
  if (const char *directory = std::getenv("DLAVM_DRIVER_CACHE"))
    return *directory ? fs::absolute(directory).string() : "";
  std::string base = getVariable("XDG_CACHE_HOME");
  // The specification of this variable has relative paths ignored.
  if (base.empty() || base[0] != '/') {
    std::string home = getVariable("HOME");
    if (home.empty())
      if (const passwd *user = getpwuid(getuid()))
        home = user->pw_dir;
    if (home.empty())
      return "";
    base = home + "/.cache";
  }
  return base + "/dlavm";
}

static std::string getTemporaryParent() {
  const std::string directory = getVariable("TMPDIR");
  return directory.empty() ? "/tmp" : fs::absolute(directory).string();
}

/// What every compilation gets. What the driver has in common with this program
/// remains its own.
static const char *const flags[] = {"-std=c++17", "-O2", "-fPIC",
                                    "-fvisibility=hidden"};

/// 32 hexadecimal digits that tell texts from each other.
static std::string getHash(const std::vector<std::string> &texts) {
  std::string digits;
  for (const char *begin : {"a", "b"}) {
    dlavm::detail::Hash64 hash;
    hash.update(begin, 1);
    for (const std::string &text : texts)
      hash.update(text.c_str(), text.size() + 1);
    digits += dlavm::detail::to_hex(hash.get()).c_str();
  }
  return digits;
}

/// What follows the shared object in its file.
static std::string getTrailer(const std::string &content,
                              const std::string &key) {
  return "dlavm host driver " + key + " " + getHash({content, key});
}

static SharedObject load(const std::string &path, const std::string &what) {
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw Error(what + " compiles, but cannot be loaded: " + dlerror() +
                "; is the compiler (the environment variable CXX) one for this "
                "machine?");
  return SharedObject(handle);
}

/// True if the cache has the shared object with this key, whole and the user's
/// own.
static bool isWhole(const File &file, const std::string &key) {
  struct stat status;
  if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_uid != geteuid())
    return false;
  std::string content(static_cast<size_t>(status.st_size), '\0');
  if (file.read(content.data(), content.size()) != status.st_size)
    return false;
  const size_t size = getTrailer("", key).size();
  if (content.size() <= size)
    return false;
  const std::string trailer = content.substr(content.size() - size);
  content.resize(content.size() - size);
  return trailer == getTrailer(content, key);
}

/// Puts the file into the cache, as far as that is possible: without it all
/// works the same.
static void keep(const std::string &path, const std::string &key,
                 const std::string &cached) {
  std::string trailer;
  try {
    trailer = getTrailer(readFile(path), key);
  } catch (const Error &) {
    return;
  }
  File file(path, O_WRONLY | O_APPEND);
  if (file.write(trailer) && file.close())
    (void)!std::rename(path.c_str(), cached.c_str());
}

/// Where temporary files go: beside those of the cache, so that they can be
/// moved there.
static std::string prepareParent(const std::string &cache) {
  std::error_code error;
  if (cache.empty())
    return getTemporaryParent();
  fs::create_directories(cache, error);
  return error || access(cache.c_str(), W_OK) != 0 ? getTemporaryParent()
                                                   : cache;
}

SharedObject dlavm::host::compileAndLoad(const std::string &source,
                                         const std::string &directory,
                                         const std::string &what) {
  std::vector<std::string> command = findCompiler();
  command.insert(command.end(), std::begin(flags), std::end(flags));
  auto run = [&](std::vector<std::string> arguments, const std::string &input,
                 const std::string &temporaries) {
    arguments.insert(arguments.begin(), command.begin(), command.end());
    CompilerResult result =
        runCompiler(arguments, input, directory, temporaries);
    if (result.code != 0)
      throw Error(
          what + " does not compile: " +
          (result.messages.empty()
               ? "the compiler '" + command.front() + "' exited with code " +
                     std::to_string(result.code) + " and printed nothing"
               : result.messages));
    return std::move(result.output);
  };
  // It names no directory, and the version of the compiler is in it. What is
  // compiled is what the key was made of, whatever happens to the files.
  const std::string preprocessed =
      run({"-E", "-x", "c++", "-"}, source, getTemporaryParent());
  utsname machine = {};
  uname(&machine);
  std::vector<std::string> texts = command;
  texts.push_back(machine.machine);
  texts.push_back(preprocessed);
  const std::string key = getHash(texts);

  const std::string cache = getCacheDirectory();
  // Of these names, tools of DLAVM remove what was not used for long.
  const std::string cached = cache + "/llvmcache-host-" + key;
  if (!cache.empty()) {
    const File file(cached, O_RDONLY);
    if (isWhole(file, key)) {
      futimens(file.get(), nullptr);
      return load(cached, what);
    }
  }
  const std::string parent = prepareParent(cache);
  const TemporaryDirectory temporary(parent);
  const std::string path = temporary.getPath() + "/driver.so";
  run({"-shared", "-x", "c++-cpp-output", "-", "-o", path}, preprocessed,
      temporary.getPath());
  SharedObject object = load(path, what);
  if (parent == cache)
    keep(path, key, cached);
  return object;
}
