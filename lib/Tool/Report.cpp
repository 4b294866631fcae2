//===- Report.cpp - dlavm report ------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Report/Report.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Pack/PackDirectory.h"
#include "DLAVM/Report/Graph.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"
#include "DLAVM/Support/OutputFiles.h"
#include "DLAVM/Tool/Tool.h"
#include "Diagnostics.h"
#include "Errors.h"
#include "EstimatedTimes.h"
#include "OpenedModel.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace dlavm;
using namespace llvm;

/// Text that JSON can have.
static Expected<std::string> readText(const Twine &path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readTextFile(path);
  if (!buffer)
    return createStringError(
        path + ": cannot be read: " + toString(buffer.takeError()));
  const StringRef text = (*buffer)->getBuffer();
  if (Error error = checkUTF8(text, path))
    return error;
  return text.str();
}

static std::string getPlace(StringRef directory, StringRef name) {
  SmallString<128> path(directory);
  sys::path::append(path, name);
  return path.str().str();
}

/// The findings of dlavm check are text, those of run --compare are JSON.
static Error addFindings(StringRef file, Report &report) {
  Expected<std::string> text = readText(file);
  if (!text)
    return text.takeError();
  if (!StringRef(*text).ltrim().starts_with("{")) {
    Expected<json::Value> findings = parseFindings(*text, file, report.plan);
    if (!findings)
      return findings.takeError();
    report.findings = std::move(*findings);
    return Error::success();
  }
  Expected<json::Object> comparison = parseJSONObject(*text, file);
  if (!comparison)
    return comparison.takeError();
  if (Error error = checkComparison(*comparison, file, report.plan))
    return error;
  report.comparison = std::move(*comparison);
  return Error::success();
}

/// What there is beside the modules. Fills in the text that the report refers
/// to.
static Error addFiles(const ReportCommand &command, std::string &packReport,
                      Report &report) {
  if (!command.findingsFile.empty())
    if (Error error = addFindings(command.findingsFile, report))
      return error;
  const std::string path = getPlace(command.directory, kReportFile);
  if (!sys::fs::exists(path))
    return Error::success();
  Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  packReport = std::move(*text);
  report.packReport = packReport;
  return Error::success();
}

/// A driver runs only where there are times to compare it with.
static Expected<TimeOptions> getTimes(const ReportCommand &command,
                                      const DeviceInfo &device) {
  if (command.measuredFile.empty())
    return TimeOptions{command.latency};
  if (!device.getRates())
    return createStringError("--measured scales what is estimated, but nobody "
                             "has said how fast " +
                             device.getName() + " is");
  Expected<OpenedDriver> driver = OpenedDriver::open(command.directory);
  if (!driver)
    return driver.takeError();
  return readTimes(*driver, command);
}

static mlir::LogicalResult print(const ReportCommand &command,
                                 const Report &report, raw_ostream &os) {
  const DriverLevels &levels = report.levels;
  if (command.format == ReportFormat::HTML)
    return printReportPage(report, os);
  if (command.format == ReportFormat::Trace)
    return printTimeline(report, command.seq, command.past, os);
  mlir::FailureOr<Graph> graph =
      command.level == ReportLevel::LLM     ? makeLLMGraph(*levels.llm)
      : command.level == ReportLevel::Accel ? makeAccelGraph(*levels.accel)
                                            : makeCSBGraph(*levels.csb);
  if (failed(graph))
    return mlir::failure();
  if (command.format == ReportFormat::Dot) {
    printDot(*graph, os);
  } else if (command.format == ReportFormat::SVG) {
    layOut(*graph);
    printSVG(*graph, os);
  } else {
    printPrototxt(*graph, report.plan.namespaceName, os);
  }
  return mlir::success();
}

/// The tasks of a plan are those of its driver.
static Error checkTasks(const DriverPlan &plan, mlir::ModuleOp driver) {
  llvm::StringSet<> names;
  driver.walk([&](csb::TaskOp task) { names.insert(task.getName()); });
  for (auto [i, task] : enumerate(plan.tasks))
    if (!names.contains(task.name))
      return createStringError("plan.json has a task that " + plan.driver +
                               " does not have at tasks[" + Twine(i) +
                               "].name, found \"" + task.name +
                               "\"; compile the model again");
  return Error::success();
}

int dlavm::runReport(const ReportCommand &command) {
  Expected<OpenedPlan> opened = OpenedPlan::open(command.directory);
  if (!opened)
    return reportError(opened.takeError());
  const DriverPlan &plan = opened->plan;
  Expected<const DeviceInfo *> device = findDevice(plan);
  if (!device)
    return reportError(device.takeError());
  std::vector<std::string> inputs = getFiles(command.directory, plan);
  for (const std::string &file : {command.findingsFile, command.measuredFile})
    if (!file.empty())
      inputs.push_back(file);
  if (Error error = checkOutputs({command.output}, inputs))
    return reportError(std::move(error));
  if (command.format == ReportFormat::Trace)
    if (Error error = checkCall(plan, command.seq, command.past))
      return reportError(std::move(error));

  Expected<OpenedModel> model =
      OpenedModel::open(command.directory, plan, nullptr);
  if (!model)
    return reportError(model.takeError());
  Expected<std::string> driver =
      readText(getPlace(command.directory, plan.driver));
  if (!driver)
    return reportError(driver.takeError());

  Diagnostics diagnostics(*model->getModule().getContext());
  mlir::FailureOr<DriverLevels> levels =
      lowerDriver(model->getModule(), plan, *driver);
  if (failed(levels))
    return 1;
  if (levels->isDriver)
    if (Error error = checkTasks(plan, *levels->csb))
      return reportError(std::move(error));
  Expected<TimeOptions> times = getTimes(command, **device);
  if (!times)
    return reportError(times.takeError());
  std::vector<PassVariant> variants;
  if (command.format == ReportFormat::HTML)
    variants = lowerVariants(model->getModule(), plan, **device);
  std::string packReport;
  Report report{plan, **device, *levels, variants, *driver, *times};
  if (Error error = addFiles(command, packReport, report))
    return reportError(std::move(error));
  if (Error error = opened->input.check())
    return reportError(std::move(error));
  if (!levels->isDriver)
    WithColor::warning(errs())
        << getPlace(command.directory, plan.driver)
        << " is not what the compiler makes of " << plan.model
        << ": it was edited, or another version made it; the report shows "
           "what the compiler makes\n";

  std::string text;
  raw_string_ostream os(text);
  if (failed(print(command, report, os)))
    return 1;
  if (Error error = writeOutputFile(command.output, text))
    return reportError(std::move(error));
  return 0;
}
