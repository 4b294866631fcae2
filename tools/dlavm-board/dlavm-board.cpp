//===- dlavm-board.cpp - A board without a board --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Devices.h"
#include "DLAVM/Support/InitTool.h"
#include "XdmaFiles.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

static cl::OptionCategory category("options");
static cl::opt<std::string> mountPoint(cl::Positional, cl::Required,
                                       cl::desc("MOUNTPOINT"),
                                       cl::cat(category));
static cl::opt<std::string>
    deviceName("device", cl::Required, cl::value_desc("name"),
               cl::desc("the device on the card; dlavm devices lists them"),
               cl::cat(category));
static cl::list<std::string>
    faultTexts("fault", cl::value_desc("fault"),
               cl::desc("what goes wrong: stuck:STARTS, gone:STARTS, "
                        "short:BYTES, write-fails:TRANSFERS:ERRNO, "
                        "read-fails:TRANSFERS:ERRNO or flip:ADDRESS:BIT"),
               cl::cat(category));
static cl::opt<unsigned>
    threads("threads", cl::value_desc("n"),
            cl::desc("threads that compute; 0, the default, takes all"),
            cl::cat(category));

static int fail(const Twine &message) {
  WithColor::error(errs()) << message << "\n";
  return 1;
}

int main(int argc, char **argv) {
  InitTool init(argc, argv);
  registerAllDevices();
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "The nodes of a card behind XDMA, with the simulator on it, as files "
      "below MOUNTPOINT. Ends with a signal, or fusermount3 -u MOUNTPOINT\n");
  const DeviceRegistry &registry = DeviceRegistry::instance();
  const DeviceInfo *device = registry.lookup(deviceName);
  if (!device)
    return fail(registry.explainMissing(deviceName));
  CardFaults faults;
  for (const std::string &text : faultTexts)
    if (std::optional<std::string> problem = faults.add(text))
      return fail("--fault: " + *problem);
  SimulatorOptions options;
  options.threads = threads;
  SimulatedCard card(*device, options, std::move(faults));
  return serveXdmaFiles(card, mountPoint);
}
