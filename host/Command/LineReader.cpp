//===- LineReader.cpp - Lines that users write ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/LineReader.h"

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <filesystem>

#include <histedit.h>
#include <langinfo.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace dlavm::host;
namespace fs = std::filesystem;

namespace {

/// Lines of a pipe or a file.
class PlainReader : public LineReader {
public:
  explicit PlainReader(Interrupts &interrupts) : interrupts(interrupts) {}

  Result read(const char *, std::string &line) override {
    while (true) {
      const size_t end = buffer.find('\n');
      if (end != std::string::npos) {
        line = buffer.substr(0, end);
        buffer.erase(0, end + 1);
        return Result::Line;
      }
      if (!interrupts.waitFor(STDIN_FILENO))
        return Result::Interrupted;
      char bytes[4096];
      const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (count < 0 && errno == EINTR)
        continue;
      if (count > 0) {
        buffer.append(bytes, static_cast<size_t>(count));
        continue;
      }
      line = std::move(buffer);
      buffer.clear();
      return line.empty() ? Result::End : Result::Line;
    }
  }
  bool isInteractive() const override { return false; }

private:
  Interrupts &interrupts;
  std::string buffer;
};

/// libedit.
class EditingReader : public LineReader {
public:
  EditingReader(Interrupts &interrupts, const std::string &name)
      : interrupts(interrupts), history(history_init()),
        editor(el_init("dlavm", stdin, stdout, stderr)), historyFile(name) {
    loadHistory(history);
    el_set(editor, EL_CLIENTDATA, this);
    el_set(editor, EL_PROMPT, getPrompt);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_HIST, ::history, history);
    el_set(editor, EL_GETCFN, getCharacter);
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_source(editor, nullptr);
  }
  ~EditingReader() override {
    el_end(editor);
    history_end(history);
  }

  Result read(const char *text, std::string &line) override {
    prompt = text;
    wasInterrupted = false;
    // The window may have another size now.
    el_resize(editor);
    int count = 0;
    const char *read = el_gets(editor, &count);
    if (wasInterrupted || !read || count <= 0) {
      std::fputc('\n', stdout);
      std::fflush(stdout);
      return wasInterrupted ? Result::Interrupted : Result::End;
    }
    line.assign(read, static_cast<size_t>(count));
    if (line.find_first_not_of(" \n") != std::string::npos) {
      HistEvent event;
      ::history(history, &event, H_ENTER, line.c_str());
      // At once: a window may be closed any time.
      saveHistory(line);
    }
    if (line.back() == '\n')
      line.pop_back();
    return Result::Line;
  }
  bool isInteractive() const override { return true; }

private:
  static EditingReader &get(EditLine *editor) {
    void *reader = nullptr;
    el_get(editor, EL_CLIENTDATA, &reader);
    return *static_cast<EditingReader *>(reader);
  }
  static char *getPrompt(EditLine *editor) { return get(editor).prompt.data(); }
  static int getCharacter(EditLine *editor, wchar_t *character) {
    EditingReader &reader = get(editor);
    std::mbstate_t state = {};
    while (true) {
      if (!reader.interrupts.waitFor(STDIN_FILENO)) {
        reader.wasInterrupted = true;
        return -1;
      }
      char byte;
      const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
      if (count < 0 && errno == EINTR)
        continue;
      if (count <= 0)
        return static_cast<int>(count);
      const size_t size = std::mbrtowc(character, &byte, 1, &state);
      if (size == static_cast<size_t>(-2))
        continue;
      if (size == static_cast<size_t>(-1))
        *character = L'?';
      return 1;
    }
  }

  void loadHistory(History *into) const {
    HistEvent event;
    ::history(into, &event, H_SETSIZE, 1000);
    ::history(into, &event, H_SETUNIQUE, 1);
    if (!historyFile.empty())
      ::history(into, &event, H_LOAD, historyFile.c_str());
  }

  /// Adds a line to the file, where another chat may have added some. The file
  /// appears when it is whole. That it cannot be kept ends nothing.
  void saveHistory(const std::string &line) const {
    if (historyFile.empty())
      return;
    std::string temporary = historyFile + ".XXXXXX";
    const int file = mkstemp(temporary.data());
    if (file < 0)
      return;
    close(file);
    History *all = history_init();
    loadHistory(all);
    HistEvent event;
    ::history(all, &event, H_ENTER, line.c_str());
    if (::history(all, &event, H_SAVE, temporary.c_str()) < 0 ||
        std::rename(temporary.c_str(), historyFile.c_str()) != 0)
      unlink(temporary.c_str());
    history_end(all);
  }

  Interrupts &interrupts;
  History *history;
  EditLine *editor;
  std::string historyFile, prompt;
  bool wasInterrupted = false;
};

} // namespace

/// Where the history is, or "" if there is no place for it.
static std::string getHistoryFile(const std::string &name) {
  const char *state = std::getenv("XDG_STATE_HOME");
  const char *home = std::getenv("HOME");
  fs::path directory;
  // Only absolute names count, by the specification.
  if (state && *state == '/')
    directory = state;
  else if (home && *home == '/')
    directory = fs::path(home) / ".local" / "state";
  else
    return "";
  directory /= "dlavm";
  std::error_code error;
  fs::create_directories(directory, error);
  if (error)
    return "";
  return (directory / name).string();
}

std::unique_ptr<LineReader> LineReader::open(Interrupts &interrupts,
                                             const std::string &name) {
  const char *terminal = std::getenv("TERM");
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !terminal ||
      std::strcmp(terminal, "dumb") == 0)
    return std::make_unique<PlainReader>(interrupts);
  // The editor knows characters by the locale. Text is UTF-8 everywhere.
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
    std::setlocale(LC_CTYPE, "C.UTF-8");
  return std::make_unique<EditingReader>(interrupts, getHistoryFile(name));
}
