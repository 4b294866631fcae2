//===- GGUFRope.cpp - The rotary embedding of a GGUF file -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFConfig.h"

#include "DLAVM/Support/JSON.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

Error GGUFTranslation::readRope() {
  const json::Value *dimensions = find("rope.dimension_count");
  const int64_t rotary =
      dimensions ? dimensions->getAsInteger().value_or(0) : headDim;
  if (architecture->modelType == "chatglm") {
    if (rotary != headDim / 2)
      return fail("'{0}.rope.dimension_count' must be {1}, half the channels "
                  "of a head, found {2}",
                  architecture->name, headDim / 2, printJSON(dimensions));
  } else if ((isGLM() || rotary != headDim) && headDim > 0) {
    // The classes have different defaults, and round the product down.
    const auto channels = static_cast<double>(headDim);
    double part = static_cast<double>(rotary) / channels;
    if (part * channels < static_cast<double>(rotary))
      part = std::nextafter(part, HUGE_VAL);
    config["partial_rotary_factor"] = part;
  }
  return readScaling();
}

Error GGUFTranslation::readScaling() {
  if (architecture->modelType == "phi3")
    return readLongRope();
  if (const GGUFTensorInfo *divisors = content.findTensor("rope_freqs.weight"))
    return readLlama3Divisors(*divisors);

  const json::Value *type = find("rope.scaling.type");
  const json::Value *factor = find("rope.scaling.factor");
  // Its old name.
  if (const json::Value *old = find("rope.scale_linear"); old && !factor)
    factor = old;
  StringRef kind = type ? type->getAsString().value_or("") : "linear";
  if (kind != "none" && kind != "linear" && kind != "yarn")
    return fail("'{0}.rope.scaling.type' must be \"none\", \"linear\" or "
                "\"yarn\", found {1}: other scaled rotary embeddings are not "
                "supported",
                architecture->name, printJSON(type));
  if (kind == "none" || !factor || factor->getAsNumber() == 0.0)
    return Error::success();
  json::Object scaling{{"rope_type", kind.str()}, {"factor", *factor}};
  if (kind == "yarn")
    for (const auto &[here, there] :
         {GGUFNames{"rope.scaling.original_context_length",
                    "original_max_position_embeddings"},
          GGUFNames{"rope.scaling.yarn_beta_fast", "beta_fast"},
          GGUFNames{"rope.scaling.yarn_beta_slow", "beta_slow"}})
      if (const json::Value *value = find(here))
        scaling[there] = *value;
  config["rope_scaling"] = std::move(scaling);
  return Error::success();
}

Expected<std::vector<double>>
GGUFTranslation::readDivisors(const GGUFTensorInfo &tensor) {
  if (tensor.shape.size() != 1 || tensor.encoding->name != "F32")
    return fail("the tensor '{0}' must be a vector of F32, found {1} of shape "
                "{2}",
                tensor.name, tensor.encoding->name, printShape(tensor.shape));
  std::vector<float> values(tensor.shape[0]);
  tensor.encoding->decodeFloats(tensor.bytes.data(), values.size(),
                                values.data());
  tables.insert(tensor.name);
  std::vector<double> divisors;
  for (float value : values)
    divisors.push_back(getShortestDecimal(value));
  return divisors;
}

/// The divisor of Llama 3 for a pair that turns once in \p wavelength tokens.
static double getLlama3Divisor(double wavelength, double factor, double low,
                               double high, double context) {
  if (wavelength < context / high)
    return 1;
  if (wavelength > context / low)
    return factor;
  const double smooth = (context / wavelength - low) / (high - low);
  return 1 / ((1 - smooth) / factor + smooth);
}

/// The file has divisors, rounded, in place of the numbers they come from. All
/// known models have the same, but for the factor and the original context.
Error GGUFTranslation::readLlama3Divisors(const GGUFTensorInfo &tensor) {
  constexpr double low = 1, high = 4;
  Expected<std::vector<double>> divisors = readDivisors(tensor);
  if (!divisors)
    return divisors.takeError();
  if (static_cast<int64_t>(divisors->size()) != headDim / 2)
    return fail("the tensor '{0}' has {1} elements, but a head has {2} rotary "
                "pairs",
                tensor.name, divisors->size(), headDim / 2);
  const json::Value *base = find("rope.freq_base");
  const double theta = base ? base->getAsNumber().value_or(0) : 10000;
  const double factor = divisors->empty() ? 1 : divisors->back();
  auto isOfContext = [&](int64_t context) {
    return all_of(enumerate(*divisors), [&](const auto &it) {
      const double wavelength =
          2 * M_PI *
          std::pow(theta, static_cast<double>(it.index()) /
                              static_cast<double>(divisors->size()));
      const double expected =
          getLlama3Divisor(wavelength, factor, low, high, context);
      return std::abs(it.value() - expected) <= 1e-5 * expected;
    });
  };
  constexpr int64_t longest = 1 << 20;
  int64_t context = factor > 1 ? 1 : longest + 1;
  while (context <= longest && !isOfContext(context))
    context *= 2;
  if (context <= longest)
    config["rope_scaling"] =
        json::Object{{"rope_type", "llama3"},
                     {"factor", factor},
                     {"low_freq_factor", low},
                     {"high_freq_factor", high},
                     {"original_max_position_embeddings", context}};
  else
    // Divisors as they are, in the kind of scaling that has some.
    config["rope_scaling"] = json::Object{
        {"rope_type", "longrope"},
        {"short_factor", *divisors},
        {"long_factor", *divisors},
        {"attention_factor", 1.0},
        {"original_max_position_embeddings", *find("context_length")}};
  return Error::success();
}

/// Divisors within the original context and beyond it.
Error GGUFTranslation::readLongRope() {
  const json::Value *type = find("rope.scaling.type");
  if (type && type->getAsString() != "longrope" &&
      type->getAsString() != "none")
    return fail("'{0}.rope.scaling.type' must be \"longrope\" or \"none\", "
                "found {1}",
                architecture->name, printJSON(type));
  const json::Value *original = find("rope.scaling.original_context_length");
  if (original)
    config["original_max_position_embeddings"] = *original;
  json::Object scaling{{"rope_type", "longrope"}};
  for (const auto &[here, there] :
       {GGUFNames{"rope_factors_short.weight", "short_factor"},
        GGUFNames{"rope_factors_long.weight", "long_factor"}})
    if (const GGUFTensorInfo *tensor = content.findTensor(here)) {
      Expected<std::vector<double>> divisors = readDivisors(*tensor);
      if (!divisors)
        return divisors.takeError();
      scaling[there] = *divisors;
    }
  if (scaling.size() == 1)
    return Error::success();
  // The class computes the factor; what the file has is that, rounded.
  if (const json::Value *found = find("rope.scaling.attn_factor")) {
    const double factor = found->getAsNumber().value_or(0);
    const auto context = static_cast<double>(getInteger("context_length"));
    const auto trained = static_cast<double>(
        original ? original->getAsInteger().value_or(0) : 0);
    const double expected =
        context > trained
            ? std::sqrt(1 + std::log(context / trained) / std::log(trained))
            : 1;
    if (!(std::abs(factor - expected) <= 1e-6 * expected))
      scaling["attention_factor"] = *found;
  }
  config["rope_scaling"] = std::move(scaling);
  return Error::success();
}
