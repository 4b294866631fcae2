//===- CompilerProcess.cpp - A compiler that ends with its caller -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompilerProcess.h"
#include "DLAVM/Support/OpenFile.h"

#include "llvm/Support/Errno.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

/// Messages of compilers are read by people.
static constexpr size_t kMaxPrinted = 1 << 16;

static void killGroup(int) { kill(0, SIGKILL); }

static void resetSignals() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ})
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// In the new process, which does not return. It leads the group of the
/// compiler, as compilers are several processes, of which the kernel tells only
/// the first that its parent has died.
[[noreturn]] static void leadGroup(char *const arguments[],
                                   char *const environment[], int output,
                                   pid_t parent) {
  setpgid(0, 0);
  resetSignals();
  signal(SIGTERM, killGroup);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(1);
  const int null = open("/dev/null", O_RDWR);
  dup2(output, STDERR_FILENO);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  close_range(STDERR_FILENO + 1, ~0u, 0);
  const pid_t compiler = fork();
  if (compiler == 0) {
    resetSignals();
    execve(arguments[0], arguments, environment);
  }
  if (compiler <= 0) {
    const char *why = std::strerror(errno);
    (void)!write(STDERR_FILENO, why, std::strlen(why));
    _exit(127);
  }
  close(STDERR_FILENO);
  int status = 0;
  while (waitpid(compiler, &status, 0) < 0 && errno == EINTR)
    continue;
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/// Reads until nobody writes any more. What a compiler leaves running (a server
/// for later ones) may hold the other end open.
static std::string readOutput(int output, pid_t process) {
  std::string text;
  for (bool hasEnded = false;;) {
    pollfd input = {output, POLLIN, 0};
    const int ready = poll(&input, 1, hasEnded ? 0 : 100);
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready > 0) {
      char piece[4096];
      const ssize_t count = read(output, piece, sizeof piece);
      if (count <= 0)
        return text;
      text.append(piece, std::min<size_t>(count, kMaxPrinted - text.size()));
      continue;
    }
    if (ready < 0 || hasEnded)
      return text;
    siginfo_t info = {};
    hasEnded =
        waitid(P_PID, process, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid != 0;
  }
}

static std::vector<char *> getPointers(std::vector<std::string> &words) {
  std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

Expected<CompilerResult> dlavm::runCompiler(ArrayRef<StringRef> command,
                                            StringRef temporaries) {
  auto fail = [&] {
    return createStringError("cannot start the compiler '" + command.front() +
                             "': " + sys::StrError(errno));
  };
  std::vector<std::string> words(command.begin(), command.end()), variables;
  for (char **variable = environ; *variable; ++variable)
    if (!StringRef(*variable).starts_with("TMPDIR="))
      variables.push_back(*variable);
  variables.push_back(("TMPDIR=" + temporaries).str());
  const std::vector<char *> arguments = getPointers(words),
                            environment = getPointers(variables);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return fail();
  const OpenFile output(ends[0]);
  OpenFile input(ends[1]);
  const pid_t parent = getpid(), process = fork();
  if (process == 0)
    leadGroup(arguments.data(), environment.data(), input.get(), parent);
  if (process < 0)
    return fail();
  input = OpenFile();
  CompilerResult result;
  result.printed = readOutput(output.get(), process);
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR)
    continue;
  result.code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}
