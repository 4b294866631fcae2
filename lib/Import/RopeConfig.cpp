//===- RopeConfig.cpp - Rotary embeddings of Llama and its kin ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Config.h"

using namespace mlir;
using namespace dlavm;

static LogicalResult expectWholeRotation(const ConfigReader &reader) {
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

/// The keys of Llama 3.1's scaling in \p scaling.
static LogicalResult readLlama3Scaling(const ConfigReader &scaling,
                                       ModelConfig &config) {
  RopeScaling found;
  if (failed(scaling.readNumber("factor", found.factor)) ||
      failed(scaling.readNumber("low_freq_factor", found.lowFrequencyFactor)) ||
      failed(
          scaling.readNumber("high_freq_factor", found.highFrequencyFactor)) ||
      failed(scaling.readSize("original_max_position_embeddings",
                              found.originalContext)))
    return failure();
  if (found.lowFrequencyFactor >= found.highFrequencyFactor)
    return scaling.emitError("low_freq_factor")
           << "must be below 'high_freq_factor', found "
           << ConfigReader::print(*scaling.find("low_freq_factor")) << " and "
           << ConfigReader::print(*scaling.find("high_freq_factor"));
  config.ropeScaling = found;
  return success();
}

/// Reads the base; where another object had it before, both must be equal.
static LogicalResult readTheta(const ConfigReader &reader,
                               std::optional<double> &theta) {
  double found = theta.value_or(0);
  if (failed(reader.readOptionalNumber("rope_theta", found)))
    return failure();
  if (theta && found != *theta)
    return reader.emitError("rope_theta")
           << "is " << ConfigReader::print(found)
           << ", but another 'rope_theta' is " << ConfigReader::print(*theta)
           << "; remove the one that is wrong";
  if (reader.find("rope_theta"))
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

/// Reads the object \p key, which names the kind of rotary embedding in
/// 'rope_type', "default" where that is absent unless \p isTypeNeeded, and has
/// the numbers of that kind beside it.
static LogicalResult readParameters(const ConfigReader &reader, StringRef key,
                                    bool isTypeNeeded,
                                    std::optional<double> &theta,
                                    ModelConfig &config) {
  if (!reader.find(key))
    return success();
  FailureOr<ConfigReader> parameters = reader.readOptionalObject(key);
  if (failed(parameters) || failed(expectWholeRotation(*parameters)) ||
      failed(readTheta(*parameters, theta)))
    return failure();
  // The oldest checkpoints say 'type'.
  StringRef typeKey = parameters->find("type") && !parameters->find("rope_type")
                          ? "type"
                          : "rope_type";
  std::string type = "default";
  if (failed(isTypeNeeded ? parameters->readString(typeKey, type)
                          : parameters->readOptionalString(typeKey, type)))
    return failure();
  if (type == "default")
    return expectNothingElse(*parameters);
  // The base grows beyond the context that the model was trained with, which is
  // all of it here; positions divided by 1 are what they are.
  double factor = 1;
  if ((type == "dynamic" || type == "linear") &&
      failed(parameters->readOptionalNumber("factor", factor)))
    return failure();
  if (type == "dynamic" || (type == "linear" && factor == 1))
    return expectNothingElse(*parameters);
  if (type == "llama3" && config.ropeScaling)
    return reader.emitError(key) << "is of type \"llama3\", but so is "
                                    "'rope_scaling'; remove one of them";
  if (type == "llama3")
    return success(succeeded(readLlama3Scaling(*parameters, config)) &&
                   succeeded(expectNothingElse(*parameters)));
  return parameters->emitError(typeKey)
         << "must be \"default\" or \"llama3\", found \"" << type
         << "\": other scaled rotary embeddings are not supported";
}

LogicalResult dlavm::readLlamaRope(const ConfigReader &reader,
                                   ModelConfig &config) {
  config.rotary = config.headDim;
  // Checkpoints saved by Transformers 5 have everything in 'rope_parameters',
  // older ones the base in a key of its own and the rest in 'rope_scaling'.
  std::optional<double> theta;
  if (failed(expectWholeRotation(reader)) || failed(readTheta(reader, theta)) ||
      failed(readParameters(reader, "rope_scaling", /*isTypeNeeded=*/true,
                            theta, config)) ||
      failed(readParameters(reader, "rope_parameters",
                            /*isTypeNeeded=*/false, theta, config)))
    return failure();
  config.theta = theta.value_or(config.theta);
  return success();
}
