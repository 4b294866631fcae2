//===- Server.h - OpenAI's interface over one device ---------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_SERVER_H
#define DLAVM_HOST_SERVER_SERVER_H

#include "host/Server/Engine.h"
#include "host/Server/HttpServer.h"

#include <memory>

namespace dlavm::host {

struct ServerOptions {
  std::string host = "127.0.0.1";
  /// 0 takes one that is free.
  int port = 8000;
  /// How many requests may wait for the device.
  size_t queue = 16;
  /// How long a request may take, its wait included; 0 is without limit.
  std::chrono::milliseconds requestTime{600000};
  /// Without one, everybody may ask.
  std::string apiKey;
  /// The pages of these origins may ask; "*" are all.
  std::vector<std::string> corsOrigins;
  HttpLimits http;
  /// Told of what the one who runs the server should know.
  std::function<void(const std::string &)> note;
};

/// Answers /v1/models, /v1/completions, /v1/chat/completions, /health, /metrics
/// and /, a page to chat with.
class Server {
public:
  Server(Engine &engine, const ServerOptions &options);
  ~Server();

  /// Takes the address of the options, and returns the port. Throws
  /// dlavm::Error.
  int listen();

  /// Serves until stop was called and all that was accepted is answered.
  void run();
  /// From now on, what has to be generated is refused. May be called by any
  /// thread, and by a signal's handler.
  void stop();

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

/// True for an address or name that only this machine reaches.
bool isLoopback(const std::string &host);

/// Runs the server until SIGTERM or SIGINT; a second one ends the program at
/// once.
void runUntilSignal(Server &server);

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_SERVER_H
