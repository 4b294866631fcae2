//===- dlavm.h - Models on boards, for C ------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The library libdlavm.so. In short:
//
//     dlavm_model *model;
//     if (dlavm_open("driver", "xdma:/dev/xdma0", &model) || dlavm_load(model))
//     {
//       fprintf(stderr, "%s\n", dlavm_get_error());
//       return 1;
//     }
//     dlavm_prompt_text(model, "Once upon a time");
//     while (!dlavm_get_finish(model))
//     {
//       int32_t id;
//       const char *text;
//       if (dlavm_next(model, &id) || dlavm_get_text(model, 0, &text, NULL))
//         break;
//       fputs(text, stdout);
//     }
//     dlavm_close(model);
//
// Where there is no tokenizer, dlavm_prompt takes ids, and dlavm_next has them.
//
// A model is used by one thread at a time; several models by several threads.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_H
#define DLAVM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A driver on a device, and a conversation.
typedef struct dlavm_model dlavm_model;

typedef enum dlavm_status {
  DLAVM_OK = 0,
  /// A file, the driver, the compiler or the device; the message says which.
  DLAVM_FAILED = 1,
  /// The call is wrong: a null pointer, an id that there is not, an order in
  /// which functions mean nothing.
  DLAVM_INVALID = 2,
  /// The conversation is as long as the driver's largest context.
  DLAVM_CONTEXT_FULL = 3,
  DLAVM_OUT_OF_MEMORY = 4
} dlavm_status;

/// The version of the library, "0.1.0".
const char *dlavm_get_version(void);

/// What went wrong in the last call of this thread that did not return
/// DLAVM_OK; until the next such call. Never null.
const char *dlavm_get_error(void);

/// Compiles the driver of \p directory, which dlavm compile wrote, with the
/// system's C++ compiler, or takes it from the cache, and opens the device that
/// \p on names, as the option --on of dlavm-host does: "simulator",
/// "xdma:/dev/xdma0". Sets \p model, to null if it fails.
dlavm_status dlavm_open(const char *directory, const char *on,
                        dlavm_model **model);

/// Writes the parameters, which dlavm pack put into the directory, to the
/// device. Only a device that has them still can do without.
dlavm_status dlavm_load(dlavm_model *model);

/// Null is no model and nothing happens.
void dlavm_close(dlavm_model *model);

/// The name of the model, until it is closed.
const char *dlavm_get_name(const dlavm_model *model);
/// The largest context, in tokens.
int32_t dlavm_get_max_tokens(const dlavm_model *model);
/// Ids are 0 to one less.
int32_t dlavm_get_vocabulary(const dlavm_model *model);

/// How tokens are chosen, and when an answer ends; dlavm_init_options fills it
/// in. Later versions of the library may know more members, behind these: size
/// says which ones the program knows.
typedef struct dlavm_options {
  /// sizeof(dlavm_options), in bytes.
  size_t size;
  /// Logits are divided by it, 0 to 1000; 0, the default, takes the token with
  /// the largest logit.
  double temperature;
  /// Only the fewest tokens whose probabilities add up to this, 0 to 1; 1 by
  /// default.
  double top_p;
  /// Only tokens at least as probable as this part, 0 to 1, of the most
  /// probable one; 0 by default.
  double min_p;
  /// The logit of each token of the conversation is divided by it where it is
  /// positive, and multiplied where negative, 0.01 to 100; 1 by default.
  double repetition_penalty;
  /// Subtracted from the logit of each token that the answer has, once and for
  /// each time that it is there, -100 to 100; 0 by default.
  double presence_penalty, frequency_penalty;
  /// The same seed gives the same tokens on every machine, for equal logits.
  /// dlavm_init_options takes another one each time.
  uint64_t seed;
  /// Only so many tokens with the largest logits; 0, the default, are all.
  int32_t top_k;
  /// The answer has at most so many tokens; INT32_MAX by default.
  int32_t max_new_tokens;
  /// The answer ends before any of these texts, which are UTF-8 and not empty.
  /// dlavm_set_options copies them.
  const char *const *stop;
  size_t stop_count;
} dlavm_options;

/// Sets all members to their defaults; \p size is sizeof(dlavm_options).
/// DLAVM_INVALID if the library is older than the program, and knows less.
dlavm_status dlavm_init_options(dlavm_options *options, size_t size);

/// The options of all answers from the next dlavm_prompt on; null are the
/// defaults. DLAVM_INVALID if a value is out of its range; DLAVM_FAILED if the
/// driver or the device has no logits to choose by, or there is no tokenizer
/// for stop strings.
dlavm_status dlavm_set_options(dlavm_model *model,
                               const dlavm_options *options);

/// The conversation is these tokens now, at least one. What it has in common
/// with the one before is not computed again.
dlavm_status dlavm_prompt(dlavm_model *model, const int32_t *ids, size_t count);

/// Computes the token that follows, chooses it by the options and appends it to
/// the conversation.
dlavm_status dlavm_next(dlavm_model *model, int32_t *id);

typedef enum dlavm_finish {
  /// The answer goes on.
  DLAVM_GOES_ON = 0,
  /// Its last token ends a text, see dlavm_is_end.
  DLAVM_END_TOKEN = 1,
  /// A stop string followed, as dlavm_get_text found.
  DLAVM_STOP_STRING = 2,
  /// It has as many tokens as the options allow.
  DLAVM_MAX_TOKENS = 3,
  /// The conversation is as long as the largest context.
  DLAVM_NO_ROOM = 4
} dlavm_finish;

/// Whether and why the answer has ended. dlavm_next does not ask.
dlavm_finish dlavm_get_finish(const dlavm_model *model);

/// 1 if the token ends a text, by the model's checkpoint, and 0 if not.
int dlavm_is_end(const dlavm_model *model, int32_t id);

/// Copies the logits that the last token of dlavm_next was chosen from; \p
/// count must be dlavm_get_vocabulary().
dlavm_status dlavm_read_logits(dlavm_model *model, float *logits, size_t count);

/// The same as natural logarithms of probabilities: what the model says, before
/// the options change it.
dlavm_status dlavm_read_logprobs(dlavm_model *model, float *logprobs,
                                 size_t count);

/// The last token of dlavm_next was another one: for programs that choose by
/// the logits themselves.
dlavm_status dlavm_choose(dlavm_model *model, int32_t id);

// Text is UTF-8. These functions fail with DLAVM_FAILED where the directory of
// the driver has no tokenizer. What they hand out is the model's, until the
// next call of the same function.

/// 1 if the directory has a tokenizer, 0 if not.
int dlavm_has_tokenizer(const dlavm_model *model);

/// The ids of a text. Special tokens that are written out in it are taken for
/// such. With \p add_special the tokenizer puts around it what it puts around a
/// text, such as BOS.
dlavm_status dlavm_encode(dlavm_model *model, const char *text, int add_special,
                          const int32_t **ids, size_t *count);

/// The text of tokens, without special ones. It may have null bytes in it; \p
/// size, which may be null, is set to all of its bytes.
dlavm_status dlavm_decode(dlavm_model *model, const int32_t *ids, size_t count,
                          const char **text, size_t *size);

/// dlavm_prompt with the ids of a text, and of what the tokenizer puts around
/// one.
dlavm_status dlavm_prompt_text(dlavm_model *model, const char *text);

/// What the tokens of dlavm_next since the last call add to the text of the
/// answer, without special ones: whole characters only, the first bytes of one
/// wait for the rest, as does what may be the begin of a stop string. When the
/// answer has ended, by dlavm_get_finish or because \p finish says so, nothing
/// waits. Behind a stop string there is no text. \p size may be null.
dlavm_status dlavm_get_text(dlavm_model *model, int finish, const char **text,
                            size_t *size);

#ifdef __cplusplus
}
#endif

#endif // DLAVM_H
