//===- Report.h - A page that shows a driver --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_REPORT_REPORT_H
#define DLAVM_REPORT_REPORT_H

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

/// What a report shows.
struct Report {
  const DriverPlan &plan;
  const DeviceInfo &device;
  const DriverLevels &levels;
  /// The text of the driver.
  llvm::StringRef driver;
  /// What `dlavm check` or `dlavm run --compare` has printed; null if that is
  /// not known.
  std::optional<llvm::StringRef> findings;
  /// pack-report.txt, where there is one.
  std::optional<llvm::StringRef> packReport;
  /// What `dlavm estimate --json` has printed.
  std::optional<llvm::json::Value> estimate;
};

/// The data of the page. Fails, with diagnostics, where a module is none of a
/// driver.
mlir::FailureOr<llvm::json::Value> makeReportData(const Report &report);

/// Prints one page of HTML that needs nothing else: no file, no network.
llvm::LogicalResult printReportPage(const Report &report,
                                    llvm::raw_ostream &os);

/// Prints a call as a timeline in the JSON of Chrome's traces, which Perfetto
/// opens. Time is counted in register accesses, a microsecond each, as nobody
/// knows how long a task takes. Fails, with a diagnostic, where the program
/// cannot run the call.
llvm::LogicalResult printTimeline(mlir::ModuleOp csb, int64_t seq, int64_t past,
                                  llvm::raw_ostream &os);

} // namespace dlavm

#endif // DLAVM_REPORT_REPORT_H
