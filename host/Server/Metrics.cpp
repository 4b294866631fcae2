//===- Metrics.cpp - What the server counts -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Metrics.h"

#include <algorithm>
#include <cstdio>

using namespace dlavm::host;

void Metrics::Histogram::add(double value) {
  ++counts[std::lower_bound(bounds.begin(), bounds.end(), value) -
           bounds.begin()];
  sum += value;
}

void Metrics::countRequest(const std::string &endpoint, int status) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++requests[{endpoint, status}];
}

void Metrics::countAnswer(const TextResult &result) {
  const std::lock_guard<std::mutex> lock(mutex);
  ++answers;
  cacheHits += result.cachedTokens > 0;
  promptTokens += static_cast<uint64_t>(result.promptTokens);
  cachedTokens += static_cast<uint64_t>(result.cachedTokens);
  newTokens += static_cast<uint64_t>(result.newTokens);
}

void Metrics::countCancelled() {
  const std::lock_guard<std::mutex> lock(mutex);
  ++cancelled;
}
void Metrics::countFailed() {
  const std::lock_guard<std::mutex> lock(mutex);
  ++failed;
}
void Metrics::addFirstToken(double seconds) {
  const std::lock_guard<std::mutex> lock(mutex);
  firstToken.add(seconds);
}
void Metrics::addToken(double seconds) {
  const std::lock_guard<std::mutex> lock(mutex);
  token.add(seconds);
}
void Metrics::addWait(double seconds) {
  const std::lock_guard<std::mutex> lock(mutex);
  wait.add(seconds);
}

static std::string format(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

static void addHead(std::string &text, const char *name, const char *help,
                    const char *type) {
  text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name +
          " " + type + "\n";
}

void Metrics::Histogram::print(std::string &text, const char *name,
                               const char *help) const {
  addHead(text, name, help, "histogram");
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    text += std::string(name) + "_bucket{le=\"" +
            (i < bounds.size() ? format(bounds[i]) : "+Inf") + "\"} " +
            std::to_string(total) + "\n";
  }
  text += std::string(name) + "_sum " + format(sum) + "\n" + name + "_count " +
          std::to_string(total) + "\n";
}

std::string Metrics::toText(const std::vector<Gauge> &gauges) const {
  const std::lock_guard<std::mutex> lock(mutex);
  std::string text;
  addHead(text, "dlavm_requests_total", "Requests by endpoint and status.",
          "counter");
  for (const auto &[key, count] : requests)
    text += "dlavm_requests_total{endpoint=\"" + key.first + "\",code=\"" +
            std::to_string(key.second) + "\"} " + std::to_string(count) + "\n";
  const auto addCounter = [&](const char *name, const char *help,
                              uint64_t value) {
    addHead(text, name, help, "counter");
    text += std::string(name) + " " + std::to_string(value) + "\n";
  };
  addCounter("dlavm_answers_total", "Answers that were generated to their end.",
             answers);
  addCounter("dlavm_cancelled_total",
             "Requests whose client left or whose time was over.", cancelled);
  addCounter("dlavm_failed_total", "Requests that the device failed at.",
             failed);
  addCounter("dlavm_prompt_tokens_total", "Tokens of prompts.", promptTokens);
  addCounter("dlavm_cached_prompt_tokens_total",
             "Tokens of prompts that the KV caches held already.",
             cachedTokens);
  addCounter("dlavm_cache_hits_total",
             "Answers to prompts whose begin the KV caches held already.",
             cacheHits);
  addCounter("dlavm_generated_tokens_total", "Tokens that were generated.",
             newTokens);
  for (const Gauge &gauge : gauges) {
    addHead(text, gauge.name, gauge.help, "gauge");
    text += std::string(gauge.name) + " " + format(gauge.value) + "\n";
  }
  firstToken.print(text, "dlavm_time_to_first_token_seconds",
                   "From the request to the first token of its answer.");
  token.print(text, "dlavm_token_seconds", "From a token to the next.");
  wait.print(text, "dlavm_queue_seconds",
             "How long requests waited for the device.");
  return text;
}
