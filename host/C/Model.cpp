//===- Model.cpp - The C interface ----------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/C/dlavm.h"

#include "host/Device/SimulatorKind.h"
#include "host/Driver/OpenedDirectory.h"
#include "host/Session/Session.h"

#include <algorithm>
#include <optional>

using namespace dlavm::host;
using dlavm::Error;

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

  /// The text of the answer, where there is a tokenizer, and how many of the
  /// ids it has or need not have.
  std::optional<TextStream> stream;
  size_t streamed = 0;
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
// Conversations
//===----------------------------------------------------------------------===//

dlavm_status dlavm_prompt(dlavm_model *model, const int32_t *ids,
                          size_t count) {
  return guard([&] {
    requirePointer(model, "model");
    requirePointer(ids, "ids");
    require(count > 0, "a conversation has at least one token, found none");
    for (size_t i = 0; i < count; ++i)
      requireId(*model, ids[i]);
    if (count > static_cast<size_t>(model->opened.maxTokens))
      throw Refusal{DLAVM_CONTEXT_FULL,
                    "a conversation of " + std::to_string(count) +
                        " tokens exceeds the context of " +
                        std::to_string(model->opened.maxTokens) + " tokens"};
    model->ids.assign(ids, ids + count);
    model->hasAnswer = false;
    model->streamed = count;
    if (model->opened.tokenizer)
      model->stream.emplace(*model->opened.tokenizer);
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

dlavm_status dlavm_read_logits(dlavm_model *model, float *logits,
                               size_t count) {
  return guard([&] {
    requirePointer(model, "model");
    requirePointer(logits, "logits");
    require(model->hasAnswer, "there are no logits before dlavm_next");
    const auto size =
        static_cast<size_t>(model->opened.model->getVocabularySize());
    require(count == size, "there are " + std::to_string(size) +
                               " logits, not " + std::to_string(count));
    std::vector<float> read;
    model->opened.model->readLogits(read);
    std::copy(read.begin(), read.end(), logits);
  });
}

dlavm_status dlavm_choose(dlavm_model *model, int32_t id) {
  return guard([&] {
    requirePointer(model, "model");
    require(model->hasAnswer && model->streamed < model->ids.size(),
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

static void encode(dlavm_model *model, const char *text, bool addSpecial) {
  EncodeOptions options;
  options.addSpecial = addSpecial;
  model->encoded = getTokenizer(model).encode(text, options);
}

dlavm_status dlavm_encode(dlavm_model *model, const char *text, int add_special,
                          const int32_t **ids, size_t *count) {
  return guard([&] {
    getTokenizer(model);
    requirePointer(text, "text");
    requirePointer(ids, "ids");
    requirePointer(count, "count");
    encode(model, text, add_special != 0);
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
  const dlavm_status status = guard([&] {
    getTokenizer(model);
    requirePointer(text, "text");
    encode(model, text, /*addSpecial=*/true);
  });
  if (status != DLAVM_OK)
    return status;
  return dlavm_prompt(model, model->encoded.data(), model->encoded.size());
}

dlavm_status dlavm_get_text(dlavm_model *model, int finish, const char **text,
                            size_t *size) {
  return guard([&] {
    getTokenizer(model);
    requirePointer(text, "text");
    require(model->stream.has_value(),
            "there is no answer; call dlavm_prompt first");
    model->piece.clear();
    for (; model->streamed < model->ids.size(); ++model->streamed)
      model->piece += model->stream->add(model->ids[model->streamed]);
    if (finish)
      model->piece += model->stream->finish();
    handOut(model->piece, text, size);
  });
}
