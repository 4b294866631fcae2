//===- Quantize.cpp - dlavm quantize --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Quantize/QuantizeModel.h"
#include "DLAVM/Quantize/WriteCheckpoint.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"
#include "DLAVM/Support/OutputDirectory.h"
#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Support/ProgressLine.h"
#include "DLAVM/Support/Threads.h"
#include "DLAVM/Tool/Tool.h"
#include "Diagnostics.h"
#include "Errors.h"
#include "OpenWeights.h"
#include "TokenFile.h"

#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <chrono>

using namespace dlavm;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;
using Clock = std::chrono::steady_clock;

static constexpr llvm::StringLiteral kTensorFile = "model.safetensors";
static constexpr llvm::StringLiteral kConfigFile = "config.json";

namespace {

class Quantization {
public:
  explicit Quantization(const QuantizeCommand &command)
      : command(command), diagnostics(context) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.printOpOnDiagnostic(false);
  }

  Error run();

private:
  Error load();
  Error checkTokens();
  std::vector<std::string> findOtherModules();
  Error stage(OutputDirectory &output);
  Error writeTensors(llvm::raw_fd_ostream &os,
                     const QuantizedCheckpoint &quantized);
  std::string getInput(StringRef name) const;

  const QuantizeCommand &command;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  Diagnostics diagnostics;
  TokenFile calibration;
  std::unique_ptr<Checkpoint> checkpoint;
  llvm::json::Object config;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<std::string> tensors;
};

} // namespace

std::string Quantization::getInput(StringRef name) const {
  llvm::SmallString<128> path(command.checkpoint);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

/// The files beside the weights that a model needs: how text becomes tokens,
/// and how tokens are chosen.
static std::vector<std::string> findOtherFiles(StringRef directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(directory, error), end;
       it != end && !error; it.increment(error)) {
    const StringRef name = llvm::sys::path::filename(it->path());
    const auto startsName = [&](StringRef prefix) {
      return name.starts_with(prefix);
    };
    constexpr llvm::StringLiteral prefixes[] = {"tokenizer",
                                                "generation_config.json",
                                                "special_tokens_map.json",
                                                "added_tokens.json",
                                                "chat_template",
                                                "vocab",
                                                "merges.txt"};
    if (llvm::any_of(prefixes, startsName) &&
        llvm::sys::fs::is_regular_file(it->path()))
      names.push_back(name.str());
  }
  llvm::sort(names);
  return names;
}

/// Fails where the directory has a checkpoint that was not made here: half of
/// it would be replaced.
static Error checkOtherCheckpoint(const OutputDirectory &output) {
  auto refuse = [&](const Twine &what) {
    return createStringError(output.getPath() + " has " + what +
                             " of another checkpoint; remove it, or choose "
                             "another directory");
  };
  std::error_code error;
  for (llvm::sys::fs::directory_iterator it(output.getPath(), error), end;
       it != end && !error; it.increment(error)) {
    const StringRef name = llvm::sys::path::filename(it->path());
    if ((name.ends_with(".safetensors") && name != kTensorFile) ||
        name.ends_with(".safetensors.index.json"))
      return refuse("'" + name + "'");
  }
  Expected<std::optional<llvm::json::Object>> config =
      readOptionalJSONFile(output.getPlace(kConfigFile));
  if (!config)
    return config.takeError();
  const llvm::json::Object *present =
      *config ? (*config)->getObject("quantization_config") : nullptr;
  if (*config && (!present || present->getString("format").value_or("") !=
                                  "pack-quantized"))
    return refuse("'config.json'");
  return Error::success();
}

/// The linear layers that stay as they are, as config.json names them.
std::vector<std::string> Quantization::findOtherModules() {
  std::vector<std::string> names;
  module->walk([&](llm::ParameterOp op) {
    const ParameterInfo info = llm::getParameterInfo(op);
    StringRef name = info.tensor;
    if (info.isNormalized && name.consume_back(".weight"))
      names.push_back(name.str());
  });
  return names;
}

Error Quantization::checkTokens() {
  mlir::FailureOr<std::unique_ptr<Interpreter>> interpreter =
      Interpreter::create(*module, *checkpoint, {});
  if (failed(interpreter))
    return createStringError("the model cannot be interpreted");
  return calibration.check(1, *llm::getMaxTokens(*module), **interpreter);
}

Error Quantization::load() {
  Expected<TokenFile> read = TokenFile::read(command.calibration, command.checkpoint);
  if (!read)
    return read.takeError();
  calibration = std::move(*read);
  if (llvm::sys::fs::is_regular_file(command.checkpoint))
    return createStringError(
        command.checkpoint +
        " is a file; dlavm quantize takes a directory with config.json and "
        "*.safetensors in floating point");
  if (Error error = openWeights(command.checkpoint).moveInto(checkpoint))
    return error;
  if (Error error = readJSONFile(getInput(kConfigFile)).moveInto(config))
    return error;
  // A window beyond the calibration is none here.
  ImportOptions options;
  options.contextLimit = calibration.getLongest();
  options.checkpoint = checkpoint.get();
  options.ignoredTensors = command.ignoredTensors;
  module = importModel(command.checkpoint, options, context);
  // Diagnostics have been printed.
  if (!module)
    return createStringError("");
  if (Error error = checkTokens())
    return error;
  tensors = getLinearTensors(*module);
  for (const std::string &name : tensors) {
    Expected<std::shared_ptr<const Tensor>> tensor =
        checkpoint->getTensor(name);
    if (!tensor)
      return tensor.takeError();
    if ((*tensor)->hasCodes())
      return createStringError(command.checkpoint +
                               " is quantized already; quantize the "
                               "checkpoint that it was made from");
  }
  return Error::success();
}

Error Quantization::writeTensors(llvm::raw_fd_ostream &os,
                                 const QuantizedCheckpoint &quantized) {
  quantized.begin(os);
  std::vector<std::vector<int32_t>> sequences;
  for (const TokenFile::Sequence &sequence : calibration.sequences)
    sequences.push_back(sequence.ids);
  std::unique_ptr<ProgressLine> line;
  QuantizeModelOptions options;
  options.progress = [&](int64_t done, int64_t total) {
    if (!line)
      line = std::make_unique<ProgressLine>(
          "quantizing", total, Twine(tensors.size()) + " matrices");
    line->update(done);
  };
  return quantizeModel(*module, *checkpoint, sequences, options,
                       [&](StringRef name, const QuantizedMatrix &matrix) {
                         quantized.write(os, name, matrix);
                         // A full disk ends what may take long.
                         return os.has_error()
                                    ? createStringError(os.error().message())
                                    : Error::success();
                       });
}

Error Quantization::stage(OutputDirectory &output) {
  const std::vector<std::string> others = findOtherFiles(command.checkpoint);
  std::vector<std::string> places = {output.getPlace(kTensorFile),
                                     output.getPlace(kConfigFile)};
  for (const std::string &name : others)
    places.push_back(output.getPlace(name));
  std::vector<std::string> inputs =
      Checkpoint::getInputFiles(command.checkpoint);
  inputs.push_back(command.calibration.getFile());
  if (Error error = checkOutputs(places, inputs))
    return error;
  if (Error error = checkOtherCheckpoint(output))
    return error;

  auto embedding = (*module)->getAttrOfType<mlir::FlatSymbolRefAttr>(
      llm::LLMDialect::getEmbeddingAttrName());
  const ParameterInfo info =
      llm::getParameterInfo(mlir::SymbolTable(*module).lookup<llm::ParameterOp>(
          embedding.getValue()));
  Expected<QuantizedCheckpoint> quantized =
      QuantizedCheckpoint::create(*checkpoint, tensors, info.tensor);
  if (!quantized)
    return quantized.takeError();
  Error problem = Error::success();
  Error error = output.write(kTensorFile, [&](llvm::raw_fd_ostream &os) {
    problem =
        llvm::joinErrors(std::move(problem), writeTensors(os, *quantized));
  });
  // What went wrong first says why the file was not written.
  if (problem) {
    llvm::consumeError(std::move(error));
    return problem;
  }
  if (error)
    return error;
  for (const std::string &name : others) {
    Expected<std::unique_ptr<llvm::MemoryBuffer>> file =
        openBinaryFile(getInput(name));
    if (!file)
      return file.takeError();
    if (Error failed = output.write(name, (*file)->getBuffer()))
      return failed;
  }
  return output.write(
      kConfigFile, makeQuantizedConfig(std::move(config), findOtherModules()));
}

Error Quantization::run() {
  if (Error error = recoverOutputs(command.checkpoint))
    return error;
  if (Error error = load())
    return error;
  Expected<OutputDirectory> output =
      OutputDirectory::open(command.outputDirectory);
  if (!output)
    return output.takeError();
  if (Error error = stage(*output))
    return error;
  return output->commit();
}

int dlavm::runQuantize(const QuantizeCommand &command) {
  const Clock::time_point begin = Clock::now();
  limitParallelism(command.threads);
  Quantization quantization(command);
  if (Error error = quantization.run()) {
    const std::string message = llvm::toString(std::move(error));
    return message.empty() ? 1 : reportError(message);
  }
  const double seconds =
      std::chrono::duration<double>(Clock::now() - begin).count();
  llvm::outs() << llvm::formatv("quantized in {0:F1} s\n", seconds);
  return 0;
}
