//===- HttpServer.h - Connections of HTTP --------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_HTTPSERVER_H
#define DLAVM_HOST_SERVER_HTTPSERVER_H

#include "host/Server/RequestFramer.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dlavm::host {

struct HttpRequest {
  std::string method;
  /// Decoded, without what follows a question mark.
  std::string path;
  std::string body;
  /// The value of a header, or an empty text; upper and lower case are the
  /// same.
  std::function<std::string(const char *name)> getHeader;
  /// True if the client has closed its connection, or its half of it.
  std::function<bool()> isGone;
};

struct HttpResponse {
  int status = 200;
  std::string contentType;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Instead of a body: writes it by and by. The function that it gets returns
  /// false once the client takes no more.
  std::function<void(const std::function<bool(std::string_view)> &write)>
      writeBody;
};

struct HttpLimits {
  RequestFramer::Limits request;
  /// Requests that are answered at once.
  size_t workers = 16;
  /// Where there are more, those that have been idle longest are closed.
  size_t connections = 4096;
  /// What all connections together may keep of incomplete requests.
  size_t bufferedBytes = 128 << 20;
  /// From the first byte of a request to its last.
  std::chrono::milliseconds requestTime{30000};
  /// Between requests.
  std::chrono::milliseconds idleTime{60000};
  /// Until a client takes what is written to it.
  std::chrono::milliseconds writeTime{30000};
};

/// A server of HTTP/1.1. One thread accepts connections and collects whole
/// requests, so that idle and slow clients hold no other; some threads answer
/// them. cpp-httplib reads heads and writes responses.
class HttpServer {
public:
  /// \p answer is called by several threads at once; \p refuse makes the body
  /// (of JSON) for a request that never comes to it.
  HttpServer(const HttpLimits &limits,
             std::function<void(const HttpRequest &, HttpResponse &)> answer,
             std::function<std::string(int status, const std::string &message)>
                 refuse);
  ~HttpServer();

  /// Takes an address; \p port may be 0. Returns the port. Throws dlavm::Error.
  int bind(const std::string &host, int port);

  /// Serves until \p isDone, which is asked after each call of wake and some
  /// times each second, is true. Requests that are answered then are finished.
  void run(const std::function<bool()> &isDone);
  /// May be called by any thread, and by a signal's handler.
  void wake();
  /// From now on, connections are closed with the next response.
  void closeAfterResponses();

  /// How many connections there are.
  size_t getConnections() const;
  /// How many requests are answered or wait for a thread.
  size_t getActive() const;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_HTTPSERVER_H
