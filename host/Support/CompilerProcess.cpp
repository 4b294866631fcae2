//===- CompilerProcess.cpp - A compiler that ends with its caller ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Support/CompilerProcess.h"

#include "dlavm_runtime.h"
#include "host/Support/File.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sstream>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

//===----------------------------------------------------------------------===//
// Finding it
//===----------------------------------------------------------------------===//

static bool isProgram(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

/// The path of a program of $PATH, or of one that is named by a path; empty if
/// there is none.
static std::string findProgram(const std::string &name) {
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

std::vector<std::string> dlavm::host::findCompiler() {
  const char *cxx = std::getenv("CXX");
  std::istringstream stream(cxx ? cxx : "");
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  if (!words.empty()) {
    const std::string path = findProgram(words.front());
    if (path.empty())
      throw Error("the compiler of the environment variable CXX, '" +
                  words.front() + "', is not found");
    words.front() = path;
    return words;
  }
  for (const char *name : {"c++", "g++", "clang++"}) {
    const std::string path = findProgram(name);
    if (!path.empty())
      return {path};
  }
  throw Error("no C++ compiler is found; install one or name it in the "
              "environment variable CXX");
}

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

namespace {

/// A file that nobody else sees. What a compiler leaves running cannot keep
/// anybody waiting, as it could with a pipe.
class MemoryFile {
public:
  MemoryFile() : file(create()) {
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
  /// Where the standard streams are closed, it is none of them.
  static int create() {
    const File low(memfd_create("dlavm", MFD_CLOEXEC));
    return fcntl(low.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  }
  [[noreturn]] static void fail(const std::string &what) {
    throw Error("cannot " + what +
                " a file in memory: " + std::strerror(errno));
  }

  File file;
};

} // namespace

static void killGroup(int) { kill(0, SIGKILL); }

/// What a server ignores or blocks is none of the compiler's business.
static void resetSignals() {
  for (int signal = 1; signal < NSIG; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// In a new process, which has no other way to say it.
[[noreturn]] static void exitWithReason(const char *what) {
  const char *why = std::strerror(errno);
  (void)!write(STDERR_FILENO, what, std::strlen(what));
  (void)!write(STDERR_FILENO, why, std::strlen(why));
  _exit(127);
}

/// In the new process, which does not return. It leads the group of the
/// compiler, as compilers are several processes, of which the kernel tells only
/// the first that its parent has died.
[[noreturn]] static void leadGroup(char *const arguments[],
                                   char *const environment[],
                                   const char *directory, const int (&files)[3],
                                   pid_t parent) {
  setpgid(0, 0);
  resetSignals();
  signal(SIGTERM, killGroup);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(1);
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    dup2(files[stream], stream);
  close_range(STDERR_FILENO + 1, ~0u, 0);
  if (chdir(directory) != 0)
    exitWithReason("its directory cannot be entered: ");
  const pid_t compiler = fork();
  if (compiler == 0)
    execve(arguments[0], arguments, environment);
  if (compiler <= 0)
    exitWithReason("the compiler cannot be started: ");
  int status = 0;
  while (waitpid(compiler, &status, 0) < 0 && errno == EINTR)
    continue;
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

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
  std::vector<std::string> variables;
  for (char **variable = environ; *variable; ++variable)
    if (std::strncmp(*variable, "TMPDIR=", 7) != 0)
      variables.push_back(*variable);
  variables.push_back("TMPDIR=" + temporaries);

  const std::vector<char *> arguments = getPointers(command),
                            environment = getPointers(variables);
  const int files[] = {in.get(), out.get(), err.get()};
  const pid_t parent = getpid(), process = fork();
  if (process == 0)
    leadGroup(arguments.data(), environment.data(), directory.c_str(), files,
              parent);
  if (process < 0)
    throw Error("cannot start the compiler '" + command.front() +
                "': " + std::strerror(errno));
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
