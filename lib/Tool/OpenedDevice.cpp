//===- OpenedDevice.cpp - The device that --on= names ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpenedDevice.h"
#include "ShowProgress.h"

using namespace dlavm;
using namespace llvm;

Expected<OpenedDevice> OpenedDevice::open(StringRef on,
                                          const OpenedDriver &driver,
                                          SimulatorOptions options,
                                          StringRef timesFile) {
  OpenedDevice opened;
  opened.on = on.str();
  if (on == "simulator") {
    opened.simulator = std::make_unique<Simulator>(
        *driver.device, driver.plan.getRegions(), options);
    if (driver.instructions)
      opened.simulator->nameInstructions(driver.instructions->names);
  } else {
    Expected<std::unique_ptr<CardDevice>> card = CardDevice::open(on);
    if (!card)
      return card.takeError();
    opened.card = std::move(*card);
  }
  if (timesFile.empty())
    return opened;
  Expected<std::unique_ptr<TimedDevice>> timed =
      TimedDevice::create(timesFile, opened.get());
  if (!timed)
    return timed.takeError();
  opened.timed = std::move(*timed);
  return opened;
}

Error OpenedDevice::load(const OpenedDriver &driver, const DriverPlan &plan,
                         StringRef directory) {
  // Without memory there is nothing to load into.
  if (!get().getFindings().empty())
    return createStringError(get().getFindings().front().message);
  if (Error error = loadParameters(*driver.library, plan, directory, get()))
    return error;
  return takeError();
}

Expected<CallResult> OpenedDevice::call(const OpenedDriver &driver,
                                        ArrayRef<uint16_t> input, int64_t seq,
                                        int64_t past, EventSink &sink) {
  get().beginRun(seq, past);
  Expected<CallResult> result =
      callDriver(*driver.library, driver.plan, input, seq, past, sink,
                 /*readsLogits=*/!card || card->canReadMemory());
  get().endRun();
  if (Error error = takeError()) {
    consumeError(result.takeError());
    return error;
  }
  return result;
}

Error OpenedDevice::requireReading(StringRef option) const {
  if (!card || card->canReadMemory())
    return Error::success();
  return createStringError(
      option + " reads the memory of the card, but that of --on=" + on +
      " can only be written; leave it out");
}

ReadableDevice &OpenedDevice::get() const {
  if (timed)
    return *timed;
  if (card)
    return *card;
  return *simulator;
}

Error OpenedDevice::takeError() const {
  Error error = card ? card->takeError() : Error::success();
  return timed ? joinErrors(std::move(error), timed->takeError())
               : std::move(error);
}
