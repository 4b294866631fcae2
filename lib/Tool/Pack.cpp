//===- Pack.cpp - dlavm pack ----------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckCheckpoint.h"
#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "OpenedDriver.h"
#include "ShowProgress.h"
#include "host/Chat/ChatFiles.h"
#include "host/Tokenizer/TokenizerFiles.h"

#include "llvm/Support/FormatVariadic.h"

#include <chrono>

using namespace dlavm;
using namespace llvm;
using Clock = std::chrono::steady_clock;

/// The object with the scales and biases of the logits that llm.argmax takes;
/// null where they are not all that decides about those of an id.
static const PlanObject *findLogits(mlir::ModuleOp module,
                                    const DriverPlan &plan) {
  llm::LinearOp logits;
  module.walk([&](llm::ArgmaxOp op) {
    logits = op.getInput().getDefiningOp<llm::LinearOp>();
  });
  if (!logits || !logits.getScale() || logits.getResidual() || logits.getRelu())
    return nullptr;
  const std::vector<std::string> from = {logits.getScale()->str(),
                                         logits.getBias()->str()};
  const PlanObject *found = nullptr;
  for (const PlanObject &object : plan.objects) {
    if (none_of(object.from, [&](const std::string &name) {
          return is_contained(from, name);
        }))
      continue;
    if (found || object.from != from)
      return nullptr;
    found = &object;
  }
  return found;
}

/// The files of the tokenizer go along, so that the checkpoint is not needed
/// any more, and ids that it does not have never win.
static Error addTokenizer(const PackCommand &command, mlir::ModuleOp module,
                          const DriverPlan &plan, PackOptions &options) {
  host::TokenizerFiles tokenizer =
      host::collectTokenizerFiles(command.checkpoint);
  if (tokenizer.damage.empty())
    tokenizer.damage = host::findDamage(command.checkpoint);
  if (!tokenizer.damage.empty())
    return createStringError(tokenizer.damage +
                             "; nothing is packed, as chat and serve would "
                             "not take it: mend the file, or remove it");
  if (!tokenizer.problem.empty())
    WithColor::note(errs())
        << "the driver gets token ids only: " << tokenizer.problem << "\n";
  const PlanObject *logits = findLogits(module, plan);
  if (logits && tokenizer.size > 0 && tokenizer.size < logits->shape.front())
    options.usableIds = {logits->name, tokenizer.size};
  for (host::TokenizerFiles::File &file : tokenizer.files)
    options.texts.emplace_back(std::move(file.name), std::move(file.content));
  options.formerTexts = host::getTokenizerFileNames();
  for (std::string &source : tokenizer.sources)
    options.inputs.push_back(std::move(source));
  return Error::success();
}

static Expected<PackedDirectory> pack(const PackCommand &command) {
  PackOptions options;
  if (command.scale == "search")
    options.scaleChoice = ScaleChoice::Search;
  else if (command.scale != "absmax")
    return createStringError("--scale=" + command.scale +
                             " is no way to choose scales; write absmax or "
                             "search");
  if (command.requantize != "always" && command.requantize != "never")
    return createStringError("--requantize=" + command.requantize +
                             " is no way to treat codes; write always or "
                             "never");
  options.fitsAnew = command.requantize == "always";
  options.isStrict = command.strict;
  options.threads = command.threads;
  options.progress = showPacking();
  // Nobody else changes the plan meanwhile.
  Expected<OutputDirectory> output = OutputDirectory::open(command.directory);
  if (!output)
    return output.takeError();
  Expected<DriverPlan> plan = DriverPlan::read(command.directory);
  if (!plan)
    return plan.takeError();
  Expected<const DeviceInfo *> device = findDevice(*plan);
  if (!device)
    return device.takeError();
  Expected<std::unique_ptr<Checkpoint>> checkpoint =
      Checkpoint::open(command.checkpoint);
  if (!checkpoint)
    return checkpoint.takeError();
  // Nothing is read from the model, but what it is decides what the tensors
  // mean.
  Expected<OpenedModel> model =
      OpenedModel::open(command.directory, *plan, /*tensors=*/nullptr);
  if (!model)
    return model.takeError();
  if (Error error = checkCheckpoint(command.checkpoint, command.ignoredTensors,
                                    **checkpoint, *model, *plan))
    return error;
  Expected<std::vector<int32_t>> endTokens = readEndTokens(command.checkpoint);
  if (!endTokens)
    return endTokens.takeError();
  options.endTokens = std::move(*endTokens);
  options.inputs = Checkpoint::getInputFiles(command.checkpoint);
  if (Error error = addTokenizer(command, model->getModule(), *plan, options))
    return error;
  return packDirectory(*output, *plan, **device, **checkpoint, options);
}

int dlavm::runPack(const PackCommand &command) {
  const Clock::time_point begin = Clock::now();
  Expected<PackedDirectory> packed = pack(command);
  if (!packed)
    return reportError(packed.takeError());
  const double seconds =
      std::chrono::duration<double>(Clock::now() - begin).count();
  const std::string loss = packed->report.describeLoss();
  if (!loss.empty())
    WithColor::warning(errs())
        << loss << "; " << kReportFile << " has the numbers\n";
  const double megabytes = static_cast<double>(packed->bytes) / 1e6;
  outs() << printReport(packed->report, command.scale == "search"
                                            ? ScaleChoice::Search
                                            : ScaleChoice::AbsMax)
         << formatv("\n{0} files, {1} bytes, in {2:F2} s ({3:F0} MB/s)\n",
                    packed->files, packed->bytes, seconds, megabytes / seconds);
  return 0;
}
