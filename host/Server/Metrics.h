//===- Metrics.h - What the server counts --------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_METRICS_H
#define DLAVM_HOST_SERVER_METRICS_H

#include "host/Chat/TextAnswer.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dlavm::host {

/// A number of the moment.
struct Gauge {
  const char *name, *help;
  double value;
};

/// What the server counts, as Prometheus reads it. Functions may be called by
/// several threads at once.
class Metrics {
public:
  void countRequest(const std::string &endpoint, int status);
  void countAnswer(const TextResult &result);
  void countCancelled();
  void countFailed();
  /// Seconds from the request to the first token of its answer.
  void addFirstToken(double seconds);
  /// Seconds from a token to the next.
  void addToken(double seconds);
  /// Seconds that a request waited for the device.
  void addWait(double seconds);

  /// In the text format of Prometheus, version 0.0.4.
  std::string toText(const std::vector<Gauge> &gauges) const;

private:
  struct Histogram {
    explicit Histogram(std::vector<double> bounds)
        : bounds(std::move(bounds)), counts(this->bounds.size() + 1) {}
    void add(double value);
    void print(std::string &text, const char *name, const char *help) const;

    std::vector<double> bounds;
    std::vector<uint64_t> counts;
    double sum = 0;
  };

  mutable std::mutex mutex;
  std::map<std::pair<std::string, int>, uint64_t> requests;
  uint64_t promptTokens = 0, cachedTokens = 0, newTokens = 0;
  uint64_t answers = 0, cacheHits = 0, cancelled = 0, failed = 0;
  Histogram firstToken{
      {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300}};
  Histogram token{
      {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5}};
  Histogram wait{{0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300}};
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_METRICS_H
