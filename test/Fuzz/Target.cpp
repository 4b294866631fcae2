//===- Target.cpp - What reads and transforms inputs ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Target.h"
#include "Checkpoints.h"

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/Pack/PackedParameters.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Target/TranslateToCpp.h"
#include "DLAVM/Target/TranslateToPlan.h"
#include "DLAVM/Tool/Tool.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FileSystem.h"

#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;
using mlir::failed;
using mlir::ModuleOp;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kDevice("edgellm-20241128");

/// A pass or pipeline, by its name and its options.
struct Pipeline {
  StringLiteral name, options;
};

static constexpr Pipeline kLLMPipelines[] = {
    {"llm-embed-patches", "{device=edgellm-20241128}"},
    {"llm-fuse-scale-bias", ""},
    {"llm-fuse-residual", ""},
    {"llm-pad-heads", "{head-channels=128}"},
    {"llm-interleave-rope", ""},
    {"llm-name-tasks", ""},
    {"convert-llm-to-accel", "{device=edgellm-20241128}"},
    {"dlavm-compile", "{device=edgellm-20241128}"}};
static constexpr Pipeline kAccelPipelines[] = {
    {"accel-outline-starts", ""},
    {"accel-stream-attention", "{untested=true slice-bytes=4096}"},
    {"accel-stream-ffn", "{slice-bytes=4096}"},
    {"accel-merge-linears", ""},
    {"accel-order-loops", ""},
    {"accel-partition-tasks", ""},
    {"accel-place-objects", ""},
    {"accel-plan-memory", ""},
    {"accel-specialize-decode", ""},
    {"convert-accel-to-csb", ""},
    {"convert-accel-to-csb", "{weight-loading=wt2hbm}"}};
static constexpr Pipeline kCSBPipelines[] = {{"csb-verify-placement", ""},
                                             {"csb-insert-steps", ""},
                                             {"csb-prepare-emission", ""}};
static constexpr Pipeline kCommonPipelines[] = {
    {"canonicalize", ""},
    {"cse", ""},
    {"symbol-dce", ""},
    {"loop-invariant-code-motion", ""}};

static constexpr StringLiteral kEmissions[] = {"csb-to-cpp", "csb-to-plan",
                                               "csb-to-report"};

/// Accel modules go on to the end.
static constexpr StringLiteral kAccelToEnd("accel-to-end");

std::vector<std::string> dlavm::getTargets(Format format) {
  std::vector<std::string> targets;
  auto add = [&](ArrayRef<Pipeline> pipelines) {
    for (const Pipeline &pipeline : pipelines)
      targets.push_back((pipeline.name + pipeline.options).str());
  };
  switch (format) {
  case Format::LLM:
    targets = {"parse", "interpret", "dlavm-compile{device=edgellm-20241128}"};
    add(kLLMPipelines);
    break;
  case Format::Accel:
    targets = {"parse", kAccelToEnd.str(), kAccelToEnd.str()};
    add(kAccelPipelines);
    break;
  case Format::CSB:
    targets = {"parse", "csb-verify-placement", "csb-prepare-emission"};
    add(kCSBPipelines);
    append_range(targets, kEmissions);
    break;
  case Format::Config:
    return {"config", "config", "config", "config-compile"};
  case Format::GenerationConfig:
    return {"generation-config"};
  case Format::Index:
    return {"index"};
  case Format::Safetensors:
    return {"safetensors"};
  // Packing writes hundreds of files.
  case Format::Checkpoint:
    return {"checkpoint", "checkpoint",         "checkpoint",
            "checkpoint", "checkpoint-compile", "checkpoint-compile",
            "checkpoint", "checkpoint-pack"};
  case Format::GGUF:
    return {"gguf", "gguf",         "gguf",         "gguf",
            "gguf", "gguf-compile", "gguf-compile", "gguf-pack"};
  case Format::Plan:
    return {"plan"};
  case Format::Checksums:
    return {"checksums"};
  }
  add(kCommonPipelines);
  return targets;
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

TargetRunner::TargetRunner(const WorkDirectory &work) : work(work) {
  registerAllDialects(registry);
  context.appendDialectRegistry(registry);
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
    // The text, with the op, is printed as for a user.
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
      ++numErrors;
    std::string text = diagnostic.str();
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      text += note.str();
    return mlir::success();
  });
}

[[noreturn]] static void complain(const Twine &message) {
  errs() << message << "\n";
  std::abort();
}

void TargetRunner::expectWord(bool hasSucceeded, const Twine &step) {
  if (!hasSucceeded && numErrors == 0)
    complain(step + " fails without a word");
}

void TargetRunner::run(StringRef target, const std::string &text) {
  numErrors = 0;
  const StringRef format = target.split('-').first;
  if (is_contained({"config", "generation", "index", "safetensors",
                    "checkpoint", "gguf", "plan", "checksums"},
                   format))
    runFile(target, text);
  else
    runModule(target, text);
}

void TargetRunner::runModule(StringRef target, const std::string &text) {
  if (errorToBool(checkModuleText(text)))
    return;
  auto module =
      mlir::parseSourceString<ModuleOp>(text, mlir::ParserConfig(&context));
  expectWord(bool(module), "the parser");
  if (!module)
    return;
  if (target == "parse")
    return runRoundTrip(*module);
  if (target == "interpret")
    return runInterpreter(*module);
  if (is_contained(kEmissions, target))
    return runEmission(target, *module);

  auto runPasses = [&](const Twine &passes) {
    mlir::PassManager manager(&context);
    // As dlavm compile does.
    manager.enableVerifier(false);
    if (failed(mlir::parsePassPipeline(passes.str(), manager, errs())))
      complain("no pipeline: " + passes);
    const bool hasSucceeded = succeeded(manager.run(*module));
    expectWord(hasSucceeded, passes);
    if (!hasSucceeded)
      return false;
    const bool isValid = succeeded(mlir::verify(*module));
    expectWord(isValid, "the verifier");
    return isValid;
  };
  if (target == kAccelToEnd) {
    if (!runPasses(
            "accel-partition-tasks,accel-place-objects,accel-plan-memory,"
            "canonicalize,cse,convert-accel-to-csb,csb-prepare-"
            "emission"))
      return;
  } else if (!runPasses(target)) {
    return;
  }
  if (target.starts_with("dlavm-compile") || target == kAccelToEnd)
    for (StringRef emission : kEmissions)
      runEmission(emission, *module);
  else
    runRoundTrip(*module);
}

/// What is printed is parsed again, in each form.
void TargetRunner::runRoundTrip(ModuleOp module) {
  for (bool isGeneric : {true, false}) {
    std::string text;
    raw_string_ostream os(text);
    module.print(os, mlir::OpPrintingFlags().printGenericOpForm(isGeneric));
    // What MLIR has no form for, it prints in such marks.
    if (!StringRef(text).contains("<<") &&
        !mlir::parseSourceString<ModuleOp>(text, mlir::ParserConfig(&context)))
      complain("what was printed cannot be parsed:\n" + text);
  }
}

void TargetRunner::runInterpreter(ModuleOp module) {
  std::vector<ParameterInfo> parameters;
  module.walk([&](llm::ParameterOp op) {
    parameters.push_back(llm::getParameterInfo(op));
  });
  RandomTensors tensors(parameters, 0);
  InterpreterOptions options;
  auto interpreter = Interpreter::create(module, tensors, options);
  expectWord(succeeded(interpreter), "the interpreter");
  if (failed(interpreter))
    return;
  int64_t channels = 1;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (function.isPublic())
      channels = cast<mlir::RankedTensorType>(function.getArgumentTypes()[0])
                     .getDimSize(2);
  if (channels < 0 || channels > 4096)
    return;
  for (int64_t past : {0, 2}) {
    const int64_t seq = past == 0 ? 2 : 1;
    MapValue input{1, seq, channels, std::vector<double>(seq * channels, 0.5)};
    Expected<Interpreter::Result> result = (*interpreter)->run(input, past);
    if (!result)
      return consumeError(result.takeError());
  }
  consumeError((*interpreter)->embed({0, 1}).takeError());
}

void TargetRunner::runEmission(StringRef target, ModuleOp module) {
  std::string text;
  raw_string_ostream os(text);
  const mlir::LogicalResult result =
      target == "csb-to-cpp"    ? translateToCpp(module, "driver", os)
      : target == "csb-to-plan" ? translateToPlan(module, "driver", os)
                                : translateToReport(module, os);
  expectWord(succeeded(result), target);
  if (failed(result) && !text.empty())
    complain(target + " fails, but has written something");
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// Takes a result or its error, which says something.
template <typename T> static void consume(Expected<T> result) {
  if (!result && toString(result.takeError()).empty())
    complain("an error says nothing");
}

/// A safetensors file of one byte, the tensor \p name.
static std::string getSmallTensor(StringRef name) {
  const std::string header =
      ("{\"" + name +
       "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}")
          .str();
  std::string text(8, 0);
  text[0] = static_cast<char>(header.size());
  return text + header + "x";
}

void TargetRunner::runConfig(const std::string &path) {
  expectWord(bool(importModel(path, {}, context)), "the import");
  ImportOptions options;
  options.layers = 1;
  options.maxTokens = 8;
  numErrors = 0;
  expectWord(bool(importModel(path, options, context)), "the import");
}

/// Reads the first and the last row of \p tensor in every way.
static void readTensor(const Tensor &tensor) {
  const ArrayRef<int64_t> shape = tensor.getShape();
  if (is_contained(shape, 0))
    return;
  const int64_t rows = shape.size() < 2 ? 1 : shape[0];
  std::vector<double> doubles(tensor.getRowSize());
  std::vector<float> floats(doubles.size());
  std::vector<int8_t> codes(doubles.size());
  for (int64_t row : {int64_t{0}, rows - 1}) {
    tensor.readRow(row, doubles);
    tensor.readRow(row, floats);
    if (tensor.hasCodes())
      tensor.readCodes(row, codes, floats);
  }
}

void TargetRunner::runCheckpoint(const std::string &path) {
  Expected<std::unique_ptr<Checkpoint>> checkpoint = Checkpoint::open(path);
  if (checkpoint)
    for (StringRef name : (*checkpoint)->getTensorNames()) {
      Expected<std::shared_ptr<const Tensor>> tensor =
          (*checkpoint)->getTensor(name);
      if (tensor)
        readTensor(**tensor);
      else
        consume(std::move(tensor));
    }
  else
    consume(std::move(checkpoint));
  mlir::OwningOpRef<ModuleOp> module = importModel(path, {}, context);
  expectWord(bool(module), "the import");
  if (!module || !checkpoint)
    return;
  auto interpreter = Interpreter::create(*module, **checkpoint, {});
  expectWord(succeeded(interpreter), "the interpreter");
  if (failed(interpreter))
    return;
  Expected<MapValue> input = (*interpreter)->embed({0, 1});
  if (!input)
    return consume(std::move(input));
  consume((*interpreter)->run(*input, /*past=*/0));
}

/// The files of a directory and below, with size and time.
static std::map<std::string, std::pair<uint64_t, sys::TimePoint<>>>
listFiles(const std::string &directory) {
  std::map<std::string, std::pair<uint64_t, sys::TimePoint<>>> files;
  std::error_code error;
  for (sys::fs::recursive_directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error))
    if (ErrorOr<sys::fs::basic_file_status> status = it->status())
      files[it->path()] = {status->getSize(),
                           status->getLastModificationTime()};
  return files;
}

/// Runs \p work with stderr in a file, and returns what it has printed.
static std::string capture(const std::string &path, function_ref<void()> work) {
  const int saved = dup(STDERR_FILENO);
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644);
  dup2(file, STDERR_FILENO);
  close(file);
  work();
  dup2(saved, STDERR_FILENO);
  close(saved);
  auto text = MemoryBuffer::getFile(path);
  return text ? (*text)->getBuffer().str() : "";
}

void TargetRunner::runTool(StringRef command, const std::string &path) {
  const std::string outputs = work / "outputs";
  sys::fs::create_directory(outputs);
  CompileCommand compile;
  compile.model = path;
  compile.device = kDevice.str();
  compile.outputDirectory = outputs + "/driver";
  PackCommand pack;
  pack.checkpoint = path;
  pack.directory =
      work /
      ("packed-" + Twine(path == work / "model.gguf" ? "gguf" : "checkpoint"));
  pack.threads = 1;
  const bool isPack = command == "pack";
  const std::string &directory = isPack ? pack.directory : outputs;
  const auto before = listFiles(directory);
  int code = 0;
  const std::string printed = capture(work / "stderr", [&] {
    code = isPack ? runPack(pack) : runCompile(compile);
  });
  errs() << printed;
  if (code == 0) {
    if (!isPack)
      sys::fs::remove_directories(compile.outputDirectory);
    return;
  }
  if (!StringRef(printed).contains("error: "))
    complain(command + " fails without a word");
  if (listFiles(directory) != before)
    complain(command + " fails, but has written something");
}

void TargetRunner::runFile(StringRef target, const std::string &text) {
  const std::string directory = work / "input";
  sys::fs::create_directory(directory);
  const auto [format, command] = target.split('-');
  if (format == "config" || format == "checkpoint" || format == "gguf") {
    const std::string model = work / "model";
    sys::fs::create_directory(model);
    std::string path = model;
    if (format == "gguf") {
      path += ".gguf";
      writeFile(path, text);
    } else if (format == "checkpoint") {
      const auto [config, tensors] = splitCheckpoint(text);
      writeFile(path + "/config.json", config);
      writeFile(path + "/model.safetensors", tensors);
    } else {
      path = directory + "/config.json";
      writeFile(path, text);
    }
    if (!command.empty())
      runTool(command, path);
    else if (format == "config")
      runConfig(path);
    else
      runCheckpoint(path);
    return;
  }
  if (target == "safetensors") {
    // With a good configuration.
    consume(parseSafetensors(text, "model.safetensors"));
    writeFile(directory + "/model.safetensors", text);
    sys::fs::copy_file(work / "llama/config.json", directory + "/config.json");
    expectWord(bool(importModel(directory, {}, context)), "the import");
    sys::fs::remove(directory + "/model.safetensors");
    return;
  }
  if (target == "generation-config") {
    writeFile(directory + "/generation_config.json", text);
    return consume(readEndTokens(directory));
  }
  if (target == "index") {
    const std::string index = directory + "/sharded";
    sys::fs::create_directory(index);
    writeFile(index + "/one.safetensors", getSmallTensor("a"));
    writeFile(index + "/two.safetensors", getSmallTensor("b"));
    writeFile(index + "/model.safetensors.index.json", text);
    return consume(Checkpoint::open(index));
  }
  // The driver of one of the models, with another file.
  const std::string driver = work / "llama/driver";
  writeFile(driver + (target == "plan" ? "/plan.json" : "/checksums.txt"),
            text);
  Expected<DriverPlan> plan = DriverPlan::read(driver);
  if (!plan)
    return consume(std::move(plan));
  const DeviceInfo *device = DeviceRegistry::instance().lookup(plan->device);
  if (!device)
    return;
  PackedParameters parameters(driver, *plan, *device);
  for (const ParameterInfo &info : plan->parameters) {
    consume(parameters.openMatrix(info.name, 0));
    consume(parameters.readVector(info.name, 0));
  }
  consume(parameters.openEmbedding());
}
