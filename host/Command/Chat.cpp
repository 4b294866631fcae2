//===- Chat.cpp - dlavm chat ----------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/GenerationConfig.h"
#include "host/Chat/PromptCache.h"
#include "host/Command/ChatLoop.h"
#include "host/Command/Command.h"

#include <filesystem>
#include <limits>

using namespace dlavm::host;
using dlavm::Error;

namespace {
/// What is given goes before generation_config.json.
struct SamplingArguments {
  std::string config;
  std::optional<double> temperature, topP, minP;
  std::optional<double> repetitionPenalty, presencePenalty, frequencyPenalty;
  std::optional<int32_t> topK;
  std::optional<uint64_t> seed;

  void apply(SamplingOptions &options) const {
    const auto set = [](auto &option, const auto &value) {
      option = value.value_or(option);
    };
    set(options.temperature, temperature);
    set(options.topK, topK);
    set(options.topP, topP);
    set(options.minP, minP);
    set(options.repetitionPenalty, repetitionPenalty);
    set(options.presencePenalty, presencePenalty);
    set(options.frequencyPenalty, frequencyPenalty);
    options.seed = seed ? *seed : makeSeed();
  }
};

struct ChatArguments {
  std::string directory, on, system, cache, timeSteps;
  TextOptions options;
  SamplingArguments sampling;
};
} // namespace

static void addSamplingOptions(CLI::App &command, ChatArguments &arguments) {
  SamplingArguments &sampling = arguments.sampling;
  addGenerationConfigOption(command, sampling.config);
  command
      .add_option("--temperature", sampling.temperature,
                  "divides the logits; 0, the default of models that do not "
                  "say otherwise, takes the most probable token")
      ->check(checkNumber);
  command
      .add_option("--top-k", sampling.topK,
                  "choose among the n most probable tokens; 0, the "
                  "default, are all")
      ->check(checkDecimal<int32_t>);
  command
      .add_option("--top-p", sampling.topP,
                  "choose among the most probable tokens that have this "
                  "probability together; 1 by default")
      ->check(checkNumber);
  command
      .add_option("--min-p", sampling.minP,
                  "choose among tokens with at least this part of the "
                  "probability of the most probable one; 0 by default")
      ->check(checkNumber);
  command
      .add_option("--repetition-penalty", sampling.repetitionPenalty,
                  "divides the logits of tokens of the conversation; 1 by "
                  "default")
      ->check(checkNumber);
  command
      .add_option("--presence-penalty", sampling.presencePenalty,
                  "subtracted from the logits of tokens of the answer; 0 "
                  "by default")
      ->check(checkNumber);
  command
      .add_option("--frequency-penalty", sampling.frequencyPenalty,
                  "subtracted for each time that a token is in the answer; "
                  "0 by default")
      ->check(checkNumber);
  command
      .add_option("--seed", sampling.seed,
                  "the same seed gives the same answers; by default it is "
                  "another one each time")
      ->check(checkDecimal<uint64_t>);
}

/// Refuses a file in the directory of the driver, which may be one that the
/// driver needs.
static void checkOutside(const std::string &file,
                         const std::string &directory) {
  namespace fs = std::filesystem;
  const fs::path place = fs::weakly_canonical(fs::absolute(directory));
  for (fs::path path = fs::weakly_canonical(fs::absolute(file));
       path != path.root_path(); path = path.parent_path())
    if (path == place)
      throw Error("--time-steps=" + file + " is in the directory of the " +
                  "driver, whose files must stay; give another place");
}

static int run(const ChatArguments &arguments, const CommandContext &context) {
  TextOptions options = arguments.options;
  if (options.maxNewTokens < 1)
    throw Error("--max-new-tokens is " + std::to_string(options.maxNewTokens) +
                ", but an answer has at least one token");
  const GenerationConfig config = GenerationConfig::read(
      arguments.directory, arguments.sampling.config, {});
  options.sampling = config.sampling;
  arguments.sampling.apply(options.sampling);
  // What is wrong with options is said before a device is opened.
  Sampler(options.sampling, 0);
  const std::unique_ptr<Tokenizer> tokenizer =
      Tokenizer::open(arguments.directory);
  const std::unique_ptr<ChatTemplate> chatTemplate =
      ChatTemplate::open(arguments.directory, *tokenizer, printNote);
  if (!arguments.cache.empty())
    checkPromptCachePath(arguments.cache);
  const OpenedDirectory opened =
      openDirectory(arguments.directory, arguments.on, context);
  DriverModel &model = *opened.model;
  if (!config.file.empty() && !model.hasLogits()) {
    printNote("logits cannot be read, which sampling needs: what " +
              config.file + " says of it does not count");
    options.sampling = {};
    arguments.sampling.apply(options.sampling);
  } else if (!config.file.empty()) {
    printNote("sampling as " + config.file +
              " says: " + describeSampling(config.sampling) +
              "; --generation-config=none leaves it out");
  }
  if (!options.sampling.isGreedy())
    model.requireLogits("sampling and penalties");
  if (!arguments.cache.empty())
    model.requireReading("--cache");
  if (!arguments.timeSteps.empty()) {
    checkOutside(arguments.timeSteps, arguments.directory);
    model.timeSteps(arguments.timeSteps);
  }
  options.endTokens = opened.endTokens;
  Session session(model);
  session.limitIds(std::min(tokenizer->getSize(), model.getVocabularySize()));

  std::optional<CacheAccess> caches;
  if (!arguments.cache.empty()) {
    caches =
        CacheAccess{getCacheOwner(arguments.directory, opened.maxTokens),
                    model.getCacheBytes(),
                    [&](const auto &consume) { model.readCaches(consume); },
                    [&](const auto &produce) { model.writeCaches(produce); }};
    if (auto ids = loadPromptCache(arguments.cache, *caches))
      session.setCached(std::move(*ids));
  }
  Conversation conversation(session, *tokenizer, *chatTemplate,
                            opened.maxTokens);
  {
    Interrupts interrupts;
    const std::unique_ptr<LineReader> reader =
        LineReader::open(interrupts, "chat_history");
    runChatLoop(conversation, arguments.system, options, *reader, interrupts);
  }
  if (caches && !session.getCached().empty())
    savePromptCache(arguments.cache, session.getCached(), *caches);
  return 0;
}

void dlavm::host::addChatCommand(CLI::App &command, CommandContext &context) {
  const auto arguments = std::make_shared<ChatArguments>();
  arguments->options.maxNewTokens = std::numeric_limits<int32_t>::max();
  command
      .add_option("DIR", arguments->directory,
                  "a directory that dlavm compile and dlavm pack wrote")
      ->required();
  addDeviceOption(command, context, arguments->on);
  context.mayBeEmpty.push_back(
      command.add_option("--system", arguments->system,
                         "the system message, with which conversations begin; "
                         "by default, and if it is empty, there is none"));
  command
      .add_option("--max-new-tokens", arguments->options.maxNewTokens,
                  "the most tokens of an answer; by default, what the "
                  "context has room for")
      ->check(checkDecimal<int32_t>);
  command
      .add_option("--stop", arguments->options.stopStrings,
                  "end an answer before this text; may be repeated")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  addSamplingOptions(command, *arguments);
  command
      .add_option("--cache", arguments->cache,
                  "a file that keeps the KV caches from one chat to the "
                  "next")
      ->type_name("FILE");
  command
      .add_option("--time-steps", arguments->timeSteps,
                  "write how long each task of each call takes, as CSV")
      ->type_name("FILE");
  command.callback([arguments, &context] {
    context.run = [arguments, &context] { return run(*arguments, context); };
  });
}
