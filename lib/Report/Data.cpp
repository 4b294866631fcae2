//===- Data.cpp - What the page shows -------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Report/Graph.h"
#include "DLAVM/Report/Report.h"
#include "DeviceData.h"
#include "ProgramData.h"
#include "VariantData.h"

#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

static json::Value toJSON(const Graph &graph) {
  auto box = [](const auto &item) {
    return json::Array{item.x, item.y, item.width, item.height};
  };
  json::Array nodes, edges, groups;
  for (const GraphNode &node : graph.nodes) {
    json::Array facts;
    for (const auto &[name, value] : node.facts)
      facts.push_back(json::Array{name, value});
    nodes.push_back(json::Object{{"name", node.name},
                                 {"kind", node.kind},
                                 {"detail", node.detail},
                                 {"task", node.task},
                                 {"facts", std::move(facts)},
                                 {"box", box(node)}});
  }
  for (const GraphEdge &edge : graph.edges)
    edges.push_back(json::Object{{"from", edge.from},
                                 {"to", edge.to},
                                 {"label", edge.label},
                                 {"isBack", edge.isBack},
                                 {"path", getPath(edge)}});
  for (const GraphGroup &group : graph.groups)
    groups.push_back(json::Object{
        {"name", group.name}, {"detail", group.detail}, {"box", box(group)}});
  return json::Object{{"nodes", std::move(nodes)},
                      {"edges", std::move(edges)},
                      {"groups", std::move(groups)},
                      {"width", graph.width},
                      {"height", graph.height}};
}

/// An expression of seq and past: a number, a name, or a list of an operator
/// and its operands.
static json::Value toJSON(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dim.getPosition() == 0 ? "seq" : "past";
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return nullptr;
  const char *name = "+";
  if (expr.getKind() == AffineExprKind::Mul)
    name = "*";
  else if (expr.getKind() == AffineExprKind::FloorDiv)
    name = "floordiv";
  else if (expr.getKind() == AffineExprKind::CeilDiv)
    name = "ceildiv";
  else if (expr.getKind() == AffineExprKind::Mod)
    name = "mod";
  return json::Array{name, toJSON(binary.getLHS()), toJSON(binary.getRHS())};
}

/// How many bytes each buffer takes in a call: the product of `dims`, times
/// `bytes` of an element, in each of `ports`, filled up to `alignment`. The
/// second of `dims`, the tokens, is at most `slice`.
static json::Value getSizes(const Report &report) {
  json::Object sizes;
  const Memory &memory = report.device.getMapMemory();
  report.levels.accel.get()->walk([&](accel::BufferOp buffer) {
    const PlanBuffer *planned =
        report.plan.getBuffer(llm::toIdentifier(buffer.getName()));
    if (!planned || !buffer.getAddress() ||
        planned->address != static_cast<int64_t>(*buffer.getAddress()) ||
        sizes.get(planned->name))
      return;
    json::Array dims;
    for (AffineExpr dim : buffer.getDims().getMap().getResults())
      dims.push_back(toJSON(dim));
    const auto type = cast<MemRefType>(buffer.getBuffer().getType());
    const bool isMap = dims.size() == 3;
    json::Object size{
        {"dims", std::move(dims)},
        {"bytes", type.getElementType().getIntOrFloatBitWidth() / 8},
        {"ports", isMap ? memory.ports : 1},
        {"alignment", memory.minimumAlignment}};
    if (planned->slice)
      size["slice"] = *planned->slice;
    sizes[planned->name] = std::move(size);
  });
  return sizes;
}

static json::Value getSymbols(const DriverLevels &levels) {
  json::Object symbols;
  for (ModuleOp csb : {levels.unpacked.get(), levels.csb.get()}) {
    if (!csb)
      continue;
    for (auto op : csb.getOps<csb::BufferOp>())
      symbols[op.getSymName()] = op.getAddress();
    for (auto op : csb.getOps<csb::ObjectOp>())
      symbols[op.getSymName()] = op.getAddress();
    for (auto op : csb.getOps<csb::ConstantOp>())
      symbols[op.getSymName()] = op.getValue();
  }
  return symbols;
}

static json::Value getPlanData(const DriverPlan &plan) {
  json::Array tasks, buffers, objects;
  for (const PlanTask &task : plan.tasks)
    tasks.push_back(json::Object{{"name", task.name},
                                 {"computes", task.computes},
                                 {"inLayers", task.inLayers},
                                 {"result", task.result}});
  for (const PlanBuffer &buffer : plan.buffers) {
    json::Array live;
    for (int64_t step : buffer.live)
      live.push_back(step);
    buffers.push_back(json::Object{{"name", buffer.name},
                                   {"memory", buffer.memory},
                                   {"address", buffer.address},
                                   {"bytes", buffer.bytes},
                                   {"isInput", buffer.isInput},
                                   {"live", std::move(live)}});
  }
  for (const PlanObject &object : plan.objects)
    objects.push_back(json::Object{{"name", object.name},
                                   {"kind", getName(object.kind)},
                                   {"memory", object.memory},
                                   {"address", object.address},
                                   {"bytes", object.bytes},
                                   {"layers", object.layers},
                                   {"layerStride", object.layerStride},
                                   {"ports", object.ports},
                                   {"file", object.file}});
  return json::Object{{"tasks", std::move(tasks)},
                      {"buffers", std::move(buffers)},
                      {"objects", std::move(objects)},
                      {"accesses", plan.accesses},
                      {"fingerprint", plan.fingerprint}};
}

/// The table of pack-report.txt: its columns stand apart by two blanks or more.
static json::Value getQuantization(StringRef text) {
  json::Array rows;
  SmallVector<StringRef> lines;
  text.split(lines, '\n');
  bool isTable = false;
  for (StringRef line : lines) {
    if (line.starts_with("parameter ")) {
      isTable = true;
      continue;
    }
    if (!isTable)
      continue;
    if (line.trim().empty())
      break;
    SmallVector<StringRef> fields;
    llvm::SplitString(line, fields);
    if (fields.size() < 3)
      break;
    auto getPercent = [](StringRef field) -> json::Value {
      double value = 0;
      field.consume_back("%");
      if (field.getAsDouble(value))
        return nullptr;
      return value;
    };
    const bool hasWorst = fields.size() >= 5;
    rows.push_back(json::Object{
        {"parameter", fields[0]},
        {"relative", getPercent(fields[1])},
        {"worstLayer", hasWorst ? json::Value(fields[2]) : nullptr},
        {"worst", hasWorst ? getPercent(fields[3]) : nullptr},
        {"largest", fields.back()}});
  }
  return json::Object{{"text", text}, {"rows", std::move(rows)}};
}

SmallVector<StringRef, 2> dlavm::getEntries(ModuleOp csb) {
  SmallVector<StringRef, 2> entries = {"run"};
  if (csb.lookupSymbol("decode"))
    entries.push_back("decode");
  return entries;
}

FailureOr<json::Value> dlavm::makeReportData(const Report &report) {
  const DriverLevels &levels = report.levels;
  FailureOr<Graph> llmGraph = makeLLMGraph(*levels.llm),
                   accelGraph = makeAccelGraph(*levels.accel),
                   csbGraph = makeCSBGraph(*levels.csb);
  if (failed(llmGraph) || failed(accelGraph) || failed(csbGraph))
    return failure();
  json::Object graphs;
  auto addGraph = [&](Graph &graph) {
    layOut(graph);
    graphs[graph.level] = toJSON(graph);
  };
  for (Graph *graph : {&*llmGraph, &*accelGraph, &*csbGraph})
    addGraph(*graph);
  const SmallVector<StringRef, 2> entries = getEntries(*levels.csb);
  for (StringRef entry : ArrayRef(entries).drop_front()) {
    FailureOr<Graph> graph = makeCSBGraph(*levels.csb, entry);
    if (failed(graph))
      return failure();
    addGraph(*graph);
  }
  FailureOr<json::Value> program = makeProgramData(
      *levels.csb, levels.unpacked.get(), entries, report.driver);
  FailureOr<json::Value> variants = makeVariantData(report);
  if (failed(program) || failed(variants))
    return failure();
  json::Array memories, passes;
  for (const Memory &memory : report.device.getMemories())
    memories.push_back(json::Object{{"name", memory.name},
                                    {"ports", memory.ports},
                                    {"capacity", memory.capacity}});
  for (const PassEffect &pass : levels.passes)
    passes.push_back(json::Object{{"name", pass.name},
                                  {"level", pass.level},
                                  {"ops", pass.ops},
                                  {"tasks", pass.tasks},
                                  {"writes", pass.writes},
                                  {"isChanged", pass.isChanged}});
  int64_t layers = 0;
  for (const PlanObject &object : report.plan.objects)
    layers = std::max(layers, object.layers);
  json::Object data{{"name", report.plan.namespaceName},
                    {"device", report.plan.device},
                    {"maxTokens", report.plan.maxTokens},
                    {"layers", layers},
                    {"isDriver", levels.isDriver},
                    {"plan", getPlanData(report.plan)},
                    {"mapMemory", report.device.getMapMemory().name},
                    {"memories", std::move(memories)},
                    {"levels", std::move(graphs)},
                    {"sizes", getSizes(report)},
                    {"tables", makeTableData(report)},
                    {"times", makeTimeData(report)},
                    {"variants", std::move(*variants)},
                    {"symbols", getSymbols(levels)},
                    {"program", std::move(*program)},
                    {"driver", json::Object{{"file", report.plan.driver},
                                            {"text", report.driver}}},
                    {"passes", std::move(passes)}};
  if (report.findings)
    data["findings"] = *report.findings;
  if (report.packReport)
    data["quantization"] = getQuantization(*report.packReport);
  if (report.comparison)
    data["comparison"] = *report.comparison;
  return json::Value(std::move(data));
}
