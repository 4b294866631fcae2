//===- Execute.cpp - dlavm check --execute --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Support/ProgressLine.h"
#include "DLAVM/Support/TemporaryDirectory.h"
#include "DLAVM/Support/Threads.h"
#include "OpenedDevice.h"
#include "ShowProgress.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace dlavm;
using namespace llvm;

static constexpr uint64_t seed = 1;
/// Multiplications that a check without further wishes may cost: seconds on the
/// simulator, and a multiple of that in the interpreter.
static constexpr double budget = 2e10;

namespace {

/// Finds out at which numbers of tokens the ops of a driver are cut: the tokens
/// of the first start of each op that has several.
class SliceFinder : public EventSink {
public:
  explicit SliceFinder(const DeviceInfo &device) : decoder(device) {}

  void task(int32_t layer, StringRef name) override {
    isFirst = layer != lastLayer || name != lastName;
    lastLayer = layer;
    lastName = name.str();
  }
  void write(uint32_t reg, uint32_t value) override {
    const DecodedTask *task = decoder.write(reg, value);
    if (!task)
      return;
    const Register *width = task->getTable().lookup(RegisterRole::Tokens);
    const int64_t tokens = width ? decoder.getValue(*width) : 0;
    if (isFirst)
      first = tokens;
    else if (first > 0)
      widths.insert(first);
    isFirst = false;
  }
  void poll(uint32_t, uint32_t) override {}
  uint32_t read(uint32_t) override { return 0; }

  const std::set<int64_t> &getWidths() const { return widths; }

private:
  StartDecoder decoder;
  std::string lastName;
  int32_t lastLayer = -1;
  bool isFirst = true;
  int64_t first = 0;
  std::set<int64_t> widths;
};

} // namespace

/// Multiplications of a call: each weight once per token, and attention.
static double getCost(const DriverPlan &plan, const CallShape &shape) {
  double weights = 0, channels = 0;
  for (const PlanObject &object : plan.objects) {
    const double layers = std::max<int64_t>(object.layers, 1);
    if (object.kind == ObjectKind::Weight)
      weights += layers * object.shape[0] * object.shape[1];
    if (object.kind == ObjectKind::KVCache)
      channels += layers * object.bytes * object.ports / 2.0 / plan.maxTokens;
  }
  return shape.seq * (weights + channels * (shape.seq + shape.past));
}

static std::vector<CallSequence> chooseSequences(const OpenedDriver &driver,
                                                 int64_t &leftOut) {
  // The pixels of an image are no tokens.
  if (llvm::any_of(driver.plan.functions, [](const HostFunction &function) {
        return function.kind == "input" && !function.takesSeq();
      }))
    return {{{1, 0}}};
  const int64_t end = driver.plan.maxTokens;
  std::vector<CallSequence> wishes = {
      {{1, 0}, {1, 1}, {2, 2}},
      {{19, 0}, {1, 19}, {13, 20}},
      {{33, 0}, {31, 33}, {1, 64}},
  };
  SliceFinder finder(*driver.device);
  // An error would come again in the calls themselves.
  consumeError(driver.library->run(end, 0, finder));
  for (int64_t width : finder.getWidths()) {
    wishes.push_back({{width, 0}, {1, width}});
    wishes.push_back({{width + 1, 0}});
    wishes.push_back({{2 * width, 0}});
  }
  wishes.push_back({{end / 2, 0}, {end - end / 2 - 1, end / 2}, {1, end - 1}});
  wishes.push_back({{end, 0}});
  stable_sort(wishes, [](const CallSequence &a, const CallSequence &b) {
    return a.front().seq < b.front().seq;
  });

  std::vector<CallSequence> result;
  double cost = 0;
  for (CallSequence &sequence : wishes) {
    llvm::erase_if(sequence, [&](const CallShape &shape) {
      return shape.seq < 1 || shape.seq + shape.past > end;
    });
    double more = 0;
    for (const CallShape &shape : sequence)
      more += getCost(driver.plan, shape);
    if (!result.empty() && cost + more > budget) {
      leftOut += sequence.size();
      continue;
    }
    cost += more;
    if (!sequence.empty() && sequence.front().past == 0)
      result.push_back(std::move(sequence));
  }
  return result;
}

static void append(std::vector<Finding> &findings, ArrayRef<Finding> more) {
  findings.insert(findings.end(), more.begin(), more.end());
}

/// Packs \p tensors into another directory than that of the driver.
static llvm::Error packParameters(StringRef directory, const DriverPlan &plan,
                                  const DeviceInfo &device,
                                  TensorSource &tensors) {
  Expected<OutputDirectory> output = OutputDirectory::open(directory);
  if (!output)
    return output.takeError();
  PackOptions options;
  options.progress = showPacking();
  return packDirectory(*output, plan, device, tensors, options).takeError();
}

Expected<ExecutionReport>
dlavm::executeDriver(const OpenedDriver &driver, OpenedModel model,
                     std::vector<CallSequence> sequences, StringRef on,
                     double tolerance) {
  DriverPlan plan = driver.plan;
  // Two objects of the same numbers could not be told apart.
  replaceSplats(plan.parameters);
  const DeviceInfo &device = *driver.device;
  ExecutionReport report;
  if (sequences.empty())
    sequences = chooseSequences(driver, report.leftOut);

  auto tensors = std::make_unique<RandomTensors>(plan.parameters, seed);
  Expected<TemporaryDirectory> temporary = TemporaryDirectory::create();
  if (!temporary)
    return temporary.takeError();
  const std::string parameters = temporary->getFile("parameters");
  if (llvm::Error error = packParameters(parameters, plan, device, *tensors))
    return error;
  model.setTensors(std::move(tensors));
  model.replaceSplats();
  InterpreterOptions options;
  options.arithmetic = Arithmetic::Device;
  options.device = &device;
  FailureOr<Reference> reference =
      Reference::create(model.getModule(), model.getTensors(), options);
  if (failed(reference))
    return createStringError("the reference interpreter cannot run " +
                             plan.model);

  limitParallelism(0);
  Expected<OpenedDevice> opened =
      OpenedDevice::open(on, driver, {/*sanitize=*/true, 0});
  if (!opened)
    return opened.takeError();
  if (llvm::Error error = opened->requireReading("--execute"))
    return error;
  ReadableDevice &machine = opened->get();
  Comparison comparison(machine, device, plan, *reference, tolerance);
  if (llvm::Error error = opened->load(driver, plan, parameters))
    return error;
  int64_t channels = 0;
  for (const HostFunction &function : plan.functions)
    if (function.kind == "input")
      channels = function.channels;
  RandomCalls calls(*reference, channels, seed);
  int64_t total = 0;
  for (const CallSequence &sequence : sequences)
    total += sequence.size();
  ProgressLine progress("executing", total, Twine(total) + " calls");
  for (const CallSequence &sequence : sequences)
    for (const CallShape &shape : sequence) {
      Expected<ExpectedCall> call = calls.next(shape);
      if (!call)
        return call.takeError();
      comparison.beginCall(*call);
      Expected<CallResult> result =
          callDriver(*driver.library, plan, call->input, call->seq, call->past,
                     comparison);
      comparison.endCall();
      if (llvm::Error error = opened->takeError()) {
        consumeError(result.takeError());
        return error;
      }
      progress.update(++report.calls);
      if (result)
        comparison.checkResult(result->logits, result->token);
      else
        report.findings.push_back(
            {call->seq, call->past, -1, "", 0, "", "",
             "the driver fails: " + toString(result.takeError())});
    }
  append(report.findings, machine.getFindings());
  append(report.findings, comparison.getFindings());
  return report;
}
