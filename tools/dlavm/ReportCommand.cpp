//===- ReportCommand.cpp - dlavm report -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "DLAVM/Tool/Tool.h"

using namespace dlavm;
using namespace llvm;

namespace {
cl::SubCommand report("report", "show the driver in DIR as one page: graphs, "
                                "memory, registers, for every length");

ReportCommand command;
cl::opt<std::string, true> directory(cl::Positional, cl::Required,
                                     cl::sub(report),
                                     cl::location(command.directory),
                                     cl::desc("DIR"));
cl::opt<std::string, true>
    output("o", cl::sub(report), cl::location(command.output),
           cl::value_desc("file"),
           cl::desc("where it goes; standard output by default"));
EnumOption<ReportFormat, true> formatOption(
    "format", cl::sub(report), cl::location(command.format),
    cl::desc("what to write"),
    cl::values(
        clEnumValN(ReportFormat::HTML, "html", "a page for browsers (default)"),
        clEnumValN(ReportFormat::Dot, "dot", "a graph for Graphviz"),
        clEnumValN(ReportFormat::SVG, "svg", "a graph as a picture"),
        clEnumValN(ReportFormat::Prototxt, "prototxt", "a graph for Netron"),
        clEnumValN(ReportFormat::Trace, "trace",
                   "the starts of a call, a timeline for Perfetto")));
EnumOption<ReportLevel, true> level(
    "level", cl::sub(report), cl::location(command.level),
    cl::desc("of which dialect dot, svg and prototxt are"),
    cl::values(clEnumValN(ReportLevel::LLM, "llm", "the ops of the model"),
               clEnumValN(ReportLevel::Accel, "accel",
                          "tasks and what lies between them (default)"),
               clEnumValN(ReportLevel::CSB, "csb", "the register program")));
cl::opt<int64_t, true> seqOption("seq", cl::sub(report),
                                 cl::location(command.seq), cl::value_desc("n"),
                                 cl::desc("tokens of the call of trace, 1 by "
                                          "default"));
cl::opt<int64_t, true>
    pastOption("past", cl::sub(report), cl::location(command.past),
               cl::value_desc("n"),
               cl::desc("tokens in the KV cache before it, 0 by "
                        "default"));
cl::opt<std::string, true>
    findings("findings", cl::sub(report), cl::location(command.findingsFile),
             cl::value_desc("file"),
             cl::desc("what dlavm check has printed, for the page"));
cl::opt<std::string, true>
    estimate("estimate", cl::sub(report), cl::location(command.estimateFile),
             cl::value_desc("file"),
             cl::desc("what dlavm estimate --json has printed, for the page"));
} // namespace

std::optional<int> dlavm::runReportCommand() {
  if (!report)
    return std::nullopt;
  if (!checkValue(output) || !checkValue(findings) || !checkValue(estimate))
    return 1;
  // What would be ignored is refused.
  if ((seqOption.getNumOccurrences() || pastOption.getNumOccurrences()) &&
      command.format != ReportFormat::Trace)
    return failUsage("--seq and --past say which call --format=trace shows; "
                     "the others show all of them");
  const bool isGraph = command.format == ReportFormat::Dot ||
                       command.format == ReportFormat::SVG ||
                       command.format == ReportFormat::Prototxt;
  if (level.getNumOccurrences() && !isGraph)
    return failUsage("--level says what --format=dot, svg or prototxt shows; "
                     "a page has all levels, and a trace none");
  if ((findings.getNumOccurrences() || estimate.getNumOccurrences()) &&
      command.format != ReportFormat::HTML)
    return failUsage("--findings and --estimate are for the page, which is "
                     "--format=html");
  return runReport(command);
}
