//===- ReportCommands.cpp - report, estimate ------------------------------===//
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
cl::SubCommand report("report", "show the driver in DIR as one page: graphs, "
                                "memory, registers, for every length");

cl::SubCommand estimate("estimate", "model how long a call of the driver in "
                                    "DIR takes on its device, and why");

// report and estimate
EstimatedCall call;
cl::opt<std::string, true> directory(cl::Positional, cl::Required,
                                     cl::sub(report), cl::sub(estimate),
                                     cl::location(call.directory),
                                     cl::desc("DIR"));
cl::opt<int64_t, true> seqOption("seq", cl::sub(report), cl::sub(estimate),
                                 cl::location(call.seq), cl::value_desc("n"),
                                 cl::desc("tokens of the call, 1 by default"));
cl::opt<int64_t, true>
    pastOption("past", cl::sub(report), cl::sub(estimate),
               cl::location(call.past), cl::value_desc("n"),
               cl::desc("tokens in the KV cache before it, 0 by default"));
cl::opt<double, true> latency(
    "pcie-latency", cl::sub(report), cl::sub(estimate),
    cl::location(call.latency), cl::value_desc("seconds"),
    cl::desc("what each access of the host to a register and each DMA transfer "
             "takes, 0 by default"));
cl::opt<std::string, true>
    measured("measured", cl::sub(report), cl::sub(estimate),
             cl::location(call.measuredFile), cl::value_desc("file"),
             cl::desc("scale the time of each task to what dlavm run "
                      "--time-steps has written of this driver"));

// report
ReportCommand reportCommand;
cl::opt<std::string, true>
    output("o", cl::sub(report), cl::location(reportCommand.output),
           cl::value_desc("file"),
           cl::desc("where it goes; standard output by default"));
EnumOption<ReportFormat, true> formatOption(
    "format", cl::sub(report), cl::location(reportCommand.format),
    cl::desc("what to write"),
    cl::values(
        clEnumValN(ReportFormat::HTML, "html", "a page for browsers (default)"),
        clEnumValN(ReportFormat::Dot, "dot", "a graph for Graphviz"),
        clEnumValN(ReportFormat::SVG, "svg", "a graph as a picture"),
        clEnumValN(ReportFormat::Prototxt, "prototxt", "a graph for Netron"),
        clEnumValN(ReportFormat::Trace, "trace",
                   "the starts of a call, a timeline for Perfetto")));
EnumOption<ReportLevel, true> level(
    "level", cl::sub(report), cl::location(reportCommand.level),
    cl::desc("of which dialect dot, svg and prototxt are"),
    cl::values(clEnumValN(ReportLevel::LLM, "llm", "the ops of the model"),
               clEnumValN(ReportLevel::Accel, "accel",
                          "tasks and what lies between them (default)"),
               clEnumValN(ReportLevel::CSB, "csb", "the register program")));
cl::opt<std::string, true>
    findings("findings", cl::sub(report),
             cl::location(reportCommand.findingsFile), cl::value_desc("file"),
             cl::desc("what dlavm check has printed or dlavm run --compare "
                      "wrote with --json, for the page"));

// estimate
EstimateCommand estimateCommand;
cl::opt<bool, true> jsonOption("json", cl::sub(estimate),
                               cl::location(estimateCommand.json),
                               cl::desc("print JSON"));
} // namespace

/// Whether the options of both are right; prints an error if not.
static bool checkCall() {
  if (!checkValue(measured))
    return false;
  if (call.latency >= 0 && std::isfinite(call.latency))
    return true;
  failUsage("--pcie-latency must be 0 or more, and finite; it is in seconds, "
            "1e-6 for a microsecond");
  return false;
}

std::optional<int> dlavm::runReportCommand() {
  if (!report)
    return std::nullopt;
  if (!checkCall() || !checkValue(output) || !checkValue(findings))
    return 1;
  const ReportFormat format = reportCommand.format;
  // What would be ignored is refused.
  if ((seqOption.getNumOccurrences() || pastOption.getNumOccurrences()) &&
      format != ReportFormat::Trace)
    return failUsage("--seq and --past say which call --format=trace shows; "
                     "the others show all of them");
  const bool isGraph = format == ReportFormat::Dot ||
                       format == ReportFormat::SVG ||
                       format == ReportFormat::Prototxt;
  if (level.getNumOccurrences() && !isGraph)
    return failUsage("--level says what --format=dot, svg or prototxt shows; "
                     "a page has all levels, and a trace none");
  if ((latency.getNumOccurrences() || measured.getNumOccurrences()) && isGraph)
    return failUsage("--pcie-latency and --measured say how long tasks take, "
                     "which --format=html and trace show, and a graph does "
                     "not");
  if (findings.getNumOccurrences() && format != ReportFormat::HTML)
    return failUsage("--findings is for the page, which is --format=html");
  static_cast<EstimatedCall &>(reportCommand) = call;
  return runReport(reportCommand);
}

std::optional<int> dlavm::runEstimateCommand() {
  if (!estimate)
    return std::nullopt;
  if (!checkCall())
    return 1;
  static_cast<EstimatedCall &>(estimateCommand) = call;
  return runEstimate(estimateCommand);
}
