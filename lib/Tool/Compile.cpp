//===- Compile.cpp - dlavm compile --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Import/Import.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Pipelines/Optimizations.h"
#include "DLAVM/Plan/DriverPlan.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Target/TranslateToCpp.h"
#include "DLAVM/Target/TranslateToPlan.h"
#include "DLAVM/Tool/Tool.h"
#include "Diagnostics.h"
#include "HubName.h"
#include "RuntimeHeader.h"
#include "WhatFits.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace dlavm;

namespace {

class Compiler {
public:
  explicit Compiler(const CompileCommand &command) : command(command) {
    registerAllDialects(registry);
    context.appendDialectRegistry(registry);
    // Passes of one small module gain nothing from threads.
    context.disableMultithreading();
    context.printOpOnDiagnostic(false);
  }

  bool run();

private:
  OwningOpRef<ModuleOp> readModel(const DeviceInfo &device);
  std::string printIR(ModuleOp module);
  bool checkRopePairing(const DeviceInfo &device);
  void setOptions(const DeviceInfo &device);
  /// Runs all passes. Adds what the levels look like to \p files.
  bool lower(ModuleOp module, StringRef name, OutputFiles &files,
             std::string &model);
  bool runPasses(ModuleOp module,
                 void (*build)(OpPassManager &, const CompileOptions &));
  bool write(OutputFiles &files, std::string plan);
  template <typename... Args> bool fail(Args &&...args) {
    (llvm::WithColor::error(llvm::errs()) << ... << args) << "\n";
    return false;
  }

  const CompileCommand &command;
  CompileOptions options;
  DialectRegistry registry;
  MLIRContext context{MLIRContext::Threading::DISABLED};
};

} // namespace

/// What dlavm compile wrote itself begins on a lower level.
static LogicalResult checkLevel(ModuleOp module) {
  for (StringRef device : {accel::AccelDialect::getDeviceAttrName(),
                           csb::CSBDialect::getDeviceAttrName()})
    if (module->hasAttr(device))
      return module.emitError("has been compiled already, to the ")
             << device.split('.').first
             << " dialect; give the module of the llm dialect that it came "
                "from, or run the passes that are left with dlavm-opt";
  return success();
}

/// The module beside a plan has been lowered for the plan's device.
static void explainLowered(StringRef model, StringRef device) {
  llvm::SmallString<128> plan(model);
  llvm::sys::path::remove_filename(plan);
  llvm::sys::path::append(plan, "plan.json");
  if (!model.ends_with(".mlir") || !llvm::sys::fs::exists(plan))
    return;
  llvm::Expected<DriverPlan> driver =
      DriverPlan::read(llvm::sys::path::parent_path(plan));
  if (!driver) {
    consumeError(driver.takeError());
    return;
  }
  if (driver->model == llvm::sys::path::filename(model) &&
      driver->device != device)
    llvm::WithColor::note(llvm::errs())
        << model << " has been lowered for " << driver->device
        << "; give the model that it came from to compile for " << device
        << "\n";
}

OwningOpRef<ModuleOp> Compiler::readModel(const DeviceInfo &device) {
  StringRef model = command.model;
  if (!llvm::sys::fs::exists(model)) {
    fail(model,
         " does not exist; give a config.json, a checkpoint directory, a GGUF "
         "file or a .mlir file",
         explainHubName(model));
    return {};
  }
  if (!model.ends_with(".mlir")) {
    ImportOptions importOptions;
    importOptions.layers = command.layers;
    importOptions.maxTokens = command.maxTokens;
    importOptions.contextLimit = device.getTraits().maxTokens;
    importOptions.ignoredTensors = command.ignoredTensors;
    return importModel(model, importOptions, context);
  }
  if (command.layers) {
    fail("--layers needs a config.json or a checkpoint; ", model,
         " says itself how many layers it has");
    return {};
  }
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      readModuleFile(model);
  if (!buffer) {
    fail(model, ": cannot be read: ", toString(buffer.takeError()));
    return {};
  }
  llvm::SourceMgr sourceMgr;
  sourceMgr.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(sourceMgr, ParserConfig(&context));
  if (module && failed(checkLevel(*module)))
    return {};
  return module;
}

std::string Compiler::printIR(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  os << "\n";
  return text;
}

bool Compiler::runPasses(ModuleOp module,
                         void (*build)(OpPassManager &,
                                       const CompileOptions &)) {
  PassManager manager(&context);
  // Verifying after every pass costs as much as the passes; tests do it.
  manager.enableVerifier(false);
  build(manager, options);
  return succeeded(manager.run(module)) && succeeded(verify(module));
}

/// Writes the files. Parameters that have been packed stay those of the driver
/// if it loads the same ones. Otherwise what says that they have been packed is
/// removed, as the new plan does not know how.
bool Compiler::write(OutputFiles &files, std::string plan) {
  std::string unpacked;
  auto write = [&]() -> llvm::Error {
    llvm::Expected<OutputDirectory> output =
        OutputDirectory::open(command.outputDirectory);
    if (!output)
      return output.takeError();
    if (!keepPacking(command.outputDirectory, plan)) {
      const std::string checksums = output->getPlace(kChecksumFile);
      if (llvm::sys::fs::is_regular_file(checksums))
        unpacked = checksums;
      for (StringRef name : {kChecksumFile, kReportFile})
        output->remove(name);
    }
    files.add("plan.json", std::move(plan));
    if (llvm::Error error = checkOutputs(
            files.getPaths(), Checkpoint::getInputFiles(command.model)))
      return error;
    return files.write(*output);
  };
  if (llvm::Error error = write())
    return fail(toString(std::move(error)));
  if (!unpacked.empty())
    llvm::WithColor::note(llvm::errs())
        << unpacked << " is removed, as the parameters beside it are not those "
        << "of the new driver; run dlavm pack\n";
  return true;
}

bool Compiler::checkRopePairing(const DeviceInfo &device) {
  const std::pair<StringRef, bool> pairings[] = {
      {"", true},
      {"neighbours", device.getTraits().rotatesNeighbours},
      {"halves", device.getTraits().rotatesHalves}};
  for (const auto &[name, isPossible] : pairings) {
    if (name != command.ropePairing)
      continue;
    return isPossible || fail("--rope-pairing=", name, " is nothing that ",
                              device.getName(), " can do");
  }
  return fail("--rope-pairing=", command.ropePairing,
              " must be neighbours or halves");
}

void Compiler::setOptions(const DeviceInfo &device) {
  options.device = device.getName();
  if (command.maxTokens)
    options.maxTokens = *command.maxTokens;
  options.weightLoading = command.weightLoading;
  options.mode = command.mode;
  options.doubleBuffer = command.doubleBuffer;
  options.ropePairing = command.ropePairing;
  options.passes = llvm::ArrayRef<std::string>(command.passes);
  options.sliceBytes = command.sliceBytes;
  options.sliceSoftmax = command.sliceSoftmax;
  options.mergeLinears = command.mergeLinears;
  options.printSteps = command.printSteps;
}

bool Compiler::run() {
  Diagnostics diagnostics(context);
  const DeviceRegistry &devices = DeviceRegistry::instance();
  std::string deviceName = command.device;
  for (const auto &[option, bytes] :
       {std::pair("port-stride", command.portStride),
        std::pair("dma-base", command.dmaBase)})
    if (bytes)
      deviceName += llvm::formatv(",{0}={1}", option, *bytes);
  const DeviceInfo *device = devices.lookup(deviceName);
  if (!device)
    return fail(devices.explainMissing(deviceName));
  const int64_t limit = device->getTraits().maxTokens;
  if (command.maxTokens &&
      (*command.maxTokens < 1 || *command.maxTokens > limit))
    return fail("--max-tokens=", *command.maxTokens, " is not between 1 and ",
                limit, ", the context of ", device->getName());
  if (!checkRopePairing(*device))
    return false;
  setOptions(*device);
  if (llvm::Error error = checkMode(options, *device))
    return fail(toString(std::move(error)));
  if (llvm::Error error = checkPassOptions(options, *device))
    return fail(toString(std::move(error)));
  for (StringRef pass : command.namedPasses)
    if (const std::string why =
            explainIdlePass(pass, *device, command.sliceSoftmax);
        !why.empty())
      llvm::WithColor::warning(llvm::errs())
          << "--enable-passes=" << why << "\n";
  OwningOpRef<ModuleOp> module = readModel(*device);
  if (!module)
    return false;
  if (!command.namespaceName.empty() && !module->getName())
    module->setName(command.namespaceName);

  OutputFiles files(command.outputDirectory);
  const std::string name = getNamespace(*module, command.namespaceName);
  if (name == "dlavm_runtime")
    return fail("the driver would be dlavm_runtime.h, which is the name of the "
                "runtime header beside it; choose another name with "
                "--namespace");
  if (command.saveIR)
    files.add(name + ".import.mlir", printIR(*module));

  const std::optional<int64_t> layers = llm::getModelLayers(*module);
  const std::optional<int64_t> context = llm::getMaxTokens(*module);
  std::string model;
  if (!lower(*module, name, files, model)) {
    explainLowered(command.model, options.device);
    if (layers && context && !StringRef(command.model).ends_with(".mlir"))
      explainWhatFits(command.model, options, command.layers.value_or(*layers),
                      *context);
    return false;
  }

  std::string driver, plan, report;
  llvm::raw_string_ostream driverOS(driver), planOS(plan), reportOS(report);
  if (failed(translateToCpp(*module, name, driverOS)) ||
      failed(translateToPlan(
          *module, name, planOS, model,
          PlanOptimizations{command.passes, command.sliceBytes,
                            command.sliceSoftmax, command.mergeLinears})) ||
      failed(translateToReport(*module, reportOS)))
    return false;
  files.add(name + ".h", std::move(driver));
  files.add("dlavm_runtime.h", getRuntimeHeader().str());
  files.add("report.txt", std::move(report));
  return write(files, std::move(plan));
}

bool Compiler::lower(ModuleOp module, StringRef name, OutputFiles &files,
                     std::string &model) {
  const std::optional<int64_t> context = llm::getMaxTokens(module);
  if (!runPasses(module, buildLLMPipeline))
    return false;
  // The model of a driver has the context of the driver. One beyond its own is
  // refused below.
  if (options.maxTokens && context && options.maxTokens < *context)
    module->setAttr(
        llm::LLMDialect::getMaxTokensAttrName(),
        Builder(&this->context).getI64IntegerAttr(options.maxTokens));
  model = printIR(module);
  files.add((name + ".llm.mlir").str(), model);
  if (!runPasses(module, buildAccelPipeline))
    return false;
  if (command.saveIR)
    files.add((name + ".accel.mlir").str(), printIR(module));
  if (!runPasses(module, buildCSBPipeline))
    return false;
  if (command.saveIR)
    files.add((name + ".csb.mlir").str(), printIR(module));
  return true;
}

int dlavm::runCompile(const CompileCommand &command) {
  return Compiler(command).run() ? 0 : 1;
}
