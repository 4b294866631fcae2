//===- OpenedDriver.cpp - A driver that a command works on --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpenedDriver.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Pipelines/Optimizations.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

Expected<const DeviceInfo *> dlavm::findDevice(const DriverPlan &plan) {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  if (const DeviceInfo *device = registry.lookup(plan.device))
    return device;
  return createStringError("plan.json names the device '" + plan.device +
                           "': " + registry.explainMissing(plan.device));
}

Error dlavm::checkCall(const DriverPlan &plan, int64_t seq, int64_t past) {
  if (seq >= 1 && past >= 0 && seq <= plan.maxTokens - past)
    return Error::success();
  return createStringError("seq must be at least 1, past at least 0, and seq + "
                           "past at most " +
                           Twine(plan.maxTokens) + "; found " + Twine(seq) +
                           " and " + Twine(past));
}

std::vector<std::string> dlavm::getFiles(StringRef directory,
                                         const DriverPlan &plan) {
  std::vector<std::string> files;
  auto add = [&](StringRef name) {
    SmallString<128> path(directory);
    sys::path::append(path, name);
    files.push_back(path.str().str());
  };
  const StringRef names[] = {"plan.json",
                             plan.driver,
                             "dlavm_runtime.h",
                             plan.model,
                             "report.txt",
                             StringRef(kChecksumFile),
                             StringRef(kReportFile),
                             StringRef(kEmbeddingFile)};
  for (StringRef name : names)
    add(name);
  for (const PlanObject &object : plan.objects)
    if (object.kind != ObjectKind::KVCache)
      for (int64_t layer = 0; layer < std::max<int64_t>(object.layers, 1);
           ++layer)
        for (int64_t port = 0; port < object.ports; ++port)
          add(object.getFile(layer, port));
  return files;
}

Expected<OpenedPlan> OpenedPlan::open(StringRef directory) {
  Expected<InputDirectory> input = InputDirectory::open(directory, "plan.json");
  if (!input)
    return input.takeError();
  Expected<DriverPlan> plan = DriverPlan::read(directory);
  if (!plan)
    return plan.takeError();
  SmallString<128> file(directory);
  sys::path::append(file, "plan.json");
  if (Error error = checkPlannedPasses(*plan, file))
    return error;
  return OpenedPlan{std::move(*input), std::move(*plan)};
}

Expected<OpenedDriver> OpenedDriver::open(StringRef directory) {
  Expected<OpenedPlan> plan = OpenedPlan::open(directory);
  if (!plan)
    return plan.takeError();
  return open(directory, std::move(*plan));
}

Expected<OpenedDriver> OpenedDriver::open(StringRef directory,
                                          OpenedPlan opened) {
  Expected<const DeviceInfo *> device = findDevice(opened.plan);
  if (!device)
    return device.takeError();
  Expected<std::unique_ptr<DriverLibrary>> library =
      DriverLibrary::load(directory, opened.plan);
  if (!library)
    return library.takeError();
  if (Error error = opened.input.check())
    return error;
  Expected<std::optional<Instructions>> instructions =
      assembleInstructions(opened.plan);
  if (!instructions)
    return instructions.takeError();
  return OpenedDriver{std::move(opened), *device, std::move(*library),
                      std::move(*instructions)};
}
