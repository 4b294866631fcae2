//===- Tokenize.cpp - dlavm tokenize --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/Command.h"
#include "host/Tokenizer/Tokenizer.h"

#include <algorithm>
#include <iostream>
#include <iterator>

using namespace dlavm::host;
using dlavm::Error;

namespace {

struct TokenizeArguments {
  std::string directory;
  std::optional<std::string> text, ids;
  bool idsOnly = false, addSpecial = false, noParse = false;
};

} // namespace

/// The text itself, or standard input.
static std::string readText(const std::string &text) {
  if (text != "-")
    return text;
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

/// Numbers with commas or white space between them.
static std::vector<int32_t> readIds(const std::string &text, int32_t size) {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < text.size();) {
    const size_t end = std::min(text.find_first_of(", \t\r\n", i), text.size());
    const std::string word = text.substr(i, end - i);
    i = end + 1;
    if (word.empty())
      continue;
    if (word.size() > 9 ||
        word.find_first_not_of("0123456789") != std::string::npos ||
        std::stoi(word) >= size)
      throw Error("'" + word + "' is no id of a token, which are 0 to " +
                  std::to_string(size - 1));
    ids.push_back(std::stoi(word));
  }
  return ids;
}

/// A piece on one line.
static std::string quote(const std::string &piece) {
  std::string text;
  for (char c : piece)
    if (c == '\n')
      text += "\\n";
    else if (c == '\r')
      text += "\\r";
    else if (c == '\t')
      text += "\\t";
    else if (c == '\\')
      text += "\\\\";
    else
      text += c;
  return text;
}

static int run(const TokenizeArguments &arguments) {
  if (arguments.text.has_value() == arguments.ids.has_value())
    throw Error("give either a text, or ids with --decode; - reads standard "
                "input");
  const std::unique_ptr<Tokenizer> tokenizer =
      Tokenizer::open(arguments.directory);
  if (arguments.ids) {
    const std::vector<int32_t> ids =
        readIds(readText(*arguments.ids), tokenizer->getSize());
    std::cout << tokenizer->decode(ids, /*skipSpecial=*/false) << '\n';
    return 0;
  }
  EncodeOptions options;
  options.addSpecial = arguments.addSpecial;
  options.parseSpecial = !arguments.noParse;
  const std::vector<int32_t> ids =
      tokenizer->encode(readText(*arguments.text), options);
  for (size_t i = 0; i < ids.size(); ++i)
    if (arguments.idsOnly)
      std::cout << (i > 0 ? "," : "") << ids[i];
    else
      std::cout << ids[i] << '\t' << quote(tokenizer->getPiece(ids[i])) << '\n';
  if (arguments.idsOnly)
    std::cout << '\n';
  return 0;
}

void dlavm::host::addTokenizeCommand(CLI::App &command,
                                     CommandContext &context) {
  const auto arguments = std::make_shared<TokenizeArguments>();
  command
      .add_option("DIR", arguments->directory,
                  "the directory of a checkpoint or of a packed driver, or a "
                  "file of a tokenizer")
      ->required();
  context.mayBeEmpty.push_back(command.add_option("TEXT", arguments->text,
                                                  "the text; - reads it from "
                                                  "standard input"));
  context.mayBeEmpty.push_back(command.add_option(
      "--decode", arguments->ids,
      "print the text of these ids instead; - reads them from "
      "standard input"));
  command.add_flag("--ids", arguments->idsOnly,
                   "print the ids only, on one line, as other commands take "
                   "them");
  command.add_flag("--add-special", arguments->addSpecial,
                   "add what the tokenizer puts around a text, such as BOS");
  command.add_flag("--no-special", arguments->noParse,
                   "special tokens that are written out in the text are text");
  command.callback([arguments, &context] {
    context.run = [arguments] { return run(*arguments); };
  });
}
