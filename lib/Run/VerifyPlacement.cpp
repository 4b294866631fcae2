//===- VerifyPlacement.cpp - Proof of the placement from register values -===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Run/Passes.h"
#include "DLAVM/Run/PlanRegions.h"
#include "DLAVM/Run/Program.h"

#include "llvm/ADT/MapVector.h"

namespace dlavm {
#define GEN_PASS_DEF_VERIFYPLACEMENT
#include "DLAVM/Run/Passes.h.inc"
} // namespace dlavm

using namespace mlir;
using namespace dlavm;

namespace {

/// Counts starts on the way to the checker.
class StartCounter : public EventSink {
public:
  StartCounter(Checker &checker, Pass::Statistic &numStarts)
      : checker(checker), numStarts(numStarts) {}
  void task(int32_t layer, StringRef name) override {
    checker.task(layer, name);
  }
  void write(uint32_t reg, uint32_t value) override {
    checker.write(reg, value);
  }
  void poll(uint32_t reg, uint32_t value) override {
    checker.poll(reg, value);
    ++numStarts;
  }
  uint32_t read(uint32_t reg) override {
    checker.read(reg);
    return 0;
  }

private:
  Checker &checker;
  Pass::Statistic &numStarts;
};

const DeviceInfo *getDevice(ModuleOp module) {
  if (auto name = module->getAttrOfType<StringAttr>(
          csb::CSBDialect::getDeviceAttrName()))
    return accel::lookupDevice(module.getLoc(), name);
  module.emitError("names no device (csb.device = \"NAME\"); run "
                   "convert-accel-to-csb before");
  return nullptr;
}

/// The tasks of blocks are no writes; they were, before csb-pack-instructions.
bool runsBlocks(func::FuncOp function) {
  return function
      .walk([](csb::WriteOp write) {
        auto table = SymbolTable::lookupNearestSymbolFrom<csb::RegisterTableOp>(
            write, write.getReg().getRootReference());
        return table.getRunsBlocks() ? WalkResult::interrupt()
                                     : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Those of all functions, one for each name.
std::vector<PlannedTask> getPlannedTasks(ModuleOp module) {
  llvm::MapVector<StringRef, PlannedTask> tasks;
  module.walk([&](csb::TaskOp op) {
    PlannedTask &task = tasks[op.getName()];
    task.name = op.getName().str();
    task.isUnmasked |= op.getUnmasked();
    if (std::optional<StringRef> result = op.getOutput();
        result && !llvm::is_contained(task.results, *result))
      task.results.push_back(result->str());
  });
  std::vector<PlannedTask> result;
  for (auto &[name, task] : tasks)
    result.push_back(std::move(task));
  return result;
}

struct VerifyPlacement : dlavm::impl::VerifyPlacementBase<VerifyPlacement> {
  using VerifyPlacementBase::VerifyPlacementBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const DeviceInfo *device = getDevice(module);
    std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
    FailureOr<Program> program = Program::create(module);
    if (!device || failed(program))
      return signalPassFailure();
    if (!maxTokens) {
      module.emitError("does not state its largest context "
                       "(llm.max_tokens = N : i64)");
      return signalPassFailure();
    }
    FailureOr<std::vector<PlanRegion>> regions =
        getPlanRegions(module, *device);
    if (failed(regions))
      return signalPassFailure();
    Checker checker(*device, std::move(*regions), getPlannedTasks(module));
    for (auto [seq, past] : getCalls(*maxTokens))
      if (failed(run(*program, seq, past, checker)))
        return signalPassFailure();
    if (auto function = module.lookupSymbol<func::FuncOp>("decode");
        function && !runsBlocks(function)) {
      FailureOr<Program> decode = Program::create(module, "decode");
      if (failed(decode) || failed(run(*decode, 1, 0, checker)) ||
          failed(run(*decode, 1, *maxTokens - 1, checker)))
        return signalPassFailure();
    }
    for (const Finding &finding : checker.getFindings())
      report(finding);
    if (!checker.getFindings().empty())
      signalPassFailure();
  }

  LogicalResult run(Program &program, int64_t seq, int64_t past,
                    Checker &checker) {
    StartCounter sink(checker, numStarts);
    checker.beginRun(seq, past);
    if (failed(program.run(seq, past, sink, /*someLayers=*/true)))
      return emitError(program.getPlace(), "cannot run ")
             << seq << " tokens after " << past << ": " << program.getMessage();
    checker.endRun(/*onlySomeLayers=*/true);
    ++numRuns;
    return success();
  }

  /// The corners, and lengths around a power of two, where slices begin.
  std::vector<std::pair<int64_t, int64_t>> getCalls(int64_t maxTokens) {
    std::vector<std::pair<int64_t, int64_t>> calls;
    if (!lengths.empty()) {
      for (int64_t length : lengths)
        calls.push_back({length, 0});
      return calls;
    }
    calls = {{1, 0}, {maxTokens, 0}, {1, maxTokens - 1}};
    for (int64_t seq : {127, 128, 129})
      if (seq < maxTokens)
        calls.push_back({seq, maxTokens - seq});
    return calls;
  }

  void report(const Finding &finding) {
    // The task's place in the IR, by its name.
    Operation *place = getOperation();
    getOperation().walk([&](csb::TaskOp task) {
      if (task.getName() == finding.task)
        place = task;
    });
    InFlightDiagnostic diagnostic = place->emitError();
    if (!finding.task.empty())
      diagnostic << "'" << finding.task << "' ";
    diagnostic << "with " << finding.seq << " tokens after " << finding.past
               << ": " << finding.message;
    if (!finding.reg.empty())
      diagnostic << " [" << finding.reg << "]";
    if (!finding.buffer.empty())
      diagnostic << " [" << finding.buffer << "]";
  }
};

} // namespace
