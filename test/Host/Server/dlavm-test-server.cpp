//===- dlavm-test-server.cpp - The server without a model -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// dlavm-test-server [NAME=VALUE...]: serves FakeEngine at a free port until
// SIGTERM. Names: queue, key, cors, request-ms, body, idle-ms, read-ms,
// write-ms, connections, greedy.
//
//===----------------------------------------------------------------------===//

#include "FakeEngine.h"
#include "host/Server/Server.h"

#include <cstdio>
#include <cstdlib>

using namespace dlavm::host;

int main(int argc, char **argv) {
  FakeEngine engine;
  ServerOptions options;
  options.port = 0;
  options.note = [](const std::string &text) {
    std::fprintf(stderr, "note: %s\n", text.c_str());
  };
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = argument.substr(equals + 1);
    const long number = std::atol(value.c_str());
    const std::chrono::milliseconds time(number);
    if (name == "queue")
      options.queue = static_cast<size_t>(number);
    else if (name == "key")
      options.apiKey = value;
    else if (name == "cors")
      options.corsOrigins.push_back(value);
    else if (name == "request-ms")
      options.requestTime = time;
    else if (name == "body")
      options.http.request.bodyBytes = static_cast<size_t>(number);
    else if (name == "idle-ms")
      options.http.idleTime = time;
    else if (name == "read-ms")
      options.http.requestTime = time;
    else if (name == "write-ms")
      options.http.writeTime = time;
    else if (name == "connections")
      options.http.connections = static_cast<size_t>(number);
    else if (name == "greedy")
      engine.facts.hasLogits = false;
    else
      return 2;
  }
  try {
    Server server(engine, options);
    const int port = server.listen();
    std::printf("listening on http://%s:%d\n", options.host.c_str(), port);
    std::fflush(stdout);
    runUntilSignal(server);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  std::printf("stopped\n");
  return 0;
}
