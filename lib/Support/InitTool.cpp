//===- InitTool.cpp - What every tool begins with -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/InitTool.h"
#include "DLAVM/Support/ScopedTree.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

#define DLAVM_VERSION_LINE                                                     \
  "DLAVM " DLAVM_VERSION ", LLVM " LLVM_VERSION_STRING "\n"

/// Opens something in the place of each standard stream that is closed, in the
/// wrong direction, so that using the stream remains an error.
static void occupyStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(stream, F_GETFD) == -1)
      // The lowest descriptor that is free is this one. Without /dev/null there
      // is nothing better to do.
      (void)!open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// Runs at every exit, before the destructors of the streams, which would abort
/// on an error.
static void checkStandardOutput() {
  outs().flush();
  const std::error_code error = outs().error();
  outs().clear_error();
  // Whoever closed the pipe has read enough.
  if (error && error != std::errc::broken_pipe)
    errs() << "error: cannot write to standard output: " << error.message()
           << "\n";
  errs().clear_error();
  if (error)
    std::_Exit(1);
}

InitTool::InitTool(int &argc, char **&argv)
    : init((prepareForSignals(), argc), argv,
           /*InstallPipeSignalExitHandler=*/false) {
  setBugReportMsg(
      "PLEASE report this crash to the maintainers of DLAVM, with the input "
      "files and everything below.\n" DLAVM_VERSION_LINE);
  cl::SetVersionPrinter([](raw_ostream &os) { os << DLAVM_VERSION_LINE; });
  prepareForCrashes();
  // InitLLVM has installed handlers of its own.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  occupyStandardStreams();
  outs();
  errs();
  std::atexit(checkStandardOutput);
}
