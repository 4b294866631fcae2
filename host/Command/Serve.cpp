//===- Serve.cpp - dlavm serve --------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/GenerationConfig.h"
#include "host/Command/Command.h"
#include "host/Server/Server.h"
#include "host/Server/SessionEngine.h"
#include "host/Tokenizer/UTF8.h"

#include <sys/resource.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iostream>
#include <sstream>

using namespace dlavm::host;
using dlavm::Error;

namespace {
struct ServeArguments {
  std::string directory, on, name, config;
  ServerOptions options;
  double requestSeconds = 600;
  // Signed, so that what is negative can be told.
  int64_t queue = static_cast<int64_t>(ServerOptions().queue);
  int64_t bodyBytes =
      static_cast<int64_t>(ServerOptions().http.request.bodyBytes);
};
} // namespace

/// Refuses what no browser sends in the header Origin, so that it would never
/// match.
static void checkOrigin(const std::string &origin) {
  if (origin == "*" || origin == "null")
    return;
  const auto refuse = [&](const std::string &why) {
    throw Error("--cors=" + origin + " is no origin, which is *, or " +
                "SCHEME://HOST[:PORT] as https://my.example: " + why);
  };
  const size_t scheme = origin.find("://");
  if (scheme == 0 || scheme == std::string::npos)
    return refuse("there is no scheme before ://");
  const std::string host = origin.substr(scheme + 3);
  if (host.empty())
    refuse("there is no host");
  for (const unsigned char c : origin)
    if (std::isupper(c))
      refuse("browsers send it in small letters");
    else if (c <= ' ' || c >= 0x7f)
      refuse("it is ASCII without spaces; names of other letters are sent as "
             "xn--");
  if (host.find_first_of("/?#@") != std::string::npos)
    refuse("nothing follows host and port, not even a slash");
  const std::string name = origin.substr(0, scheme);
  for (const auto &[known, port] :
       {std::pair("http", ":80"), std::pair("https", ":443")}) {
    const std::string ending = port;
    if (name == known && host.size() > ending.size() &&
        host.compare(host.size() - ending.size(), ending.size(), ending) == 0)
      refuse("browsers leave out the port that belongs to the scheme");
  }
}

/// Each connection is an open file.
static void makeRoomForConnections(HttpLimits &limits) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return;
  // The caches, the driver, and what else is open.
  constexpr size_t others = 128;
  const rlim_t wanted =
      std::min<rlim_t>(files.rlim_max, limits.connections + others);
  if (files.rlim_cur < wanted) {
    files.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_cur < limits.connections + others)
    limits.connections =
        files.rlim_cur > 2 * others ? files.rlim_cur - others : others;
}

/// What requests that do not say otherwise get.
static SamplingOptions readSampling(const ServeArguments &arguments,
                                    const TokenModel &model) {
  const SamplingOptions otherwise = getOpenAISampling();
  const GenerationConfig config =
      GenerationConfig::read(arguments.directory, arguments.config, otherwise);
  if (config.file.empty())
    return otherwise;
  if (!model.hasLogits()) {
    printNote("logits cannot be read, which sampling needs: what " +
              config.file + " says of it does not count");
    return otherwise;
  }
  printNote("where requests do not say otherwise, sampling is as " +
            config.file + " says: " + describeSampling(config.sampling) +
            "; --generation-config=none leaves it out");
  return config.sampling;
}

static int run(const ServeArguments &arguments, const CommandContext &context) {
  ServerOptions options = arguments.options;
  if (options.port < 0 || options.port > 65535)
    throw Error("--port is " + std::to_string(options.port) +
                ", but ports are 0, for one that is free, to 65535");
  if (!(arguments.requestSeconds >= 0 && arguments.requestSeconds <= 1e6))
    throw Error("--request-timeout is a number of seconds, at most 1000000; 0 "
                "is without limit");
  if (arguments.queue < 0 || arguments.queue > 1000)
    throw Error("--queue is " + std::to_string(arguments.queue) +
                ", but must be 0 to 1000: each request in it takes a thread");
  options.queue = static_cast<size_t>(arguments.queue);
  constexpr int64_t mostBytes = int64_t{1} << 30;
  if (arguments.bodyBytes < 1 || arguments.bodyBytes > mostBytes)
    throw Error("--body-limit is " + std::to_string(arguments.bodyBytes) +
                ", but must be 1 to " + std::to_string(mostBytes) +
                ": requests have bodies");
  options.http.request.bodyBytes = static_cast<size_t>(arguments.bodyBytes);
  options.corsOrigins.clear();
  for (const std::string &list : arguments.options.corsOrigins) {
    std::istringstream origins(list + ",");
    for (std::string origin; std::getline(origins, origin, ',');) {
      checkOrigin(origin);
      options.corsOrigins.push_back(origin);
    }
  }
  const std::string &name = arguments.name;
  if (!isUTF8(name) ||
      std::any_of(name.begin(), name.end(),
                  [](unsigned char c) { return c < ' ' || c == 0x7f; }))
    throw Error("--name must be UTF-8 without control characters: clients "
                "give it back");
  options.requestTime =
      std::chrono::milliseconds(std::llround(arguments.requestSeconds * 1000));
  if (arguments.requestSeconds > 0)
    options.requestTime =
        std::max(options.requestTime, std::chrono::milliseconds(1));
  options.note = printNote;
  makeRoomForConnections(options.http);

  // CLI11 takes an empty variable for none.
  const char *key = std::getenv("DLAVM_API_KEY");
  if (key && !*key && options.apiKey.empty())
    throw Error("the environment variable DLAVM_API_KEY is empty, and an empty "
                "key would let everybody in; unset it to serve without a key");
  const std::unique_ptr<Tokenizer> tokenizer =
      Tokenizer::open(arguments.directory);
  const std::unique_ptr<ChatTemplate> chatTemplate =
      ChatTemplate::open(arguments.directory, *tokenizer, printNote);
  const OpenedDirectory opened =
      openDirectory(arguments.directory, arguments.on, context);
  const SamplingOptions sampling = readSampling(arguments, *opened.model);
  SessionEngine engine(arguments.name.empty() ? opened.name : arguments.name,
                       *opened.model, *tokenizer, *chatTemplate,
                       opened.endTokens, sampling);
  Server server(engine, options);
  const int port = server.listen();
  if (!isLoopback(options.host) && options.apiKey.empty())
    printWarning("everybody who reaches " + options.host +
                 " may use this server; --api-key asks for a key");
  const bool isV6 = options.host.find(':') != std::string::npos;
  std::cout << "listening on http://" << (isV6 ? "[" : "") << options.host
            << (isV6 ? "]" : "") << ":" << port << std::endl;
  runUntilSignal(server);
  return 0;
}

void dlavm::host::addServeCommand(CLI::App &command, CommandContext &context) {
  const auto arguments = std::make_shared<ServeArguments>();
  ServerOptions &options = arguments->options;
  command
      .add_option("DIR", arguments->directory,
                  "a directory that dlavm compile and dlavm pack wrote")
      ->required();
  addDeviceOption(command, context, arguments->on);
  command.add_option("--host", options.host, "the address to listen on")
      ->capture_default_str();
  command
      .add_option("--port", options.port,
                  "the port to listen on; 0 takes one that is free")
      ->check(checkDecimal<int>)
      ->capture_default_str();
  command.add_option("--name", arguments->name,
                     "what clients call the model; by default, the name of the "
                     "compiled one");
  addGenerationConfigOption(command, arguments->config);
  command
      .add_option("--queue", arguments->queue,
                  "how many requests may wait for the device; more are told to "
                  "come later")
      ->check(checkDecimal<int64_t>)
      ->capture_default_str();
  command
      .add_option("--request-timeout", arguments->requestSeconds,
                  "the most seconds of a request, its wait included; 0 is "
                  "without limit")
      ->check(checkNumber)
      ->type_name("SECONDS")
      ->capture_default_str();
  command
      .add_option("--body-limit", arguments->bodyBytes,
                  "the most bytes of a request")
      ->check(checkDecimal<int64_t>)
      ->type_name("BYTES")
      ->capture_default_str();
  command
      .add_option("--api-key", options.apiKey,
                  "answer only those who give this key; all users of the "
                  "machine see a command line, so better set the variable")
      ->envname("DLAVM_API_KEY")
      ->type_name("KEY");
  command
      .add_option("--cors", options.corsOrigins,
                  "the pages of these origins may ask, too; * are all")
      ->type_name("ORIGIN,...")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command.callback([arguments, &context] {
    context.run = [arguments, &context] { return run(*arguments, context); };
  });
}
