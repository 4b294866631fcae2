//===- Formats.cpp - Graphs for other programs ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Report/Graph.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

using namespace dlavm;
using namespace llvm;

std::string dlavm::getPath(const GraphEdge &edge) {
  std::string text;
  raw_string_ostream os(text);
  auto print = [&](double x, double y) { os << format("%.1f %.1f", x, y); };
  const auto &points = edge.points;
  if (points.empty())
    return "";
  os << "M";
  print(points[0].first, points[0].second);
  if (edge.isBack && points.size() == 4) {
    constexpr double radius = 10;
    const double side = points[1].first, from = points[1].second,
                 to = points[2].second;
    os << format("H%.1fQ%.1f %.1f %.1f %.1fV%.1fQ%.1f %.1f %.1f %.1fH%.1f",
                 side - radius, side, from, side, from - radius, to + radius,
                 side, to, side - radius, to, points[3].first);
    return text;
  }
  for (size_t i = 1; i < points.size(); ++i) {
    const auto [x0, y0] = points[i - 1];
    const auto [x1, y1] = points[i];
    if (x0 == x1) {
      os << format("V%.1f", y1);
      continue;
    }
    const double middle = (y0 + y1) / 2;
    os << "C";
    print(x0, middle);
    os << " ";
    print(x1, middle);
    os << " ";
    print(x1, y1);
  }
  return text;
}

//===----------------------------------------------------------------------===//
// Graphviz
//===----------------------------------------------------------------------===//

/// A quoted string of Graphviz and of protocol buffers alike.
static std::string quote(StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + "\"";
}

static StringRef getShape(const GraphNode &node) {
  return node.kind == "input" || node.kind == "output" ? "oval" : "box";
}

void dlavm::printDot(const Graph &graph, raw_ostream &os) {
  os << "digraph " << quote(graph.level) << " {\n"
     << "  node [fontname=\"Helvetica\", fontsize=11, shape=box];\n"
     << "  edge [fontname=\"Helvetica\", fontsize=9];\n";
  auto printNode = [&](size_t i, StringRef indent) {
    const GraphNode &node = graph.nodes[i];
    os << indent << "n" << i << " [label="
       << quote(node.detail.empty() ? node.name
                                    : node.name + "\n" + node.detail)
       << ", shape=" << getShape(node) << "];\n";
  };
  for (auto [k, group] : enumerate(graph.groups)) {
    os << "  subgraph cluster_" << k << " {\n"
       << "    label=" << quote(group.name + ", " + group.detail) << ";\n";
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      if (graph.nodes[i].group == static_cast<int>(k))
        printNode(i, "    ");
    os << "  }\n";
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    if (graph.nodes[i].group < 0)
      printNode(i, "  ");
  for (const GraphEdge &edge : graph.edges) {
    os << "  n" << edge.from << " -> n" << edge.to
       << " [label=" << quote(edge.label);
    if (edge.isBack)
      os << ", style=dashed, constraint=false";
    os << "];\n";
  }
  os << "}\n";
}

//===----------------------------------------------------------------------===//
// SVG
//===----------------------------------------------------------------------===//

static std::string escape(StringRef text) {
  std::string result;
  for (char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

/// What a node has room for.
static std::string shorten(StringRef text) {
  constexpr size_t most = 46;
  return text.size() > most ? (text.take_front(most - 3) + "...").str()
                            : text.str();
}

void dlavm::printSVG(const Graph &graph, raw_ostream &os) {
  os << format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" "
               "height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n",
               graph.width, graph.height, graph.width, graph.height)
     << "<style>\n"
        "  svg { background: #fff; font-family: sans-serif; }\n"
        "  .group { fill: #f6f5f2; stroke: #d9d5cd; }\n"
        "  .node { fill: #fff; stroke: #0f6b5c; }\n"
        "  path { fill: none; stroke: #8d8880; stroke-width: 1.3; }\n"
        "  .back { stroke-dasharray: 5 4; }\n"
        "  text { fill: #1d1c1a; font-size: 13px; text-anchor: middle; }\n"
        "  .detail { fill: #6d6a64; font-size: 11px; }\n"
        "  .title { text-anchor: start; }\n"
        "  @media (prefers-color-scheme: dark) {\n"
        "    svg { background: #171716; }\n"
        "    .group { fill: #1e1d1c; stroke: #3a3835; }\n"
        "    .node { fill: #262523; stroke: #4fc3ae; }\n"
        "    path { stroke: #77726a; }\n"
        "    text { fill: #ecebe8; }\n"
        "    .detail { fill: #9b9892; }\n"
        "  }\n"
        "</style>\n"
        "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
        "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
        "<polygon points=\"0,1 8,4 0,7\" fill=\"#8d8880\"/></marker></defs>\n";
  for (const GraphGroup &group : graph.groups)
    os << format("<rect class=\"group\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                 "height=\"%.1f\" rx=\"10\"/>\n",
                 group.x, group.y, group.width, group.height)
       << format("<text class=\"title detail\" x=\"%.1f\" y=\"%.1f\">",
                 group.x + 14, group.y + 19)
       << escape(group.name + ", " + group.detail) << "</text>\n";
  for (const GraphEdge &edge : graph.edges)
    os << "<path" << (edge.isBack ? " class=\"back\"" : "") << " d=\""
       << getPath(edge) << "\" marker-end=\"url(#arrow)\"><title>"
       << escape(edge.label) << "</title></path>\n";
  for (const GraphNode &node : graph.nodes) {
    const double center = node.x + node.width / 2;
    os << format("<g><rect class=\"node\" x=\"%.1f\" y=\"%.1f\" "
                 "width=\"%.1f\" height=\"%.1f\" rx=\"7\"/>",
                 node.x, node.y, node.width, node.height)
       << format("<text x=\"%.1f\" y=\"%.1f\">", center, node.y + 19)
       << escape(shorten(node.name)) << "</text>"
       << format("<text class=\"detail\" x=\"%.1f\" y=\"%.1f\">", center,
                 node.y + 36)
       << escape(shorten(node.detail)) << "</text><title>"
       << escape(node.name + ": " + node.detail) << "</title></g>\n";
  }
  os << "</svg>\n";
}

//===----------------------------------------------------------------------===//
// Caffe
//===----------------------------------------------------------------------===//

void dlavm::printPrototxt(const Graph &graph, StringRef name, raw_ostream &os) {
  os << "name: " << quote(name) << "\n";
  // A blob is named after its node, whose name others may have.
  auto getBlob = [&](size_t node) {
    return graph.nodes[node].name + "." + std::to_string(node);
  };
  std::vector<std::vector<unsigned>> inputs(graph.nodes.size());
  for (const GraphEdge &edge : graph.edges)
    if (!edge.isBack)
      inputs[edge.to].push_back(edge.from);
  for (auto [i, node] : enumerate(graph.nodes)) {
    const bool isInput = node.kind == "input";
    os << "layer {\n  name: " << quote(node.name)
       << "\n  type: " << quote(isInput ? "Input" : node.kind) << "\n";
    for (unsigned from : inputs[i])
      os << "  bottom: " << quote(getBlob(from)) << "\n";
    os << "  top: " << quote(getBlob(i)) << "\n";
    if (!isInput) {
      os << "  dlavm_param {\n    detail: " << quote(node.detail) << "\n";
      if (node.group >= 0)
        os << "    repeated: " << quote(graph.groups[node.group].detail)
           << "\n";
      for (const auto &[key, value] : node.facts) {
        std::string identifier = key;
        for (char &c : identifier)
          if (!isAlnum(c))
            c = '_';
        os << "    " << identifier << ": " << quote(value) << "\n";
      }
      os << "  }\n";
    }
    os << "}\n";
  }
}
