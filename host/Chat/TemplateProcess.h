//===- TemplateProcess.h - Python that renders templates --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_TEMPLATEPROCESS_H
#define DLAVM_HOST_CHAT_TEMPLATEPROCESS_H

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

namespace dlavm::host {

/// A process that runs RenderTemplates.py. It ends with this object, and with
/// this process, however that ends. Functions may be called by several threads
/// at once.
class TemplateProcess {
public:
  /// Starts Python: the program that $DLAVM_PYTHON names, else python3 of the
  /// path or of /usr/bin. Returns null, and in \p why what is missing, if there
  /// is none with jinja2.
  static std::unique_ptr<TemplateProcess> start(std::string &why);
  ~TemplateProcess();

  /// Sends a line, and returns the line that answers it, both without the end
  /// of line. A process that has died is started again, once. Throws
  /// dlavm::Error if that dies too, or takes longer than the time limit.
  std::string call(const std::string &request);

  void setTimeLimit(std::chrono::milliseconds limit) { timeLimit = limit; }
  /// For tests.
  pid_t getProcess() const { return process; }

private:
  explicit TemplateProcess(std::string program) : program(std::move(program)) {}
  /// Returns false if there is no such program.
  bool launch();
  void stop();
  /// Returns false if the process has died.
  bool exchange(const std::string &request, std::string &answer);

  std::string program;
  std::chrono::milliseconds timeLimit = std::chrono::seconds(20);
  std::mutex mutex;
  pid_t process = -1;
  int socket = -1;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_TEMPLATEPROCESS_H
