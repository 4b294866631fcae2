//===- Findings.cpp - What was found, for the page ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Report/Report.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

namespace {

/// What a driver has, by the names that others use.
class KnownNames {
public:
  explicit KnownNames(const DriverPlan &plan) : plan(plan) {
    for (const PlanObject &object : plan.objects)
      layers = std::max(layers, object.layers);
  }

  /// An op that a task computes alone or with others, or null.
  const PlanTask *findTask(StringRef op) const {
    const auto task = llvm::find_if(plan.tasks, [&](const PlanTask &task) {
      return op == task.name || llvm::is_contained(task.merges, op.str());
    });
    return task == plan.tasks.end() ? nullptr : &*task;
  }
  /// Whether one of those tasks does: a function that is called twice has its
  /// tasks twice.
  bool computes(StringRef op, StringRef what) const {
    return llvm::any_of(plan.tasks, [&](const PlanTask &task) {
      return what == task.computes &&
             (op == task.name || llvm::is_contained(task.merges, op.str()));
    });
  }
  const PlanObject *findObject(StringRef name, ObjectKind kind) const {
    const auto object =
        llvm::find_if(plan.objects, [&](const PlanObject &object) {
          return object.name == name && object.kind == kind;
        });
    return object == plan.objects.end() ? nullptr : &*object;
  }
  /// That there is none of layer \p layer, or an empty string.
  std::string checkLayer(bool inLayers, int64_t layer) const {
    if (layer < (inLayers ? 0 : -1) || layer >= (inLayers ? layers : 0))
      return inLayers ? "a layer from 0 to " + std::to_string(layers - 1)
                      : "layer -1, since it stands in none";
    return "";
  }

  const DriverPlan &plan;
  int64_t layers = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// dlavm check
//===----------------------------------------------------------------------===//

namespace {

/// What it makes has its own text: a value made of a StringRef refers to it.
class CheckParser {
public:
  CheckParser(StringRef file, const DriverPlan &plan)
      : file(file), known(plan) {}

  llvm::Expected<json::Value> run(StringRef text) {
    llvm::SmallVector<StringRef> lines;
    text.split(lines, '\n');
    std::optional<int64_t> announced;
    for (StringRef line : lines) {
      ++number;
      line = line.rtrim('\r');
      if (llvm::Error error = parse(line, announced))
        return error;
    }
    if (llvm::Error error = checkCall())
      return error;
    number = lines.size();
    const auto count = static_cast<int64_t>(findings.size());
    if (!announced && findings.empty())
      return fail("expected what dlavm check prints, which ends with 'checked "
                  "N calls: M findings', found " +
                  Twine(text.trim().empty() ? "nothing" : "no such line") +
                  "; give the standard output of dlavm check, or what dlavm "
                  "run --compare writes with --json=FILE");
    if (announced && *announced != count)
      return fail("'checked N calls' says " + Twine(*announced) +
                  " findings, but " + Twine(count) +
                  " stand before it; give all that dlavm check has printed");
    return json::Value(
        json::Object{{"text", text.str()}, {"findings", std::move(findings)}});
  }

private:
  llvm::Error fail(const Twine &message) const {
    return llvm::createStringError(file + ":" + Twine(number) + ": " + message);
  }

  llvm::Error parse(StringRef line, std::optional<int64_t> &announced) {
    if (line.consume_front("error: ")) {
      if (llvm::Error error = checkCall())
        return error;
      findings.push_back(json::Object{{"message", line.str()}});
      current = findings.back().getAsObject();
      return llvm::Error::success();
    }
    if (line.consume_front("checked ")) {
      int64_t calls = 0, count = 0;
      if (line.consumeInteger(10, calls) || !line.consume_front(" calls: ") ||
          line.consumeInteger(10, count) ||
          (line != " finding" && line != " findings") || calls < 1 || announced)
        return fail("expected one 'checked N calls: M findings', with one call "
                    "at least; give what dlavm check has printed");
      announced = count;
      return llvm::Error::success();
    }
    if (!line.starts_with("  ") || !current)
      return llvm::Error::success();
    const auto [key, value] = line.trim().split(": ");
    if (value.empty()) {
      (*current)["note"] = line.trim().str();
      return llvm::Error::success();
    }
    (*current)[key.str()] =
        (key == "task" ? value.split(' ').first : value).str();
    if (key == "task") {
      (*current)["where"] = value.str();
      return checkTask(value);
    }
    if (key == "op")
      if (auto task = current->getString("task"))
        if (const PlanTask *planned = known.findTask(*task);
            planned && !known.computes(*task, value))
          return fail("'" + *task + "' of this driver computes '" +
                      planned->computes + "', found '" + value +
                      "'; these are findings of another driver");
    return llvm::Error::success();
  }

  /// Each finding says in which call.
  llvm::Error checkCall() const {
    if (!current || current->getString("call"))
      return llvm::Error::success();
    return fail("'error: " + *current->getString("message") +
                "' is no finding of dlavm check, which has a line '  call:'; "
                "give what dlavm check has printed");
  }

  /// \p where is "scores of layer 3 (start 7 of the run)". Tasks of blocks that
  /// the plan has no name for are numbers of them: "instructions[2]".
  llvm::Error checkTask(StringRef where) const {
    StringRef name = where.split(' ').first;
    const PlanTask *task = known.findTask(name);
    const bool isBlock = known.findObject(name.split('[').first,
                                          ObjectKind::Instructions) != nullptr;
    if (!task && !isBlock)
      return fail("expected a task of this driver, found '" + name +
                  "'; these are findings of another driver");
    StringRef rest = where.split(" of layer ").second;
    int64_t layer = -1;
    if (!rest.empty() && rest.consumeInteger(10, layer))
      layer = -1;
    const std::string expected =
        known.checkLayer(/*inLayers=*/layer >= 0, layer);
    return expected.empty()
               ? llvm::Error::success()
               : fail("expected for '" + name + "' " + expected + ", found " +
                      Twine(layer) + "; these are findings of another driver");
  }

  StringRef file;
  KnownNames known;
  size_t number = 0;
  json::Array findings;
  json::Object *current = nullptr;
};

} // namespace

llvm::Expected<json::Value> dlavm::parseFindings(StringRef text, StringRef file,
                                                 const DriverPlan &plan) {
  if (text.starts_with("layer  op "))
    return llvm::createStringError(
        file + ":1: found the table of dlavm run --compare; give what that "
               "writes with --json=FILE");
  return CheckParser(file, plan).run(text);
}

//===----------------------------------------------------------------------===//
// dlavm run --compare
//===----------------------------------------------------------------------===//

namespace {

class ComparisonChecker {
public:
  ComparisonChecker(StringRef file, const DriverPlan &plan)
      : file(file), known(plan) {}

  llvm::Error run(const json::Object &comparison) {
    const json::Array *ops = comparison.getArray("ops");
    const json::Array *findings = comparison.getArray("findings");
    if (!ops || !findings)
      return llvm::createStringError(
          file + ": expected the ops and findings that dlavm run --compare "
                 "writes with --json, found other JSON");
    if (ops->empty() && findings->empty())
      return llvm::createStringError(
          file + ": expected ops that were compared, found none; give what "
                 "dlavm run --compare writes with --json");
    int64_t last = -1;
    for (const auto &[i, value] : llvm::enumerate(*ops)) {
      place = ("ops[" + Twine(i) + "]").str();
      if (llvm::Error error = checkOp(value, last))
        return error;
    }
    for (const auto &[i, value] : llvm::enumerate(*findings)) {
      place = ("findings[" + Twine(i) + "]").str();
      if (llvm::Error error = checkFinding(value))
        return error;
    }
    place = "ops";
    // A run that stopped has compared less.
    if (findings->empty() && last + 1 != known.layers)
      return fail("", "ops of " + Twine(known.layers) + " layers",
                  Twine(last + 1));
    return llvm::Error::success();
  }

private:
  llvm::Error fail(const Twine &key, const Twine &expected,
                   const Twine &found) const {
    return llvm::createStringError(
        file + ": " + place + key + ": expected " + expected + ", found " +
        found +
        "; give what dlavm run --compare writes with --json of this driver");
  }
  llvm::Error fail(const json::Object &object, StringRef key,
                   const Twine &expected) const {
    return fail("." + key, expected, printJSON(object.get(key)));
  }

  /// Whether each key has a value of the kind that the page reads.
  llvm::Error checkKinds(const json::Object &object,
                         llvm::ArrayRef<StringRef> texts,
                         llvm::ArrayRef<StringRef> integers) const {
    for (StringRef key : texts)
      if (!object.getString(key))
        return fail(object, key, "text");
    for (StringRef key : integers)
      if (!object.getInteger(key))
        return fail(object, key, "a number");
    return llvm::Error::success();
  }

  llvm::Error checkOp(const json::Value &value, int64_t &last) const {
    const json::Object *op = value.getAsObject();
    if (!op)
      return fail("", "an op", printJSON(&value));
    if (llvm::Error error = checkKinds(*op, {"name", "computes", "buffer"},
                                       {"layer", "different", "elements"}))
      return error;
    for (StringRef key : {"cosine", "largest_error"})
      if (const json::Value *number = op->get(key);
          !number || !(number->getAsNumber() || number->getAsNull()))
        return fail(*op, key, "a number or null");
    const StringRef name = *op->getString("name");
    const int64_t layer = *op->getInteger("layer");
    const PlanTask *task = known.findTask(name);
    const PlanObject *cache =
        known.findObject(*op->getString("buffer"), ObjectKind::KVCache);
    if (!task && !cache && name != "output")
      return fail(*op, "name", "an op of this driver");
    const bool inLayers = cache ? cache->layers > 0 : task && task->inLayers;
    if (const std::string expected = known.checkLayer(inLayers, layer);
        !expected.empty())
      return fail(*op, "layer", expected);
    last = std::max(last, layer);
    // What is appended to a cache is said by other words.
    if (task && !cache && !known.computes(name, *op->getString("computes")))
      return fail(*op, "computes", "'" + task->computes + "'");
    return llvm::Error::success();
  }

  llvm::Error checkFinding(const json::Value &value) const {
    const json::Object *finding = value.getAsObject();
    if (!finding)
      return fail("", "a finding", printJSON(&value));
    if (llvm::Error error =
            checkKinds(*finding, {"task", "register", "buffer", "message"},
                       {"seq", "past", "layer"}))
      return error;
    const StringRef task = *finding->getString("task");
    const bool isBlock = known.findObject(task.split('[').first,
                                          ObjectKind::Instructions) != nullptr;
    if (!task.empty() && !isBlock && !known.findTask(task))
      return fail(*finding, "task", "a task of this driver");
    const int64_t layer = *finding->getInteger("layer");
    const std::string expected =
        known.checkLayer(/*inLayers=*/layer >= 0, layer);
    return expected.empty() ? llvm::Error::success()
                            : fail(*finding, "layer", expected);
  }

  StringRef file;
  KnownNames known;
  std::string place;
};

} // namespace

llvm::Error dlavm::checkComparison(const json::Object &comparison,
                                   StringRef file, const DriverPlan &plan) {
  return ComparisonChecker(file, plan).run(comparison);
}
