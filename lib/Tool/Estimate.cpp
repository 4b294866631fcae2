//===- Estimate.cpp - dlavm estimate --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Estimate/Estimate.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "EstimatedTimes.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

static void printTask(const TaskEstimate &task, StringRef name,
                      double totalTime, raw_ostream &os) {
  os << formatv("{0,-24} {1,6} {2,7} {3,6} {4,4}", name, task.starts,
                task.writes, task.polls, task.transfers);
  for (double bytes : task.bytes)
    os << formatv(" {0,11:f3}", bytes / 1e6);
  os << formatv(" {0,11:f1} {1,11:f1} {2,6:f1}  {3}\n", task.operations / 1e6,
                task.time * 1e6, 100 * task.time / totalTime, task.getBound());
}

static void printTable(const CallEstimate &call, const DeviceInfo &device,
                       raw_ostream &os) {
  os << formatv("{0,-24} {1,6} {2,7} {3,6} {4,4}", "task", "starts", "writes",
                "polls", "DMA");
  for (const Memory &memory : device.getMemories())
    os << formatv(" {0,11}", memory.name + " MB");
  os << formatv(" {0,11} {1,11} {2,6}  {3}\n", "Mops", "us", "%", "bound");
  for (const TaskEstimate &task : call.tasks)
    printTask(task, task.name.empty() ? "(no task)" : StringRef(task.name),
              call.total.time, os);
  printTask(call.total, "total", call.total.time, os);
}

static void printSummary(StringRef what, const CallEstimate &call, int64_t past,
                         raw_ostream &os) {
  os << formatv("{0}: {1} {2} after {3}, {4:f3} ms, {5:f1} tokens/s, {6:f1} % "
                "of the roofline, bound by {7}\n",
                what, call.tokens, call.tokens == 1 ? "token" : "tokens", past,
                call.total.time * 1e3, call.getTokensPerSecond(),
                100 * call.roofline / call.total.time, call.total.getBound());
}

static json::Object makeJSON(const TaskEstimate &task,
                             const DeviceInfo &device) {
  json::Object bytes;
  for (const auto &[memory, count] :
       zip_equal(device.getMemories(), task.bytes))
    bytes[memory.name] = count;
  return json::Object{{"name", task.name},
                      {"bound", task.getBound()},
                      {"microseconds", task.time * 1e6},
                      {"host_microseconds", task.hostTime * 1e6},
                      {"starts", task.starts},
                      {"writes", task.writes},
                      {"polls", task.polls},
                      {"transfers", task.transfers},
                      {"operations", task.operations},
                      {"bytes", std::move(bytes)}};
}

static void printJSON(const CallEstimate &call, int64_t past,
                      const std::optional<CallEstimate> &decode,
                      const DeviceInfo &device, raw_ostream &os) {
  json::Array tasks;
  for (const TaskEstimate &task : call.tasks)
    tasks.push_back(makeJSON(task, device));
  json::Object object{{"device", device.getName()},
                      {"seq", call.tokens},
                      {"past", past},
                      {"milliseconds", call.total.time * 1e3},
                      {"roofline_fraction", call.roofline / call.total.time},
                      {"bound", call.total.getBound()},
                      {"tasks", std::move(tasks)}};
  if (call.tokens > 1)
    object["prefill_tokens_per_second"] = call.getTokensPerSecond();
  if (decode)
    object["decode_tokens_per_second"] = decode->getTokensPerSecond();
  os << formatv("{0:2}", json::Value(std::move(object))) << "\n";
}

int dlavm::runEstimate(const EstimateCommand &command) {
  Expected<OpenedPlan> opened = OpenedPlan::open(command.directory);
  if (!opened)
    return reportError(opened.takeError());
  if (Error error = checkCall(opened->plan, command.seq, command.past))
    return reportError(std::move(error));
  Expected<const DeviceInfo *> device = findDevice(opened->plan);
  if (!device)
    return reportError(device.takeError());
  const std::optional<Rates> rates = (*device)->getRates();
  if (!rates)
    return reportError("nobody has said how fast " + (*device)->getName() +
                       " is; its record has no rates");
  Expected<OpenedDriver> driver =
      OpenedDriver::open(command.directory, std::move(*opened));
  if (!driver)
    return reportError(driver.takeError());
  Expected<TimeOptions> times = readTimes(*driver, command);
  if (!times)
    return reportError(times.takeError());

  Expected<CallEstimate> call =
      estimateCall(*driver, command.seq, command.past, *times);
  if (!call)
    return reportError(call.takeError());
  // The token behind a prompt, if there is room for one.
  const bool isPrompt = command.seq > 1;
  const int64_t past = isPrompt ? command.past + command.seq : command.past;
  std::optional<CallEstimate> decode;
  if (!isPrompt) {
    decode = *call;
  } else if (past < driver->plan.maxTokens) {
    Expected<CallEstimate> next = estimateCall(*driver, 1, past, *times);
    if (!next)
      return reportError(next.takeError());
    decode = std::move(*next);
  }

  if (command.json) {
    printJSON(*call, command.past, decode, **device, outs());
    return 0;
  }
  outs() << formatv("{0} at {1:f0} MHz: {2}\n\n", (*device)->getName(),
                    rates->clock / 1e6, rates->source);
  printTable(*call, **device, outs());
  outs() << "\n";
  if (isPrompt)
    printSummary("prefill", *call, command.past, outs());
  if (decode)
    printSummary("decode", *decode, past, outs());
  return 0;
}
