//===- RunDump.cpp - Memory images of a run -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunDump.h"
#include "Findings.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace dlavm;
using namespace llvm;

std::string dlavm::describe(const DumpSelection &selection) {
  std::string text = "task";
  if (selection.task)
    text += " '" + *selection.task + "'";
  if (selection.layer)
    text += " of layer " + std::to_string(*selection.layer);
  if (selection.call)
    text += " in call " + std::to_string(*selection.call);
  return text;
}

std::string dlavm::getDumpIndex(StringRef directory) {
  SmallString<128> path(directory);
  sys::path::append(path, kDumpIndexFile);
  return path.str().str();
}

Error dlavm::checkDumped(const RunCommand &command, const DriverPlan &plan) {
  const DumpSelection &dumped = command.dumped;
  if (dumped.task && none_of(plan.tasks, [&](const PlanTask &task) {
        return task.name == *dumped.task;
      }))
    return createStringError("the driver runs no task '" + *dumped.task +
                             "'; its tasks are " + listTasks(plan));
  // A prompt takes a call, and each further token one.
  const int64_t prompts = command.prompts.size();
  if (dumped.call &&
      (*dumped.call < 0 || *dumped.call / command.maxNewTokens >= prompts))
    return createStringError(
        "--call=" + Twine(*dumped.call) + ": calls count from 0, and " +
        Twine(prompts) + (prompts == 1 ? " prompt" : " prompts") + " with " +
        Twine(command.maxNewTokens) + " new tokens " +
        (prompts == 1 ? "takes" : "each take") + " a call for each token");
  return Error::success();
}

namespace {
/// Collects the layers of the tasks that have a name.
class LayerSink : public EventSink {
public:
  explicit LayerSink(const DumpSelection &dumped) : dumped(dumped) {}
  void task(int32_t layer, StringRef name) override {
    if (!dumped.task || *dumped.task == name)
      layers.insert(layer);
  }
  void write(uint32_t, uint32_t) override {}
  void poll(uint32_t, uint32_t) override {}
  uint32_t read(uint32_t) override { return 0; }

  std::set<int64_t> layers;

private:
  const DumpSelection &dumped;
};
} // namespace

Error dlavm::checkDumped(const RunCommand &command, DriverLibrary &library) {
  LayerSink sink(command.dumped);
  if (Error error =
          library.run(command.prompts.front().size(), /*past=*/0, sink))
    return error;
  if (!command.dumped.layer || sink.layers.count(*command.dumped.layer))
    return Error::success();
  std::string layers;
  ListSeparator separator;
  for (int64_t layer : sink.layers)
    layers += std::string(StringRef(separator)) + std::to_string(layer);
  DumpSelection all = command.dumped;
  all.call.reset();
  return createStringError("the driver runs no " + describe(all) +
                           "; layers with such a task: " + layers);
}

Expected<OutputDirectory> dlavm::openDump(StringRef directory) {
  Expected<OutputDirectory> output = OutputDirectory::open(directory);
  if (!output)
    return output.takeError();
  Expected<bool> isEmpty = output->isEmpty();
  if (!isEmpty)
    return isEmpty.takeError();
  if (!*isEmpty)
    return createStringError("the directory " + directory +
                             " is not empty; --dump writes into a new or an "
                             "empty one");
  return output;
}
