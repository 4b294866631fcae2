//===- NodeChecks.cpp - Is there a card behind these nodes? ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Doctor/Checks.h"

#include <algorithm>
#include <chrono>
#include <optional>

using namespace dlavm::host;
using dlavm::Error;
using dlavm::XdmaDevice;
using dlavm::XdmaOptions;
using dlavm::detail::Node;
using std::to_string;

namespace {

struct NodeName {
  std::string path;
  int flags;
};

/// The nodes of a card.
class Nodes {
public:
  explicit Nodes(const XdmaOptions &options) {
    user = getName(options.user, options, "_user");
    toCard = getName(options.h2c, options, "_h2c_");
    fromCard = getName(options.c2h, options, "_c2h_");
  }

  /// What the options need.
  std::vector<NodeName> getAll(const XdmaOptions &options) const {
    std::vector<NodeName> nodes = {{user, O_RDWR}};
    for (int32_t i = 0; i < options.channels; ++i) {
      const std::string number = to_string(options.first_channel + i);
      nodes.push_back({toCard + number, O_WRONLY});
      nodes.push_back({fromCard + number, O_RDONLY});
    }
    return nodes;
  }

  std::string user, toCard, fromCard;

private:
  static std::string getName(const dlavm::String &name,
                             const XdmaOptions &options, const char *suffix) {
    return name.size() ? std::string(name.c_str())
                       : std::string(options.path.c_str()) + suffix;
  }
};

} // namespace

static bool exists(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

static std::string checkExistence(const std::vector<NodeName> &nodes) {
  std::string found;
  for (const NodeName &node : nodes) {
    struct stat status;
    if (stat(node.path.c_str(), &status) != 0) {
      const int number = errno;
      throw Error(
          node.path + ": " + dlavm::detail::describe_errno(number) + "; " +
          (number == ENOTCONN
               ? dlavm::detail::get_killed_board_advice()
               : "is the driver xdma loaded (lsmod), is the card there and "
                 "programmed (lspci -d 10ee:), and is this its node (ls "
                 "/dev/xdma*)?"));
    }
    found += (found.empty() ? "" : ", ") + node.path;
  }
  return found;
}

static std::string checkWindow(const XdmaOptions &options, const Node &user,
                               const UsedRegisters &registers) {
  const uint32_t last = registers.last;
  if (last >= options.window_bytes / 4)
    throw Error("the driver writes register " + to_string(last) +
                ", but the window of " + to_string(options.window_bytes) +
                " bytes ends before it; give window-bytes=" +
                to_string(4 * (uint64_t{last} + 1)) + " or more");
  bool isGone = true;
  std::set<uint32_t> looked = registers.statuses;
  looked.insert({0, last});
  for (uint32_t reg : looked) {
    const uint64_t offset = options.window + 4 * uint64_t{reg};
    uint32_t value = 0;
    const ssize_t count =
        pread(user.get(), &value, sizeof value, static_cast<off_t>(offset));
    if (count != sizeof value)
      throw Error(
          "register " + to_string(reg) + " at byte " + to_string(offset) +
          " of " + user.get_path().c_str() + " cannot be read: " +
          (count < 0 ? std::string(dlavm::detail::describe_errno(errno).c_str())
                     : to_string(count) + " of 4 bytes") +
          "; is the user BAR as large, and does window= say where its "
          "registers begin?");
    isGone &= value == 0xffffffff;
  }
  if (isGone)
    throw Error("all registers read 0xffffffff: the card is gone, or was "
                "programmed after the host booted; rescan the PCIe bus, or "
                "reboot the host");
  return "registers 0 to " + to_string(last) + " at byte " +
         to_string(options.window) + " of the user BAR answer";
}

bool dlavm::host::checkNodes(Report &report, const XdmaOptions &options,
                             const UsedRegisters &registers) {
  const Nodes nodes(options);
  const std::vector<NodeName> all = nodes.getAll(options);
  if (!report.run("nodes", [&] { return checkExistence(all); }))
    return false;
  const bool isOpen = report.run("rights", [&] {
    for (const NodeName &node : all)
      Node(node.path, node.flags);
    return to_string(all.size()) + " nodes can be opened";
  });
  if (!isOpen)
    return false;
  std::optional<Node> user;
  const bool isLocked = report.run("lock", [&] {
    user.emplace(nodes.user, O_RDWR);
    user->lock();
    return std::string("nobody else uses the card");
  });
  return isLocked && report.run("registers", [&] {
    return checkWindow(options, *user, registers);
  });
}

/// Bytes in a millionth of a second, which is MB in a second.
template <typename Transfer>
static std::string getSpeed(size_t bytes, Transfer transfer) {
  const auto begin = std::chrono::steady_clock::now();
  transfer();
  const std::chrono::duration<double, std::micro> time =
      std::chrono::steady_clock::now() - begin;
  return to_string(static_cast<int64_t>(static_cast<double>(bytes) /
                                        std::max(time.count(), 1e-3)));
}

void dlavm::host::checkBandwidth(Report &report, const XdmaOptions &options,
                                 const std::vector<UsedMemory> &memories) {
  const UsedMemory &memory =
      *std::max_element(memories.begin(), memories.end(),
                        [](const UsedMemory &left, const UsedMemory &right) {
                          return left.getPortBytes() < right.getPortBytes();
                        });
  constexpr int64_t most = 16 << 20;
  const auto bytes = static_cast<size_t>(std::min(most, memory.getPortBytes()));
  const Nodes nodes(options);
  std::vector<char> sent(bytes), received(bytes);
  for (size_t i = 0; i < bytes; ++i)
    sent[i] = static_cast<char>(i * 2654435761u >> 13);
  for (int32_t channel = 0; channel < 10; ++channel) {
    const std::string number = to_string(channel);
    if (!exists(nodes.toCard + number) || !exists(nodes.fromCard + number))
      continue;
    report.run("channel " + number, [&] {
      XdmaOptions one = options;
      one.first_channel = channel;
      one.channels = 1;
      XdmaDevice device(one);
      const std::string to = getSpeed(
          bytes, [&] { device.dma_write(memory.base, sent.data(), bytes); });
      const std::string from = getSpeed(
          bytes, [&] { device.dma_read(memory.base, received.data(), bytes); });
      if (received != sent)
        throw Error("of " + to_string(bytes) + " bytes at the start of " +
                    memory.name +
                    " not all come back as they were sent; see the checks of "
                    "memory");
      return to + " MB/s to the card, " + from + " MB/s from it, " +
             to_string(bytes) + " bytes at once";
    });
  }
}
