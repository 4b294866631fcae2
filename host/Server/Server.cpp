//===- Server.cpp - OpenAI's interface over one device --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Server.h"

#include "dlavm_runtime.h"
#include "host/Server/ApiError.h"
#include "host/Server/Metrics.h"
#include "host/Server/Page.h"
#include "host/Server/Responses.h"
#include "host/Server/Scheduler.h"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <random>
#include <thread>

using namespace dlavm::host;
using dlavm::Error;
using nlohmann::json;
using Clock = Job::Clock;

/// How long a client's leaving may stay unnoticed between two tokens.
static constexpr std::chrono::milliseconds pollTime{50};
/// Streams say something at least this often, lest somebody between server and
/// client take them for dead.
static constexpr std::chrono::seconds quietTime{15};

class Server::Impl {
public:
  Impl(Engine &engine, const ServerOptions &options)
      : engine(engine), facts(engine.getFacts()), options(options),
        created(std::time(nullptr)), scheduler(engine, metrics, options.queue),
        http(
            makeLimits(options),
            [this](const HttpRequest &request, HttpResponse &response) {
              answer(request, response);
            },
            [this](int status, const std::string &message) {
              metrics.countRequest("none", status);
              return ApiError(status, message).toJson();
            }) {}

  void run() {
    http.run([this] {
      if (isStopping)
        http.closeAfterResponses();
      return isStopping && http.getActive() == 0;
    });
  }

  Engine &engine;
  const ModelFacts facts;
  const ServerOptions options;
  const int64_t created;
  std::atomic<bool> isStopping{false};
  Metrics metrics;
  Scheduler scheduler;
  HttpServer http;

private:
  /// Each request in the queue keeps a thread; some are left for the others.
  static HttpLimits makeLimits(const ServerOptions &options) {
    HttpLimits limits = options.http;
    limits.workers = options.queue + 9;
    return limits;
  }

  /// One request that is answered by the device.
  struct Generation {
    GenerationRequest request;
    std::unique_ptr<Job> job;
    std::optional<ResponseWriter> writer;
    Clock::time_point end;
    std::function<bool()> isGone;
    /// What has come already.
    Job::Progress first;
  };

  void answer(const HttpRequest &request, HttpResponse &response);
  void route(const HttpRequest &request, HttpResponse &response);
  void allowOrigin(const HttpRequest &request, HttpResponse &response) const;
  void checkHost(const HttpRequest &request) const;
  void checkKey(const HttpRequest &request) const;
  void sendPage(HttpResponse &response) const;
  void sendModel(HttpResponse &response, const std::string &name) const;
  void sendHealth(HttpResponse &response) const;
  void sendMetrics(HttpResponse &response) const;
  json describeModel() const;

  void generate(const HttpRequest &request, HttpResponse &response);
  std::shared_ptr<Generation> begin(const HttpRequest &request);
  /// Waits for progress until \p end; throws ApiError if the client is gone, or
  /// the request failed or took too long.
  Job::Progress wait(Generation &generation, Clock::time_point end);
  void sendWhole(Generation &generation, HttpResponse &response);
  void sendStream(std::shared_ptr<Generation> generation,
                  HttpResponse &response);
};

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

namespace {
/// The status that nobody gets, as servers write it into their logs.
constexpr int clientIsGone = 499;
} // namespace

static std::string dumpJson(const json &value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

static void sendJson(HttpResponse &response, std::string text) {
  response.contentType = "application/json";
  // For those who read it at a terminal.
  response.body = std::move(text) + "\n";
}

static const std::string modelPrefix = "/v1/models/";

/// The path without what differs from request to request, for metrics.
static std::string getEndpoint(const std::string &path) {
  for (const char *known : {"/", "/health", "/metrics", "/v1/models",
                            "/v1/completions", "/v1/chat/completions"})
    if (path == known)
      return path;
  return path.compare(0, modelPrefix.size(), modelPrefix) == 0
             ? modelPrefix + "ID"
             : "other";
}

void Server::Impl::answer(const HttpRequest &request, HttpResponse &response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  try {
    checkHost(request);
    allowOrigin(request, response);
    route(request, response);
  } catch (const ApiError &error) {
    response.status = error.getStatus();
    sendJson(response, error.toJson());
  } catch (const std::exception &error) {
    response.status = 500;
    sendJson(response, ApiError(500, error.what()).toJson());
    if (options.note)
      options.note(request.path + ": " + error.what());
  }
  if (response.status == 401)
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  metrics.countRequest(getEndpoint(request.path), response.status);
  // Nobody reads it.
  if (response.status == clientIsGone)
    response.status = 408;
}

static void checkMethod(const HttpRequest &request, HttpResponse &response,
                        const std::string &method) {
  if (request.method == method || (method == "GET" && request.method == "HEAD"))
    return;
  response.headers.emplace_back("Allow", method + ", OPTIONS");
  throw ApiError(
      405, request.path + " takes " + method + " and not " + request.method, "",
      "method_not_allowed");
}

void Server::Impl::route(const HttpRequest &request, HttpResponse &response) {
  const std::string endpoint = getEndpoint(request.path);
  if (endpoint == "other")
    throw ApiError(404,
                   "there is no " + request.path.substr(0, 100) +
                       "; there are /v1/models, /v1/completions, "
                       "/v1/chat/completions, /health, /metrics and /",
                   "", "not_found");
  if (request.method == "OPTIONS") {
    response.status = 204;
    return;
  }
  const bool generates =
      endpoint == "/v1/completions" || endpoint == "/v1/chat/completions";
  checkMethod(request, response, generates ? "POST" : "GET");
  if (endpoint == "/")
    return sendPage(response);
  if (endpoint == "/health")
    return sendHealth(response);
  checkKey(request);
  if (endpoint == "/metrics")
    return sendMetrics(response);
  if (endpoint == "/v1/models")
    return sendJson(response,
                    dumpJson({{"object", "list"},
                              {"data", json::array({describeModel()})}}));
  if (!generates)
    return sendModel(response, request.path.substr(modelPrefix.size()));
  generate(request, response);
}

bool dlavm::host::isLoopback(const std::string &host) {
  // A name such as 127.example.com is none, whatever it begins with.
  in_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) == 1)
    return ntohl(address.s_addr) >> 24 == 127;
  return strcasecmp(host.c_str(), "localhost") == 0 || host == "::1" ||
         host == "[::1]";
}

/// A page of another origin may have a name that it lets point to this machine;
/// browsers take the two for one origin then. Where only this machine may ask,
/// and a key does not tell who, names of others are refused.
void Server::Impl::checkHost(const HttpRequest &request) const {
  if (!isLoopback(options.host) || !options.apiKey.empty())
    return;
  std::string name = request.getHeader("Host");
  // The port, but no part of an address of IPv6.
  if (const size_t colon = name.rfind(':');
      colon != std::string::npos && name.find(']', colon) == std::string::npos)
    name.erase(colon);
  if (!name.empty() && !isLoopback(name))
    throw ApiError(403,
                   "this server listens on " + options.host +
                       " and does not know the host '" + name.substr(0, 100) +
                       "'; with --api-key it takes every host",
                   "", "host_not_allowed");
}

/// Lets pages of other origins read what they get, if they are listed.
void Server::Impl::allowOrigin(const HttpRequest &request,
                               HttpResponse &response) const {
  if (options.corsOrigins.empty())
    return;
  const auto &allowed = options.corsOrigins;
  const std::string origin = request.getHeader("Origin");
  const bool isOpen =
      std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
  response.headers.emplace_back("Vary", "Origin");
  if (origin.empty() || (!isOpen && std::find(allowed.begin(), allowed.end(),
                                              origin) == allowed.end()))
    return;
  response.headers.emplace_back("Access-Control-Allow-Origin",
                                isOpen ? "*" : origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", "Retry-After");
  if (request.method != "OPTIONS")
    return;
  response.headers.emplace_back("Access-Control-Allow-Methods",
                                "GET, POST, OPTIONS");
  // Clients send headers that only tell of themselves.
  const std::string wanted =
      request.getHeader("Access-Control-Request-Headers");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                wanted.empty() ? "Authorization, Content-Type"
                                               : wanted);
  response.headers.emplace_back("Access-Control-Max-Age", "600");
}

/// Takes as long for each text of the same length.
static bool isEqual(const std::string &given, const std::string &key) {
  unsigned difference = given.size() != key.size();
  for (size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i]) ^
                  static_cast<unsigned char>(key[i % key.size()]);
  return difference == 0;
}

void Server::Impl::checkKey(const HttpRequest &request) const {
  if (options.apiKey.empty())
    return;
  const std::string scheme = "Bearer ";
  const std::string given = request.getHeader("Authorization");
  if (given.empty())
    throw ApiError(401,
                   "this server wants an API key, in the header "
                   "'Authorization: Bearer KEY'",
                   "", "invalid_api_key");
  // Schemes are the same in small letters (RFC 9110, 11.1).
  if (strncasecmp(given.c_str(), scheme.c_str(), scheme.size()) != 0 ||
      !isEqual(given.substr(scheme.size()), options.apiKey))
    throw ApiError(401, "the API key is not the one of this server", "",
                   "invalid_api_key");
}

//===----------------------------------------------------------------------===//
// What is answered at once
//===----------------------------------------------------------------------===//

void Server::Impl::sendPage(HttpResponse &response) const {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 32; ++i)
    nonce += "0123456789abcdef"[random() % 16];
  std::string page(getPage());
  const std::string mark = "{{nonce}}";
  for (size_t at = 0; (at = page.find(mark, at)) != std::string::npos;)
    page.replace(at, mark.size(), nonce);
  response.contentType = "text/html; charset=utf-8";
  response.body = std::move(page);
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; script-src 'nonce-" + nonce +
          "'; style-src 'nonce-" + nonce +
          "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action "
          "'none'; frame-ancestors 'none'");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cache-Control", "no-store");
}

json Server::Impl::describeModel() const {
  return {{"id", facts.name},
          {"object", "model"},
          {"created", created},
          {"owned_by", "dlavm"},
          {"max_model_len", facts.maxTokens}};
}

void Server::Impl::sendModel(HttpResponse &response,
                             const std::string &name) const {
  if (name != facts.name)
    throw ApiError(404,
                   "the model '" + name.substr(0, 100) +
                       "' does not exist; this server has '" + facts.name + "'",
                   "model", "model_not_found");
  sendJson(response, dumpJson(describeModel()));
}

void Server::Impl::sendHealth(HttpResponse &response) const {
  const std::optional<std::string> failure = scheduler.getFailure();
  json health{{"status", isStopping ? "stopping"
                         : failure  ? "failing"
                                    : "ok"},
              {"model", facts.name},
              {"running", scheduler.isRunning() ? 1 : 0},
              {"waiting", scheduler.getWaiting()},
              {"queue", options.queue}};
  if (failure)
    health["message"] = *failure;
  if (isStopping || failure)
    response.status = 503;
  sendJson(response, dumpJson(health));
}

void Server::Impl::sendMetrics(HttpResponse &response) const {
  response.contentType = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics.toText({
      {"dlavm_queue_length", "Requests that wait for the device.",
       double(scheduler.getWaiting())},
      {"dlavm_running", "Requests that the device answers.",
       double(scheduler.isRunning())},
      {"dlavm_connections", "Connections of clients.",
       double(http.getConnections())},
      {"dlavm_healthy", "0 after a failure of the device, until it succeeds.",
       double(!scheduler.getFailure())},
  });
}

//===----------------------------------------------------------------------===//
// Generation
//===----------------------------------------------------------------------===//

void Server::Impl::generate(const HttpRequest &request,
                            HttpResponse &response) {
  try {
    std::shared_ptr<Generation> generation = begin(request);
    if (!generation->request.stream)
      return sendWhole(*generation, response);
    // A failure before the first token has a status of its own.
    generation->first =
        wait(*generation, std::min(generation->end, Clock::now() + quietTime));
    sendStream(std::move(generation), response);
  } catch (const ApiError &error) {
    if (error.getStatus() == 429 || error.getStatus() == 503)
      response.headers.emplace_back("Retry-After",
                                    std::to_string(scheduler.estimateWait()));
    throw;
  }
}

static bool isJsonType(std::string type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ')
    type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return type == "application/json";
}

std::shared_ptr<Server::Impl::Generation>
Server::Impl::begin(const HttpRequest &request) {
  if (isStopping)
    throw ApiError(503, "the server is stopping", "", "server_stopping");
  // A page of another origin must ask before it sends this type.
  if (!isJsonType(request.getHeader("Content-Type")))
    throw ApiError(415, "expected the header 'Content-Type: application/json'",
                   "", "unsupported_media_type");
  if (!request.getHeader("Content-Encoding").empty())
    throw ApiError(415, "the body must not be compressed", "",
                   "unsupported_media_type");
  auto generation = std::make_shared<Generation>();
  GenerationRequest &wanted = generation->request =
      getEndpoint(request.path) == "/v1/completions"
          ? parseCompletionRequest(request.body, facts)
          : parseChatRequest(request.body, facts);
  const char *parameter = wanted.isChat ? "messages" : "prompt";
  std::vector<int32_t> ids;
  try {
    ids = engine.encode(wanted);
  } catch (const Error &error) {
    throw ApiError(400, error.what(), parameter, "invalid_value");
  }
  if (ids.empty())
    throw ApiError(400,
                   std::string("'") + parameter + "' has no token to continue",
                   parameter, "invalid_value");
  const auto count = static_cast<int64_t>(ids.size());
  if (count > facts.maxTokens)
    throw ApiError(400,
                   std::string("'") + parameter + "' has " +
                       std::to_string(count) +
                       " tokens, but the context of this model has " +
                       std::to_string(facts.maxTokens),
                   parameter, "context_length_exceeded");
  TextOptions text;
  // One token is known when the context is full.
  const auto room = static_cast<int32_t>(facts.maxTokens - count + 1);
  text.maxNewTokens = wanted.maxNewTokens.value_or(room);
  text.endTokens = engine.getEndTokens(wanted.isChat);
  text.stopStrings = wanted.stopStrings;
  text.sampling = wanted.sampling;
  text.sampling.seed = wanted.seed ? *wanted.seed : makeSeed();
  text.topLogprobs = wanted.topLogprobs;
  text.continuesText = !wanted.isChat;

  generation->isGone = request.isGone;
  generation->end = options.requestTime.count() > 0
                        ? Clock::now() + options.requestTime
                        : Clock::time_point::max();
  generation->writer.emplace(engine, wanted, facts.name);
  generation->job =
      scheduler.submit(std::move(ids), std::move(text), request.isGone);
  if (!generation->job)
    throw ApiError(429,
                   "the queue is full: " + std::to_string(options.queue) +
                       " requests wait for the device; try again later",
                   "", "rate_limit_exceeded");
  return generation;
}

Job::Progress Server::Impl::wait(Generation &generation,
                                 Clock::time_point end) {
  while (true) {
    const Clock::time_point now = Clock::now();
    Job::Progress progress =
        generation.job->wait(std::min(end, now + pollTime));
    if (progress.failure) {
      if (options.note)
        options.note("the device failed: " + *progress.failure);
      throw ApiError(500, *progress.failure, "", "device_error");
    }
    if (generation.isGone())
      throw ApiError(clientIsGone, "the client is gone");
    if (!progress.pieces.empty() || progress.result)
      return progress;
    if (now >= generation.end)
      throw ApiError(504,
                     "the request took longer than " +
                         std::to_string(options.requestTime.count() / 1000) +
                         " s",
                     "", "request_timeout");
    if (now >= end)
      return progress;
  }
}

void Server::Impl::sendWhole(Generation &generation, HttpResponse &response) {
  std::string text;
  std::vector<TokenLogprob> tokens;
  while (true) {
    Job::Progress progress = wait(generation, generation.end);
    for (TextPiece &piece : progress.pieces) {
      text += piece.text;
      tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
    }
    if (progress.result)
      return sendJson(
          response, generation.writer->toJson(text, tokens, *progress.result));
  }
}

void Server::Impl::sendStream(std::shared_ptr<Generation> generation,
                              HttpResponse &response) {
  response.contentType = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-cache");
  // Else nginx collects it.
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.writeBody = [this, generation](
                           const std::function<bool(std::string_view)> &write) {
    ResponseWriter &writer = *generation->writer;
    try {
      Job::Progress progress = std::move(generation->first);
      std::string events = writer.begin();
      while (true) {
        for (const TextPiece &piece : progress.pieces)
          events += writer.add(piece);
        if (progress.result)
          events += writer.finish(*progress.result);
        else if (events.empty() && progress.pieces.empty())
          // Clients skip lines that begin with a colon.
          events = ": waiting\n\n";
        if (!write(events) || progress.result)
          return;
        events.clear();
        progress = wait(*generation,
                        std::min(generation->end, Clock::now() + quietTime));
      }
    } catch (const ApiError &error) {
      if (error.getStatus() != clientIsGone)
        write(makeEvent(error.toJson()));
    } catch (const std::exception &error) {
      write(makeEvent(ApiError(500, error.what()).toJson()));
    }
  };
}

//===----------------------------------------------------------------------===//
// Server
//===----------------------------------------------------------------------===//

Server::Server(Engine &engine, const ServerOptions &options)
    : impl(std::make_unique<Impl>(engine, options)) {}
Server::~Server() = default;
int Server::listen() {
  return impl->http.bind(impl->options.host, impl->options.port);
}
void Server::run() { impl->run(); }
void Server::stop() {
  impl->isStopping = true;
  impl->http.wake();
}

static std::atomic<bool> wasSignalled{false};
/// Never closed, and all that a handler touches: it may run in another thread
/// until after the server is gone.
static int signalEvent = -1;

static void noteSignal(int signal) {
  const int kept = errno;
  if (wasSignalled.exchange(true))
    _exit(128 + signal);
  const uint64_t one = 1;
  (void)!write(signalEvent, &one, sizeof one);
  errno = kept;
}

void dlavm::host::runUntilSignal(Server &server) {
  if (signalEvent < 0)
    signalEvent = eventfd(0, EFD_CLOEXEC);
  if (signalEvent < 0)
    throw Error(std::string("cannot wait for signals: ") +
                std::strerror(errno));
  wasSignalled = false;
  std::thread waiter([&server] {
    uint64_t count;
    while (read(signalEvent, &count, sizeof count) < 0 && errno == EINTR)
      continue;
    server.stop();
  });
  struct sigaction action {
  }, oldTerm, oldInterrupt;
  action.sa_handler = noteSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, &oldTerm);
  sigaction(SIGINT, &action, &oldInterrupt);
  const auto restore = [&] {
    sigaction(SIGTERM, &oldTerm, nullptr);
    sigaction(SIGINT, &oldInterrupt, nullptr);
    const uint64_t one = 1;
    if (!wasSignalled)
      (void)!write(signalEvent, &one, sizeof one);
    waiter.join();
  };
  try {
    server.run();
  } catch (...) {
    restore();
    throw;
  }
  restore();
}
