//===- Pack.cpp - dlavm pack ----------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "OpenedDriver.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"

#include <chrono>

using namespace dlavm;
using namespace llvm;
using Clock = std::chrono::steady_clock;

static double getSeconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

/// Shows on a terminal how far packing is, a few times per second, and nothing
/// elsewhere.
static std::function<void(int64_t, int64_t)> makeProgressLine() {
  if (!sys::Process::StandardErrIsDisplayed())
    return {};
  return [last = Clock::time_point(),
          begin = Clock::now()](int64_t done, int64_t total) mutable {
    if (done < total && getSeconds(last) < 0.2)
      return;
    last = Clock::now();
    errs() << formatv("\rpacking: {0:P0} of {1:F1} MB, {2:F0} MB/s ",
                      static_cast<double>(done) / static_cast<double>(total),
                      static_cast<double>(total) / 1e6,
                      static_cast<double>(done) / 1e6 / getSeconds(begin));
    if (done == total)
      errs() << "\r\x1b[K";
  };
}

static Expected<PackedDirectory> pack(const PackCommand &command) {
  PackOptions options;
  if (command.scale == "search")
    options.scaleChoice = ScaleChoice::Search;
  else if (command.scale != "absmax")
    return createStringError("--scale=" + command.scale +
                             " is no way to choose scales; write absmax or "
                             "search");
  options.threads = command.threads;
  options.progress = makeProgressLine();
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
  Expected<std::vector<int32_t>> endTokens = readEndTokens(command.checkpoint);
  if (!endTokens)
    return endTokens.takeError();
  options.endTokens = std::move(*endTokens);
  options.inputs = Checkpoint::getInputFiles(command.checkpoint);
  return packDirectory(*output, *plan, **device, **checkpoint, options);
}

int dlavm::runPack(const PackCommand &command) {
  const Clock::time_point begin = Clock::now();
  Expected<PackedDirectory> packed = pack(command);
  if (!packed) {
    // The message takes the place of the progress line.
    if (sys::Process::StandardErrIsDisplayed())
      errs() << "\r\x1b[K";
    return reportError(packed.takeError());
  }
  const double seconds = getSeconds(begin);
  const double megabytes = static_cast<double>(packed->bytes) / 1e6;
  outs() << printReport(packed->report, command.scale == "search"
                                            ? ScaleChoice::Search
                                            : ScaleChoice::AbsMax)
         << formatv("\n{0} files, {1} bytes, in {2:F2} s ({3:F0} MB/s)\n",
                    packed->files, packed->bytes, seconds, megabytes / seconds);
  return 0;
}
