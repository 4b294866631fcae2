//===- CompilerProcess.cpp - Running a compiler ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/CompilerProcess.h"

#include "dlavm_runtime.h"
#include "host/Support/File.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <spawn.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

extern char **environ;

std::vector<std::string> dlavm::host::splitWords(const std::string &text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return words;
}

static bool isProgram(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

std::string dlavm::host::findProgram(const std::string &name) {
  // It will run in another directory.
  auto getAbsolute = [](const std::string &path) {
    return std::filesystem::absolute(path).string();
  };
  if (name.find('/') != std::string::npos)
    return isProgram(name) ? getAbsolute(name) : "";
  const char *variable = std::getenv("PATH");
  std::istringstream path(variable ? variable : "/usr/local/bin:/usr/bin:/bin");
  for (std::string directory; std::getline(path, directory, ':');) {
    const std::string program =
        (directory.empty() ? "." : directory) + "/" + name;
    if (isProgram(program))
      return getAbsolute(program);
  }
  return "";
}

namespace {

/// A file that nobody else sees. What a compiler leaves running cannot keep
/// anybody waiting, as it could with a pipe.
class MemoryFile {
public:
  MemoryFile() : file(memfd_create("dlavm", MFD_CLOEXEC)) {
    if (!file)
      fail("create");
  }

  int get() const { return file.get(); }

  /// Whoever gets the file reads from its beginning.
  void write(const std::string &text) {
    if (!file.write(text) || lseek(file.get(), 0, SEEK_SET) != 0)
      fail("write to");
  }

  std::string read(size_t most) {
    struct stat status = {};
    fstat(file.get(), &status);
    std::string text(std::min(static_cast<size_t>(status.st_size), most), '\0');
    lseek(file.get(), 0, SEEK_SET);
    const ssize_t count = file.read(text.data(), text.size());
    text.resize(count < 0 ? 0 : static_cast<size_t>(count));
    return text;
  }

private:
  [[noreturn]] static void fail(const std::string &what) {
    throw Error("cannot " + what +
                " a file in memory: " + std::strerror(errno));
  }

  File file;
};

/// posix_spawn's lists.
class SpawnSettings {
public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings &) = delete;
  SpawnSettings &operator=(const SpawnSettings &) = delete;
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

} // namespace

static std::vector<char *> getPointers(const std::vector<std::string> &words) {
  std::vector<char *> pointers;
  for (const std::string &word : words)
    pointers.push_back(const_cast<char *>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

CompilerResult dlavm::host::runCompiler(const std::vector<std::string> &command,
                                        const std::string &input,
                                        const std::string &directory,
                                        const std::string &temporaries) {
  MemoryFile in, out, err;
  in.write(input);
  SpawnSettings settings;
  posix_spawn_file_actions_addchdir_np(&settings.actions, directory.c_str());
  posix_spawn_file_actions_adddup2(&settings.actions, in.get(), 0);
  posix_spawn_file_actions_adddup2(&settings.actions, out.get(), 1);
  posix_spawn_file_actions_adddup2(&settings.actions, err.get(), 2);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);
  // What a server ignores or blocks is none of the compiler's business.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> variables;
  for (char **variable = environ; *variable; ++variable)
    if (std::strncmp(*variable, "TMPDIR=", 7) != 0)
      variables.push_back(*variable);
  variables.push_back("TMPDIR=" + temporaries);

  pid_t process = 0;
  const int error =
      posix_spawn(&process, command.front().c_str(), &settings.actions,
                  &settings.attributes, getPointers(command).data(),
                  getPointers(variables).data());
  if (error != 0)
    throw Error("cannot start the compiler '" + command.front() + "' in " +
                directory + ": " + std::strerror(error));
  int status = 0;
  pid_t ended;
  while ((ended = waitpid(process, &status, 0)) < 0 && errno == EINTR)
    continue;
  // Where SIGCHLD is ignored nobody learns how it ended; the file that it
  // should have written says it then.
  if (ended < 0)
    status = 0;

  CompilerResult result;
  result.code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.output = out.read(size_t{1} << 28);
  result.messages = err.read(size_t{1} << 16);
  const size_t end = result.messages.find_last_not_of(" \n\r\t");
  result.messages.resize(end == std::string::npos ? 0 : end + 1);
  return result;
}
