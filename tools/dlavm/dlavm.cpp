//===- dlavm.cpp - From a model to a driver that is proven --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/InitAll.h"
#include "DLAVM/Tool/Tool.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

namespace {
cl::SubCommand compile("compile",
                       "compile MODEL (a config.json, a checkpoint "
                       "directory or a .mlir file) to driver source");
cl::SubCommand trace("trace", "run the driver in DIR, which dlavm compile "
                              "wrote, and print its register trace");
cl::SubCommand check("check", "run the driver in DIR over a sweep of calls and "
                              "report what cannot be right");
cl::SubCommand devices("devices", "list the devices with their parameters");

CompileCommand compileCommand;
int64_t layers = 0, maxTokens = 0;

cl::opt<std::string, true> model(cl::Positional, cl::Required, cl::sub(compile),
                                 cl::location(compileCommand.model),
                                 cl::desc("MODEL"));
cl::opt<std::string, true>
    device("device", cl::Required, cl::sub(compile),
           cl::location(compileCommand.device), cl::value_desc("name"),
           cl::desc("the device to compile for; see dlavm devices"));
cl::opt<std::string, true>
    output("o", cl::Required, cl::sub(compile),
           cl::location(compileCommand.outputDirectory), cl::value_desc("dir"),
           cl::desc("directory for the driver, its runtime header, plan.json "
                    "and report.txt"));
cl::opt<int64_t, true>
    layersOption("layers", cl::sub(compile), cl::location(layers),
                 cl::value_desc("n"),
                 cl::desc("compile the first n layers only"));
cl::opt<int64_t, true> maxTokensOption(
    "max-tokens", cl::sub(compile), cl::location(maxTokens),
    cl::value_desc("n"),
    cl::desc("the largest context; less than the device's saves memory"));
cl::opt<std::string, true> weightLoading(
    "weight-loading", cl::sub(compile),
    cl::location(compileCommand.weightLoading), cl::value_desc("dma|wt2hbm"),
    cl::desc("how weights get into HBM: written by the host (dma, default) or "
             "copied by the device (wt2hbm)"));
cl::opt<std::string, true>
    namespaceName("namespace", cl::sub(compile),
                  cl::location(compileCommand.namespaceName),
                  cl::value_desc("name"),
                  cl::desc("namespace of the driver; by default that of the "
                           "model's file"));
cl::opt<bool, true>
    printSteps("print-steps", cl::sub(compile),
               cl::location(compileCommand.printSteps),
               cl::desc("let the driver print each task as it ends"));
cl::opt<bool, true> saveIR("save-ir", cl::sub(compile),
                           cl::location(compileCommand.saveIR),
                           cl::desc("write the module of each level as well"));

cl::opt<std::string> directory(cl::Positional, cl::Required, cl::sub(trace),
                               cl::sub(check), cl::desc("DIR"));
cl::opt<std::string>
    seqOption("seq", cl::sub(trace), cl::sub(check), cl::value_desc("n"),
              cl::desc("tokens of the call; a list with commas and "
                       "ranges first:last[:step]"));
cl::opt<std::string>
    pastOption("past", cl::sub(trace), cl::sub(check), cl::value_desc("n"),
               cl::desc("tokens in the KV cache, likewise; 0 by "
                        "default"));
cl::opt<bool> names("names", cl::sub(trace),
                    cl::desc("add the names of registers and values"));
cl::opt<bool> hash("hash", cl::sub(trace),
                   cl::desc("print per call: seq, past, events, hash of the "
                            "stream without addresses"));
cl::opt<bool> registers("registers", cl::sub(devices),
                        cl::desc("print the register tables as Markdown"));
} // namespace

static int fail(const Twine &message) {
  WithColor::error(errs()) << message << "\n";
  return 1;
}

/// Parses --seq or --past where it is given.
static bool getSweep(const cl::opt<std::string> &option,
                     std::optional<Sweep> &sweep) {
  if (!option.getNumOccurrences())
    return true;
  sweep = parseSweep(option);
  if (!sweep)
    fail("--" + option.ArgStr + "=" + option +
         " is no token count; write 19, 1,19,128 or 1:2048:64");
  return sweep.has_value();
}

static int runDriverCommand() {
  std::optional<Sweep> seqSweep, pastSweep;
  if (!getSweep(seqOption, seqSweep) || !getSweep(pastOption, pastSweep))
    return 1;
  if (check)
    return runCheck({directory, seqSweep, pastSweep});
  if (!seqSweep)
    return fail("dlavm trace needs --seq=N, the tokens of the call");
  return runTrace(
      {directory, *seqSweep, pastSweep.value_or(Sweep{{0}}), names, hash});
}

int main(int argc, char **argv) {
  registerAllDevices();
  cl::ParseCommandLineOptions(
      argc, argv,
      "DLAVM: from a large language model to the driver source that runs it "
      "on an FPGA accelerator\n");
  if (layersOption.getNumOccurrences())
    compileCommand.layers = layers;
  if (maxTokensOption.getNumOccurrences())
    compileCommand.maxTokens = maxTokens;
  if (compile)
    return runCompile(compileCommand);
  if (trace || check)
    return runDriverCommand();
  if (devices)
    return runDevices(registers);
  return fail("give a command: compile, trace, check or devices; dlavm "
              "COMMAND --help explains it");
}
