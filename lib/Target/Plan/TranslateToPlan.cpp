//===- TranslateToPlan.cpp - plan.json from csb -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Target/TranslateToPlan.h"
#include "Steps.h"

#include "DLAVM/Run/Program.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// What a table holds
//===----------------------------------------------------------------------===//

/// Numbers, texts, and dictionaries of these; nothing for what is none of them,
/// or a number that JSON does not have.
static std::optional<json::Value> toJSON(Attribute attribute) {
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getType().isInteger(64)
               ? std::optional<json::Value>(number.getInt())
               : std::nullopt;
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getType().isF64() && number.getValue().isFinite()
               ? std::optional<json::Value>(number.getValueAsDouble())
               : std::nullopt;
  if (auto text = dyn_cast<StringAttr>(attribute))
    return json::Value(text.getValue());
  auto dictionary = dyn_cast<DictionaryAttr>(attribute);
  if (!dictionary)
    return std::nullopt;
  json::Object object;
  for (NamedAttribute entry : dictionary) {
    std::optional<json::Value> value = toJSON(entry.getValue());
    if (!value)
      return std::nullopt;
    object[entry.getName().getValue()] = std::move(*value);
  }
  return object;
}

//===----------------------------------------------------------------------===//
// The parts of a plan
//===----------------------------------------------------------------------===//

namespace {

class PlanPrinter {
public:
  PlanPrinter(ModuleOp module, json::OStream &json)
      : module(module), json(json) {}

  LogicalResult print(StringRef device, int64_t maxTokens, int64_t accesses,
                      StringRef namespaceName);

private:
  void printFunctions();
  LogicalResult printTasks();
  void printBuffers();
  LogicalResult printObjects();
  void printParameters();
  void print(const ParameterInfo &info);
  void printHeads(StringRef key, const std::optional<HeadLayout> &heads);
  void printNumbers(StringRef key, ArrayRef<int64_t> numbers) {
    json.attributeArray(key, [&] {
      for (int64_t number : numbers)
        json.value(number);
    });
  }

  ModuleOp module;
  json::OStream &json;
};

} // namespace

/// What a function moves decides what it is for; run and load_parameters move
/// neither maps nor tokens.
void PlanPrinter::printFunctions() {
  auto print = [&](func::FuncOp function, StringRef kind, int64_t channels,
                   bool lastTokenOnly) {
    auto name =
        function->getAttrOfType<StringAttr>(csb::CSBDialect::getNameAttrName());
    json.object([&] {
      json.attribute("name", name ? name.getValue() : function.getName());
      json.attribute("kind", kind);
      json.attribute("channels", channels);
      json.attribute("last_token_only", lastTokenOnly);
    });
  };
  json.attributeArray("functions", [&] {
    for (auto function : module.getOps<func::FuncOp>())
      function.walk([&](Operation *op) {
        if (auto write = dyn_cast<csb::DMAWriteOp>(op))
          print(function, "input", write.getChannels(), false);
        else if (auto read = dyn_cast<csb::DMAReadOp>(op))
          print(function, "output", read.getChannels(),
                function.getNumArguments() == 0);
        else if (isa<csb::ReadOp>(op))
          print(function, "token", 0, true);
      });
  });
}

LogicalResult PlanPrinter::printTasks() {
  FailureOr<SmallVector<csb::TaskOp>> steps = getSteps(module);
  if (failed(steps))
    return failure();
  json.attributeArray("tasks", [&] {
    for (csb::TaskOp task : *steps)
      json.object([&] {
        json.attribute("name", task.getName());
        json.attribute("computes", task.getComment());
        json.attribute("in_layers", bool(task.getLayer()));
        json.attribute("result", task.getOutput().value_or(""));
      });
  });
  return success();
}

void PlanPrinter::printBuffers() {
  json.attributeArray("buffers", [&] {
    for (auto buffer : module.getOps<csb::BufferOp>())
      json.object([&] {
        json.attribute("name", buffer.getSymName());
        json.attribute("space", buffer.getSpace());
        json.attribute("address", int64_t(buffer.getAddress()));
        json.attribute("bytes", int64_t(buffer.getBytes()));
        json.attribute("is_input", buffer.getInput());
        printNumbers("live", buffer.getLive());
      });
  });
}

LogicalResult PlanPrinter::printObjects() {
  for (auto object : module.getOps<csb::ObjectOp>())
    if (DictionaryAttr config = object.getConfigAttr();
        config && !toJSON(config))
      return object.emitOpError(
                 "has a 'with' that a plan cannot hold: numbers, "
                 "texts and dictionaries can be in it, found ")
             << config;
  json.attributeArray("objects", [&] {
    for (auto object : module.getOps<csb::ObjectOp>())
      json.object([&] {
        json.attribute("name", object.getSymName());
        json.attribute("kind", object.getKind());
        printNumbers("shape", object.getShape());
        json.attributeArray("from", [&] {
          if (object.getSources())
            for (auto source : object.getSources()->getAsRange<SymbolRefAttr>())
              json.value(source.getLeafReference().getValue());
        });
        if (DictionaryAttr config = object.getConfigAttr())
          json.attribute("with", *toJSON(config));
        json.attribute("space", object.getSpace());
        json.attribute("address", int64_t(object.getAddress()));
        json.attribute("bytes", int64_t(object.getBytes()));
        json.attribute("layers", int64_t(object.getLayers().value_or(0)));
        json.attribute("layer_stride", int64_t(object.getStride()));
        json.attribute("dma_base", int64_t(object.getDmaBase()));
        json.attribute("ports", int64_t(object.getPorts()));
        json.attribute("port_stride", int64_t(object.getPortStride()));
        if (object.getFile())
          json.attribute("file", *object.getFile());
      });
  });
  return success();
}

void PlanPrinter::printHeads(StringRef key,
                             const std::optional<HeadLayout> &heads) {
  if (!heads)
    return;
  json.attributeObject(key, [&] {
    json.attribute("heads", heads->heads);
    json.attribute("channels", heads->channels);
    json.attribute("interleaved", heads->interleaved);
    json.attribute("padded_channels", heads->paddedChannels);
  });
}

void PlanPrinter::print(const ParameterInfo &info) {
  json.object([&] {
    json.attribute("name", info.name);
    if (info.tensor.empty())
      json.attribute("splat", info.splat);
    else
      json.attribute("tensor", info.tensor);
    if (info.firstRow)
      json.attribute("first_row", *info.firstRow);
    json.attribute("layers", info.layers);
    printNumbers("shape", info.shape);
    printHeads("row_heads", info.rowHeads);
    printHeads("column_heads", info.columnHeads);
  });
}

void PlanPrinter::printParameters() {
  json.attributeArray("parameters", [&] {
    module.walk([&](llm::ParameterOp parameter) {
      print(llm::getParameterInfo(parameter));
    });
  });
}

LogicalResult PlanPrinter::print(StringRef device, int64_t maxTokens,
                                 int64_t accesses, StringRef namespaceName) {
  std::string embedding;
  module.walk([&](csb::ReadEmbeddingsOp op) {
    embedding = op.getParameter().getLeafReference().str();
  });
  auto fingerprint = module->getAttrOfType<StringAttr>(
      csb::CSBDialect::getFingerprintAttrName());
  if (!fingerprint)
    return module.emitError("has no attribute 'csb.fingerprint'; compile it "
                            "with --dlavm-compile before");
  LogicalResult result = success();
  json.object([&] {
    json.attribute("driver", (namespaceName + ".h").str());
    json.attribute("namespace", namespaceName);
    json.attribute("device", device);
    json.attribute("max_tokens", maxTokens);
    json.attribute("accesses", accesses);
    json.attribute("fingerprint", fingerprint.getValue());
    json.attribute("model", (namespaceName + ".llm.mlir").str());
    json.attribute("embedding", embedding);
    printFunctions();
    result = printTasks();
    printBuffers();
    if (succeeded(result))
      result = printObjects();
    printParameters();
  });
  return result;
}

namespace {
class AccessCounter : public EventSink {
public:
  void task(int32_t, StringRef) override {}
  void write(uint32_t, uint32_t) override { ++accesses; }
  void poll(uint32_t, uint32_t) override { ++accesses; }
  uint32_t read(uint32_t) override {
    ++accesses;
    return 0;
  }
  int64_t accesses = 0;
};
} // namespace

/// The register accesses of the longest run, 0 where there is none. More tokens
/// and a longer history take no fewer starts, so that it is among those that
/// fill the context. How many starts they share between seq and past does not
/// jump: these are tried at powers of two.
static FailureOr<int64_t> countAccesses(ModuleOp module, int64_t maxTokens) {
  if (!module.lookupSymbol("run"))
    return 0;
  FailureOr<Program> program = Program::create(module);
  if (failed(program))
    return failure();
  int64_t most = 0;
  for (int64_t seq = maxTokens; seq >= 1; seq /= 2) {
    AccessCounter counter;
    if (failed(program->run(seq, maxTokens - seq, counter)))
      return module.emitError("cannot run ")
             << seq << " tokens after " << maxTokens - seq << ": "
             << program->getMessage();
    most = std::max(most, counter.accesses);
  }
  return most;
}

LogicalResult dlavm::translateToPlan(ModuleOp module, StringRef namespaceName,
                                     raw_ostream &os) {
  auto device =
      module->getAttrOfType<StringAttr>(csb::CSBDialect::getDeviceAttrName());
  std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
  if (!device || !maxTokens)
    return module.emitError("names no device or no largest context; compile it "
                            "with --dlavm-compile before");
  FailureOr<int64_t> accesses = countAccesses(module, *maxTokens);
  if (failed(accesses))
    return failure();
  std::string text;
  llvm::raw_string_ostream buffer(text);
  json::OStream json(buffer, 2);
  if (failed(
          PlanPrinter(module, json)
              .print(device.getValue(), *maxTokens, *accesses, namespaceName)))
    return failure();
  os << text << "\n";
  return success();
}
