//===- Import.cpp - Hugging Face configurations into llm ------------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Import/Import.h"
#include "CheckQuantization.h"
#include "CheckTensors.h"
#include "ModelBuilder.h"

#include "DLAVM/Checkpoint/GGUFModel.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "DLAVM/Support/CppNames.h"
#include "DLAVM/Support/JSON.h"
#include "DLAVM/Support/OutputDirectory.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace dlavm;
namespace sys = llvm::sys;

/// What to do with the adapter (LoRA) of a model.
static void describeAdapter(StringRef file, InFlightDiagnostic &error) {
  error << ", but this is an adapter";
  llvm::Expected<llvm::json::Object> config = readJSONFile(file);
  if (!config)
    llvm::consumeError(config.takeError());
  else if (auto base = config->getString("base_model_name_or_path"))
    error << " of " << *base;
  error << ": merge it into the model, as merge_and_unload() of PEFT does, and "
           "save that";
}

/// The file that \p path names, itself or as its directory.
static FailureOr<std::string> getFile(StringRef path, MLIRContext &context) {
  if (!sys::fs::is_directory(path))
    return path.str();
  if (llvm::Error error = recoverOutputs(path))
    return emitError(UnknownLoc::get(&context)) << toString(std::move(error));
  SmallString<128> file(path);
  sys::path::append(file, "config.json");
  if (sys::fs::exists(file))
    return file.str().str();
  InFlightDiagnostic error = emitError(UnknownLoc::get(&context));
  error << path
        << ": has no config.json; expected the directory of a Hugging "
           "Face model"
        << GGUFModel::explainDirectory(path);
  SmallString<128> adapter(path);
  sys::path::append(adapter, "adapter_config.json");
  if (sys::fs::exists(adapter))
    describeAdapter(adapter, error);
  return error;
}

/// The name of the model in \p directory. In the cache of the hub it is three
/// levels up: models--ORG--NAME/snapshots/REVISION.
static StringRef getDirectoryName(StringRef directory) {
  StringRef snapshots = sys::path::parent_path(directory);
  if (sys::path::filename(snapshots) == "snapshots") {
    StringRef repository =
        sys::path::filename(sys::path::parent_path(snapshots));
    if (repository.consume_front("models--")) {
      const auto [organization, name] = repository.split("--");
      return name.empty() ? organization : name;
    }
  }
  return sys::path::filename(directory);
}

/// The stem of \p file, or its directory's name if it is config.json.
static std::string getFileName(StringRef file) {
  if (sys::path::filename(file) != "config.json")
    return sys::path::stem(file).str();
  SmallString<128> absolute(file);
  // A failure leaves the path relative, which still has a name.
  (void)sys::fs::make_absolute(absolute);
  sys::path::remove_dots(absolute, /*remove_dot_dot=*/true);
  sys::path::remove_filename(absolute);
  return getDirectoryName(absolute).str();
}

/// \p name as an identifier that a driver can have for its namespace.
static std::string getModelName(StringRef name) {
  // Underscores in front or in a row are not for programs.
  std::string identifier;
  for (char c : name)
    if (llvm::isAlnum(c))
      identifier += c;
    else if (!identifier.empty() && identifier.back() != '_')
      identifier += '_';
  if (identifier.empty())
    return "model";
  // The header of a driver lies beside dlavm_runtime.h.
  if (llvm::isDigit(identifier.front()) || isReservedWord(identifier) ||
      isCLibraryName(identifier) || identifier == "dlavm_runtime")
    identifier.insert(0, "model_");
  return identifier;
}

/// Reads the configuration in \p file, and replaces \p name where that has a
/// better one.
static FailureOr<ConfigReader> openConfig(StringRef file, MLIRContext &context,
                                          std::string &name) {
  if (!GGUFModel::isModel(file))
    return ConfigReader::open(file, context);
  llvm::Expected<GGUFModel> model = GGUFModel::open(file);
  if (!model)
    return emitError(UnknownLoc::get(&context))
           << llvm::toString(model.takeError());
  if (!model->name.empty())
    name = model->name;
  return ConfigReader::create(std::move(model->config), file, context);
}

/// Restricts the model to what \p options ask for.
static LogicalResult applyOptions(const ConfigReader &reader,
                                  const ImportOptions &options,
                                  ModelConfig &config) {
  if (options.layers) {
    if (*options.layers < 1 || *options.layers > config.layers)
      return reader.emitError()
             << "the model has " << config.layers
             << " layers, so --layers must be from 1 to " << config.layers
             << ", found " << *options.layers;
    config.layers = *options.layers;
  }
  if (options.maxTokens) {
    if (*options.maxTokens < 1 || *options.maxTokens > config.context)
      return reader.emitError()
             << "the model has a context of " << config.context
             << " tokens, so --max-tokens must be from 1 to " << config.context
             << ", found " << *options.maxTokens;
    config.context = *options.maxTokens;
  }
  if (options.contextLimit)
    config.context = std::min(config.context, *options.contextLimit);
  for (const ContextLimit &limit : config.contextLimits)
    if (limit.tokens < config.context)
      return reader.emitError(limit.key)
             << "is " << limit.tokens
             << (limit.isDefault ? " where it is absent" : "")
             << ", less than the context of " << config.context
             << " tokens: " << limit.reason << "; a context of " << limit.tokens
             << " tokens, as --max-tokens of dlavm compile makes it, is within "
             << limit.range;
  return success();
}

/// Checks the tensors of \p directory, if it has any, against the module of
/// \p config; the model has \p layers.
static LogicalResult checkDirectory(StringRef directory,
                                    const ImportOptions &options,
                                    ModuleOp module, const ModelConfig &config,
                                    int64_t layers) {
  LeftOut leftOut(config.layerPrefix, layers, config.predictionLayers);
  if (failed(leftOut.ignore(module, options.ignoredTensors)))
    return failure();
  if (options.checkpoint)
    return checkTensors(*options.checkpoint, module, layers, leftOut);
  if (!Checkpoint::hasTensors(directory))
    return success();
  auto refuse = [&](llvm::Error error) {
    return mlir::emitError(UnknownLoc::get(module.getContext()))
           << llvm::toString(std::move(error));
  };
  // The packer takes them with the tensors.
  if (auto endTokens = readEndTokens(directory); !endTokens)
    return refuse(endTokens.takeError());
  auto checkpoint = Checkpoint::open(directory);
  if (!checkpoint)
    return refuse(checkpoint.takeError());
  return checkTensors(**checkpoint, module, layers, leftOut);
}

OwningOpRef<ModuleOp> dlavm::importModel(StringRef path,
                                         const ImportOptions &options,
                                         MLIRContext &context) {
  FailureOr<std::string> file = getFile(path, context);
  if (failed(file))
    return nullptr;
  std::string name = getFileName(*file);
  FailureOr<ConfigReader> reader = openConfig(*file, context, name);
  if (failed(reader))
    return nullptr;
  FailureOr<ModelConfig> config = readModelConfig(*reader);
  if (failed(config))
    return nullptr;
  // A checkpoint reads it itself.
  if (!options.checkpoint && !Checkpoint::hasTensors(path) &&
      failed(checkQuantization(*reader)))
    return nullptr;
  const int64_t layers = config->layers;
  if (failed(applyOptions(*reader, options, *config)))
    return nullptr;
  OwningOpRef<ModuleOp> module =
      ModelBuilder(*config, *file, context).build(getModelName(name), layers);
  if (failed(verify(*module)) ||
      failed(checkDirectory(path, options, *module, *config, layers)))
    return nullptr;
  return module;
}
