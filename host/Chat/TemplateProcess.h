//===- TemplateProcess.h - Python that renders templates --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_TEMPLATEPROCESS_H
#define DLAVM_HOST_CHAT_TEMPLATEPROCESS_H

#include "dlavm_runtime.h"

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dlavm::host {

/// Nobody said what is wrong with the messages: Python ended, or took too long.
class TemplateFailure : public Error {
public:
  using Error::Error;
};

/// Processes that run RenderTemplates.py: one, and others while that is busy,
/// so that a template that takes long is in nobody's way. They end with this
/// object, and with this process, however that ends. Functions may be called by
/// several threads at once.
class TemplateProcess {
public:
  /// Starts Python: the program that $DLAVM_PYTHON names, else python3 of the
  /// path or of /usr/bin. Returns null, and in \p why what is missing, if there
  /// is none with jinja2.
  static std::unique_ptr<TemplateProcess> start(std::string &why);
  ~TemplateProcess();

  /// Sends a line, and returns the line that answers it, both without the end
  /// of line. A process that has died is started again, once. Throws
  /// TemplateFailure if that dies too, takes longer than the time limit, or all
  /// processes are busy for that long.
  std::string call(const std::string &request);

  void setTimeLimit(std::chrono::milliseconds limit) { timeLimit = limit; }
  /// Those that run. For tests.
  std::vector<pid_t> getProcesses() const;

private:
  struct Process {
    std::atomic<pid_t> id{-1};
    int socket = -1;
    bool isBusy = false;
  };
  /// A process that is busy as long as this lives.
  class Turn;

  explicit TemplateProcess(std::string program) : program(std::move(program)) {}
  /// Returns false if there is no such program.
  bool launch(Process &process);
  static void stop(Process &process);
  /// Returns false if the process has died.
  bool exchange(Process &process, const std::string &request,
                std::string &answer);

  std::string program;
  std::chrono::milliseconds timeLimit = std::chrono::seconds(20);
  std::mutex mutex;
  std::condition_variable condition;
  std::array<Process, 4> processes;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_TEMPLATEPROCESS_H
