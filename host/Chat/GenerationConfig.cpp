//===- GenerationConfig.cpp - generation_config.json ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/GenerationConfig.h"

#include "host/Tokenizer/GGUFMetadata.h"
#include "host/Tokenizer/JSONValue.h"

#include <sstream>

using namespace dlavm::host;
using dlavm::Error;

static SamplingOptions readSampling(const JSONValue &file,
                                    const SamplingOptions &otherwise) {
  SamplingOptions sampling = otherwise;
  const auto read = [&](const char *key, double &value) {
    const std::optional<JSONValue> found = file.find(key);
    if (found && !found->get().is_number())
      found->expect("a number");
    if (found)
      value = found->get().get<double>();
    return found.has_value();
  };
  bool chooses = file.getBool("do_sample", false);
  chooses |= read("top_p", sampling.topP);
  chooses |= read("min_p", sampling.minP);
  if (const std::optional<JSONValue> found = file.find("top_k")) {
    chooses = true;
    // Some write -1 for all.
    sampling.topK = found->get() == -1 ? 0 : found->asIndex();
  }
  read("repetition_penalty", sampling.repetitionPenalty);
  const bool hasTemperature = read("temperature", sampling.temperature);
  if (!file.getBool("do_sample", true))
    sampling.temperature = 0;
  else if (chooses && !hasTemperature)
    sampling.temperature = 1;
  try {
    Sampler(sampling, 0);
  } catch (const Error &error) {
    file.fail(error.what());
  }
  return sampling;
}

GenerationConfig GenerationConfig::read(const std::string &directory,
                                        const std::string &choice,
                                        const SamplingOptions &otherwise) {
  GenerationConfig config{otherwise, ""};
  if (choice == "none" || (choice.empty() && GGUFMetadata::isGGUF(directory)))
    return config;
  const std::string path =
      choice.empty() ? joinPath(directory, "generation_config.json") : choice;
  const std::optional<std::string> text =
      choice.empty() ? readFileIfThere(path) : readFile(path);
  if (!text)
    return config;
  const nlohmann::json json = parseJSON(path, *text);
  config.sampling = readSampling(JSONValue(json, path), otherwise);
  if (describeSampling(config.sampling) != describeSampling(otherwise))
    config.file = path;
  return config;
}

std::string dlavm::host::describeSampling(const SamplingOptions &options) {
  std::ostringstream text;
  const auto add = [&](const char *name, double value, double otherwise) {
    if (value != otherwise)
      text << (text.tellp() > 0 ? ", " : "") << name << ' ' << value;
  };
  add("temperature", options.temperature, 0);
  // Nothing is chosen without.
  if (options.temperature != 0) {
    add("top-k", options.topK, 0);
    add("top-p", options.topP, 1);
    add("min-p", options.minP, 0);
  }
  add("repetition penalty", options.repetitionPenalty, 1);
  add("presence penalty", options.presencePenalty, 0);
  add("frequency penalty", options.frequencyPenalty, 0);
  const std::string described = text.str();
  return options.temperature == 0
             ? described.empty() ? "greedy" : "greedy, " + described
             : described;
}
