//===- RopeConfig.cpp - Rotary embeddings of Llama and its kin ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Architecture.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace dlavm;

/// How much of a head \p reader says is rotated.
static LogicalResult readPart(const ConfigReader &reader, StringRef key,
                              double &part) {
  if (!key.empty())
    return reader.readOptionalNumber(key, part);
  double factor = 1;
  if (failed(reader.readOptionalNumber("partial_rotary_factor", factor)))
    return failure();
  if (factor == 1)
    return success();
  return reader.emitError("partial_rotary_factor")
         << "must be 1 or absent, found "
         << ConfigReader::print(*reader.find("partial_rotary_factor"))
         << ": models that rotate a part of each head are not supported";
}

/// Reads a list of \p count positive numbers.
static LogicalResult readNumbers(const ConfigReader &reader, StringRef key,
                                 int64_t count, std::vector<double> &numbers) {
  const llvm::json::Value *value = reader.find(key);
  const llvm::json::Array *array = value ? value->getAsArray() : nullptr;
  if (array && static_cast<int64_t>(array->size()) == count)
    for (const llvm::json::Value &element : *array)
      if (std::optional<double> number = element.getAsNumber();
          number && std::isfinite(*number) && *number > 0)
        numbers.push_back(*number);
  if (static_cast<int64_t>(numbers.size()) == count)
    return success();
  InFlightDiagnostic error = reader.emitError(key)
                             << "must be a list of " << count
                             << " positive numbers, one for each pair of "
                                "channels that is rotated, found ";
  return value ? error << ConfigReader::print(*value) : error << "no such key";
}

//===----------------------------------------------------------------------===//
// Kinds of scaling
//===----------------------------------------------------------------------===//

/// The angle per position of pair \p pair.
static double getFrequency(const ModelConfig &config, int64_t pair) {
  return std::pow(config.theta, -2 * static_cast<double>(pair) /
                                    static_cast<double>(config.rotary));
}

/// All positions are divided by a factor.
static LogicalResult readLinear(const ConfigReader &scaling,
                                ModelConfig &config) {
  double factor = 1;
  if (failed(scaling.readNumber("factor", factor)))
    return failure();
  config.ropeDivisors.assign(config.rotary / 2, factor);
  return success();
}

/// The base grows beyond the context that the model was trained with, which is
/// all of it here.
static LogicalResult readDynamic(const ConfigReader &scaling,
                                 ModelConfig &config) {
  double factor = 1;
  return scaling.readOptionalNumber("factor", factor);
}

/// Llama 3.1: pairs that turn less often than the low factor says, within the
/// context of the first training, are slowed down, those above the high one are
/// not.
static LogicalResult readLlama3(const ConfigReader &scaling,
                                ModelConfig &config) {
  double factor = 1, low = 1, high = 1;
  int64_t context = 1;
  if (failed(scaling.readNumber("factor", factor)) ||
      failed(scaling.readNumber("low_freq_factor", low)) ||
      failed(scaling.readNumber("high_freq_factor", high)) ||
      failed(scaling.readSize("original_max_position_embeddings", context)))
    return failure();
  if (low >= high)
    return scaling.emitError("low_freq_factor")
           << "must be below 'high_freq_factor', found "
           << ConfigReader::print(*scaling.find("low_freq_factor")) << " and "
           << ConfigReader::print(*scaling.find("high_freq_factor"));
  for (int64_t pair = 0; pair < config.rotary / 2; ++pair) {
    const double turns = static_cast<double>(context) *
                         getFrequency(config, pair) / (2 * llvm::numbers::pi);
    const double share = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    config.ropeDivisors.push_back(share == 1 ? 1
                                  : share == 0
                                      ? factor
                                      : 1 / ((1 - share) / factor + share));
  }
  return success();
}

/// Refuses a factor that Transformers ignores, and others do not.
static LogicalResult refuseOtherFactor(const ConfigReader &scaling,
                                       const ModelConfig &config) {
  // Only with a "dynamic" kind of it does this change anything.
  (void)scaling.find("finetuned");
  double factor = 1;
  if (failed(scaling.readOptionalNumber("attn_factor", factor)))
    return failure();
  if (factor == 1)
    return success();
  return scaling.emitError("attn_factor")
         << "is " << ConfigReader::print(*scaling.find("attn_factor"))
         << ", which Transformers ignores, while others multiply cosines and "
            "sines with it. Remove it to have the model of Transformers, or "
            "put \"attention_factor\": "
         << ConfigReader::print(factor * config.ropeAttentionFactor)
         << " in its place to have theirs";
}

/// As Transformers 5 reads it. Pairs up to one that turns `beta_fast` times
/// within the original context are left as they are, those from one that turns
/// `beta_slow` times on are slowed down.
static LogicalResult readYaRN(const ConfigReader &scaling,
                              ModelConfig &config) {
  double factor = 1, fast = 32, slow = 1, scale = 1, scaleOfAll = 1;
  int64_t context = config.context;
  bool isTruncated = true;
  if (failed(scaling.readNumber("factor", factor)) ||
      failed(scaling.readOptionalNumber("beta_fast", fast)) ||
      failed(scaling.readOptionalNumber("beta_slow", slow)) ||
      failed(scaling.readOptionalNumber("mscale", scale)) ||
      failed(scaling.readOptionalNumber("mscale_all_dim", scaleOfAll)) ||
      failed(scaling.readOptionalFlag("truncate", isTruncated)) ||
      failed(scaling.readOptionalSize("original_max_position_embeddings",
                                      context)))
    return failure();
  auto getAttentionFactor = [&](double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * std::log(factor) + 1;
  };
  config.ropeAttentionFactor =
      scaling.find("mscale") && scaling.find("mscale_all_dim")
          ? getAttentionFactor(scale) / getAttentionFactor(scaleOfAll)
          : getAttentionFactor(1);
  if (failed(scaling.readOptionalNumber("attention_factor",
                                        config.ropeAttentionFactor)) ||
      failed(refuseOtherFactor(scaling, config)))
    return failure();
  if (config.theta <= 1)
    return scaling.emitError()
           << "the base of the rotary embedding is " << config.theta
           << ", but \"yarn\" needs one above 1";

  const auto rotary = static_cast<double>(config.rotary);
  // The pair, perhaps between two, that turns so often.
  auto getPair = [&](double turns) {
    return rotary *
           std::log(static_cast<double>(context) /
                    (turns * 2 * llvm::numbers::pi)) /
           (2 * std::log(config.theta));
  };
  double first = getPair(fast), last = getPair(slow);
  if (isTruncated) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, rotary - 1);
  if (first == last)
    last += 0.001;
  for (int64_t pair = 0; pair < config.rotary / 2; ++pair) {
    const double slowed = std::clamp(
        (static_cast<double>(pair) - first) / (last - first), 0.0, 1.0);
    config.ropeDivisors.push_back(1 / (slowed / factor + (1 - slowed)));
  }
  return success();
}

/// The context of the first training, inside of \p scaling or outside.
static LogicalResult readOriginalContext(const ConfigReader &reader,
                                         const ConfigReader &scaling,
                                         StringRef object,
                                         ContextLimit &limit) {
  constexpr StringLiteral key = "original_max_position_embeddings";
  const bool isOutside = reader.find(key), isInside = scaling.find(key);
  limit.key = isInside ? (object + "." + key).str() : key.str();
  limit.isDefault = !isInside && !isOutside;
  if (failed(reader.readOptionalSize(key, limit.tokens)))
    return failure();
  const int64_t outside = limit.tokens;
  if (failed(scaling.readOptionalSize(key, limit.tokens)))
    return failure();
  if (!isOutside || outside == limit.tokens)
    return success();
  return scaling.emitError(key)
         << "is " << limit.tokens << ", but '" << key << "' outside is "
         << outside << "; remove the one that is wrong";
}

/// Each pair has divisors of its own, the long ones beyond the original
/// context. The attention factor is that of the whole context within it, too.
static LogicalResult readLongRope(const ConfigReader &reader,
                                  const ConfigReader &scaling, StringRef object,
                                  int64_t originalContext,
                                  ModelConfig &config) {
  std::vector<double> longDivisors;
  ContextLimit limit;
  limit.tokens = originalContext ? originalContext : config.context;
  limit.reason = "other divisors of \"longrope\" beyond the original context "
                 "are not supported";
  limit.range = "it";
  if (failed(readNumbers(scaling, "short_factor", config.rotary / 2,
                         config.ropeDivisors)) ||
      failed(readNumbers(scaling, "long_factor", config.rotary / 2,
                         longDivisors)) ||
      failed(readOriginalContext(reader, scaling, object, limit)))
    return failure();
  const double ratio =
      static_cast<double>(config.context) / static_cast<double>(limit.tokens);
  double factor = ratio;
  if (failed(scaling.readOptionalNumber("factor", factor)))
    return failure();
  if (factor != ratio)
    return scaling.emitError("factor")
           << "is " << ConfigReader::print(*scaling.find("factor"))
           << ", but 'max_position_embeddings' is " << config.context
           << " and the original context " << limit.tokens
           << "; remove the one that is wrong";
  if (factor > 1)
    config.ropeAttentionFactor = std::sqrt(
        1 + std::log(factor) / std::log(static_cast<double>(limit.tokens)));
  if (longDivisors != config.ropeDivisors)
    config.contextLimits.push_back(limit);
  return scaling.readOptionalNumber("attention_factor",
                                    config.ropeAttentionFactor);
}

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

/// Reads the base; where another object had it before, both must be equal.
static LogicalResult readTheta(const ConfigReader &reader, StringRef key,
                               std::optional<double> &theta) {
  double found = theta.value_or(0);
  if (key.empty() || !reader.find(key))
    return success();
  if (failed(reader.readNumber(key, found)))
    return failure();
  if (theta && found != *theta)
    return reader.emitError(key)
           << "is " << ConfigReader::print(found) << ", but another '" << key
           << "' is " << ConfigReader::print(*theta)
           << "; remove the one that is wrong";
  theta = found;
  return success();
}

/// What nobody has read of a rotary embedding would make it another one.
static LogicalResult expectNothingElse(const ConfigReader &parameters) {
  for (StringRef key : parameters.getUnreadKeys()) {
    const llvm::json::Value *value = parameters.find(key);
    if (!value)
      continue;
    InFlightDiagnostic error = parameters.emitError(key)
                               << "is " << ConfigReader::print(*value)
                               << ", which is not supported";
    if (value->getAsObject())
      error << ": rotary embeddings that differ from layer to layer";
    else
      error << " for this kind of rotary embedding";
    return error;
  }
  return success();
}

namespace {
/// The object that says how a rotary embedding is scaled, where it is, and the
/// first kind that a configuration names, with the key of its object.
struct RopeScaling {
  std::optional<ConfigReader> object;
  StringRef key;
  std::string kind;
};
} // namespace

/// Reads the kind in 'rope_type' of the object \p key, "default" where that is
/// absent unless \p isTypeNeeded, the base, and what \p keys want.
static LogicalResult readParameters(const ConfigReader &reader, StringRef key,
                                    bool isTypeNeeded, const RopeKeys &keys,
                                    std::optional<double> &theta, double &part,
                                    RopeScaling &scaling) {
  if (!reader.find(key))
    return success();
  FailureOr<ConfigReader> parameters = reader.readOptionalObject(key);
  if (failed(parameters) ||
      failed(readPart(*parameters, keys.part.name, part)) ||
      failed(readTheta(*parameters, keys.theta.name, theta)))
    return failure();
  // The oldest checkpoints say 'type'.
  StringRef typeKey = parameters->find("type") && !parameters->find("rope_type")
                          ? "type"
                          : "rope_type";
  std::string kind = "default";
  if (failed(isTypeNeeded ? parameters->readString(typeKey, kind)
                          : parameters->readOptionalString(typeKey, kind)))
    return failure();
  const bool isNamed = parameters->find(typeKey);
  const bool isScaled = kind != "default";
  if (isNamed && !scaling.key.empty() && (isScaled || scaling.object))
    return reader.emitError(key)
           << "is of type \"" << kind << "\", but "
           << (kind == scaling.kind
                   ? "so is '" + scaling.key + "'"
                   : "'" + scaling.key + "' is \"" + scaling.kind + "\"")
           << "; remove one of them";
  if (isNamed)
    scaling = {std::nullopt, key, kind};
  if (!isScaled)
    return expectNothingElse(*parameters);
  scaling.object = *parameters;
  return success();
}

/// Reads the numbers of the kind of \p scaling.
static LogicalResult readScaling(const ConfigReader &reader,
                                 const RopeScaling &scaling,
                                 int64_t originalContext, ModelConfig &config) {
  const ConfigReader &object = *scaling.object;
  if (scaling.kind == "longrope" || scaling.kind == "su")
    return readLongRope(reader, object, scaling.key, originalContext, config);
  using Read = LogicalResult (*)(const ConfigReader &, ModelConfig &);
  auto read = llvm::StringSwitch<Read>(scaling.kind)
                  .Case("dynamic", readDynamic)
                  .Case("linear", readLinear)
                  .Case("llama3", readLlama3)
                  .Case("yarn", readYaRN)
                  .Default(nullptr);
  if (read)
    return read(object, config);
  return object.emitError(object.find("rope_type") ? "rope_type" : "type")
         << "is \"" << scaling.kind
         << "\", which is not supported; supported are \"default\", "
            "\"dynamic\", \"linear\", \"llama3\", \"longrope\" and \"yarn\"";
}

/// Rounds down, as Python does.
static LogicalResult setRotary(const ConfigReader &reader, const RopeKeys &keys,
                               double part, ModelConfig &config) {
  const double channels = part * static_cast<double>(config.headDim);
  config.rotary = part <= 1 ? static_cast<int64_t>(channels) : 0;
  if (config.rotary >= 2 && config.rotary % 2 == 0)
    return success();
  // Of whole heads, and the parts that no key says, the reader of heads knows.
  return reader.emitError(keys.part.name)
         << "is " << ConfigReader::print(part)
         << (reader.find(keys.part.name) ? "" : " by default")
         << ", but of the " << config.headDim
         << " channels of a head an even number must be rotated, from 2 to all";
}

LogicalResult dlavm::readRope(const ConfigReader &reader, const RopeKeys &keys,
                              ModelConfig &config) {
  std::optional<double> theta;
  double part = keys.part.absent;
  RopeScaling scaling;
  if (failed(readTheta(reader, keys.theta.name, theta)) ||
      failed(readPart(reader, keys.part.name, part)))
    return failure();
  // Checkpoints saved by Transformers 5 have everything in 'rope_parameters',
  // older ones the base in a key of its own and the rest in 'rope_scaling'.
  if (keys.isScalable &&
      (failed(readParameters(reader, "rope_scaling", /*isTypeNeeded=*/true,
                             keys, theta, part, scaling)) ||
       failed(readParameters(reader, "rope_parameters", /*isTypeNeeded=*/false,
                             keys, theta, part, scaling))))
    return failure();
  config.ropeStyle = keys.style;
  config.theta = theta.value_or(keys.theta.absent);
  if (failed(setRotary(reader, keys, part, config)))
    return failure();
  if (!scaling.object)
    return success();
  if (failed(readScaling(reader, scaling, keys.originalContext, config)))
    return failure();
  if (llvm::all_of(config.ropeDivisors,
                   [](double divisor) { return divisor == 1; }))
    config.ropeDivisors.clear();
  return expectNothingElse(*scaling.object);
}
