//===- HelpFiles.cpp - Manual pages and completion of shells --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/ProgramHelp.h"

#include "dlavm_runtime.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace dlavm::host;
using dlavm::Error;

namespace fs = std::filesystem;

static std::string replaceAll(std::string text, const std::string &from,
                              const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// "--seed=", whose value follows; "-o" takes it as the next word.
static std::string getWord(const OptionHelp &option) {
  const bool isLong = option.name.compare(0, 2, "--") == 0;
  return option.name + (isLong && !option.value.empty() ? "=" : "");
}

//===----------------------------------------------------------------------===//
// Manual pages
//===----------------------------------------------------------------------===//

/// Text as troff has it.
static std::string escapeTroff(const std::string &text) {
  std::string escaped;
  std::istringstream lines(
      replaceAll(replaceAll(text, "\\", "\\e"), "-", "\\-"));
  for (std::string line; std::getline(lines, line);) {
    if (!escaped.empty())
      escaped += "\n.br\n";
    // A line that begins so is a request.
    if (!line.empty() && (line[0] == '.' || line[0] == '\''))
      escaped += "\\&";
    escaped += line;
  }
  return escaped;
}

/// "--seed=n", the value slanted.
static std::string printForm(const OptionHelp &option) {
  std::string form = "\\fB" + escapeTroff(getWord(option)) + "\\fR";
  if (!option.value.empty())
    form += (form.find("=\\fR") == std::string::npos ? " " : "") +
            ("\\fI" + escapeTroff(option.value) + "\\fR");
  return form;
}

static void printManualPage(const ProgramHelp &program, std::ostream &os) {
  std::string title = program.name;
  std::transform(title.begin(), title.end(), title.begin(), ::toupper);
  os << ".\\\" Generated from the options of the program.\n"
     << ".TH " << escapeTroff(title) << " 1 \"\" \"" << program.version
     << "\"\n.SH NAME\n"
     << escapeTroff(program.name) << " \\- " << escapeTroff(program.description)
     << "\n.SH SYNOPSIS\n";
  for (const CommandHelp &command : program.commands) {
    os << ".B " << escapeTroff(program.name + " " + command.name) << "\n";
    for (const OptionHelp &option : command.options)
      if (option.isRequired)
        os << printForm(option) << "\n";
    os << "[\\fIoptions\\fR]";
    for (const OptionHelp &operand : command.operands)
      os << (operand.isRequired ? " " : " [") << "\\fI"
         << escapeTroff(operand.name) << "\\fR"
         << (operand.mayRepeat ? "..." : "") << (operand.isRequired ? "" : "]");
    os << "\n.br\n";
  }
  os << ".SH COMMANDS\nEvery command explains itself with\n.BR \\-\\-help .\n";
  for (const CommandHelp &command : program.commands) {
    os << ".SS " << escapeTroff(command.name) << "\n"
       << escapeTroff(command.description) << "\n";
    for (const auto *list : {&command.operands, &command.options})
      for (const OptionHelp &option : *list) {
        // An operand whose name says it all has no more.
        if (list == &command.operands && option.description.empty())
          continue;
        os << ".TP\n"
           << printForm(option) << "\n"
           << escapeTroff(option.description) << "\n";
        for (const auto &[value, meaning] : option.values)
          if (!meaning.empty())
            os << ".br\n\\fB" << escapeTroff(value)
               << "\\fR: " << escapeTroff(meaning) << "\n";
      }
  }
}

//===----------------------------------------------------------------------===//
// bash
//===----------------------------------------------------------------------===//

static std::string printValues(const OptionHelp &option) {
  std::string words;
  for (const auto &value : option.values)
    words += (words.empty() ? "" : " ") + value.first;
  return words;
}

/// The name of a function of the shell.
static std::string getFunction(const ProgramHelp &program) {
  return "_" + replaceAll(program.name, "-", "_");
}

static void printBash(const ProgramHelp &program, std::ostream &os) {
  std::string commands;
  for (const CommandHelp &command : program.commands)
    commands += (commands.empty() ? "" : " ") + command.name;
  os << "# Generated from the options of " << program.name << ".\n"
     << getFunction(program) << "() {\n"
     << R"(  local word="${COMP_WORDS[COMP_CWORD]}" option="${COMP_WORDS[COMP_CWORD-1]}" words=
  # The = of an option is a word of its own.
  if [ "$word" = = ]; then
    word=
  elif [ "$option" = = ]; then
    option="${COMP_WORDS[COMP_CWORD-2]}"
  fi
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
)"
     << "    COMPREPLY=($(compgen -W \"" << commands
     << " --help --version\" -- \"$word\"))\n"
     << R"(    return
  fi
  case "${COMP_WORDS[1]} $option" in
)";
  for (const CommandHelp &command : program.commands)
    for (const OptionHelp &option : command.options)
      if (!option.value.empty())
        os << "  '" << command.name << " " << option.name << "') words='"
           << printValues(option) << "' ;;\n";
  os << R"(  *)
    # Anything else that is no option is a file.
    case "$word" in -*) ;; *) return ;; esac
    case "${COMP_WORDS[1]}" in
)";
  for (const CommandHelp &command : program.commands) {
    os << "    " << command.name << ") words='";
    for (const OptionHelp &option : command.options)
      os << getWord(option) << " ";
    os << "--help' ;;\n";
  }
  os << R"(    esac
    ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  case "${COMPREPLY[0]-}" in *=) compopt -o nospace 2>/dev/null ;; esac
}
)"
     << "complete -o default -F " << getFunction(program) << " " << program.name
     << "\n";
}

//===----------------------------------------------------------------------===//
// zsh
//===----------------------------------------------------------------------===//

/// Text inside of single quotes, with escapes before what _arguments and
/// _describe take for their own.
static std::string quoteZsh(const std::string &text, const char *special) {
  std::string escaped;
  for (char c : text) {
    if (std::string(special).find(c) != std::string::npos)
      escaped += '\\';
    if (c == '\'')
      escaped += "'\\'";
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

static void printZsh(const ProgramHelp &program, std::ostream &os) {
  os << "#compdef " << program.name << "\n"
     << "# Generated from the options of " << program.name << ".\n"
     << getFunction(program) << "() {\n"
     << "  local -a commands=(\n";
  for (const CommandHelp &command : program.commands)
    os << "    '" << command.name << ":" << quoteZsh(command.description, "\\:")
       << "'\n";
  os << R"(  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
)";
  for (const CommandHelp &command : program.commands) {
    os << "  " << command.name << ")\n    _arguments \\\n";
    for (const OptionHelp &option : command.options) {
      os << "      '" << (option.mayRepeat ? "*" : "") << getWord(option) << "["
         << quoteZsh(option.description, "\\:[]") << "]";
      if (!option.value.empty())
        os << ":" << quoteZsh(option.value, "\\:") << ":"
           << (option.values.empty() ? "_files"
                                     : "(" + printValues(option) + ")");
      os << "' \\\n";
    }
    for (const OptionHelp &operand : command.operands)
      os << "      '" << (operand.mayRepeat ? "*" : "")
         << (operand.isRequired ? ":" : "::") << quoteZsh(operand.name, "\\:")
         << ":_files' \\\n";
    os << "      '--help[explain the command]'\n    ;;\n";
  }
  os << "  esac\n}\n" << getFunction(program) << " \"$@\"\n";
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

void dlavm::host::writeHelpFiles(ProgramHelp program,
                                 const std::string &directory) {
  std::sort(program.commands.begin(), program.commands.end(),
            [](const CommandHelp &left, const CommandHelp &right) {
              return left.name < right.name;
            });
  auto write = [&](const fs::path &name, auto print) {
    const fs::path path = directory / name;
    fs::create_directories(path.parent_path());
    std::ofstream file(path);
    print(program, file);
    file.close();
    if (!file)
      throw Error("cannot write " + path.string());
  };
  write("man/man1/" + program.name + ".1", printManualPage);
  write("bash-completion/completions/" + program.name, printBash);
  write("zsh/site-functions/_" + program.name, printZsh);
}
