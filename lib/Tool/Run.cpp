//===- Run.cpp - dlavm run ------------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckCheckpoint.h"
#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Compare/Execution.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Support/Half.h"
#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Support/Threads.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "Findings.h"
#include "OpenedDevice.h"
#include "OpenedModel.h"
#include "RunDump.h"
#include "TextTokens.h"
#include "TokenOutput.h"

#include "host/Tokenizer/TokenizerFiles.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

namespace {

/// A driver on the simulator or a card, and beside it the reference.
class RunningDriver : public TokenModel {
public:
  RunningDriver(const RunCommand &command, OpenedDriver &driver,
                std::optional<OpenedModel> model,
                std::optional<OutputDirectory> dumpOutput)
      : command(command), driver(driver), model(std::move(model)),
        dumpOutput(std::move(dumpOutput)) {}

  /// Opens the device.
  llvm::Error open();
  llvm::Error load();
  int64_t getMaxTokens() const override { return driver.plan.maxTokens; }
  Expected<NextToken> call(ArrayRef<int32_t> ids, int64_t past) override;
  /// Writes the memory images if there are to be some.
  llvm::Error commitDump();
  /// Prints what was found, and unless an error ended the session, whether that
  /// is all right; returns false if not.
  Expected<bool> finish(bool isComplete);

private:
  llvm::Error loadReference();
  Expected<CallResult> callDriver(ArrayRef<int32_t> ids, int64_t past);

  const RunCommand &command;
  OpenedDriver &driver;
  std::optional<OpenedDevice> opened;
  ReadableDevice *machine = nullptr;
  std::optional<OpenedModel> model;
  std::optional<Reference> reference;
  std::optional<Comparison> comparison;
  std::optional<OutputDirectory> dumpOutput;
  std::unique_ptr<StartDump> dump;
};

} // namespace

/// The model that the driver is compared with.
static Expected<OpenedModel> openModel(const RunCommand &command,
                                       const DriverPlan &plan,
                                       const DeviceInfo &device) {
  if (command.checkpoint.empty())
    return OpenedModel::openPacked(command.directory, plan, device);
  Expected<std::unique_ptr<Checkpoint>> checkpoint =
      Checkpoint::open(command.checkpoint);
  if (!checkpoint)
    return checkpoint.takeError();
  Checkpoint &tensors = **checkpoint;
  Expected<OpenedModel> model =
      OpenedModel::open(command.directory, plan, std::move(*checkpoint));
  if (!model)
    return model;
  if (llvm::Error error = checkCheckpoint(
          command.checkpoint, command.ignoredTensors, tensors, *model, plan))
    return error;
  return model;
}

/// Fails if an output cannot be written or would be over a file that is read,
/// or nothing is packed.
static llvm::Error checkFiles(const RunCommand &command,
                              const DriverPlan &plan) {
  std::vector<std::string> inputs = getFiles(command.directory, plan);
  if (!command.checkpoint.empty())
    append_range(inputs, Checkpoint::getInputFiles(command.checkpoint));
  for (const std::string &name : host::getTokenizerFileNames()) {
    SmallString<128> path(command.directory);
    sys::path::append(path, name);
    if (sys::fs::exists(path))
      inputs.push_back(path.str().str());
  }
  for (StringRef file :
       {command.logitsFile, command.jsonFile, command.timesFile})
    if (llvm::Error error = checkOutputFile(file))
      return error;
  std::string index;
  if (!command.dumpDirectory.empty())
    index = getDumpIndex(command.dumpDirectory);
  if (llvm::Error error = checkOutputs(
          {command.logitsFile, command.jsonFile, command.timesFile, index},
          inputs))
    return error;
  SmallString<128> checksums(command.directory);
  sys::path::append(checksums, kChecksumFile);
  if (sys::fs::exists(checksums))
    return llvm::Error::success();
  return createStringError(checksums + " does not exist, so " +
                           command.directory +
                           " has no complete set of parameter files; run "
                           "dlavm pack, which writes it");
}

/// Fails if the driver cannot answer the prompts, as far as its plan says that.
static llvm::Error checkPrompts(ArrayRef<std::vector<int32_t>> prompts,
                                const DriverPlan &plan) {
  if (none_of(plan.functions, [](const HostFunction &function) {
        return function.kind == "token";
      }))
    return createStringError("the driver yields no token; compile a model "
                             "that ends in llm.argmax");
  if (const ParameterInfo *embedding = plan.getParameter(plan.embedding))
    for (const std::vector<int32_t> &prompt : prompts)
      for (auto [i, id] : enumerate(prompt))
        if (id >= embedding->shape[0])
          return createStringError("token " + Twine(i) + " has the id " +
                                   Twine(id) +
                                   ", but the ids of this model are 0 to " +
                                   Twine(embedding->shape[0] - 1));
  return checkRoom(prompts.front().size(), 0, plan.maxTokens);
}

llvm::Error RunningDriver::open() {
  Expected<OpenedDevice> device = OpenedDevice::open(
      command.on, driver, {/*sanitize=*/command.compare, command.threads},
      command.timesFile);
  if (!device)
    return device.takeError();
  opened.emplace(std::move(*device));
  machine = &opened->get();
  if (command.compare || !command.logitsFile.empty())
    return opened->requireReading(command.compare ? "--compare" : "--logits");
  return llvm::Error::success();
}

llvm::Error RunningDriver::load() {
  if (llvm::Error error = opened->load(driver, driver.plan, command.directory))
    return error;
  if (model)
    if (llvm::Error error = loadReference())
      return error;
  if (!dumpOutput)
    return llvm::Error::success();
  Expected<std::unique_ptr<StartDump>> created =
      StartDump::create(std::move(*dumpOutput), command.dumped, *driver.device,
                        driver.plan.getRegions(), *opened->getSimulator());
  if (!created)
    return created.takeError();
  dump = std::move(*created);
  return llvm::Error::success();
}

llvm::Error RunningDriver::loadReference() {
  InterpreterOptions options;
  options.arithmetic = command.arithmetic;
  options.device = driver.device;
  if (driver.plan.packed && driver.plan.packed->scaleChoice == "search")
    options.scaleChoice = ScaleChoice::Search;
  options.isRounded = command.checkpoint.empty();
  if (driver.plan.packed)
    options.usableIds = driver.plan.packed->usableIds;
  FailureOr<Reference> created =
      Reference::create(model->getModule(), model->getTensors(), options);
  if (failed(created))
    return createStringError("the reference cannot run " + driver.plan.model);
  reference.emplace(std::move(*created));
  comparison.emplace(*machine, *driver.device, driver.plan, *reference,
                     command.tolerance);
  return llvm::Error::success();
}

Expected<CallResult> RunningDriver::callDriver(ArrayRef<int32_t> ids,
                                               int64_t past) {
  Expected<std::vector<uint16_t>> rows =
      driver.library->readEmbeddings(command.directory, ids);
  if (!rows)
    return rows.takeError();
  const int64_t seq = ids.size();
  EventSink *sink = machine;
  if (comparison)
    sink = &*comparison;
  if (dump)
    dump->beginCall(seq, past);
  if (!comparison)
    return opened->call(driver, *rows, seq, past, *sink);
  Expected<MapValue> input = reference->getInterpreter().embed(ids);
  if (!input)
    return input.takeError();
  // The comparison refers to it until the next call.
  Expected<ExpectedCall> expected = reference->call(*input, past);
  if (!expected)
    return expected.takeError();
  comparison->beginCall(*expected);
  Expected<CallResult> result =
      dlavm::callDriver(*driver.library, driver.plan, *rows, seq, past, *sink);
  comparison->endCall();
  if (llvm::Error error = opened->takeError()) {
    consumeError(result.takeError());
    return error;
  }
  if (result)
    comparison->checkResult(result->logits, result->token);
  return result;
}

Expected<NextToken> RunningDriver::call(ArrayRef<int32_t> ids, int64_t past) {
  Expected<CallResult> result = callDriver(ids, past);
  if (!result)
    return result.takeError();
  // What follows from an error would hide it. A comparison looks at each call
  // by itself.
  if (!comparison && !machine->getFindings().empty())
    return createStringError("the call of " + Twine(ids.size()) +
                             " tokens after " + Twine(past) +
                             " went wrong, so its token means nothing");
  if (dump)
    if (llvm::Error error = dump->endCall())
      return error;
  NextToken next{*result->token, {}};
  for (uint16_t code : result->logits)
    next.logits.push_back(halfToDouble(code));
  return next;
}

llvm::Error RunningDriver::commitDump() {
  if (!dump)
    return llvm::Error::success();
  if (dump->getCount() == 0)
    return createStringError(
        "no start was dumped: the run ended after " + Twine(dump->getCalls()) +
        " calls, which have none of " + describe(command.dumped));
  return dump->commit();
}

Expected<bool> RunningDriver::finish(bool isComplete) {
  for (const Finding &finding : machine->getFindings())
    printFinding(finding, driver.plan);
  if (!comparison)
    return machine->getFindings().empty();
  if (!command.jsonFile.empty()) {
    std::string text;
    raw_string_ostream os(text);
    comparison->printJSON(os);
    if (llvm::Error error = writeOutputFile(command.jsonFile, text))
      return error;
  }
  if (!comparison->getDistances().empty())
    comparison->print(outs());
  for (const Finding &finding : comparison->getFindings())
    printFinding(finding, driver.plan);
  const bool isEqual =
      comparison->getFindings().empty() && machine->getFindings().empty();
  if (!isEqual)
    outs() << "the driver differs from the reference\n";
  else if (isComplete)
    outs() << (command.tolerance == 0
                   ? "the driver equals the reference\n"
                   : "the driver is as close to the reference as --tolerance "
                     "asks\n");
  return isEqual;
}

/// The prompts as token ids; \p text has their tokenizer if they are text.
static Expected<std::vector<std::vector<int32_t>>>
getPrompts(const RunCommand &command, std::optional<TextTokens> &text) {
  if (command.textPrompts.empty())
    return command.prompts;
  Expected<TextTokens> opened = TextTokens::open(command.directory);
  if (!opened)
    return opened.takeError();
  text.emplace(std::move(*opened));
  std::vector<std::vector<int32_t>> prompts;
  for (StringRef prompt : command.textPrompts) {
    Expected<std::vector<int32_t>> ids = text->encode(prompt, prompts.empty());
    if (!ids)
      return ids.takeError();
    if (prompt.empty() || ids->empty())
      return createStringError("--prompt has no text");
    prompts.push_back(std::move(*ids));
  }
  return prompts;
}

int dlavm::runRun(const RunCommand &command) {
  Expected<OpenedPlan> opened = OpenedPlan::open(command.directory);
  if (!opened)
    return reportError(opened.takeError());
  // What can be wrong without the driver is said before it is compiled.
  if (llvm::Error error = checkFiles(command, opened->plan))
    return reportError(std::move(error));
  std::optional<TextTokens> text;
  Expected<std::vector<std::vector<int32_t>>> prompts =
      getPrompts(command, text);
  if (!prompts)
    return reportError(prompts.takeError());
  if (llvm::Error error = checkPrompts(*prompts, opened->plan))
    return reportError(std::move(error));
  std::optional<OutputDirectory> dumpOutput;
  if (!command.dumpDirectory.empty()) {
    if (llvm::Error error = checkDumped(command, opened->plan))
      return reportError(std::move(error));
    Expected<OutputDirectory> output = openDump(command.dumpDirectory);
    if (!output)
      return reportError(output.takeError());
    dumpOutput.emplace(std::move(*output));
  }
  std::optional<OpenedModel> model;
  if (command.compare) {
    Expected<const DeviceInfo *> device = findDevice(opened->plan);
    if (!device)
      return reportError(device.takeError());
    Expected<OpenedModel> reference =
        openModel(command, opened->plan, **device);
    if (!reference)
      return reportError(reference.takeError());
    model.emplace(std::move(*reference));
  }
  // The model's tensors refer to the plan that they were opened with.
  Expected<OpenedDriver> driver =
      OpenedDriver::open(command.directory, *opened);
  if (!driver)
    return reportError(driver.takeError());
  const DriverPlan &plan = driver->plan;
  if (dumpOutput)
    if (llvm::Error error = checkDumped(command, *driver->library))
      return reportError(std::move(error));
  // The reference's threads.
  limitParallelism(command.threads);
  RunningDriver running(command, *driver, std::move(model),
                        std::move(dumpOutput));
  if (llvm::Error error = running.open())
    return reportError(std::move(error));
  if (llvm::Error error = running.load())
    return reportError(std::move(error));
  Session session(running, plan.packed ? plan.packed->endTokens
                                       : std::vector<int32_t>());
  if (text)
    session.limitIds(text->getSize());
  TokenOutput output(command.logitsFile, text ? &*text : nullptr);
  llvm::Error failure = llvm::Error::success();
  for (const std::vector<int32_t> &prompt : *prompts) {
    output.begin(prompt);
    Expected<host::AnswerEnd> end =
        session.answer(prompt, command.maxNewTokens,
                       [&](const NextToken &next) { return output.add(next); });
    output.endAnswer();
    if (!end) {
      failure = end.takeError();
      break;
    }
    if (*end == host::AnswerEnd::Context)
      WithColor::note(errs())
          << "the context of " << plan.maxTokens << " tokens is full\n";
  }
  const bool isComplete = !failure;
  if (isComplete)
    failure = running.commitDump();
  // What was found before an error may be its cause.
  failure = joinErrors(std::move(failure), output.writeLogits());
  Expected<bool> isEqual = running.finish(isComplete);
  if (!isEqual)
    failure = joinErrors(std::move(failure), isEqual.takeError());
  if (failure)
    return reportError(std::move(failure));
  return *isEqual ? 0 : 1;
}
