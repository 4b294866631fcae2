//===- ModelCommands.cpp - compile, pack, interpret, eval, ... ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "DLAVM/Pipelines/Optimizations.h"
#include "DLAVM/Tool/Tool.h"

using namespace dlavm;
using namespace llvm;

namespace {
cl::SubCommand compile("compile",
                       "compile MODEL (a config.json, a checkpoint "
                       "directory, a GGUF or a .mlir file) to driver source");
cl::SubCommand pack("pack", "pack the weights of CHECKPOINT for the driver in "
                            "DIR, which dlavm compile wrote");
cl::SubCommand interpret("interpret",
                         "run a checkpoint with the reference interpreter");
cl::SubCommand
    eval("eval",
         "compare how well MODEL (a checkpoint, or a driver's directory "
         "with packed parameters) predicts tokens in FP64, with INT4 "
         "weights and on the device");
cl::SubCommand
    quantize("quantize",
             "round the linear layers of CHECKPOINT to INT4, so that "
             "what they compute changes least (GPTQ)");
cl::SubCommand makeModel("make-model",
                         "write a small checkpoint with random weights");
cl::SubCommand plan("plan",
                    "give the buffers of FILE, a CSV file id,lower,upper,size, "
                    "offsets in as little memory as possible, where those "
                    "that live at the same time do not overlap");
cl::SubCommand devices("devices", "list the devices, how versions differ, and "
                                  "their boards; or all of the devices NAME");

cl::list<std::string>
    ignoredTensors("ignore-tensors", cl::sub(compile), cl::sub(pack),
                   cl::sub(interpret), cl::sub(eval), cl::sub(quantize),
                   cl::value_desc("pattern"),
                   cl::desc("leave out tensors of these names that the model "
                            "has no use for; '*' stands for any part"));

// compile
CompileCommand compileCommand;
cl::opt<std::string, true> model(cl::Positional, cl::Required, cl::sub(compile),
                                 cl::location(compileCommand.model),
                                 cl::desc("MODEL"));
cl::opt<std::string, true>
    device("device", cl::Required, cl::sub(compile),
           cl::location(compileCommand.device), cl::value_desc("name"),
           cl::desc("the device to compile for, and its board where that is "
                    "not the default (name@board); see dlavm devices"));
cl::opt<std::string, true>
    output("o", cl::Required, cl::sub(compile),
           cl::location(compileCommand.outputDirectory), cl::value_desc("dir"),
           cl::desc("directory for the driver, its runtime header, plan.json "
                    "and report.txt"));
cl::opt<int64_t> layers("layers", cl::sub(compile), cl::value_desc("n"),
                        cl::desc("compile the first n layers only"));
cl::opt<int64_t>
    maxTokens("max-tokens", cl::sub(compile), cl::value_desc("n"),
              cl::desc("the largest context; less than the device's saves "
                       "memory of feature maps, not of KV caches"));
cl::opt<int64_t>
    portStride("port-stride", cl::sub(compile), cl::value_desc("bytes"),
               cl::desc("distance of the ports of a memory for the host, "
                        "where the board leaves it open"));
cl::opt<int64_t>
    dmaBase("dma-base", cl::sub(compile), cl::value_desc("bytes"),
            cl::desc("where the host finds port 0 of that memory"));
cl::opt<std::string, true> weightLoading(
    "weight-loading", cl::sub(compile),
    cl::location(compileCommand.weightLoading), cl::value_desc("dma|wt2hbm"),
    cl::desc("how weights get into HBM: written by the host (dma, default) or "
             "copied by the device (wt2hbm)"));
cl::opt<std::string, true>
    mode("mode", cl::sub(compile), cl::location(compileCommand.mode),
         cl::value_desc("direct|aux"),
         cl::desc("how calls of one token run: by register writes (direct, "
                  "default) or from instruction blocks in the memory of the "
                  "device (aux)"));
cl::opt<bool, true> doubleBuffer(
    "double-buffer", cl::sub(compile),
    cl::location(compileCommand.doubleBuffer),
    cl::desc("with --mode=aux: keep the instruction blocks twice, so that the "
             "words of the next token go out while this one runs"));
cl::opt<std::string, true> ropePairing(
    "rope-pairing", cl::sub(compile), cl::location(compileCommand.ropePairing),
    cl::value_desc("neighbours|halves"),
    cl::desc("the channels of a head that rotary embeddings pair; by default "
             "what the model and the device make cheapest"));
cl::opt<unsigned>
    optLevel("O", cl::sub(compile), cl::Prefix, cl::value_desc("0|2"),
             cl::init(kMaxOptLevel),
             cl::desc("optimize: 2 runs all passes of docs/Optimizations.md "
                      "(default), 0 none of them: each task writes all of its "
                      "registers"));
cl::list<std::string>
    enabledPasses("enable-passes", cl::sub(compile), cl::CommaSeparated,
                  cl::value_desc("pass,..."),
                  cl::desc("run these optimizing passes, too"));
cl::list<std::string>
    disabledPasses("disable-passes", cl::sub(compile), cl::CommaSeparated,
                   cl::value_desc("pass,..."),
                   cl::desc("leave out these optimizing passes"));
cl::opt<int64_t, true>
    sliceBytes("slice-bytes", cl::sub(compile), cl::value_desc("n"),
               cl::location(compileCommand.sliceBytes),
               cl::desc("tasks that run over slices of tokens together have at "
                        "most so many bytes (of a port) between them; by "
                        "default an eighth of the memory"));
cl::opt<bool, true> sliceSoftmax(
    "slice-softmax", cl::sub(compile),
    cl::location(compileCommand.sliceSoftmax),
    cl::desc("accel-stream-attention: let softmax take slices also where that "
             "follows from the meaning of its registers alone"));
cl::opt<bool, true> mergeLinears(
    "merge-linears", cl::sub(compile),
    cl::location(compileCommand.mergeLinears),
    cl::desc("accel-merge-linears: let linear layers with one input become one "
             "also where the model of costs says that it does not pay"));
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

// pack
PackCommand packCommand;
cl::opt<std::string, true> checkpoint(cl::Positional, cl::Required,
                                      cl::sub(pack),
                                      cl::location(packCommand.checkpoint),
                                      cl::desc("CHECKPOINT"));
cl::opt<std::string, true> packDirectory(cl::Positional, cl::Required,
                                         cl::sub(pack),
                                         cl::location(packCommand.directory),
                                         cl::desc("DIR"));
cl::opt<std::string, true>
    scale("scale", cl::sub(pack), cl::location(packCommand.scale),
          cl::value_desc("absmax|search"),
          cl::desc("how a block of weights gets its scale: from its largest "
                   "weight (absmax, default) or by a search for the least "
                   "squared error"));
cl::opt<std::string, true>
    requantize("requantize", cl::sub(pack),
               cl::location(packCommand.requantize),
               cl::value_desc("always|never"),
               cl::desc("what to do with INT4 codes of a checkpoint that the "
                        "device cannot hold: fit their blocks anew (always, "
                        "default) or refuse them"));
cl::opt<bool, true>
    strict("strict", cl::sub(pack), cl::location(packCommand.strict),
           cl::desc("refuse a checkpoint with blocks of which rounding leaves "
                    "no weight, or one only"));
cl::opt<unsigned, true>
    packThreads("threads", cl::sub(pack), cl::location(packCommand.threads),
                cl::value_desc("n"),
                cl::desc("threads; all of the machine by default"));

// interpret
InterpretCommand interpretCommand;
cl::opt<std::string, true>
    interpretedModel(cl::Positional, cl::Required, cl::sub(interpret),
                     cl::location(interpretCommand.model),
                     cl::desc("CHECKPOINT"));
cl::opt<std::string> ids("ids", cl::Required, cl::sub(interpret),
                         cl::value_desc("n,n,..."),
                         cl::desc("token ids of the prompt"));
cl::opt<int64_t, true>
    maxNewTokens("max-new-tokens", cl::sub(interpret),
                 cl::location(interpretCommand.maxNewTokens),
                 cl::value_desc("n"),
                 cl::desc("how many tokens to generate, 16 by default"));
EnumOption<Arithmetic, true> arithmetic(
    "arithmetic", cl::sub(interpret), cl::location(interpretCommand.arithmetic),
    cl::desc("what to compute with"),
    cl::values(clEnumValN(Arithmetic::FP64, "fp64",
                          "FP64 on the checkpoint's weights (default)"),
               clEnumValN(Arithmetic::FP64INT4, "int4",
                          "FP64 on weights rounded to INT4"),
               clEnumValN(Arithmetic::Device, "device",
                          "what the device computes")));
cl::opt<std::string, true> interpretDevice(
    "device", cl::sub(interpret), cl::location(interpretCommand.device),
    cl::value_desc("name"), cl::desc("the device of --arithmetic=device"));
EnumOption<ScaleChoice, true> interpretScale(
    "scale", cl::sub(interpret), cl::location(interpretCommand.scaleChoice),
    cl::desc("how rounded weights get the scale of their block"),
    cl::values(clEnumValN(ScaleChoice::AbsMax, "absmax",
                          "from its largest weight (default)"),
               clEnumValN(ScaleChoice::Search, "search",
                          "by a search for the least squared error")));
cl::opt<std::string, true>
    logits("logits", cl::sub(interpret),
           cl::location(interpretCommand.logitsFile), cl::value_desc("file"),
           cl::desc("write a line for each call: the token and its logits"));
cl::opt<bool, true>
    loss("loss", cl::sub(interpret), cl::location(interpretCommand.loss),
         cl::desc("print the mean negative log likelihood per token of the "
                  "ids, and generate nothing"));

// eval
EvalCommand evalCommand;
cl::opt<std::string, true> evaluatedModel(cl::Positional, cl::Required,
                                          cl::sub(eval),
                                          cl::location(evalCommand.model),
                                          cl::desc("MODEL"));
cl::opt<std::string, true>
    idsFile("ids", cl::sub(eval), cl::location(evalCommand.input.idsFile),
            cl::value_desc("file"),
            cl::desc("token ids to predict, a sequence in each line"));
cl::opt<std::string, true>
    reference("reference", cl::sub(eval), cl::location(evalCommand.reference),
              cl::value_desc("checkpoint"),
              cl::desc("the checkpoint to compare with, in FP64; by default "
                       "MODEL itself"));
cl::opt<std::string, true>
    evalDevice("device", cl::sub(eval), cl::location(evalCommand.device),
               cl::value_desc("name"),
               cl::desc("also evaluate the arithmetic of this device"));
EnumOption<ScaleChoice> evalScale(
    "scale", cl::sub(eval),
    cl::desc("how rounded weights get the scale of their block"),
    cl::values(clEnumValN(ScaleChoice::AbsMax, "absmax",
                          "from its largest weight (default)"),
               clEnumValN(ScaleChoice::Search, "search",
                          "by a search for the least squared error")));
cl::opt<std::string, true>
    evalOn("on", cl::sub(eval), cl::location(evalCommand.on),
           cl::value_desc("device"),
           cl::desc("also run the driver in MODEL on a device: simulator, or a "
                    "card as xdma:PATH; docs/Boards.md lists them"));
cl::opt<bool, true>
    evalLayers("layers", cl::sub(eval), cl::location(evalCommand.layers),
               cl::desc("print the error of the hidden states of each layer"));
cl::opt<unsigned, true>
    evalThreads("threads", cl::sub(eval), cl::location(evalCommand.threads),
                cl::value_desc("n"),
                cl::desc("threads; all of the machine by default"));

// quantize
QuantizeCommand quantizeCommand;
cl::opt<std::string, true>
    quantizedModel(cl::Positional, cl::Required, cl::sub(quantize),
                   cl::location(quantizeCommand.checkpoint),
                   cl::desc("CHECKPOINT"));
cl::opt<std::string, true>
    quantizeOutput("o", cl::Required, cl::sub(quantize),
                   cl::location(quantizeCommand.outputDirectory),
                   cl::value_desc("dir"),
                   cl::desc("directory for the quantized checkpoint, in the "
                            "format of compressed-tensors"));
cl::opt<std::string, true>
    calibration("calibration", cl::sub(quantize),
                cl::location(quantizeCommand.calibration.idsFile),
                cl::value_desc("file"),
                cl::desc("token ids of typical text, a sequence in each line"));
cl::opt<unsigned, true>
    quantizeThreads("threads", cl::sub(quantize),
                    cl::location(quantizeCommand.threads), cl::value_desc("n"),
                    cl::desc("threads; all of the machine by default"));

// eval, quantize
TokenInput textInput;
cl::opt<std::string, true>
    textFile("text", cl::sub(eval), cl::sub(quantize),
             cl::location(textInput.textFile), cl::value_desc("file"),
             cl::desc("a text in place of token ids, for the tokenizer of the "
                      "model"));
cl::opt<int64_t, true>
    textTokens("text-tokens", cl::sub(eval), cl::sub(quantize),
               cl::location(textInput.textTokens), cl::value_desc("n"),
               cl::desc("cut the text into sequences of n tokens, 512 by "
                        "default"));

// make-model
MakeModelCommand makeCommand;
cl::opt<std::string, true>
    architecture("architecture", cl::Required, cl::sub(makeModel),
                 cl::location(makeCommand.architecture),
                 cl::value_desc("llama|llama3|mistral|qwen2|chatglm"),
                 cl::desc("the architecture"));
cl::opt<std::string, true>
    makeOutput("o", cl::Required, cl::sub(makeModel),
               cl::location(makeCommand.outputDirectory), cl::value_desc("dir"),
               cl::desc("directory for config.json and model.safetensors"));
cl::opt<int64_t, true> hidden("hidden", cl::sub(makeModel),
                              cl::location(makeCommand.hidden),
                              cl::value_desc("n"),
                              cl::desc("hidden channels, 128 by default"));
cl::opt<int64_t, true> makeLayers("layers", cl::sub(makeModel),
                                  cl::location(makeCommand.layers),
                                  cl::value_desc("n"),
                                  cl::desc("layers, 2 by default"));
cl::opt<int64_t, true> heads("heads", cl::sub(makeModel),
                             cl::location(makeCommand.heads),
                             cl::value_desc("n"),
                             cl::desc("query heads, 4 by default"));
cl::opt<int64_t> kvHeads("kv-heads", cl::sub(makeModel), cl::value_desc("n"),
                         cl::desc("key and value heads; half of the heads by "
                                  "default"));
cl::opt<int64_t> headDim("head-dim", cl::sub(makeModel), cl::value_desc("n"),
                         cl::desc("channels of a head; hidden / heads by "
                                  "default"));
cl::opt<int64_t, true> intermediate(
    "intermediate", cl::sub(makeModel), cl::location(makeCommand.intermediate),
    cl::value_desc("n"),
    cl::desc("channels of the feed-forward network, 352 by default"));
cl::opt<int64_t, true> vocabulary("vocabulary", cl::sub(makeModel),
                                  cl::location(makeCommand.vocabulary),
                                  cl::value_desc("n"),
                                  cl::desc("tokens, 512 by default"));
cl::opt<int64_t, true>
    context("context", cl::sub(makeModel), cl::location(makeCommand.context),
            cl::value_desc("n"),
            cl::desc("the largest context in tokens, 256 by default"));
cl::opt<uint64_t, true>
    seed("seed", cl::sub(makeModel), cl::location(makeCommand.seed),
         cl::value_desc("n"),
         cl::desc("the same seed gives the same weights; 0 by default"));
cl::opt<std::string, true>
    elementType("dtype", cl::sub(makeModel),
                cl::location(makeCommand.elementType),
                cl::value_desc("F32|F16|BF16"),
                cl::desc("element type of the weights, F32 by default"));
cl::opt<bool, true> tied("tied", cl::sub(makeModel),
                         cl::location(makeCommand.isTied),
                         cl::desc("let the output layer be the embedding"));

// plan
PlanCommand planCommand;
cl::opt<std::string, true> planFile(cl::Positional, cl::Required, cl::sub(plan),
                                    cl::location(planCommand.file),
                                    cl::desc("FILE"));
cl::opt<int64_t>
    capacity("capacity", cl::sub(plan), cl::value_desc("bytes"),
             cl::desc("any plan that takes no more will do; exit code 1 if "
                      "none was found"));
cl::opt<uint64_t, true>
    maxNodes("max-nodes", cl::sub(plan), cl::location(planCommand.maxNodes),
             cl::value_desc("n"),
             cl::desc("how many steps the search may take, 2097152 by "
                      "default; 0 for none"));

// devices
cl::list<std::string> deviceNames(cl::Positional, cl::sub(devices),
                                  cl::desc("[NAME...]"));
cl::opt<bool> registers("registers", cl::sub(devices),
                        cl::desc("print the register tables as Markdown"));
} // namespace

static int runInterpretCommand() {
  std::optional<std::vector<int32_t>> prompt = parseIds(ids);
  if (!prompt)
    return 1;
  interpretCommand.ids = std::move(*prompt);
  interpretCommand.ignoredTensors = ignoredTensors;
  if (!checkMaxNewTokens(interpretCommand.maxNewTokens) || !checkValue(logits))
    return 1;
  // What would be ignored is refused.
  const bool isDevice = interpretCommand.arithmetic == Arithmetic::Device;
  if (interpretDevice.getNumOccurrences() && !isDevice)
    return failUsage("--device says whose arithmetic --arithmetic=device is; "
                     "give both or none");
  if (interpretScale.getNumOccurrences() &&
      interpretCommand.arithmetic == Arithmetic::FP64)
    return failUsage("--scale says how weights are rounded, which "
                     "--arithmetic=fp64 does not do");
  if (interpretCommand.loss &&
      (maxNewTokens.getNumOccurrences() || logits.getNumOccurrences()))
    return failUsage("--loss generates nothing, so --max-new-tokens and "
                     "--logits do not go with it");
  return runInterpret(interpretCommand);
}

/// Completes where token ids come from; false after a usage error.
static bool checkTokenInput(const cl::opt<std::string, true> &idsOption,
                            TokenInput &input) {
  const std::string option = "--" + idsOption.ArgStr.str() + "=FILE";
  const bool isText = textFile.getNumOccurrences() > 0;
  if (isText == (idsOption.getNumOccurrences() > 0)) {
    failUsage(option + " or --text=FILE says which tokens to take; give one of "
                       "them");
    return false;
  }
  if (textTokens.getNumOccurrences() && !isText) {
    failUsage("--text-tokens says how to cut what --text=FILE has; give both "
              "or none");
    return false;
  }
  if (textInput.textTokens < 2) {
    failUsage("--text-tokens must be 2 or more");
    return false;
  }
  input.textFile = textInput.textFile;
  input.textTokens = textInput.textTokens;
  return isText ? checkValue(textFile) : checkValue(idsOption);
}

std::optional<int> dlavm::runModelCommand() {
  if (compile) {
    compileCommand.layers = getOptional(layers);
    compileCommand.maxTokens = getOptional(maxTokens);
    compileCommand.portStride = getOptional(portStride);
    compileCommand.dmaBase = getOptional(dmaBase);
    compileCommand.ignoredTensors = ignoredTensors;
    Expected<std::vector<std::string>> passes = chooseOptimizations(
        optLevel, enabledPasses, disabledPasses, compileCommand.mode);
    if (!passes)
      return failUsage(toString(passes.takeError()));
    compileCommand.passes = std::move(*passes);
    compileCommand.namedPasses = enabledPasses;
    return runCompile(compileCommand);
  }
  if (pack) {
    packCommand.ignoredTensors = ignoredTensors;
    return checkThreads(packCommand.threads) ? runPack(packCommand) : 1;
  }
  if (interpret)
    return runInterpretCommand();
  if (eval) {
    evalCommand.scaleChoice = getOptional(evalScale);
    evalCommand.ignoredTensors = ignoredTensors;
    if (!checkTokenInput(idsFile, evalCommand.input) ||
        !checkValue(reference) || !checkValue(evalDevice) ||
        !checkValue(evalOn) || !checkThreads(evalCommand.threads))
      return 1;
    return runEval(evalCommand);
  }
  if (quantize) {
    if (!checkValue(quantizeOutput) ||
        !checkTokenInput(calibration, quantizeCommand.calibration) ||
        !checkThreads(quantizeCommand.threads))
      return 1;
    quantizeCommand.ignoredTensors = ignoredTensors;
    return runQuantize(quantizeCommand);
  }
  if (makeModel) {
    makeCommand.kvHeads = getOptional(kvHeads);
    makeCommand.headDim = getOptional(headDim);
    return runMakeModel(makeCommand);
  }
  if (plan) {
    planCommand.capacity = getOptional(capacity);
    if (planCommand.capacity &&
        (*planCommand.capacity < 0 || *planCommand.capacity > kMaxPlannedBytes))
      return failUsage("--capacity=" + Twine(*planCommand.capacity) +
                       " must be from 0 to 2^61 bytes");
    return runPlan(planCommand);
  }
  if (devices)
    return runDevices(deviceNames, registers);
  return std::nullopt;
}
