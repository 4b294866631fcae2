//===- Eval.cpp - dlavm eval ----------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Session/Session.h"
#include "DLAVM/Support/Half.h"
#include "DLAVM/Support/ProgressLine.h"
#include "DLAVM/Support/Threads.h"
#include "DLAVM/Tool/Tool.h"
#include "Diagnostics.h"
#include "Errors.h"
#include "OpenWeights.h"
#include "OpenedDevice.h"
#include "OpenedModel.h"
#include "Predictions.h"
#include "TokenFile.h"

#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace dlavm;
using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::formatv;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// From what relative error of its hidden states on a layer is said to part.
constexpr double kParted = 0.1;

/// What a call computes: the logits of all its tokens, and the hidden states
/// that each layer yields.
struct Prediction {
  int64_t vocabulary = 0;
  std::vector<double> logits;
  std::vector<std::vector<double>> layers;
};

/// How far two series of numbers are apart.
struct Distance {
  double squaredErrors = 0, squares = 0;

  void add(ArrayRef<double> values, ArrayRef<double> exact) {
    for (auto [value, wanted] : llvm::zip_equal(values, exact)) {
      squaredErrors += (value - wanted) * (value - wanted);
      squares += wanted * wanted;
    }
  }
  double getRelative() const {
    return squares == 0 ? 0 : std::sqrt(squaredErrors / squares);
  }
};

/// One way to compute the model, and how it does.
struct Variant {
  std::string name;
  /// Null where the driver runs on a device.
  std::unique_ptr<Interpreter> interpreter;
  /// Sums over all predicted tokens: negative log likelihoods, and
  /// Kullback-Leibler divergences from the first variant.
  double loss = 0, divergence = 0;
  /// How far the hidden states of each layer are from those of the variant
  /// before; empty for a device.
  std::vector<Distance> layers = {};
};

class Evaluation {
public:
  explicit Evaluation(const EvalCommand &command)
      : command(command), diagnostics(context) {
    mlir::DialectRegistry registry;
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    context.printOpOnDiagnostic(false);
  }

  Error load();
  Error run();
  void print() const;

private:
  /// A checkpoint, its model, and the variant of it in FP64.
  struct Opened {
    Checkpoint *checkpoint;
    mlir::ModuleOp imported, named;
  };
  Expected<Opened> addFP64(const Twine &name, StringRef path);
  /// A clone of it that is interpreted.
  Expected<mlir::ModuleOp> prepare(mlir::ModuleOp imported,
                                   const DeviceInfo *device);
  Error add(const Twine &name, mlir::ModuleOp module, TensorSource &tensors,
            InterpreterOptions options);
  /// The ids that a driver yields, if its vocabulary has more.
  std::optional<int64_t> getUsableIds() const {
    return plan && plan->plan.packed ? plan->plan.packed->usableIds
                                     : std::nullopt;
  }
  Error checkUsable() const;
  Error addCheckpoint();
  Error openPlan();
  Error addDriver();
  Error addDevice();
  Expected<Prediction> callDevice(ArrayRef<int32_t> ids, int64_t past);
  Expected<Prediction> call(Variant &variant, ArrayRef<int32_t> ids,
                            int64_t past);
  Error evaluate(ArrayRef<int32_t> ids, int64_t first, int64_t count);
  void printLayers() const;

  const EvalCommand &command;
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  Diagnostics diagnostics;
  TokenFile file;
  std::vector<std::unique_ptr<Checkpoint>> checkpoints;
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::optional<OpenedPlan> plan;
  std::optional<OpenedModel> driverModel;
  std::optional<OpenedDriver> driver;
  std::optional<OpenedDevice> device;
  /// The largest context that all variants have.
  int64_t maxTokens = std::numeric_limits<int64_t>::max();
  std::vector<Variant> variants;
  int64_t numPredicted = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// The variants
//===----------------------------------------------------------------------===//

/// What has been said already.
static Error reported() { return createStringError(""); }

Expected<mlir::ModuleOp> Evaluation::prepare(mlir::ModuleOp imported,
                                             const DeviceInfo *device) {
  modules.emplace_back(imported.clone());
  if (failed(prepareForInterpreter(*modules.back(), device)))
    return reported();
  return *modules.back();
}

Error Evaluation::add(const Twine &name, mlir::ModuleOp module,
                      TensorSource &tensors, InterpreterOptions options) {
  options.keepsAllTokens = true;
  options.usableIds = getUsableIds();
  mlir::FailureOr<std::unique_ptr<Interpreter>> interpreter =
      Interpreter::create(module, tensors, options);
  if (failed(interpreter))
    return reported();
  maxTokens = std::min(maxTokens, *llm::getMaxTokens(module));
  variants.push_back({name.str(), std::move(*interpreter)});
  return Error::success();
}

Expected<Evaluation::Opened> Evaluation::addFP64(const Twine &name,
                                                 StringRef path) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = openWeights(path);
  if (!checkpoint)
    return checkpoint.takeError();
  checkpoints.push_back(std::move(*checkpoint));
  // A window beyond the tokens of this run is none.
  ImportOptions options;
  options.contextLimit = file.getLongest();
  options.checkpoint = checkpoints.back().get();
  options.ignoredTensors = command.ignoredTensors;
  modules.push_back(importModel(path, options, context));
  if (!modules.back())
    return reported();
  const mlir::ModuleOp imported = *modules.back();
  Expected<mlir::ModuleOp> named = prepare(imported, nullptr);
  if (!named)
    return named.takeError();
  if (Error error =
          add(name, *named, *options.checkpoint, {Arithmetic::FP64, nullptr}))
    return error;
  return Opened{options.checkpoint, imported, *named};
}

Error Evaluation::addCheckpoint() {
  if (!command.on.empty())
    return createStringError("--on runs a driver, but " + command.model +
                             " is a checkpoint; give a directory that dlavm "
                             "compile and dlavm pack wrote");
  const DeviceInfo *device = nullptr;
  if (!command.device.empty()) {
    const DeviceRegistry &devices = DeviceRegistry::instance();
    device = devices.lookup(command.device);
    if (!device)
      return createStringError(devices.explainMissing(command.device));
  }
  Expected<Opened> opened = addFP64("fp64", command.model);
  if (!opened)
    return opened.takeError();
  const ScaleChoice scale = command.scaleChoice.value_or(ScaleChoice::AbsMax);
  if (Error error = add("int4", opened->named, *opened->checkpoint,
                        {Arithmetic::FP64INT4, nullptr, scale}))
    return error;
  if (!device)
    return Error::success();
  Expected<mlir::ModuleOp> lowered = prepare(opened->imported, device);
  if (!lowered)
    return lowered.takeError();
  return add(command.device, *lowered, *opened->checkpoint,
             {Arithmetic::Device, device, scale});
}

Error Evaluation::openPlan() {
  if (!command.device.empty())
    return createStringError("--device is the device of a checkpoint; that of "
                             "the driver in " +
                             command.model + " is known");
  if (command.scaleChoice)
    return createStringError("--scale says how the weights of a checkpoint are "
                             "rounded; dlavm pack has rounded those in " +
                             command.model);
  Expected<OpenedPlan> opened = OpenedPlan::open(command.model);
  if (!opened)
    return opened.takeError();
  plan.emplace(std::move(*opened));
  return Error::success();
}

Error Evaluation::addDriver() {
  Expected<const DeviceInfo *> device = findDevice(plan->plan);
  if (!device)
    return device.takeError();
  Expected<OpenedModel> model =
      OpenedModel::openPacked(command.model, plan->plan, **device);
  if (!model)
    return model.takeError();
  driverModel.emplace(std::move(*model));
  auto addPacked = [&](const Twine &name, InterpreterOptions options) {
    options.isRounded = true;
    return add(name, driverModel->getModule(), driverModel->getTensors(),
               options);
  };
  if (Error error = addPacked("int4", {Arithmetic::FP64INT4, nullptr}))
    return error;
  if (Error error = addPacked(plan->plan.device, {Arithmetic::Device, *device}))
    return error;
  return command.on.empty() ? Error::success() : addDevice();
}

/// The driver itself, where --on says.
Error Evaluation::addDevice() {
  if (llvm::none_of(plan->plan.functions, [](const HostFunction &function) {
        return function.kind == "output" && function.lastTokenOnly;
      }))
    return createStringError("the driver in " + command.model +
                             " yields no logits, so --on cannot evaluate it");
  Expected<OpenedDriver> opened = OpenedDriver::open(command.model, *plan);
  if (!opened)
    return opened.takeError();
  driver.emplace(std::move(*opened));
  Expected<OpenedDevice> found = OpenedDevice::open(
      command.on, *driver, {/*sanitize=*/false, command.threads});
  if (!found)
    return found.takeError();
  device.emplace(std::move(*found));
  if (llvm::Error error = device->requireReading("eval"))
    return error;
  variants.push_back({command.on, nullptr});
  return device->load(*driver, driver->plan, command.model);
}

Error Evaluation::load() {
  Expected<TokenFile> read = TokenFile::read(command.input, command.model);
  if (!read)
    return read.takeError();
  file = std::move(*read);
  llvm::SmallString<128> planFile(command.model);
  llvm::sys::path::append(planFile, "plan.json");
  const bool isDriver = llvm::sys::fs::exists(planFile);
  if (isDriver)
    if (Error error = openPlan())
      return error;
  if (!command.reference.empty()) {
    if (Expected<Opened> opened = addFP64("reference", command.reference);
        !opened)
      return opened.takeError();
  }
  if (Error error = isDriver ? addDriver() : addCheckpoint())
    return error;
  for (Variant &variant : variants) {
    // That of the driver is the same.
    if (!variant.interpreter)
      continue;
    // What is not packed is no mistake of the file.
    if (Expected<MapValue> none = variant.interpreter->embed({}); !none)
      return none.takeError();
    if (Error error = file.check(2, maxTokens, *variant.interpreter))
      return error;
  }
  return checkUsable();
}

Error Evaluation::checkUsable() const {
  const std::optional<int64_t> usableIds = getUsableIds();
  if (!usableIds)
    return Error::success();
  for (const TokenFile::Sequence &sequence : file.sequences)
    for (int32_t id : sequence.ids)
      if (id >= *usableIds)
        return file.fail(sequence, "token " + Twine(id) +
                                       " is none of the tokenizer, whose ids "
                                       "are 0 to " +
                                       Twine(*usableIds - 1) +
                                       ", so the driver never yields it");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Running them side by side
//===----------------------------------------------------------------------===//

/// One token after the other: a driver yields the logits of the last token of a
/// call.
Expected<Prediction> Evaluation::callDevice(ArrayRef<int32_t> ids,
                                            int64_t past) {
  Prediction call;
  for (int32_t id : ids) {
    Expected<std::vector<uint16_t>> row =
        driver->library->readEmbeddings(command.model, id);
    if (!row)
      return row.takeError();
    Expected<CallResult> result =
        device->call(*driver, *row, /*seq=*/1, past, device->get());
    if (!result)
      return result.takeError();
    if (ArrayRef<Finding> findings = device->get().getFindings();
        !findings.empty())
      return createStringError(command.on + ": " + findings.front().message);
    call.vocabulary = result->logits.size();
    for (uint16_t code : result->logits)
      call.logits.push_back(halfToDouble(code));
    if (Error error = checkLogits(
            ArrayRef(call.logits).take_back(call.vocabulary), past++))
      return createStringError(command.on + ": " +
                               llvm::toString(std::move(error)));
  }
  return call;
}

Expected<Prediction> Evaluation::call(Variant &variant, ArrayRef<int32_t> ids,
                                      int64_t past) {
  if (!variant.interpreter)
    return callDevice(ids, past);
  Expected<MapValue> input = variant.interpreter->embed(ids);
  if (!input)
    return input.takeError();
  Prediction call;
  std::string problem;
  const int64_t end = past + static_cast<int64_t>(ids.size());
  Expected<Interpreter::Result> result = variant.interpreter->run(
      *input, past, [&](int64_t layer, StringRef name, const MapValue &value) {
        if (problem.empty())
          problem = describeBeyondRange(layer, name, value, end);
        if (layer < 0)
          return;
        // A layer ends with the op that yields its hidden states.
        call.layers.resize(std::max<size_t>(call.layers.size(), layer + 1));
        call.layers[layer] = value.values;
      });
  if (!result)
    return result.takeError();
  if (!problem.empty())
    return createStringError(variant.name + ": " + problem);
  call.vocabulary = result->maps.front().channels;
  call.logits = std::move(result->maps.front().values);
  return call;
}

/// Lets all variants predict the tokens after positions \p first to \p first +
/// \p count - 1, whose history they have.
Error Evaluation::evaluate(ArrayRef<int32_t> ids, int64_t first,
                           int64_t count) {
  std::vector<std::vector<double>> expected;
  Prediction before;
  for (Variant &variant : variants) {
    Expected<Prediction> result = call(variant, ids.slice(first, count), first);
    if (!result)
      return result.takeError();
    const bool isFirst = &variant == &variants.front();
    const bool hasLayers = variant.interpreter != nullptr;
    if (!isFirst && hasLayers &&
        (result->vocabulary != before.vocabulary ||
         result->layers.size() != before.layers.size()))
      return createStringError(
          command.reference + " and " + command.model +
          " are different models: one has " + Twine(before.layers.size()) +
          " layers and " + Twine(before.vocabulary) +
          " tokens in its vocabulary, the other " +
          Twine(result->layers.size()) + " and " + Twine(result->vocabulary));
    for (int64_t i = 0; i < count; ++i) {
      std::vector<double> found = getLogProbabilities(
          ArrayRef(result->logits)
              .slice(i * result->vocabulary, result->vocabulary));
      variant.loss -= found[ids[first + i + 1]];
      if (isFirst)
        expected.push_back(std::move(found));
      else
        for (auto [p, q] : llvm::zip_equal(expected[i], found))
          variant.divergence += std::exp(p) * (p - q);
    }
    if (!isFirst && hasLayers) {
      variant.layers.resize(result->layers.size());
      for (auto [distance, values, exact] :
           llvm::zip_equal(variant.layers, result->layers, before.layers))
        distance.add(values, exact);
    }
    before = std::move(*result);
  }
  return Error::success();
}

Error Evaluation::run() {
  // The logits of so many tokens fit the memory, whatever the vocabulary.
  constexpr int64_t kCallTokens = 128;
  int64_t total = 0;
  for (const TokenFile::Sequence &sequence : file.sequences)
    total += static_cast<int64_t>(sequence.ids.size()) - 1;
  ProgressLine progress("evaluating", total, Twine(total) + " tokens");
  for (const TokenFile::Sequence &sequence : file.sequences) {
    const int64_t size = static_cast<int64_t>(sequence.ids.size()) - 1;
    for (int64_t first = 0; first < size; first += kCallTokens) {
      const int64_t count = std::min(kCallTokens, size - first);
      if (Error error = evaluate(sequence.ids, first, count))
        return file.fail(sequence, llvm::toString(std::move(error)));
      numPredicted += count;
      progress.update(numPredicted);
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// What it prints
//===----------------------------------------------------------------------===//

/// Where the variants part, so that one sees whether rounding, the device or
/// neither is at fault.
void Evaluation::printLayers() const {
  llvm::outs() << "\nrelative error of the hidden states after each layer:\n";
  for (size_t i = 1; i < variants.size(); ++i) {
    const Variant &variant = variants[i];
    if (!variant.interpreter)
      continue;
    const auto isParted = [](const Distance &distance) {
      return !(distance.getRelative() < kParted);
    };
    const auto first = llvm::find_if(variant.layers, isParted);
    llvm::outs() << variant.name << " beside " << variants[i - 1].name << ": ";
    if (first == variant.layers.end())
      llvm::outs() << "below " << formatv("{0:P0}", kParted) << " everywhere\n";
    else
      llvm::outs() << "from " << formatv("{0:P0}", kParted) << " on in layer "
                   << first - variant.layers.begin() << "\n";
    if (command.layers)
      for (auto [layer, distance] : llvm::enumerate(variant.layers))
        llvm::outs() << formatv("  layer {0,-4} {1,10:P4}\n", layer,
                                distance.getRelative());
  }
}

void Evaluation::print() const {
  size_t width = 20;
  for (const Variant &variant : variants)
    width = std::max(width, variant.name.size());
  auto printName = [&](StringRef name) {
    llvm::outs() << llvm::left_justify(name, width);
  };
  llvm::outs() << formatv("{0} tokens predicted, in {1} sequences\n\n",
                          numPredicted, file.sequences.size());
  printName("");
  llvm::outs() << formatv(" {0,12} {1,12} {2,12}\n", "mean NLL", "perplexity",
                          "mean KL");
  for (const Variant &variant : variants) {
    const auto count = static_cast<double>(numPredicted);
    const double loss = variant.loss / count;
    printName(variant.name);
    llvm::outs() << formatv(" {0,12:F6} {1,12:F4}", loss, std::exp(loss));
    if (&variant != &variants.front())
      llvm::outs() << formatv(" {0,12:F6}", variant.divergence / count);
    llvm::outs() << "\n";
  }
  if (variants.size() > 1)
    printLayers();
}

int dlavm::runEval(const EvalCommand &command) {
  limitParallelism(command.threads);
  Evaluation evaluation(command);
  Error error = evaluation.load();
  if (!error)
    error = evaluation.run();
  if (error) {
    const std::string message = llvm::toString(std::move(error));
    // Diagnostics have been printed already.
    return message.empty() ? 1 : reportError(message);
  }
  evaluation.print();
  return 0;
}
