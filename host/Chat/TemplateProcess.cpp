//===- TemplateProcess.cpp - Python that renders templates ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/TemplateProcess.h"

#include "RenderTemplates.h"
#include "dlavm_runtime.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

extern char **environ;

std::unique_ptr<TemplateProcess> TemplateProcess::start(std::string &why) {
  std::vector<std::string> programs = {"python3", "/usr/bin/python3"};
  if (const char *named = std::getenv("DLAVM_PYTHON")) {
    if (*named == '\0') {
      why = "DLAVM_PYTHON is empty";
      return nullptr;
    }
    programs = {named};
  }
  why.clear();
  for (const std::string &program : programs) {
    std::unique_ptr<TemplateProcess> python(new TemplateProcess(program));
    std::string answer;
    std::string problem = program + " does not start";
    // The first answer says whether jinja2 is there.
    Process &process = python->processes.front();
    if (python->launch(process) &&
        python->exchange(process, R"({"template":"","messages":null})",
                         answer)) {
      if (answer.find("\"missing\"") == std::string::npos)
        return python;
      problem = program + " has no jinja2 (Debian's package python3-jinja2)";
    }
    if (why.empty())
      why = problem;
  }
  return nullptr;
}

TemplateProcess::~TemplateProcess() {
  for (Process &process : processes)
    stop(process);
}

std::vector<pid_t> TemplateProcess::getProcesses() const {
  std::vector<pid_t> ids;
  for (const Process &process : processes)
    if (process.id >= 0)
      ids.push_back(process.id);
  return ids;
}

bool TemplateProcess::launch(Process &process) {
  // A socket, as a write to one whose other end has died raises no signal.
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw TemplateFailure("cannot start " + program + ": " +
                          std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                   O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // In a group of its own, where no Ctrl-C of a terminal reaches it.
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
    sigaddset(&signals, signal);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                            POSIX_SPAWN_SETSIGMASK |
                                            POSIX_SPAWN_SETSIGDEF);
  // -I: modules of Python and its packages only, none of this directory.
  std::string script = kRenderTemplates;
  char isolated[] = "-I", command[] = "-c";
  char *arguments[] = {program.data(), isolated, command, script.data(),
                       nullptr};
  pid_t id = -1;
  const int error = posix_spawnp(&id, program.c_str(), &actions, &attributes,
                                 arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return false;
  }
  process.id = id;
  process.socket = ends[0];
  return true;
}

void TemplateProcess::stop(Process &process) {
  if (process.id < 0)
    return;
  close(process.socket);
  kill(process.id, SIGKILL);
  while (waitpid(process.id, nullptr, 0) < 0 && errno == EINTR)
    continue;
  process.id = -1;
}

bool TemplateProcess::exchange(Process &process, const std::string &request,
                               std::string &answer) {
  const int socket = process.socket;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + timeLimit;
  const std::string line = request + "\n";
  size_t sent = 0;
  answer.clear();
  while (true) {
    const bool isSending = sent < line.size();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - Clock::now());
    pollfd wait = {socket, static_cast<short>(isSending ? POLLOUT : POLLIN), 0};
    const int ready =
        left.count() > 0 ? poll(&wait, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready == 0) {
      stop(process);
      throw TemplateFailure(
          "the chat template takes more than " +
          std::to_string(std::chrono::duration<double>(timeLimit).count()) +
          " seconds");
    }
    char buffer[1 << 16];
    const ssize_t count =
        isSending ? send(socket, line.data() + sent, line.size() - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT)
                  : recv(socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (count <= 0)
      return false;
    if (isSending) {
      sent += static_cast<size_t>(count);
      continue;
    }
    answer.append(buffer, static_cast<size_t>(count));
    if (answer.back() == '\n') {
      answer.pop_back();
      return true;
    }
  }
}

class TemplateProcess::Turn {
public:
  /// Waits for a process, at most as long as the time limit.
  explicit Turn(TemplateProcess &owner) : owner(owner) {
    std::unique_lock<std::mutex> lock(owner.mutex);
    owner.condition.wait_for(lock, owner.timeLimit, [&] { return find(); });
    if (!process)
      throw TemplateFailure("all processes that render the chat template are "
                            "busy; try again later");
    process->isBusy = true;
  }
  Turn(const Turn &) = delete;
  Turn &operator=(const Turn &) = delete;
  ~Turn() {
    {
      const std::lock_guard<std::mutex> lock(owner.mutex);
      process->isBusy = false;
    }
    owner.condition.notify_one();
  }
  Process &get() const { return *process; }

private:
  /// One that runs, if possible.
  bool find() {
    for (Process &one : owner.processes)
      if (!one.isBusy && (!process || (process->id < 0 && one.id >= 0)))
        process = &one;
    return process != nullptr;
  }

  TemplateProcess &owner;
  Process *process = nullptr;
};

std::string TemplateProcess::call(const std::string &request) {
  const Turn turn(*this);
  Process &process = turn.get();
  std::string answer;
  if (process.id >= 0 && exchange(process, request, answer))
    return answer;
  stop(process);
  if (launch(process) && exchange(process, request, answer))
    return answer;
  stop(process);
  throw TemplateFailure(program + ", which renders the chat template, ends "
                                  "before it answers");
}
