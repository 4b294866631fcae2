//===- TranslateToPlan.cpp - plan.json from csb -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Target/TranslateToPlan.h"
#include "Steps.h"

#include "DLAVM/Plan/DriverPlan.h"
#include "DLAVM/Run/Program.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// What a table holds
//===----------------------------------------------------------------------===//

/// Numbers, lists of numbers, texts, and dictionaries of these; nothing for
/// what is none of them, or a number that JSON does not have.
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
  if (auto numbers = dyn_cast<DenseI64ArrayAttr>(attribute))
    return json::Array(numbers.asArrayRef());
  if (auto list = dyn_cast<ArrayAttr>(attribute)) {
    json::Array array;
    for (Attribute element : list) {
      std::optional<json::Value> value = toJSON(element);
      if (!value)
        return std::nullopt;
      array.push_back(std::move(*value));
    }
    return array;
  }
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
    CountingSink ignored;
    if (failed(
            program->run(seq, maxTokens - seq, ignored, /*someLayers=*/true)))
      return module.emitError("cannot run ")
             << seq << " tokens after " << maxTokens - seq << ": "
             << program->getMessage();
    most = std::max(most, program->getWrites() + program->getPolls());
  }
  return most;
}

//===----------------------------------------------------------------------===//
// The parts of a plan
//===----------------------------------------------------------------------===//

namespace {

/// Reads a plan from a module, and remembers the op of each entry.
class PlanBuilder {
public:
  PlanBuilder(ModuleOp module, std::optional<StringRef> model,
              std::optional<PlanOptimizations> optimizations)
      : module(module) {
    plan.optimizations = std::move(optimizations);
    if (model)
      plan.modelChecksum = llvm::xxHash64(*model);
  }

  LogicalResult run(StringRef namespaceName);
  /// The text of the plan, once a reader has taken it.
  FailureOr<std::string> print();

private:
  LogicalResult addHead(StringRef namespaceName);
  void addFunctions();
  LogicalResult addTasks();
  void addBuffers();
  LogicalResult addObjects();
  void addParameters();
  template <typename Entry>
  Entry &add(StringRef key, std::vector<Entry> &entries, Operation *op) {
    ops[(key + "[" + Twine(entries.size()) + "]").str()] = op;
    return entries.emplace_back();
  }

  /// The op of the innermost entry around a place.
  Operation *find(StringRef place) const;

  ModuleOp module;
  DriverPlan plan;
  /// By place: "objects[3]", "objects[3].from[0]".
  llvm::StringMap<Operation *> ops;
};

} // namespace

static std::string getDriverName(func::FuncOp function) {
  auto name =
      function->getAttrOfType<StringAttr>(csb::CSBDialect::getNameAttrName());
  return (name ? name.getValue() : function.getName()).str();
}

/// What a function moves decides what it is for; run, decode and
/// load_parameters move neither maps nor tokens.
void PlanBuilder::addFunctions() {
  if (auto decode = module.lookupSymbol<func::FuncOp>("decode")) {
    HostFunction &entry = add("functions", plan.functions, decode);
    entry.name = getDriverName(decode);
    entry.kind = "decode";
    entry.lastTokenOnly = true;
  }
  for (auto function : module.getOps<func::FuncOp>())
    function.walk([&](Operation *op) {
      if (!isa<csb::DMAWriteOp, csb::DMAReadOp, csb::DMAReadWordOp,
               csb::ReadOp>(op))
        return;
      HostFunction &entry = add("functions", plan.functions, op);
      function.walk([&](csb::AddressOfOp address) {
        if (module.lookupSymbol<csb::BufferOp>(address.getSymbol()))
          entry.buffer = address.getSymbol().str();
      });
      entry.name = getDriverName(function);
      auto setRows = [&](Value tokens, bool takesSeq) {
        APInt rows;
        if (!takesSeq && matchPattern(tokens, m_ConstantInt(&rows)) &&
            rows != 1)
          entry.rows = rows.getSExtValue();
      };
      if (auto write = dyn_cast<csb::DMAWriteOp>(op)) {
        entry.kind = "input";
        entry.channels = write.getChannels();
        setRows(write.getTokens(), function.getNumArguments() == 2);
        if (std::optional<llm::WindowAttr> patches = write.getPatches()) {
          entry.rows = patches->getPixels();
          entry.channels /= patches->getKernelPixels();
        }
        entry.lastTokenOnly = function.getNumArguments() == 1 && !entry.rows;
      } else if (auto read = dyn_cast<csb::DMAReadOp>(op)) {
        entry.kind = "output";
        entry.channels = read.getChannels();
        setRows(read.getTokens(), function.getNumArguments() == 1);
        entry.lastTokenOnly = function.getNumArguments() == 0 && !entry.rows;
      } else {
        entry.kind = "token";
        entry.lastTokenOnly = true;
        if (auto result = dyn_cast<csb::ReadOp>(op))
          entry.buffer = result.getBuffer().value_or("").str();
      }
    });
}

LogicalResult PlanBuilder::addTasks() {
  FailureOr<SmallVector<csb::TaskOp>> steps = getSteps(module);
  if (failed(steps))
    return failure();
  // The function for one token has the same tasks; on the chip, their results
  // are buffers of their own.
  llvm::StringMap<std::string> decodeResults;
  FailureOr<SmallVector<csb::TaskOp>> decodeSteps = getSteps(module, "decode");
  if (failed(decodeSteps))
    return failure();
  for (csb::TaskOp task : *decodeSteps)
    decodeResults[task.getName()] = task.getOutput().value_or("").str();
  for (csb::TaskOp task : *steps) {
    PlanTask &entry = add("tasks", plan.tasks, task);
    entry = {task.getName().str(),  task.getComment().str(),
             bool(task.getLayer()), task.getOutput().value_or("").str(),
             task.getUnmasked(),    task.getSlice()};
    if (std::optional<ArrayAttr> merges = task.getMerges())
      for (auto name : merges->getAsRange<StringAttr>())
        entry.merges.push_back(name.str());
    entry.decodeResult = decodeResults.lookup(task.getName());
    if (entry.decodeResult == entry.result)
      entry.decodeResult.clear();
  }
  return success();
}

void PlanBuilder::addBuffers() {
  for (auto buffer : module.getOps<csb::BufferOp>())
    add("buffers", plan.buffers,
        buffer) = {buffer.getSymName().str(),
                   buffer.getSpace().str(),
                   static_cast<int64_t>(buffer.getAddress()),
                   static_cast<int64_t>(buffer.getBytes()),
                   buffer.getInput(),
                   llvm::to_vector<2>(buffer.getLive()),
                   buffer.getSlice()};
}

LogicalResult PlanBuilder::addObjects() {
  for (auto object : module.getOps<csb::ObjectOp>()) {
    PlanObject &entry = add("objects", plan.objects, object);
    std::optional<ObjectKind> kind = getObjectKind(object.getKind());
    if (!kind)
      return object.emitOpError("has the kind '")
             << object.getKind() << "', which is none of a device";
    entry.name = object.getSymName().str();
    entry.kind = *kind;
    entry.shape.assign(object.getShape().begin(), object.getShape().end());
    if (object.getSources())
      for (auto source : object.getSources()->getAsRange<SymbolRefAttr>())
        add(("objects[" + Twine(plan.objects.size() - 1) + "].from").str(),
            entry.from, SymbolTable::lookupSymbolIn(module, source)) =
            source.getLeafReference().str();
    if (DictionaryAttr config = object.getConfigAttr()) {
      std::optional<json::Value> value = toJSON(config);
      if (!value)
        return object.emitOpError(
                   "has a 'with' that a plan cannot hold: "
                   "numbers, texts, lists and dictionaries can be in "
                   "it, found ")
               << config;
      entry.config = std::move(*value->getAsObject());
    }
    entry.memory = object.getSpace().str();
    entry.address = object.getAddress();
    entry.bytes = object.getBytes();
    entry.layers = object.getLayers().value_or(0);
    entry.layerStride = object.getStride();
    entry.dmaBase = object.getDmaBase();
    entry.ports = object.getPorts();
    entry.portStride = object.getPortStride();
    entry.file = object.getFile().value_or("").str();
  }
  return success();
}

void PlanBuilder::addParameters() {
  module.walk([&](csb::ParameterOp parameter) {
    add("parameters", plan.parameters, parameter) =
        csb::getParameterInfo(parameter);
  });
}

LogicalResult PlanBuilder::addHead(StringRef namespaceName) {
  auto device =
      module->getAttrOfType<StringAttr>(csb::CSBDialect::getDeviceAttrName());
  std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
  if (!device || !maxTokens)
    return module.emitError("names no device or no largest context; compile it "
                            "with --dlavm-compile before");
  auto fingerprint = module->getAttrOfType<StringAttr>(
      csb::CSBDialect::getFingerprintAttrName());
  if (!fingerprint)
    return module.emitError("has no attribute 'csb.fingerprint'; compile it "
                            "with --dlavm-compile before");
  FailureOr<int64_t> accesses = countAccesses(module, *maxTokens);
  if (failed(accesses))
    return failure();
  plan.driver = (namespaceName + ".h").str();
  plan.namespaceName = namespaceName.str();
  plan.device = device.str();
  plan.maxTokens = *maxTokens;
  plan.accesses = *accesses;
  plan.fingerprint = fingerprint.str();
  plan.model = (namespaceName + ".llm.mlir").str();
  module.walk([&](csb::ReadEmbeddingsOp op) {
    plan.embedding = op.getParameter().getLeafReference().str();
  });
  return success();
}

LogicalResult PlanBuilder::run(StringRef namespaceName) {
  if (failed(addHead(namespaceName)))
    return failure();
  addFunctions();
  addBuffers();
  addParameters();
  return success(succeeded(addTasks()) && succeeded(addObjects()));
}

Operation *PlanBuilder::find(StringRef place) const {
  while (!place.empty()) {
    if (Operation *op = ops.lookup(place))
      return op;
    place = place.take_front(std::min(place.size() - 1, place.rfind('.')));
  }
  return module;
}

FailureOr<std::string> PlanBuilder::print() {
  std::string text = plan.print();
  llvm::Error error = DriverPlan::parse(text, "plan.json").takeError();
  if (!error)
    return text;
  llvm::handleAllErrors(
      std::move(error),
      [&](const PlanError &problem) {
        InFlightDiagnostic diagnostic = find(problem.place)->emitError();
        diagnostic << "makes a plan that no command takes: " << problem.expected
                   << " at " << problem.place;
        if (!problem.found.empty())
          diagnostic << ", found " << problem.found;
      },
      [&](const llvm::ErrorInfoBase &other) {
        module.emitError("makes a plan that no command takes: ")
            << other.message();
      });
  return failure();
}

LogicalResult
dlavm::translateToPlan(ModuleOp module, StringRef namespaceName,
                       raw_ostream &os, std::optional<StringRef> model,
                       std::optional<PlanOptimizations> optimizations) {
  PlanBuilder builder(module, model, std::move(optimizations));
  if (failed(builder.run(namespaceName)))
    return failure();
  FailureOr<std::string> text = builder.print();
  if (failed(text))
    return failure();
  os << *text;
  return success();
}
