//===- PlanChecks.cpp - What a plan must not say -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanChecks.h"
#include "DLAVM/Support/CppNames.h"
#include "InstructionFields.h"
#include "PlanRange.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <utility>

using namespace dlavm;
using namespace llvm;

llvm::Error dlavm::refuse(StringRef file, const Twine &place,
                          const Twine &expected, const json::Value &found) {
  const bool isLong = found.kind() == json::Value::Array;
  return make_error<PlanError>(("expected " + expected).str(), place.str(),
                               isLong ? "" : formatv("{0}", found).str(),
                               file.str());
}

namespace {

class ContentChecker {
public:
  ContentChecker(const DriverPlan &plan, StringRef file)
      : plan(plan), file(file) {}
  llvm::Error run();

private:
  using Error = llvm::Error;

  Error refuse(const Twine &place, const Twine &expected,
               const json::Value &found) const {
    return dlavm::refuse(file, place, expected, found);
  }
  Error checkHead() const;
  Error checkName(StringRef name, const Twine &place);
  Error checkEnd(int64_t address, int64_t bytes, int64_t layers,
                 int64_t layerStride, const Twine &place, int64_t &end) const;
  Error check(const HostFunction &function, const Twine &place) const;
  Error check(const PlanBuffer &buffer, const Twine &place);
  Error check(const PlanObject &object, const Twine &place);
  Error checkSources(const PlanObject &object, const Twine &place) const;
  Error checkFile(const PlanObject &object, const Twine &place) const;
  Error check(const ParameterInfo &info, const Twine &place) const;
  Error check(const HeadLayout &heads, int64_t size, const Twine &place) const;

  template <typename Entry>
  Error checkAll(StringRef key, const std::vector<Entry> &entries) {
    for (auto [i, entry] : enumerate(entries))
      if (Error error = check(entry, key + "[" + Twine(i) + "]"))
        return error;
    return Error::success();
  }

  const DriverPlan &plan;
  StringRef file;
  /// Of buffers and objects.
  StringSet<> names;
  bool hasInstructions = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// The plan as a whole
//===----------------------------------------------------------------------===//

static bool isFileName(StringRef name) {
  return !name.empty() && name.front() != '.' && all_of(name, [](char c) {
    return isAlnum(c) || c == '_' || c == '-' || c == '.';
  });
}

static bool isName(StringRef name) {
  return isIdentifier(name) && !isReservedWord(name);
}

static bool isFingerprint(StringRef text) {
  return text.size() == 16 &&
         all_of(text, [](char c) { return isHexDigit(c) && !isUpper(c); });
}

llvm::Error ContentChecker::checkHead() const {
  for (auto [key, name] :
       {std::pair("driver", &plan.driver), std::pair("model", &plan.model)})
    if (!isFileName(*name))
      return refuse(key, "the name of a file beside plan.json", *name);
  if (!isName(plan.namespaceName))
    return refuse("namespace", "an identifier of C++", plan.namespaceName);
  if (!isFingerprint(plan.fingerprint))
    return refuse("fingerprint", "16 hexadecimal digits, in lower case",
                  plan.fingerprint);
  const ParameterInfo *embedding = plan.getParameter(plan.embedding);
  if (!plan.embedding.empty() &&
      (!embedding || embedding->shape.size() != 2 || embedding->layers > 0))
    return refuse("embedding",
                  "the name of a parameter with two dimensions and no layers",
                  plan.embedding);
  StringSet<> results;
  for (const PlanBuffer &buffer : plan.buffers)
    results.insert(buffer.name);
  for (const PlanObject &object : plan.objects)
    if (object.kind == ObjectKind::KVCache)
      results.insert(object.name);
  for (auto [i, task] : enumerate(plan.tasks)) {
    for (auto [key, result] : {std::pair("result", &task.result),
                               std::pair("decode_result", &task.decodeResult)})
      if (!result->empty() && !results.contains(*result))
        return refuse("tasks[" + Twine(i) + "]." + key,
                      "the name of a buffer or a KV cache", *result);
    if (!task.merges.empty() && (task.slice || !plan.getBuffer(task.result)))
      return refuse("tasks[" + Twine(i) + "].merges",
                    "only where the result is a buffer, without 'slice'",
                    json::Array());
  }
  if (plan.packed &&
      !is_contained({"absmax", "search"}, StringRef(plan.packed->scaleChoice)))
    return refuse("packed.scale_choice", "absmax or search",
                  plan.packed->scaleChoice);
  if (plan.packed && plan.packed->usableIds &&
      none_of(plan.functions, [&](const HostFunction &function) {
        return function.kind == "output" &&
               function.channels > *plan.packed->usableIds;
      }))
    return refuse("packed.usable_ids", "less than the channels of an output",
                  *plan.packed->usableIds);
  return Error::success();
}

llvm::Error ContentChecker::check(const HostFunction &function,
                                  const Twine &place) const {
  if (!isName(function.name))
    return refuse(place + ".name", "an identifier of C++", function.name);
  if (!is_contained({"input", "output", "token", "decode"},
                    StringRef(function.kind)))
    return refuse(place + ".kind", "input, output, token or decode",
                  function.kind);
  if (function.movesRows() != (function.channels > 0))
    return refuse(place + ".channels",
                  "0 for a token or decode and 1 or more for all else",
                  function.channels);
  if (function.kind == "decode" && !function.lastTokenOnly)
    return refuse(place + ".last_token_only", "true for decode",
                  function.lastTokenOnly);
  if (function.rows && (!function.movesRows() || function.lastTokenOnly))
    return refuse(place + ".rows", "only where several rows are moved",
                  *function.rows);
  if (!function.buffer.empty() && !plan.getBuffer(function.buffer))
    return refuse(place + ".buffer", "the name of a buffer", function.buffer);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Buffers and objects
//===----------------------------------------------------------------------===//

llvm::Error ContentChecker::checkName(StringRef name, const Twine &place) {
  if (names.insert(name).second)
    return Error::success();
  return refuse(place + ".name", "a name that no other buffer or object has",
                name);
}

/// Finds the end of the last layer.
llvm::Error ContentChecker::checkEnd(int64_t address, int64_t bytes,
                                     int64_t layers, int64_t layerStride,
                                     const Twine &place, int64_t &end) const {
  int64_t distance;
  if (AddOverflow(address, bytes, end))
    return refuse(place + ".bytes", "an end, address + bytes, below 2^63",
                  bytes);
  if (MulOverflow(std::max<int64_t>(layers - 1, 0), layerStride, distance) ||
      AddOverflow(end, distance, end))
    return refuse(place + ".layer_stride", "an end of all layers below 2^63",
                  layerStride);
  return Error::success();
}

llvm::Error ContentChecker::check(const PlanBuffer &buffer,
                                  const Twine &place) {
  if (Error error = checkName(buffer.name, place))
    return error;
  int64_t end;
  if (Error error = checkEnd(buffer.address, buffer.bytes, /*layers=*/1,
                             /*layerStride=*/0, place, end))
    return error;
  const StringRef pairs = "pairs of a first and a last task";
  if (buffer.live.empty() || buffer.live.size() % 2 != 0)
    return refuse(place + ".live", pairs, json::Array());
  for (auto [i, step] : enumerate(buffer.live)) {
    const int64_t least = i % 2 == 1 ? buffer.live[i - 1] : 0;
    // What the host reads lives on after the last task.
    if (step < least || step > static_cast<int64_t>(plan.tasks.size()))
      return refuse(place + ".live[" + Twine(i) + "]", pairs, step);
  }
  return Error::success();
}

/// What an object is made of must have its shape and layers.
llvm::Error ContentChecker::checkSources(const PlanObject &object,
                                         const Twine &place) const {
  const bool isWeight = object.kind == ObjectKind::Weight;
  const bool isConvWeight = object.kind == ObjectKind::ConvWeight;
  const bool isTable = object.kind == ObjectKind::RopeTable ||
                       object.kind == ObjectKind::ActivationTable ||
                       object.kind == ObjectKind::Instructions;
  if (object.shape.size() != (isConvWeight ? 4u
                              : isWeight   ? 2u
                              : isTable    ? 0u
                                           : 1u))
    return refuse(place + ".shape",
                  "two sizes for a weight, four for one of a convolution, none "
                  "for a table and one for all else",
                  json::Array());
  for (auto [i, name] : enumerate(object.from)) {
    const ParameterInfo *parameter = plan.getParameter(name);
    if (!parameter || !object.isShape(i, parameter->shape) ||
        parameter->layers != object.layers)
      return refuse(place + ".from[" + Twine(i) + "]",
                    "the name of a parameter that has the shape and the layers "
                    "of the object",
                    name);
  }
  if (!object.hasSourceCount())
    return refuse(place + ".from",
                  "parameters for a weight, pairs of them for a scale and bias "
                  "or three with the weight of a convolution, one or two for a "
                  "norm and none for all else",
                  json::Array());
  if (!object.isMerged())
    return Error::success();
  for (size_t role = 0; role < (isWeight ? 1 : 2); ++role) {
    int64_t rows = 0;
    for (auto [i, name] : enumerate(object.from))
      if (object.getRole(i) == role)
        rows += plan.getParameter(name)->shape.front();
    if (rows != object.shape.front())
      return refuse(place + ".from",
                    "parameters that have as many rows in all as the object",
                    rows);
  }
  return Error::success();
}

/// A pattern that names a file of its own for each layer and port, below the
/// directory.
llvm::Error ContentChecker::checkFile(const PlanObject &object,
                                      const Twine &place) const {
  const StringRef path = object.file;
  if (object.kind == ObjectKind::KVCache)
    return path.empty() ? Error::success()
                        : refuse(place + ".file", "none for a KV cache", path);
  SmallVector<StringRef> parts;
  path.split(parts, '/');
  if (path.contains('\\') || any_of(parts, [](StringRef part) {
        return part.empty() || part == "." || part == "..";
      }))
    return refuse(place + ".file", "a path below the directory", path);
  if (path.contains("{layer}") != (object.layers > 0) ||
      (object.ports > 1 && !path.contains("{port}")))
    return refuse(place + ".file",
                  "'{layer}' in it if and only if there are layers, and "
                  "'{port}' if there are ports",
                  path);
  return Error::success();
}

llvm::Error ContentChecker::check(const PlanObject &object,
                                  const Twine &place) {
  if (Error error = checkName(object.name, place))
    return error;
  int64_t end, distance;
  if (Error error = checkEnd(object.address, object.bytes, object.layers,
                             object.layerStride, place, end))
    return error;
  if (MulOverflow(object.ports - 1, object.portStride, distance) ||
      AddOverflow(end, distance, end) || AddOverflow(end, object.dmaBase, end))
    return refuse(place + ".port_stride", "an end of all ports below 2^63",
                  object.portStride);
  if (Error error = checkSources(object, place))
    return error;
  if (object.kind == ObjectKind::Instructions) {
    if (std::exchange(hasInstructions, true))
      return refuse(place + ".kind", "no second object of instructions",
                    getName(object.kind));
    if (Error error =
            readInstructions(object.config, (place + ".with").str(), file)
                .takeError())
      return error;
  }
  return checkFile(object, place);
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

llvm::Error ContentChecker::check(const HeadLayout &heads, int64_t size,
                                  const Twine &place) const {
  if (heads.interleaved % 2 != 0 || heads.interleaved > heads.channels)
    return refuse(place + ".interleaved", "an even number, at most 'channels'",
                  heads.interleaved);
  if (heads.paddedChannels < heads.channels)
    return refuse(place + ".padded_channels", "'channels' or more",
                  heads.paddedChannels);
  if (heads.heads % heads.groups != 0)
    return refuse(place + ".groups", "a number that divides 'heads'",
                  heads.groups);
  if (heads.getSize() != size)
    return refuse(place + ".heads",
                  "heads that have as many padded channels as the shape says",
                  heads.heads);
  return Error::success();
}

llvm::Error ContentChecker::check(const ParameterInfo &info,
                                  const Twine &place) const {
  if (info.shape.empty() || info.shape.size() > 2)
    return refuse(place + ".shape", "one or two sizes", json::Array());
  if (info.tensor.empty() && info.rows)
    return refuse(place + ".rows", "only with 'tensor'", info.rows->first);
  if (info.rows && info.rows->stride > 0 &&
      (info.rows->run < 1 || info.rows->run > info.rows->stride))
    return refuse(place + ".rows.run", "1 to 'stride'", info.rows->run);
  if (info.isNormalized &&
      (info.tensor.empty() || info.shape.size() != 2 || !info.kernel.empty()))
    return refuse(place + ".normalized", "only with a matrix in 'tensor'",
                  true);
  if (info.factor != 1 && (info.tensor.empty() || info.factor == 0))
    return refuse(place + ".factor", "a number that is not 0, with 'tensor'",
                  info.factor);
  if (!info.tensor.empty() &&
      StringRef(info.tensor).contains("{layer}") != (info.layers > 0))
    return refuse(place + ".tensor",
                  "'{layer}' in it if and only if there are layers",
                  info.tensor);
  if (info.rowHeads)
    if (Error error =
            check(*info.rowHeads, info.shape.front(), place + ".row_heads"))
      return error;
  if (!info.kernel.empty() &&
      (info.kernel.size() != 2 || info.shape.size() != 2 ||
       info.tensor.empty() || info.columnHeads ||
       info.shape[1] % (info.kernel[0] * info.kernel[1]) != 0))
    return refuse(place + ".kernel",
                  "two sizes, whose product divides the second size of the "
                  "shape, only with 'tensor' and without 'column_heads'",
                  json::Array());
  if (!info.columnHeads)
    return Error::success();
  if (info.shape.size() == 1)
    return refuse(place + ".column_heads", "only with two dimensions",
                  json::Array());
  return check(*info.columnHeads, info.shape.back(), place + ".column_heads");
}

llvm::Error ContentChecker::run() {
  if (Error error = checkHead())
    return error;
  if (Error error = checkAll("functions", plan.functions))
    return error;
  if (Error error = checkAll("parameters", plan.parameters))
    return error;
  if (Error error = checkAll("buffers", plan.buffers))
    return error;
  return checkAll("objects", plan.objects);
}

llvm::Error dlavm::checkContents(const DriverPlan &plan, StringRef file) {
  return ContentChecker(plan, file).run();
}
