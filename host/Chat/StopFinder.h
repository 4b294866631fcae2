//===- StopFinder.h - Stop strings ------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_CHAT_STOPFINDER_H
#define DLAVM_HOST_CHAT_STOPFINDER_H

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace dlavm::host {

/// Looks for stop strings in a text that grows.
class StopFinder {
public:
  /// None is empty, and all outlive this.
  explicit StopFinder(const std::vector<std::string> &strings)
      : strings(strings) {}

  /// Adds text, and returns what is handed out: all but the longest end that
  /// could be the begin of a stop string, or what stands before one.
  std::string add(const std::string &text) {
    held += text;
    // The one that ends first, so that the cut of the text into tokens makes no
    // difference; of several, the longest.
    size_t begin = std::string::npos, end = std::string::npos;
    for (const std::string &string : strings) {
      const size_t found = held.find(string);
      if (found == std::string::npos)
        continue;
      const size_t foundEnd = found + string.size();
      if (foundEnd < end || (foundEnd == end && found < begin)) {
        begin = found;
        end = foundEnd;
      }
    }
    if (begin != std::string::npos) {
      isFound = true;
      return held.substr(0, begin);
    }
    size_t kept = 0;
    for (const std::string &string : strings)
      for (size_t size = std::min(string.size() - 1, held.size()); size > kept;
           --size)
        if (held.compare(held.size() - size, size, string, 0, size) == 0)
          kept = size;
    std::string out = held.substr(0, held.size() - kept);
    held.erase(0, held.size() - kept);
    return out;
  }

  /// What was kept back.
  std::string finish() { return std::move(held); }
  bool hasFound() const { return isFound; }

private:
  const std::vector<std::string> &strings;
  std::string held;
  bool isFound = false;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_CHAT_STOPFINDER_H
