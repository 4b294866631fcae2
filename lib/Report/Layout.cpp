//===- Layout.cpp - Places for nodes and edges ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Report/Graph.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>

using namespace dlavm;
using llvm::SmallVector;

// In pixels.
constexpr double kHeight = 46, kRankGap = 34, kGap = 26, kMargin = 24;
constexpr double kGroupPadding = 22, kGroupTitle = 30, kBackRoom = 30;
/// An edge over more ranks goes straight.
constexpr int64_t kMaxSpan = 400;
constexpr int kSweeps = 40;

namespace {

/// What takes room in a rank: a node, or an edge that goes on.
struct Item {
  double width;
  /// How much it counts where others want to be at its place.
  double weight;
  double center = 0;
  SmallVector<unsigned, 4> above, below;
};

/// Layers of nodes: the rank of a node is below those of all that it follows.
class Layout {
public:
  explicit Layout(Graph &graph) : graph(graph) {}
  void run();

private:
  void findRanks();
  void makeItems();
  void order();
  void place(SmallVector<unsigned> &rank);
  void finish();

  Graph &graph;
  std::vector<int64_t> rankOf;
  std::vector<Item> items;
  std::vector<SmallVector<unsigned>> ranks;
  /// Of each edge: the items that it passes.
  std::vector<SmallVector<unsigned>> passes;
};

} // namespace

/// As wide as its text, about.
static double getWidth(const GraphNode &node) {
  const size_t letters =
      std::min<size_t>(std::max(node.name.size() + 1, node.detail.size()), 46);
  return std::max(96.0, 7.0 * static_cast<double>(letters) + 30);
}

/// Nodes come in the order of a run, so that edges go to later ones.
void Layout::findRanks() {
  rankOf.assign(graph.nodes.size(), 0);
  std::vector<SmallVector<unsigned, 4>> predecessors(graph.nodes.size());
  for (const GraphEdge &edge : graph.edges)
    if (!edge.isBack)
      predecessors[edge.to].push_back(edge.from);
  for (size_t node = 0; node < graph.nodes.size(); ++node)
    for (unsigned from : predecessors[node])
      rankOf[node] = std::max(rankOf[node], rankOf[from] + 1);
}

void Layout::makeItems() {
  int64_t last = -1;
  for (int64_t rank : rankOf)
    last = std::max(last, rank);
  ranks.resize(last + 1);
  for (auto [node, rank] : llvm::zip_equal(graph.nodes, rankOf)) {
    node.width = getWidth(node);
    node.height = kHeight;
    ranks[rank].push_back(items.size());
    items.push_back({node.width, 1, 0, {}, {}});
  }
  auto join = [&](unsigned upper, unsigned lower) {
    items[upper].below.push_back(lower);
    items[lower].above.push_back(upper);
  };
  for (const GraphEdge &edge : graph.edges) {
    passes.emplace_back();
    if (edge.isBack || rankOf[edge.to] - rankOf[edge.from] > kMaxSpan)
      continue;
    unsigned upper = edge.from;
    for (int64_t rank = rankOf[edge.from] + 1; rank < rankOf[edge.to]; ++rank) {
      const unsigned item = items.size();
      // Long edges had better be straight.
      items.push_back({14, 4, 0, {}, {}});
      ranks[rank].push_back(item);
      passes.back().push_back(item);
      join(upper, item);
      upper = item;
    }
    join(upper, edge.to);
  }
}

static double getMean(const std::vector<Item> &items,
                      const SmallVector<unsigned, 4> &neighbours,
                      double otherwise) {
  if (neighbours.empty())
    return otherwise;
  double sum = 0;
  for (unsigned item : neighbours)
    sum += items[item].center;
  return sum / static_cast<double>(neighbours.size());
}

/// Keeps the order of a rank and its gaps, with the centers as near as that
/// lets them to where they are: neighbours that are too close become a block,
/// at the mean of where its parts would like to be.
void Layout::place(SmallVector<unsigned> &rank) {
  struct Block {
    double sum, weight;
    size_t count;
    double get() const { return sum / weight; }
  };
  // Relative to the place that an item has where nothing is between the items.
  std::vector<double> offsets;
  double offset = 0, previous = 0;
  std::vector<Block> blocks;
  for (unsigned index : rank) {
    const Item &item = items[index];
    if (!offsets.empty())
      offset += previous / 2 + kGap + item.width / 2;
    previous = item.width;
    offsets.push_back(offset);
    blocks.push_back({item.weight * (item.center - offset), item.weight, 1});
    while (blocks.size() > 1 &&
           blocks[blocks.size() - 2].get() > blocks.back().get()) {
      const Block block = blocks.back();
      blocks.pop_back();
      blocks.back().sum += block.sum;
      blocks.back().weight += block.weight;
      blocks.back().count += block.count;
    }
  }
  size_t i = 0;
  for (const Block &block : blocks)
    for (size_t k = 0; k < block.count; ++k, ++i)
      items[rank[i]].center = block.get() + offsets[i];
}

/// Each rank in the order of what it is joined with, above and below in turns.
void Layout::order() {
  for (SmallVector<unsigned> &rank : ranks)
    place(rank);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    const bool isDown = sweep % 2 == 0;
    // The order is found first; then the places are, for which both sides
    // count.
    const bool isOrdering = sweep < 8;
    for (size_t k = 0; k < ranks.size(); ++k) {
      SmallVector<unsigned> &rank = ranks[isDown ? k : ranks.size() - 1 - k];
      std::vector<double> wishes;
      for (unsigned item : rank) {
        const Item &it = items[item];
        const double near =
            getMean(items, isDown ? it.above : it.below, it.center);
        const double far = getMean(items, isDown ? it.below : it.above, near);
        wishes.push_back(isOrdering ? near : (near + far) / 2);
      }
      for (auto [item, wish] : llvm::zip_equal(rank, wishes))
        items[item].center = wish;
      if (isOrdering)
        llvm::stable_sort(rank, [&](unsigned a, unsigned b) {
          return items[a].center < items[b].center;
        });
      place(rank);
    }
  }
}

void Layout::finish() {
  double left = 0, right = 0;
  for (auto [i, item] : llvm::enumerate(items)) {
    if (i == 0 || item.center - item.width / 2 < left)
      left = item.center - item.width / 2;
    if (i == 0 || item.center + item.width / 2 > right)
      right = item.center + item.width / 2;
  }
  const double room = graph.groups.empty() ? 0 : kGroupPadding + kBackRoom;
  const double shift = kMargin + room - left;
  graph.width = right + shift + room + kMargin;
  // The title of a group takes room above its first rank.
  std::vector<double> tops(ranks.size());
  std::vector<bool> begins(ranks.size() + 1), ends(ranks.size() + 1);
  for (int group = 0; group < static_cast<int>(graph.groups.size()); ++group) {
    int64_t first = ranks.size(), last = -1;
    for (auto [node, rank] : llvm::zip_equal(graph.nodes, rankOf))
      if (node.group == group) {
        first = std::min(first, rank);
        last = std::max(last, rank);
      }
    if (last >= 0)
      begins[first] = ends[last + 1] = true;
  }
  double y = kMargin;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    if (ends[rank])
      y += kGroupPadding;
    if (begins[rank])
      y += kGroupTitle + kGroupPadding / 2;
    tops[rank] = y;
    y += kHeight + kRankGap;
  }
  graph.height = y - kRankGap + kGroupPadding + kMargin;

  for (auto [i, node] : llvm::enumerate(graph.nodes)) {
    node.x = items[i].center + shift - node.width / 2;
    node.y = tops[rankOf[i]];
  }
  auto getItemCenter = [&](unsigned item) {
    return items[item].center + shift;
  };
  std::vector<SmallVector<unsigned>> groupItems(graph.groups.size());
  for (auto [i, node] : llvm::enumerate(graph.nodes))
    if (node.group >= 0)
      groupItems[node.group].push_back(i);
  for (auto [i, edge] : llvm::enumerate(graph.edges)) {
    const GraphNode &from = graph.nodes[edge.from], &to = graph.nodes[edge.to];
    if (edge.isBack)
      continue;
    edge.points.push_back({getItemCenter(edge.from), from.y + from.height});
    int64_t rank = rankOf[edge.from];
    for (unsigned item : passes[i]) {
      ++rank;
      edge.points.push_back({getItemCenter(item), tops[rank]});
      edge.points.push_back({getItemCenter(item), tops[rank] + kHeight});
      if (from.group >= 0 && from.group == to.group)
        groupItems[from.group].push_back(item);
    }
    edge.points.push_back({getItemCenter(edge.to), to.y});
  }
  for (auto [i, group] : llvm::enumerate(graph.groups)) {
    double left = graph.width, right = 0, top = graph.height, bottom = 0;
    for (unsigned item : groupItems[i]) {
      left = std::min(left, getItemCenter(item) - items[item].width / 2);
      right = std::max(right, getItemCenter(item) + items[item].width / 2);
      if (item < graph.nodes.size()) {
        top = std::min(top, graph.nodes[item].y);
        bottom = std::max(bottom, graph.nodes[item].y + kHeight);
      }
    }
    if (bottom == 0)
      continue;
    group.x = left - kGroupPadding;
    group.y = top - kGroupTitle;
    group.width = right - left + 2 * kGroupPadding + kBackRoom;
    group.height = bottom - top + kGroupTitle + kGroupPadding;
  }
  for (GraphEdge &edge : graph.edges) {
    if (!edge.isBack)
      continue;
    const GraphNode &from = graph.nodes[edge.from], &to = graph.nodes[edge.to];
    double side = std::max(from.x + from.width, to.x + to.width) + 20;
    if (to.group >= 0)
      side = graph.groups[to.group].x + graph.groups[to.group].width - 16;
    const double fromY = from.y + from.height / 2, toY = to.y + to.height / 2;
    edge.points = {{from.x + from.width, fromY},
                   {side, fromY},
                   {side, toY},
                   {to.x + to.width, toY}};
  }
}

void Layout::run() {
  findRanks();
  makeItems();
  order();
  finish();
}

void dlavm::layOut(Graph &graph) { Layout(graph).run(); }
