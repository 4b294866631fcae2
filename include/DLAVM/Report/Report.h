//===- Report.h - A page that shows a driver --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_REPORT_REPORT_H
#define DLAVM_REPORT_REPORT_H

#include "DLAVM/Estimate/Estimate.h"
#include "DLAVM/Plan/DriverPlan.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlavm {

/// What a pass has made of a module.
struct PassEffect {
  /// As dlavm-opt knows it: "accel-place-buffers".
  std::string name;
  /// The dialect of what it made.
  std::string level;
  /// Of the whole module, afterwards.
  int64_t ops = 0, tasks = 0, writes = 0;
  bool isChanged = false;
};

/// The module of a driver on its three levels.
struct DriverLevels {
  mlir::OwningOpRef<mlir::ModuleOp> llm, accel, csb;
  /// The csb module before the tasks of its decode went into instruction
  /// blocks; null where they did not.
  mlir::OwningOpRef<mlir::ModuleOp> unpacked;
  std::vector<PassEffect> passes;
  /// Whether the csb module is the program of the driver: printed, it is the
  /// driver to the last byte.
  bool isDriver = false;
};

/// Compiles \p model, the llm module that `dlavm compile` wrote beside a
/// driver, once more, for the device of \p plan. Options that the plan does not
/// have are found by trying: with the right ones, what comes out is \p driver,
/// the text of the driver. Where none is right, the driver was edited, or a
/// later or earlier compiler made it. Fails, with diagnostics, where the passes
/// do.
mlir::FailureOr<DriverLevels> lowerDriver(mlir::ModuleOp model,
                                          const DriverPlan &plan,
                                          llvm::StringRef driver);

/// The program of a model that is compiled with one optimizing pass less than
/// its driver, or with one more.
struct PassVariant {
  /// As dlavm-opt knows it.
  std::string pass;
  /// Whether the driver was compiled with the pass, and the variant is without.
  bool isInDriver = false;
  /// The csb module; null where dlavm compile refuses the passes or they fail.
  mlir::OwningOpRef<mlir::ModuleOp> csb;
  /// See DriverLevels.
  mlir::OwningOpRef<mlir::ModuleOp> unpacked;
  /// Why.
  std::string message;
};

/// Compiles \p model, see lowerDriver, once for each optimizing pass of the
/// pipeline: without it where \p plan has it, with it elsewhere. \p device is
/// that of the plan. Emits no diagnostic.
std::vector<PassVariant> lowerVariants(mlir::ModuleOp model,
                                       const DriverPlan &plan,
                                       const DeviceInfo &device);

/// What a report shows.
struct Report {
  const DriverPlan &plan;
  const DeviceInfo &device;
  const DriverLevels &levels;
  llvm::ArrayRef<PassVariant> variants;
  /// The text of the driver.
  llvm::StringRef driver;
  /// How long it takes.
  const TimeOptions &times;
  /// See parseFindings; null if that is not known.
  std::optional<llvm::json::Value> findings = std::nullopt;
  /// See checkComparison.
  std::optional<llvm::json::Value> comparison = std::nullopt;
  /// pack-report.txt, where there is one.
  std::optional<llvm::StringRef> packReport = std::nullopt;
};

/// Parses what `dlavm check` has printed of the driver of \p plan into \p file.
/// The error names the line and says what is expected: a text that has neither
/// findings nor the line "checked N calls", or whose findings are of tasks,
/// layers or ops that the driver does not have, is none.
llvm::Expected<llvm::json::Value> parseFindings(llvm::StringRef text,
                                                llvm::StringRef file,
                                                const DriverPlan &plan);

/// Fails unless \p comparison is what `dlavm run --compare` wrote of the driver
/// of \p plan with `--json=FILE`: all ops are of its tasks and caches, in its
/// layers, and compute what the plan says. The error names the place in
/// \p file.
llvm::Error checkComparison(const llvm::json::Object &comparison,
                            llvm::StringRef file, const DriverPlan &plan);

/// The data of the page. Fails, with diagnostics, where a module is none of a
/// driver.
mlir::FailureOr<llvm::json::Value> makeReportData(const Report &report);

/// Prints one page of HTML that needs nothing else: no file, no network.
llvm::LogicalResult printReportPage(const Report &report,
                                    llvm::raw_ostream &os);

/// Prints a call as a timeline in the JSON of Chrome's traces, which Perfetto
/// opens: of `decode` where the call is one of a single token and \p report
/// shows a driver that has it, of `run` elsewhere. A start takes what is
/// estimated; on a device without rates, a microsecond for each access of the
/// host. Those of instruction blocks take no access of their own; the blocks
/// stand beside them. Fails, with a diagnostic, where the program cannot run
/// the call.
llvm::LogicalResult printTimeline(const Report &report, int64_t seq,
                                  int64_t past, llvm::raw_ostream &os);

/// The functions of a driver that run calls: `run`, and `decode` if it has
/// that.
llvm::SmallVector<llvm::StringRef, 2> getEntries(mlir::ModuleOp csb);

} // namespace dlavm

#endif // DLAVM_REPORT_REPORT_H
