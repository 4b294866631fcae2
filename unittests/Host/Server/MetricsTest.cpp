//===- MetricsTest.cpp - What the server counts ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Metrics.h"

#include <gtest/gtest.h>

using namespace dlavm::host;

namespace {

TEST(Metrics, PrintsWhatPrometheusReads) {
  Metrics metrics;
  metrics.countRequest("/health", 200);
  metrics.countRequest("/health", 200);
  metrics.countRequest("/health", 503);
  TextResult result{};
  result.promptTokens = 10;
  result.cachedTokens = 4;
  result.newTokens = 3;
  metrics.countAnswer(result);
  metrics.countCancelled();
  // A bound belongs to its bucket.
  metrics.addWait(0.001);
  metrics.addWait(0.05);
  metrics.addWait(1000);
  const std::string text = metrics.toText({{"dlavm_queue_length", "Some.", 7}});
  for (const char *line : {
           "# TYPE dlavm_requests_total counter",
           "dlavm_requests_total{endpoint=\"/health\",code=\"200\"} 2",
           "dlavm_requests_total{endpoint=\"/health\",code=\"503\"} 1",
           "dlavm_prompt_tokens_total 10",
           "dlavm_cached_prompt_tokens_total 4",
           "dlavm_cache_hits_total 1",
           "dlavm_generated_tokens_total 3",
           "dlavm_cancelled_total 1",
           "# TYPE dlavm_queue_length gauge",
           "dlavm_queue_length 7",
           "# TYPE dlavm_queue_seconds histogram",
           "dlavm_queue_seconds_bucket{le=\"0.001\"} 1",
           "dlavm_queue_seconds_bucket{le=\"0.01\"} 1",
           "dlavm_queue_seconds_bucket{le=\"0.1\"} 2",
           "dlavm_queue_seconds_bucket{le=\"300\"} 2",
           "dlavm_queue_seconds_bucket{le=\"+Inf\"} 3",
           "dlavm_queue_seconds_sum 1000.051",
           "dlavm_queue_seconds_count 3",
       })
    EXPECT_NE(("\n" + text).find("\n" + std::string(line) + "\n"),
              std::string::npos)
        << line;
}

} // namespace
