//===- Model.cpp - The C interface ----------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/C/dlavm.h"

#include "host/Chat/Sampler.h"
#include "host/Chat/StopFinder.h"
#include "host/Device/SimulatorKind.h"
#include "host/Driver/OpenedDirectory.h"
#include "host/Session/Session.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <random>

using namespace dlavm::host;
using dlavm::Error;

namespace {

/// dlavm_options, checked.
struct Options {
  SamplingOptions sampling;
  std::vector<std::string> stopStrings;
  int32_t maxNewTokens = std::numeric_limits<int32_t>::max();
};

/// What an answer needs.
struct Answer {
  Answer(const Options &options, size_t promptTokens,
         const Tokenizer *tokenizer)
      : options(options), promptTokens(promptTokens),
        sampler(options.sampling, promptTokens),
        stop(this->options.stopStrings), streamed(promptTokens) {
    if (tokenizer)
      stream.emplace(*tokenizer);
  }

  const Options options;
  const size_t promptTokens;
  Sampler sampler;
  /// The text, where there is a tokenizer, and what it waits for.
  std::optional<TextStream> stream;
  StopFinder stop;
  /// How many tokens of the conversation the stream has or need not have.
  size_t streamed;
};

} // namespace

struct dlavm_model {
  explicit dlavm_model(OpenedDirectory &&directory)
      : opened(std::move(directory)), session(*opened.model) {
    if (opened.tokenizer)
      session.limitIds(opened.tokenizer->getSize());
  }

  OpenedDirectory opened;
  Session session;
  /// The conversation.
  std::vector<int32_t> ids;
  /// Whether its last token is one of dlavm_next, so that the device has the
  /// logits that it was chosen from.
  bool hasAnswer = false;

  /// Of the answers to come.
  Options options;
  /// The one to the last prompt.
  std::unique_ptr<Answer> answer;
  /// What was handed out last.
  std::vector<int32_t> encoded;
  std::string decoded, piece;
};

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {
/// A call that failed otherwise than by DLAVM_FAILED.
struct Refusal {
  dlavm_status status;
  std::string message;
};
} // namespace

static thread_local std::string lastError;

static dlavm_status fail(dlavm_status status, const char *message) noexcept {
  try {
    lastError = message;
  } catch (...) {
    lastError.clear();
  }
  return status;
}

/// Calls the function, and makes a status of what it throws.
template <typename Function>
static dlavm_status guard(Function function) noexcept {
  try {
    function();
    return DLAVM_OK;
  } catch (const Refusal &refusal) {
    return fail(refusal.status, refusal.message.c_str());
  } catch (const std::bad_alloc &) {
    return fail(DLAVM_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &exception) {
    return fail(DLAVM_FAILED, exception.what());
  } catch (...) {
    return fail(DLAVM_FAILED, "something that is no error was thrown");
  }
}

static void require(bool isRight, const std::string &message) {
  if (!isRight)
    throw Refusal{DLAVM_INVALID, message};
}

template <typename Pointer>
static void requirePointer(Pointer pointer, const char *name) {
  require(pointer, std::string(name) + " is null");
}

static void requireId(const dlavm_model &model, int32_t id) {
  const int32_t count = model.opened.model->getVocabularySize();
  require(id >= 0 && id < count, "no token has the id " + std::to_string(id) +
                                     "; the ids of this model are 0 to " +
                                     std::to_string(count - 1));
}

const char *dlavm_get_error() { return lastError.c_str(); }

const char *dlavm_get_version() { return DLAVM_HOST_VERSION; }

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

dlavm_status dlavm_open(const char *directory, const char *on,
                        dlavm_model **model) {
  return guard([&] {
    requirePointer(model, "model");
    *model = nullptr;
    requirePointer(directory, "directory");
    requirePointer(on, "on");
    *model = new dlavm_model(openDirectory(directory, on, getHostDeviceKinds(),
                                           /*load=*/false));
  });
}

dlavm_status dlavm_load(dlavm_model *model) {
  return guard([&] {
    requirePointer(model, "model");
    // Where the caches lie, something else may lie now.
    model->session.setCached({});
    model->opened.model->load();
  });
}

void dlavm_close(dlavm_model *model) { delete model; }

const char *dlavm_get_name(const dlavm_model *model) {
  return model ? model->opened.name.c_str() : "";
}

int32_t dlavm_get_max_tokens(const dlavm_model *model) {
  return model ? model->opened.maxTokens : 0;
}

int32_t dlavm_get_vocabulary(const dlavm_model *model) {
  return model ? model->opened.model->getVocabularySize() : 0;
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

/// Of the first version. Members that came later have their defaults in
/// programs that do not know them.
static constexpr size_t kLeastOptions =
    offsetof(dlavm_options, stop_count) + sizeof(size_t);

static dlavm_options getDefaults() {
  dlavm_options options = {};
  options.size = sizeof options;
  options.top_p = 1;
  options.repetition_penalty = 1;
  options.max_new_tokens = std::numeric_limits<int32_t>::max();
  return options;
}

static void requireSize(size_t size) {
  require(size >= kLeastOptions && size <= sizeof(dlavm_options),
          "the size of options is " + std::to_string(size) +
              " bytes, but libdlavm " DLAVM_HOST_VERSION " knows " +
              std::to_string(sizeof(dlavm_options)) +
              "; call dlavm_init_options, and take the dlavm.h of this library "
              "or an older one");
}

dlavm_status dlavm_init_options(dlavm_options *options, size_t size) {
  return guard([&] {
    requirePointer(options, "options");
    requireSize(size);
    dlavm_options defaults = getDefaults();
    defaults.size = size;
    std::random_device random;
    defaults.seed = (uint64_t{random()} << 32) | random();
    std::memcpy(options, &defaults, size);
  });
}

/// The options as this library has them. Throws if a value is out of its range.
static Options readOptions(const dlavm_options &given) {
  requireSize(given.size);
  dlavm_options all = getDefaults();
  std::memcpy(&all, &given, given.size);
  Options options;
  options.sampling = {all.temperature,
                      all.top_k,
                      all.top_p,
                      all.min_p,
                      all.repetition_penalty,
                      all.presence_penalty,
                      all.frequency_penalty,
                      all.seed};
  options.maxNewTokens = all.max_new_tokens;
  try {
    Sampler(options.sampling, 0);
  } catch (const Error &error) {
    throw Refusal{DLAVM_INVALID, error.what()};
  }
  require(all.max_new_tokens >= 0, "max_new_tokens is " +
                                       std::to_string(all.max_new_tokens) +
                                       ", but must be at least 0");
  if (all.stop_count > 0)
    requirePointer(all.stop, "stop");
  for (size_t i = 0; i < all.stop_count; ++i) {
    requirePointer(all.stop[i], "a stop string");
    require(*all.stop[i] != '\0',
            "a stop string is empty, but every text ends with that");
    options.stopStrings.emplace_back(all.stop[i]);
  }
  return options;
}

static const Tokenizer &getTokenizer(const dlavm_model *model);

dlavm_status dlavm_set_options(dlavm_model *model, const dlavm_options *given) {
  return guard([&] {
    requirePointer(model, "model");
    Options options = given ? readOptions(*given) : Options();
    if (!options.sampling.isGreedy())
      model->opened.model->requireLogits("sampling and penalties");
    if (!options.stopStrings.empty())
      getTokenizer(model);
    model->options = std::move(options);
  });
}

//===----------------------------------------------------------------------===//
// Conversations
//===----------------------------------------------------------------------===//

static void setPrompt(dlavm_model &model, std::vector<int32_t> ids) {
  require(!ids.empty(), "a conversation has at least one token, found none");
  for (int32_t id : ids)
    requireId(model, id);
  if (ids.size() > static_cast<size_t>(model.opened.maxTokens))
    throw Refusal{DLAVM_CONTEXT_FULL,
                  "a conversation of " + std::to_string(ids.size()) +
                      " tokens exceeds the context of " +
                      std::to_string(model.opened.maxTokens) + " tokens"};
  model.answer = std::make_unique<Answer>(model.options, ids.size(),
                                          model.opened.tokenizer.get());
  model.ids = std::move(ids);
  model.hasAnswer = false;
}

dlavm_status dlavm_prompt(dlavm_model *model, const int32_t *ids,
                          size_t count) {
  return guard([&] {
    requirePointer(model, "model");
    requirePointer(ids, "ids");
    setPrompt(*model, std::vector<int32_t>(ids, ids + count));
  });
}

dlavm_status dlavm_next(dlavm_model *model, int32_t *id) {
  return guard([&] {
    requirePointer(model, "model");
    requirePointer(id, "id");
    require(!model->ids.empty(), "there is no token to continue; call "
                                 "dlavm_prompt first");
    const size_t maxTokens = static_cast<size_t>(model->opened.maxTokens);
    if (model->ids.size() > maxTokens)
      throw Refusal{DLAVM_CONTEXT_FULL, "the context of " +
                                            std::to_string(maxTokens) +
                                            " tokens is full"};
    AnswerOptions options;
    options.maxNewTokens = 1;
    options.checkFirst = !model->hasAnswer;
    if (!model->answer->options.sampling.isGreedy())
      options.choose = std::ref(model->answer->sampler);
    model->hasAnswer = false;
    int32_t next = 0;
    model->session.answer(model->ids, options,
                          [&](const GeneratedToken &token) {
                            next = token.id;
                            return true;
                          });
    model->ids.push_back(next);
    model->hasAnswer = true;
    *id = next;
  });
}

int dlavm_is_end(const dlavm_model *model, int32_t id) {
  if (!model)
    return 0;
  const std::vector<int32_t> &ends = model->opened.endTokens;
  return std::find(ends.begin(), ends.end(), id) != ends.end();
}

dlavm_finish dlavm_get_finish(const dlavm_model *model) {
  if (!model || !model->answer)
    return DLAVM_GOES_ON;
  const Answer &answer = *model->answer;
  const size_t count = model->ids.size() - answer.promptTokens;
  if (answer.stop.hasFound())
    return DLAVM_STOP_STRING;
  if (count > 0 && dlavm_is_end(model, model->ids.back()))
    return DLAVM_END_TOKEN;
  if (count >= static_cast<size_t>(answer.options.maxNewTokens))
    return DLAVM_MAX_TOKENS;
  if (model->ids.size() > static_cast<size_t>(model->opened.maxTokens))
    return DLAVM_NO_ROOM;
  return DLAVM_GOES_ON;
}

static std::vector<float> readLogits(dlavm_model *model, const float *place,
                                     const char *name, size_t count) {
  requirePointer(model, "model");
  requirePointer(place, name);
  require(model->hasAnswer, "there are no logits before dlavm_next");
  const auto size =
      static_cast<size_t>(model->opened.model->getVocabularySize());
  require(count == size, "there are " + std::to_string(size) + " logits, not " +
                             std::to_string(count));
  std::vector<float> logits;
  model->opened.model->readLogits(logits);
  return logits;
}

dlavm_status dlavm_read_logits(dlavm_model *model, float *logits,
                               size_t count) {
  return guard([&] {
    const std::vector<float> read = readLogits(model, logits, "logits", count);
    std::copy(read.begin(), read.end(), logits);
  });
}

dlavm_status dlavm_read_logprobs(dlavm_model *model, float *logprobs,
                                 size_t count) {
  return guard([&] {
    const std::vector<float> read =
        readLogits(model, logprobs, "logprobs", count);
    const float largest = *std::max_element(read.begin(), read.end());
    double sum = 0;
    for (float logit : read)
      sum += std::exp(double{logit} - largest);
    const double logSum = largest + std::log(sum);
    for (size_t i = 0; i < count; ++i)
      logprobs[i] = static_cast<float>(read[i] - logSum);
  });
}

dlavm_status dlavm_choose(dlavm_model *model, int32_t id) {
  return guard([&] {
    requirePointer(model, "model");
    require(model->hasAnswer && model->answer->streamed < model->ids.size(),
            "there is no token to replace before dlavm_next, and none after "
            "dlavm_get_text has handed out its text");
    requireId(*model, id);
    model->ids.back() = id;
  });
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

int dlavm_has_tokenizer(const dlavm_model *model) {
  return model && model->opened.tokenizer;
}

static const Tokenizer &getTokenizer(const dlavm_model *model) {
  requirePointer(model, "model");
  if (!model->opened.tokenizer)
    throw Error(model->opened.directory +
                " has no tokenizer, so there are only token ids; run dlavm "
                "pack with a checkpoint that has one");
  return *model->opened.tokenizer;
}

static void handOut(const std::string &kept, const char **text, size_t *size) {
  *text = kept.c_str();
  if (size)
    *size = kept.size();
}

static std::vector<int32_t> encode(const dlavm_model *model, const char *text,
                                   bool addSpecial) {
  EncodeOptions options;
  options.addSpecial = addSpecial;
  return getTokenizer(model).encode(text, options);
}

dlavm_status dlavm_encode(dlavm_model *model, const char *text, int add_special,
                          const int32_t **ids, size_t *count) {
  return guard([&] {
    getTokenizer(model);
    requirePointer(text, "text");
    requirePointer(ids, "ids");
    requirePointer(count, "count");
    model->encoded = encode(model, text, add_special != 0);
    *ids = model->encoded.data();
    *count = model->encoded.size();
  });
}

dlavm_status dlavm_decode(dlavm_model *model, const int32_t *ids, size_t count,
                          const char **text, size_t *size) {
  return guard([&] {
    const Tokenizer &tokenizer = getTokenizer(model);
    requirePointer(text, "text");
    if (count > 0)
      requirePointer(ids, "ids");
    for (size_t i = 0; i < count; ++i)
      requireId(*model, ids[i]);
    model->decoded = tokenizer.decode(std::vector<int32_t>(ids, ids + count));
    handOut(model->decoded, text, size);
  });
}

dlavm_status dlavm_prompt_text(dlavm_model *model, const char *text) {
  return guard([&] {
    getTokenizer(model);
    requirePointer(text, "text");
    setPrompt(*model, encode(model, text, /*addSpecial=*/true));
  });
}

dlavm_status dlavm_get_text(dlavm_model *model, int finish, const char **text,
                            size_t *size) {
  return guard([&] {
    getTokenizer(model);
    requirePointer(text, "text");
    require(model->answer != nullptr,
            "there is no answer; call dlavm_prompt first");
    Answer &answer = *model->answer;
    model->piece.clear();
    const auto add = [&](const std::string &added) {
      if (!answer.stop.hasFound())
        model->piece += answer.stop.add(added);
    };
    for (; answer.streamed < model->ids.size(); ++answer.streamed)
      if (const int32_t id = model->ids[answer.streamed];
          !dlavm_is_end(model, id))
        add(answer.stream->add(id));
    if (finish || dlavm_get_finish(model) != DLAVM_GOES_ON) {
      add(answer.stream->finish());
      if (!answer.stop.hasFound())
        model->piece += answer.stop.finish();
    }
    handOut(model->piece, text, size);
  });
}
