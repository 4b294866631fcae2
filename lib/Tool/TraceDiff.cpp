//===- TraceDiff.cpp - dlavm trace --diff ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TraceDiff.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"

#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

static Expected<std::vector<TraceEvent>> readTrace(const std::string &path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = openBinaryFile(path);
  if (!buffer)
    return createStringError(
        path + ": cannot be read: " + toString(buffer.takeError()));
  Expected<std::vector<TraceEvent>> events = parseTrace((*buffer)->getBuffer());
  if (!events)
    return createStringError(path + ": " + toString(events.takeError()));
  if (events->empty())
    return createStringError(path + ": there is no event of a trace in it");
  return events;
}

int dlavm::runTraceDiff(const TraceDiffCommand &command) {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  const bool isOnly =
      command.device.empty() && registry.getDevices().size() == 1;
  const DeviceInfo *device = isOnly ? &registry.getDevices().begin()->second
                                    : registry.lookup(command.device);
  if (!device)
    return reportError(
        command.device.empty()
            ? "say whose registers the traces write, with --device; known "
              "devices: " +
                  registry.getNames()
            : registry.explainMissing(command.device));
  Expected<std::vector<TraceEvent>> first = readTrace(command.first);
  if (!first)
    return reportError(first.takeError());
  Expected<std::vector<TraceEvent>> second = readTrace(command.second);
  if (!second)
    return reportError(second.takeError());
  dropBlocks(*first, *second);
  const int64_t differences = diffTraces(*first, *second, *device, outs());
  if (differences == 0)
    outs() << "the traces are equal: " << first->size() << " events\n";
  return differences == 0 ? 0 : 1;
}
