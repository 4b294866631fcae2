//===- EditorFilter.h - Between editor and language server --------------- ===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOLS_DLAVMLSPSERVER_EDITORFILTER_H
#define DLAVM_TOOLS_DLAVMLSPSERVER_EDITORFILTER_H

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/JSON.h"

#include <mutex>
#include <string>
#include <thread>

namespace dlavm {

/// Adds to the answers of MLIR's language server, which cannot be extended,
/// what it does not know: the documentation of an op where the editor shows
/// one, and the symbols of the file where the user types '@'. Everything else
/// passes as it is.
class EditorFilter {
public:
  /// Takes the editor's messages from standard input and output, and gives the
  /// process pipes in their place. With \p isDelimited, lines `// -----` stand
  /// between the editor's messages, as in tests. Ends the process where the
  /// system has no pipes. A crash shows the arguments in any thread.
  EditorFilter(int argc, const char *const *argv, bool isDelimited);
  /// Gives standard output back when the editor has all answers.
  ~EditorFilter();

private:
  void passRequests();
  void passAnswers();
  void read(const llvm::json::Object &request);
  /// Returns whether it changed \p answer.
  bool extend(llvm::json::Object &answer);

  const bool isDelimited;
  /// The editor's ends and, below, those of the server.
  int editorInput, editorOutput;
  int serverInput, serverOutput;
  /// The files that are open in the editor, by URI.
  llvm::StringMap<std::string> texts;
  /// The items for completions that have been asked for, by request.
  llvm::StringMap<llvm::json::Array> completions;
  std::mutex completionsMutex;
  std::thread requests, answers;
};

} // namespace dlavm

#endif // DLAVM_TOOLS_DLAVMLSPSERVER_EDITORFILTER_H
