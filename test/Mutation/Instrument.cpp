//===- Instrument.cpp - Driver source with places for faults --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Instrument.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using namespace llvm;

/// The exception is the way out of a driver that nobody needs any more.
static const char helpers[] = R"cpp(
namespace mutation {
inline int32_t shift(dlavm::Device &device, uint32_t part) {
  return static_cast<int32_t>(device.read(part));
}
inline void site(dlavm::Device &device, uint32_t part) {
  if (device.read(part) != 0)
    throw dlavm::Error("the driver was stopped");
}
} // namespace mutation
)cpp";

namespace {

class Instrumenter {
public:
  explicit Instrumenter(StringRef source) : rest(source) {}
  Expected<InstrumentedDriver> run();

private:
  llvm::Error addLine(StringRef line);
  llvm::Error addStatement(SiteKind kind, StringRef line);
  llvm::Error addLoop(StringRef line);
  llvm::Error addRewrite(StringRef line);
  void addSite(Site site) {
    site.isInDecode = isInDecode;
    result.sites.push_back(std::move(site));
  }
  /// The statement that begins on \p line, without its semicolon.
  std::string getStatement(StringRef line) const;
  llvm::Error fail(const Twine &why) const {
    return createStringError("line " + Twine(number) +
                             " of the driver: " + why);
  }
  std::string getCall(StringRef function, SitePart part) const {
    return ("mutation::" + function + "(device, " +
            Twine(getSiteRegister(result.sites.size(), part)) + ")")
        .str();
  }

  /// What follows the current line.
  StringRef rest;
  unsigned number = 0;
  /// Whether the line is one of the function for calls of one token.
  bool isInDecode = false;
  InstrumentedDriver result;
};

} // namespace

std::string Instrumenter::getStatement(StringRef line) const {
  // The lines are parts of one text.
  const StringRef text(line.begin(), rest.end() - line.begin());
  SmallVector<StringRef> words;
  SplitString(text.take_until([](char c) { return c == ';'; }), words);
  std::string joined = join(words, " ");
  // Where the emitter breaks a line behind a parenthesis, no space belongs.
  for (size_t at; (at = joined.find("( ")) != std::string::npos;)
    joined.erase(at + 1, 1);
  return joined;
}

llvm::Error Instrumenter::addStatement(SiteKind kind, StringRef line) {
  Site site = {kind, number, getStatement(line), "", ""};
  if (kind == SiteKind::Write) {
    const StringRef argument =
        StringRef(site.text).split('(').second.split(',').first;
    const auto [table, reg] = argument.split("::");
    if (reg.empty())
      return fail("expected a register with its table, found '" + argument +
                  "'");
    site.table = table.str();
    site.reg = reg.str();
  }
  const size_t indent = line.find_first_not_of(' ');
  result.source += std::string(indent, ' ') +
                   getCall("site", SitePart::Statement) + ";\n" + line.str() +
                   "\n";
  addSite(std::move(site));
  return llvm::Error::success();
}

llvm::Error Instrumenter::addLoop(StringRef line) {
  // The emitter prints the head of a loop on one line.
  const size_t open = line.find('(');
  SmallVector<StringRef> parts;
  line.substr(open + 1).split(parts, ';');
  StringRef step = parts.size() == 3 ? parts[2].trim() : StringRef();
  if (!step.consume_back(") {"))
    return fail("expected a loop 'for (TYPE i = A; i < B; i += C) {'");
  const auto [start, startValue] = parts[0].split(" = ");
  const auto [bound, boundValue] = parts[1].split(" < ");
  auto [variable, stepValue] = step.split(" += ");
  Site site = {SiteKind::Loop, number, line.trim().drop_back(2).str(), "", ""};
  if (step.consume_front("++")) {
    variable = step;
    stepValue = "1";
  }
  if (startValue.empty() || boundValue.empty() || stepValue.empty())
    return fail("expected a loop 'for (TYPE i = A; i < B; i += C) {'");
  auto shifted = [&](StringRef value, SitePart part) {
    return "(" + value.str() + ") + " + getCall("shift", part);
  };
  result.source +=
      (line.substr(0, open + 1) + start + " = " +
       shifted(startValue, SitePart::LoopStart) + ";" + bound + " < " +
       shifted(boundValue, SitePart::LoopBound) + "; " + variable +
       " += " + shifted(stepValue, SitePart::LoopStep) + ") {\n")
          .str();
  addSite(std::move(site));
  return llvm::Error::success();
}

llvm::Error Instrumenter::addRewrite(StringRef line) {
  const std::string statement = getStatement(line);
  // Where the emitter broke it.
  for (StringRef last = line; !last.ends_with(";"); ++number)
    std::tie(last, rest) = rest.split('\n');
  const StringRef arguments =
      StringRef(statement).split('(').second.drop_back(1);
  // The comma outside of parentheses.
  size_t comma = 0;
  for (int depth = 0; comma < arguments.size(); ++comma) {
    depth += arguments[comma] == '(' ? 1 : arguments[comma] == ')' ? -1 : 0;
    if (depth == 0 && arguments[comma] == ',')
      break;
  }
  if (comma == arguments.size())
    return fail("expected a word and its value, found '" + statement + "'");
  const std::string indent(line.find_first_not_of(' '), ' ');
  result.source += indent + getCall("site", SitePart::Statement) + ";\n" +
                   indent + "if (" + getCall("shift", SitePart::Dropped) +
                   " == 0)\n" + indent + "  device.set_instruction((" +
                   arguments.take_front(comma).str() + ") + " +
                   getCall("shift", SitePart::Word) + ", (" +
                   arguments.drop_front(comma + 1).trim().str() + ") + " +
                   getCall("shift", SitePart::Value) + ");\n";
  addSite({SiteKind::Rewrite, number, statement, "", ""});
  return llvm::Error::success();
}

llvm::Error Instrumenter::addLine(StringRef line) {
  const StringRef text = line.ltrim();
  if (line.starts_with("inline void decode("))
    isInDecode = true;
  if (line == "}")
    isInDecode = false;
  if (text.starts_with("device.set_instruction("))
    return addRewrite(line);
  if (text.starts_with("device.write("))
    return addStatement(SiteKind::Write, line);
  if (text.starts_with("device.poll("))
    return addStatement(SiteKind::Poll, line);
  if (text.starts_with("dlavm::write_map(") ||
      text.starts_with("device.send_instructions(") ||
      text.starts_with("return dlavm::read_map("))
    return addStatement(SiteKind::Transfer, line);
  if (text.starts_with("for ("))
    return addLoop(line);
  result.source += line.str() + "\n";
  if (text == "#include \"dlavm_runtime.h\"")
    result.source += helpers;
  if (text.starts_with("//"))
    return llvm::Error::success();
  for (StringRef word : {"device.write(", "device.poll(", "for (", "while (",
                         "_map(", "_instruction(", "_instructions("})
    if (text.contains(word))
      return fail("found a statement of an unknown form: '" + text + "'");
  return llvm::Error::success();
}

Expected<InstrumentedDriver> Instrumenter::run() {
  while (!rest.empty()) {
    const auto [line, after] = rest.split('\n');
    rest = after;
    ++number;
    if (llvm::Error error = addLine(line))
      return error;
  }
  if (result.sites.empty())
    return createStringError("the driver has no statement to change");
  return std::move(result);
}

Expected<InstrumentedDriver> dlavm::instrument(StringRef source) {
  return Instrumenter(source).run();
}
