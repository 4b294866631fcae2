//===- Graph.h - A module as a picture --------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_REPORT_GRAPH_H
#define DLAVM_REPORT_GRAPH_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <utility>
#include <vector>

namespace dlavm {

struct GraphNode {
  std::string name;
  /// What kind of op it is: "linear", "norm"; "input", "output" and "loop" are
  /// none.
  std::string kind;
  /// One line: what it computes, or the shape of its result.
  std::string detail;
  /// The hardware task that it is or becomes; empty where there is none.
  std::string task;
  /// What else there is to say, by name.
  std::vector<std::pair<std::string, std::string>> facts;
  /// The group that it is in, or -1.
  int group = -1;
  /// In pixels, from the upper left corner of the picture.
  double x = 0, y = 0, width = 0, height = 0;
};

struct GraphEdge {
  unsigned from, to;
  /// What goes along it.
  std::string label;
  /// From one iteration of a loop to the next.
  bool isBack = false;
  /// Where it goes, from the lower end of a node to the upper end of another;
  /// that to the next iteration, around the right side of its group.
  std::vector<std::pair<double, double>> points;
};

/// What runs again and again.
struct GraphGroup {
  std::string name;
  std::string detail;
  double x = 0, y = 0, width = 0, height = 0;
};

/// One level of a model. A layer is drawn once.
struct Graph {
  /// "llm", "accel", "csb" or "decode".
  std::string level;
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
  std::vector<GraphGroup> groups;
  double width = 0, height = 0;
};

/// The ops of an llm module, with the tensors between them; the tasks of an
/// accel module, with the buffers and KV caches between them; the tasks of a
/// csb module that run or decode starts, one after the other. Each emits an
/// error and fails at a region or a call that it does not know, and where a
/// program is longer than a picture can be.
mlir::FailureOr<Graph> makeLLMGraph(mlir::ModuleOp module);
mlir::FailureOr<Graph> makeAccelGraph(mlir::ModuleOp module);
mlir::FailureOr<Graph> makeCSBGraph(mlir::ModuleOp module,
                                    llvm::StringRef entry = "run");

/// Gives nodes, edges and groups their places, so that edges go down.
void layOut(Graph &graph);

/// The path of an edge, as SVG writes it.
std::string getPath(const GraphEdge &edge);

/// Prints a graph for Graphviz.
void printDot(const Graph &graph, llvm::raw_ostream &os);
/// Prints a graph that was laid out as a picture, light or dark as the viewer
/// likes it.
void printSVG(const Graph &graph, llvm::raw_ostream &os);
/// Prints a graph in the text format of Caffe's networks, without what goes
/// from one iteration to the next: those have no circles.
void printPrototxt(const Graph &graph, llvm::StringRef name,
                   llvm::raw_ostream &os);

} // namespace dlavm

#endif // DLAVM_REPORT_GRAPH_H
