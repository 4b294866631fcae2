//===- DriverCommands.cpp - trace, check, run -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "DLAVM/Tool/Tool.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

namespace {
cl::SubCommand trace("trace", "run the driver in DIR, which dlavm compile "
                              "wrote, and print its register trace");
cl::SubCommand check("check", "run the driver in DIR over a sweep of calls and "
                              "report what cannot be right");
cl::SubCommand run("run", "run the driver in DIR with its packed parameters on "
                          "a device and print the tokens");

cl::opt<std::string> directory(cl::Positional, cl::Required, cl::sub(trace),
                               cl::sub(check), cl::sub(run), cl::desc("DIR"));

// trace and check
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
cl::opt<bool> hex("hex", cl::sub(trace),
                  cl::desc("print values with eight hexadecimal digits"));
cl::opt<bool> decode("decode", cl::sub(trace),
                     cl::desc("trace decode, the driver's function for calls "
                              "of one token, in place of run"));
cl::opt<bool> diff("diff", cl::sub(trace),
                   cl::desc("compare the traces in the files DIR and OTHER by "
                            "the names of registers; exit code 1 if they "
                            "differ"));
cl::opt<std::string> other(cl::Positional, cl::sub(trace), cl::desc("[OTHER]"));
cl::opt<std::string> device("device", cl::sub(trace), cl::value_desc("name"),
                            cl::desc("whose registers --diff names"));
// trace, and run --dump
cl::opt<std::string>
    task("task", cl::sub(trace), cl::sub(run), cl::value_desc("name"),
         cl::desc("print or dump the tasks of this name only"));
cl::opt<int64_t>
    layer("layer", cl::sub(trace), cl::sub(run), cl::value_desc("n"),
          cl::desc("print or dump the tasks of this layer only; those of no "
                   "layer have -1"));
cl::opt<bool>
    execute("execute", cl::sub(check),
            cl::desc("also run random data on a simulated device that follows "
                     "every element, or on the card of --on, and compare with "
                     "the reference interpreter bit for bit"));

// check --execute and run
std::string deviceName = "simulator";
cl::opt<std::string, true>
    on("on", cl::sub(check), cl::sub(run), cl::location(deviceName),
       cl::value_desc("device"),
       cl::desc("the device: simulator, the default, or a card as xdma:PATH; "
                "docs/Boards.md lists them"));
cl::opt<double>
    tolerance("tolerance", cl::sub(check), cl::sub(run), cl::value_desc("x"),
              cl::desc("how far an element may be from the reference, relative "
                       "to the largest of its map; by default 0, and 0.1 with "
                       "--arithmetic=int4 or fp64"));

// run
RunCommand runCommand;
cl::list<std::string>
    prompts("ids", cl::sub(run), cl::value_desc("n,n,..."),
            cl::desc("token ids of a prompt; each further --ids continues the "
                     "history"));
cl::list<std::string>
    textPrompts("prompt", cl::sub(run), cl::value_desc("text"),
                cl::desc("a prompt as text, for the tokenizer in DIR; the "
                         "answer is text, too; each further --prompt continues "
                         "the history"));
cl::opt<int64_t, true> maxNewTokens(
    "max-new-tokens", cl::sub(run), cl::location(runCommand.maxNewTokens),
    cl::value_desc("n"),
    cl::desc("how many tokens to generate after each prompt, 16 by default"));
cl::opt<std::string, true>
    timeSteps("time-steps", cl::sub(run), cl::location(runCommand.timesFile),
              cl::value_desc("file"),
              cl::desc("write how long each task takes, CSV; on the simulator "
                       "that is the time of its computation"));
cl::opt<std::string, true>
    logits("logits", cl::sub(run), cl::location(runCommand.logitsFile),
           cl::value_desc("file"),
           cl::desc("write a line for each call: the token and its logits"));
cl::opt<bool, true>
    compare("compare", cl::sub(run), cl::location(runCommand.compare),
            cl::desc("run the reference interpreter along and print how far "
                     "each op is from it; exit code 1 if anything differs"));
cl::list<std::string>
    ignoredTensors("ignore-tensors", cl::sub(run), cl::value_desc("pattern"),
                   cl::desc("leave out tensors of --checkpoint of these names "
                            "that the model has no use for"));
cl::opt<std::string, true>
    checkpoint("checkpoint", cl::sub(run), cl::location(runCommand.checkpoint),
               cl::value_desc("dir"),
               cl::desc("take the reference's weights from this checkpoint; "
                        "by default from the packed files"));
EnumOption<Arithmetic, true>
    arithmetic("arithmetic", cl::sub(run), cl::location(runCommand.arithmetic),
               cl::desc("what the reference computes with"),
               cl::values(clEnumValN(Arithmetic::Device, "device",
                                     "what the device computes (default)"),
                          clEnumValN(Arithmetic::FP64INT4, "int4",
                                     "FP64 on weights rounded to INT4"),
                          clEnumValN(Arithmetic::FP64, "fp64",
                                     "FP64 on the weights of --checkpoint")));
cl::opt<std::string, true>
    jsonOption("json", cl::sub(run), cl::location(runCommand.jsonFile),
               cl::value_desc("file"),
               cl::desc("write the comparison as JSON as well"));
cl::opt<std::string, true>
    dump("dump", cl::sub(run), cl::location(runCommand.dumpDirectory),
         cl::value_desc("dir"),
         cl::desc("write the registers of each start of --task and --layer, "
                  "and images of the memory that it reads and writes, into "
                  "this new or empty directory; each start takes as much as "
                  "its operands, those that it writes twice"));
cl::opt<int64_t> call("call", cl::sub(run), cl::value_desc("n"),
                      cl::desc("dump this call of the driver only, counted "
                               "from 0"));
cl::opt<unsigned, true>
    threads("threads", cl::sub(run), cl::location(runCommand.threads),
            cl::value_desc("n"),
            cl::desc("threads of the simulator; all of the machine by "
                     "default"));
} // namespace

/// Parses --seq or --past where it is given.
static bool getSweep(const cl::opt<std::string> &option,
                     std::optional<Sweep> &sweep) {
  if (!option.getNumOccurrences())
    return true;
  Expected<Sweep> parsed = parseSweep(option);
  if (!parsed) {
    failUsage("--" + option.ArgStr + "=" + option + " " +
              toString(parsed.takeError()));
    return false;
  }
  sweep = std::move(*parsed);
  return true;
}

static bool checkTolerance() {
  if (tolerance >= 0 && !std::isinf(tolerance))
    return true;
  failUsage("--tolerance must be 0 or more, and finite");
  return false;
}

static int runCheckCommand(const std::optional<Sweep> &seq,
                           const std::optional<Sweep> &past) {
  if (!checkValue(on) || !checkTolerance())
    return 1;
  if (!execute && (on.getNumOccurrences() || tolerance.getNumOccurrences()))
    return failUsage("--on and --tolerance say how --execute runs the driver, "
                     "without which it runs on no device; give --execute");
  return runCheck({directory, seq, past, execute, deviceName, tolerance});
}

static int runDiffCommand() {
  if (!other.getNumOccurrences())
    return failUsage("dlavm trace --diff needs the files of two traces");
  for (const cl::Option *option : std::initializer_list<const cl::Option *>{
           &seqOption, &pastOption, &names, &hash, &hex, &decode, &task,
           &layer})
    if (option->getNumOccurrences())
      return failUsage("--" + option->ArgStr +
                       " is for the trace of a driver, but --diff compares "
                       "two that are there");
  return runTraceDiff({directory, other, device});
}

static int runSweepCommand() {
  if (trace && diff)
    return runDiffCommand();
  if (trace && (other.getNumOccurrences() || device.getNumOccurrences()))
    return failUsage("a second file and --device are for dlavm trace --diff");
  std::optional<Sweep> seqSweep, pastSweep;
  if (!getSweep(seqOption, seqSweep) || !getSweep(pastOption, pastSweep))
    return 1;
  if (check)
    return runCheckCommand(seqSweep, pastSweep);
  const bool isShaped =
      names || hex || task.getNumOccurrences() || layer.getNumOccurrences();
  if (hash && isShaped)
    return failUsage("--hash prints no events, so --names, --hex, --task and "
                     "--layer do not go with it");
  if (decode && seqSweep && seqSweep->values != std::vector<int64_t>{1})
    return failUsage("--decode traces calls of one token, so --seq is 1");
  if (decode)
    seqSweep = Sweep{{1}};
  if (!seqSweep)
    return failUsage("dlavm trace needs --seq=N, the tokens of the call");
  return runTrace({directory, *seqSweep, pastSweep.value_or(Sweep{{0}}), names,
                   hash, hex, decode, getOptional(task), getOptional(layer)});
}

static int runRunCommand() {
  if (!checkThreads(runCommand.threads))
    return 1;
  runCommand.directory = directory;
  if (prompts.empty() == textPrompts.empty())
    return failUsage("--ids=N,N,... or --prompt=TEXT says what to continue; "
                     "give one of them");
  runCommand.textPrompts = textPrompts;
  for (const std::string &text : prompts) {
    std::optional<std::vector<int32_t>> prompt = parseIds(text);
    if (!prompt)
      return 1;
    runCommand.prompts.push_back(std::move(*prompt));
  }
  if (!checkMaxNewTokens(runCommand.maxNewTokens) || !checkValue(logits) ||
      !checkValue(jsonOption) || !checkValue(checkpoint) || !checkValue(dump) ||
      !checkValue(on) || !checkTolerance() || !checkValue(timeSteps))
    return 1;
  runCommand.on = deviceName;
  if (dump.getNumOccurrences() && runCommand.on != "simulator")
    return failUsage("--dump writes what the simulator has in memory before "
                     "and after a start; leave out --on");
  for (const cl::Option *option :
       std::initializer_list<const cl::Option *>{&task, &layer, &call})
    if (option->getNumOccurrences() && !dump.getNumOccurrences())
      return failUsage("--" + option->ArgStr +
                       " says which starts --dump writes; give --dump=DIR");
  runCommand.dumped = {getOptional(task), getOptional(layer),
                       getOptional(call)};
  if (dump.getNumOccurrences() && !runCommand.dumped.task &&
      !runCommand.dumped.layer)
    return failUsage("--dump of all starts would take gigabytes; name some "
                     "with --task, --layer or both");
  // These say how to compare.
  runCommand.compare |=
      !runCommand.checkpoint.empty() || !runCommand.jsonFile.empty() ||
      arithmetic.getNumOccurrences() > 0 || tolerance.getNumOccurrences() > 0;
  if (runCommand.arithmetic == Arithmetic::FP64 &&
      runCommand.checkpoint.empty())
    return failUsage("--arithmetic=fp64 needs --checkpoint=DIR: the packed "
                     "weights are rounded to INT4");
  const bool isDevice = runCommand.arithmetic == Arithmetic::Device;
  runCommand.tolerance = getOptional(tolerance).value_or(isDevice ? 0 : 0.1);
  if (!ignoredTensors.empty() && runCommand.checkpoint.empty())
    return failUsage("--ignore-tensors says what of --checkpoint=DIR to leave "
                     "out; give both or none");
  runCommand.ignoredTensors = ignoredTensors;
  return runRun(runCommand);
}

std::optional<int> dlavm::runDriverCommand() {
  if (trace || check)
    return runSweepCommand();
  if (run)
    return runRunCommand();
  return std::nullopt;
}
