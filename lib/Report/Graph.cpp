//===- Graph.cpp - Graphs of modules --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Report/Graph.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>
#include <set>

using namespace mlir;
using namespace dlavm;

/// More than anybody looks at.
constexpr size_t kMaxNodes = 20000;

namespace {

/// Follows a run through loops, branches and calls, and makes a node of each op
/// that is one.
class GraphBuilder {
public:
  GraphBuilder(ModuleOp module, StringRef level) : module(module) {
    graph.level = level.str();
  }
  virtual ~GraphBuilder() = default;

  FailureOr<Graph> build(func::FuncOp entry) {
    if (!entry)
      return module.emitError("has no function that a report could show");
    if (failed(begin(entry)) || failed(walkFunction(entry)) ||
        failed(finish(entry)))
      return failure();
    return std::move(graph);
  }

protected:
  virtual LogicalResult begin(func::FuncOp entry) { return success(); }
  virtual LogicalResult finish(func::FuncOp entry) { return success(); }
  /// An op without regions that is no call.
  virtual LogicalResult visit(Operation *op) = 0;
  virtual void enterLayers(scf::ForOp loop) {}
  virtual void leaveLayers(scf::ForOp loop) {}
  virtual void enterCall(func::CallOp call, func::FuncOp callee) {}
  virtual void leaveCall(func::CallOp call, func::FuncOp callee) {}

  FailureOr<unsigned> addNode(Operation *op, GraphNode node) {
    if (graph.nodes.size() >= kMaxNodes)
      return op->emitError("is one op more than the ")
             << kMaxNodes << " that a picture may have";
    node.group = group;
    graph.nodes.push_back(std::move(node));
    return graph.nodes.size() - 1;
  }
  void addEdge(unsigned from, unsigned to, StringRef label,
               bool isBack = false) {
    if (from != to && known.insert({from, to}).second)
      graph.edges.push_back({from, to, label.str(), isBack, {}});
  }

  ModuleOp module;
  Graph graph;
  int group = -1;
  /// What stands around the op that is visited, the innermost last.
  SmallVector<scf::ForOp> loops;
  /// Set while the other branch of an scf.if is walked, which starts the same
  /// tasks in another order: the nodes of the first branch.
  llvm::DenseMap<Operation *, unsigned> sameNodes;
  std::vector<std::pair<Operation *, unsigned>> visited;

private:
  LogicalResult walkFunction(func::FuncOp function) {
    if (llvm::is_contained(active, function))
      return function.emitOpError("calls itself");
    if (!function.getBody().hasOneBlock())
      return function.emitOpError("has no body of one block");
    active.push_back(function);
    if (failed(walk(function.getBody().front())))
      return failure();
    active.pop_back();
    return success();
  }

  LogicalResult walk(Block &block) {
    for (Operation &op : block) {
      LogicalResult result =
          llvm::TypeSwitch<Operation *, LogicalResult>(&op)
              .Case([&](func::CallOp call) -> LogicalResult {
                auto callee =
                    module.lookupSymbol<func::FuncOp>(call.getCallee());
                if (!callee)
                  return call.emitOpError("calls a function that is not there");
                enterCall(call, callee);
                if (failed(walkFunction(callee)))
                  return failure();
                leaveCall(call, callee);
                return success();
              })
              .Case([&](scf::ForOp loop) { return walkLoop(loop); })
              .Case([&](scf::IfOp branch) { return walkBranches(branch); })
              .Default([&](Operation *op) -> LogicalResult {
                if (op->getNumRegions() > 0)
                  return op->emitOpError("is no op that a report can show");
                return visit(op);
              });
      if (failed(result))
        return failure();
    }
    return success();
  }

  LogicalResult walkLoop(scf::ForOp loop) {
    const int outer = group;
    const bool isLayers = llm::isLayerLoop(loop);
    if (isLayers) {
      group = static_cast<int>(graph.groups.size());
      graph.groups.push_back({"layer", describeTimes(loop)});
      enterLayers(loop);
    } else {
      loops.push_back(loop);
    }
    if (failed(walk(*loop.getBody())))
      return failure();
    if (isLayers)
      leaveLayers(loop);
    else
      loops.pop_back();
    group = outer;
    return success();
  }

  LogicalResult walkBranches(scf::IfOp branch) {
    const size_t first = visited.size();
    if (failed(walk(branch.getThenRegion().front())))
      return failure();
    if (branch.getElseRegion().empty())
      return success();
    auto outer = sameNodes;
    for (size_t i = first; i < visited.size(); ++i)
      sameNodes.insert(visited[i]);
    if (failed(walk(branch.getElseRegion().front())))
      return failure();
    sameNodes = std::move(outer);
    return success();
  }

  static std::string describeTimes(scf::ForOp loop) {
    std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound());
    std::optional<int64_t> upper = getConstantIntValue(loop.getUpperBound());
    std::optional<int64_t> step = getConstantIntValue(loop.getStep());
    if (!lower || !upper || !step || *step < 1)
      return "again and again";
    const int64_t times =
        *upper > *lower ? (*upper - *lower - 1) / *step + 1 : 0;
    return std::to_string(times) + (times == 1 ? " time" : " times");
  }

  SmallVector<func::FuncOp> active;
  std::set<std::pair<unsigned, unsigned>> known;
};

} // namespace

/// The function of an llm or accel module that nobody calls.
static func::FuncOp getEntry(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isPrivate() && !function.isExternal())
      return function;
  return {};
}

//===----------------------------------------------------------------------===//
// llm
//===----------------------------------------------------------------------===//

static std::string describeType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::ListSeparator separator(" x ");
  for (AffineExpr dim : llm::getDims(tensor).getMap().getResults()) {
    const std::string size = llm::stringifyTokens(dim);
    os << separator;
    if (StringRef(size).contains(' '))
      os << "(" << size << ")";
    else
      os << size;
  }
  return text;
}

/// The attributes of an op, each as text; the symbols it names apart.
static void addAttributes(Operation *op, GraphNode &node) {
  std::string symbols;
  llvm::ListSeparator separator;
  for (NamedAttribute attribute : op->getAttrs()) {
    if (auto symbol = dyn_cast<FlatSymbolRefAttr>(attribute.getValue())) {
      symbols += std::string(StringRef(separator)) + symbol.getValue().str();
      continue;
    }
    if (attribute.getName() == llm::LLMDialect::getTaskAttrName() ||
        attribute.getName() == "operandSegmentSizes")
      continue;
    std::string text;
    llvm::raw_string_ostream os(text);
    attribute.getValue().print(os, /*elideType=*/true);
    node.facts.push_back({attribute.getName().str(), text});
  }
  if (!symbols.empty())
    node.facts.push_back({"uses", symbols});
}

namespace {

class LLMGraphBuilder : public GraphBuilder {
public:
  explicit LLMGraphBuilder(ModuleOp module) : GraphBuilder(module, "llm") {}

private:
  LogicalResult begin(func::FuncOp entry) override {
    for (BlockArgument argument : entry.getArguments()) {
      FailureOr<unsigned> node = addNode(
          entry, {"input", "input", describeType(argument.getType()), "", {}});
      if (failed(node))
        return failure();
      producers[argument] = *node;
    }
    return success();
  }

  LogicalResult finish(func::FuncOp entry) override {
    for (Value value : entry.getBody().front().getTerminator()->getOperands()) {
      FailureOr<unsigned> node = addNode(
          entry, {"output", "output", describeType(value.getType()), "", {}});
      if (failed(node))
        return failure();
      connect(value, *node);
    }
    return success();
  }

  void enterLayers(scf::ForOp loop) override {
    for (auto [init, argument] :
         llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs())) {
      FailureOr<unsigned> node = addNode(
          loop,
          {"layer input", "loop", describeType(argument.getType()), "", {}});
      if (failed(node))
        return;
      connect(init, *node);
      producers[argument] = *node;
    }
  }
  void leaveLayers(scf::ForOp loop) override {
    for (auto [argument, yielded, result] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues(),
                         loop.getResults())) {
      auto from = producers.find(yielded), to = producers.find(argument);
      if (from == producers.end() || to == producers.end())
        continue;
      addEdge(from->second, to->second, "next layer", /*isBack=*/true);
      producers[result] = from->second;
    }
  }
  void enterCall(func::CallOp call, func::FuncOp callee) override {
    for (auto [operand, argument] :
         llvm::zip(call.getOperands(), callee.getArguments()))
      forward(operand, argument);
  }
  void leaveCall(func::CallOp call, func::FuncOp callee) override {
    Operation *end = callee.getBody().front().getTerminator();
    for (auto [operand, result] :
         llvm::zip(end->getOperands(), call.getResults()))
      forward(operand, result);
  }

  LogicalResult visit(Operation *op) override {
    if (!isa_and_nonnull<llm::LLMDialect>(op->getDialect()) ||
        isa<llm::GetParameterOp>(op))
      return success();
    GraphNode node;
    node.kind = op->getName().stripDialect().str();
    StringAttr task = llm::getTaskName(op);
    node.task = task ? task.str() : "";
    node.name = task ? task.str() : node.kind;
    node.detail = op->getNumResults() ? describeType(op->getResult(0).getType())
                                      : std::string();
    if (node.detail.empty())
      node.detail = node.kind;
    node.facts.push_back({"op", op->getName().getStringRef().str()});
    addAttributes(op, node);
    for (Value operand : op->getOperands())
      if (auto parameter = operand.getDefiningOp<llm::GetParameterOp>())
        node.facts.push_back({"operand", parameter.getParameter().str()});
    FailureOr<unsigned> index = addNode(op, std::move(node));
    if (failed(index))
      return failure();
    for (Value operand : op->getOperands())
      connect(operand, *index);
    for (Value result : op->getResults())
      producers[result] = *index;
    return success();
  }

  void connect(Value value, unsigned to) {
    auto from = producers.find(value);
    if (from != producers.end())
      addEdge(from->second, to, describeType(value.getType()));
  }
  void forward(Value from, Value to) {
    auto it = producers.find(from);
    if (it != producers.end())
      producers[to] = unsigned(it->second);
  }

  llvm::DenseMap<Value, unsigned> producers;
};

} // namespace

FailureOr<Graph> dlavm::makeLLMGraph(ModuleOp module) {
  return LLMGraphBuilder(module).build(getEntry(module));
}

//===----------------------------------------------------------------------===//
// accel
//===----------------------------------------------------------------------===//

/// "for token in 0 .. seq step 128 (activation buffer of 524288 values)"
static std::string describeLoop(scf::ForOp loop) {
  auto limit =
      loop->getAttrOfType<StringAttr>(accel::AccelDialect::getLimitAttrName());
  if (!limit)
    limit =
        loop->getAttrOfType<StringAttr>(csb::CSBDialect::getLimitAttrName());
  std::optional<int64_t> step = getConstantIntValue(loop.getStep());
  std::string text = "steps of " + (step ? std::to_string(*step)
                                         : std::string("varying size"));
  if (limit)
    text += ", because of the " + limit.str();
  return text;
}

namespace {

class AccelGraphBuilder : public GraphBuilder {
public:
  explicit AccelGraphBuilder(ModuleOp module) : GraphBuilder(module, "accel") {}

private:
  /// What lies at one place: a buffer by its address, a KV cache by its name.
  struct Place {
    std::string key, name;
  };

  std::optional<Place> getPlace(Value value) {
    if (isa<MemRefType>(value.getType())) {
      if (accel::BufferOp buffer = accel::getRoot(value)) {
        const std::string name = buffer.getName().str();
        return Place{buffer.getAddress()
                         ? "@" + std::to_string(*buffer.getAddress())
                         : name,
                     name};
      }
      if (accel::GetObjectOp cache = accel::getCache(value))
        return Place{cache.getObject().str(), cache.getObject().str()};
      return std::nullopt;
    }
    if (auto object = value.getDefiningOp<accel::GetObjectOp>())
      return Place{object.getObject().str(), object.getObject().str()};
    return std::nullopt;
  }

  LogicalResult begin(func::FuncOp entry) override {
    auto result = entry.walk([&](accel::BufferOp buffer) -> WalkResult {
      if (!buffer.isInput())
        return success();
      FailureOr<unsigned> node =
          addNode(buffer, {buffer.getHost().value_or("input").str(),
                           "input",
                           "written by the host",
                           "",
                           {}});
      if (failed(node))
        return failure();
      writers[getPlace(buffer.getBuffer())->key] = *node;
      return success();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult finish(func::FuncOp entry) override {
    auto result = entry.walk([&](accel::BufferOp buffer) -> WalkResult {
      if (!buffer.getHost() || buffer.isInput())
        return success();
      const std::optional<Place> place = getPlace(buffer.getBuffer());
      FailureOr<unsigned> node = addNode(
          buffer,
          {buffer.getHost()->str(), "output", "read by the host", "", {}});
      if (failed(node))
        return failure();
      auto writer = writers.find(place->key);
      if (writer != writers.end())
        addEdge(writer->second, *node, place->name);
      return success();
    });
    return failure(result.wasInterrupted());
  }

  void enterLayers(scf::ForOp loop) override {
    FailureOr<unsigned> node = addNode(
        loop,
        {"layer input", "loop", "of the host, or the layer before", "", {}});
    if (succeeded(node))
      loopNode = *node;
  }
  /// What the next iteration reads that this one has written.
  void leaveLayers(scf::ForOp) override {
    if (!loopNode)
      return;
    for (auto &[key, name] : carried) {
      const unsigned writer = writers[key];
      if (writer > *loopNode)
        addEdge(writer, *loopNode, name, /*isBack=*/true);
    }
    carried.clear();
    loopNode.reset();
  }

  LogicalResult visit(Operation *op) override {
    auto task = dyn_cast<accel::TaskOpInterface>(op);
    if (!task)
      return success();
    unsigned index;
    auto same = sameNodes.find(op);
    if (same != sameNodes.end()) {
      index = same->second;
    } else {
      GraphNode node;
      node.name = node.task = task.getTaskName().str();
      node.kind = op->getName().stripDialect().str();
      node.detail = task.getComment();
      node.facts.push_back({"op", op->getName().getStringRef().str()});
      FailureOr<unsigned> added = addNode(op, std::move(node));
      if (failed(added))
        return failure();
      index = *added;
      visited.push_back({op, index});
    }
    for (scf::ForOp loop : loops)
      addFact(index, "slices", describeLoop(loop));
    SmallVector<MemoryEffects::EffectInstance> effects;
    if (auto interface = dyn_cast<MemoryEffectOpInterface>(op))
      interface.getEffects(effects);
    for (auto &effect : effects)
      if (effect.getValue() && isa<MemoryEffects::Read>(effect.getEffect()))
        if (std::optional<Place> place = getPlace(effect.getValue()))
          read(*place, index);
    for (Value operand : op->getOperands())
      if (auto object = operand.getDefiningOp<accel::GetObjectOp>())
        addFact(index, "object", object.getObject());
    for (auto &effect : effects)
      if (effect.getValue() && isa<MemoryEffects::Write>(effect.getEffect()))
        if (std::optional<Place> place = getPlace(effect.getValue())) {
          addFact(index, "writes", place->name);
          writers[place->key] = index;
        }
    return success();
  }

  void read(const Place &place, unsigned index) {
    addFact(index, "reads", place.name);
    auto writer = writers.find(place.key);
    if (writer == writers.end())
      return;
    if (!loopNode || writer->second > *loopNode)
      return addEdge(writer->second, index, place.name);
    addEdge(writer->second, *loopNode, place.name);
    addEdge(*loopNode, index, place.name);
    carried.insert({place.key, place.name});
  }

  void addFact(unsigned index, StringRef name, StringRef value) {
    auto &facts = graph.nodes[index].facts;
    std::pair<std::string, std::string> fact(name.str(), value.str());
    if (!llvm::is_contained(facts, fact))
      facts.push_back(std::move(fact));
  }

  llvm::StringMap<unsigned> writers;
  std::map<std::string, std::string> carried;
  std::optional<unsigned> loopNode;
};

} // namespace

FailureOr<Graph> dlavm::makeAccelGraph(ModuleOp module) {
  return AccelGraphBuilder(module).build(getEntry(module));
}

//===----------------------------------------------------------------------===//
// csb
//===----------------------------------------------------------------------===//

namespace {

class CSBGraphBuilder : public GraphBuilder {
public:
  CSBGraphBuilder(ModuleOp module, StringRef level)
      : GraphBuilder(module, level) {}

private:
  LogicalResult visit(Operation *op) override {
    if (auto task = dyn_cast<csb::TaskOp>(op)) {
      auto same = sameNodes.find(op);
      if (same != sameNodes.end()) {
        current.reset();
        return success();
      }
      GraphNode node;
      node.name = node.task = task.getName().str();
      node.detail = task.getComment().str();
      for (scf::ForOp loop : loops)
        node.facts.push_back({"slices", describeLoop(loop)});
      FailureOr<unsigned> index = addNode(op, std::move(node));
      if (failed(index))
        return failure();
      visited.push_back({op, *index});
      if (last)
        addEdge(*last, *index, "");
      last = current = *index;
      counts.push_back(0);
      return success();
    }
    if (!current)
      return success();
    GraphNode &node = graph.nodes[*current];
    if (auto write = dyn_cast<csb::WriteOp>(op)) {
      node.kind = write.getReg().getRootReference().str();
      ++counts[*current];
    } else if (isa<csb::PollOp>(op)) {
      node.facts.push_back({"table", node.kind});
      node.facts.push_back(
          {"writes of a start", std::to_string(counts[*current])});
      current.reset();
    }
    return success();
  }

  std::optional<unsigned> last, current;
  std::vector<int64_t> counts;
};

} // namespace

FailureOr<Graph> dlavm::makeCSBGraph(ModuleOp module, StringRef entry) {
  return CSBGraphBuilder(module, entry == "run" ? "csb" : entry)
      .build(module.lookupSymbol<func::FuncOp>(entry));
}
