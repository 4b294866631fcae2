//===- AccelToCSB.cpp - Hardware tasks to register writes ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Conversion/Passes.h"
#include "Fingerprint.h"
#include "FunctionReader.h"
#include "HostFunctions.h"

#include "mlir/Analysis/DataFlow/IntegerRangeAnalysis.h"
#include "mlir/Analysis/DataFlow/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/SaveAndRestore.h"

namespace dlavm {
#define GEN_PASS_DEF_CONVERTACCELTOCSB
#include "DLAVM/Conversion/Passes.h.inc"
} // namespace dlavm

using namespace mlir;
using namespace dlavm;

namespace {

/// Lowers one function to a program of register writes.
class ProgramLowering {
public:
  ProgramLowering(const DeviceInfo &device, ProgramSymbols &symbols,
                  const DataFlowSolver &ranges, int64_t maxTokens,
                  Pass::Statistic &numWrites)
      : device(device), symbols(symbols), ranges(ranges), maxTokens(maxTokens),
        numWrites(numWrites), builder(symbols.getTable().getOp()) {}

  LogicalResult run(func::FuncOp from);

private:
  LogicalResult lowerBlock(Block &from);
  LogicalResult lower(accel::TaskOpInterface task);
  LogicalResult lower(scf::ForOp loop);
  LogicalResult lower(scf::IfOp branch);
  void lower(func::CallOp call);
  Word bindArgument(BlockArgument from, Value to);

  Value name(Value value, StringRef text) {
    value.setLoc(NameLoc::get(builder.getStringAttr(text)));
    return value;
  }

  const DeviceInfo &device;
  ProgramSymbols &symbols;
  const DataFlowSolver &ranges;
  int64_t maxTokens;
  Pass::Statistic &numWrites;
  OpBuilder builder;
  std::unique_ptr<FunctionReader> reader;
  Value seq, past, layer;
};

} // namespace

/// What \p to may be, which is the argument \p from in the program: a number
/// that all calls of the function lie around.
Word ProgramLowering::bindArgument(BlockArgument from, Value to) {
  to.setLoc(from.getLoc());
  if (accel::isLayer(from)) {
    layer = name(to, "layer");
    return Word(builder, to, 0, symbols.getMaxLayers() - 1);
  }
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  const auto *state =
      ranges.lookupState<dataflow::IntegerValueRangeLattice>(from);
  if (!state || state->getValue().isUninitialized())
    return Word(builder, to, 0, most);
  const ConstantIntRanges &range = state->getValue().getValue();
  return Word(builder, to, std::max<int64_t>(0, range.smin().getSExtValue()),
              std::min(most, range.smax().getSExtValue()));
}

static bool isDecode(func::FuncOp function) {
  return function->hasAttr(accel::AccelDialect::getDecodeAttrName());
}

/// Every function takes the numbers that it took, and seq and past; where seq
/// is 1, past alone.
LogicalResult ProgramLowering::run(func::FuncOp from) {
  MLIRContext *context = from.getContext();
  if (from.isExternal())
    return from.emitOpError("has no body");
  if (!from.getBody().hasOneBlock())
    return from.emitOpError("branches between blocks; drivers have scf.for, "
                            "scf.if and func.call");
  if (from.getNumResults() > 0 ||
      llvm::any_of(from.getArgumentTypes(),
                   [](Type type) { return !type.isIndex(); }))
    return from.emitOpError("takes or yields something else than "
                            "numbers; run accel-plan-memory before");
  const bool isEntry = from.isPublic();
  const unsigned numArguments = from.getNumArguments();
  Type i32 = builder.getI32Type();
  SmallVector<Type> arguments(numArguments + (isDecode(from) ? 1 : 2), i32);
  builder.setInsertionPoint(from);
  auto to = func::FuncOp::create(builder, from.getLoc(), from.getName(),
                                 FunctionType::get(context, arguments, {}));
  to.setVisibility(from.getVisibility());
  Block *entry = to.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  if (!isDecode(from))
    seq = name(entry->getArgument(numArguments), "seq");
  past = name(entry->getArguments().back(), "past");
  const Word tokens = seq ? Word(builder, seq, 1, maxTokens) : Word(1);
  reader = std::make_unique<FunctionReader>(
      builder, tokens, Word(builder, past, 0, maxTokens - 1), maxTokens,
      symbols);
  for (BlockArgument argument : from.getArguments())
    reader->bind(
        argument,
        bindArgument(argument, entry->getArgument(argument.getArgNumber())));
  if (isEntry)
    csb::CheckCallOp::create(builder, from.getLoc(),
                             tokens.materialize(builder, from.getLoc(), i32),
                             past, maxTokens);
  if (failed(lowerBlock(from.getBody().front())))
    return failure();
  func::ReturnOp::create(builder, from.getLoc());
  from.erase();
  return success();
}

/// True for the ops whose results tasks, loops and calls read.
static bool isRead(Operation *op) {
  return isa_and_nonnull<accel::AccelDialect, arith::ArithDialect>(
             op->getDialect()) ||
         isa<ViewLikeOpInterface, scf::YieldOp, func::ReturnOp>(op);
}

LogicalResult ProgramLowering::lowerBlock(Block &from) {
  for (Operation &op : from) {
    LogicalResult result = success();
    if (auto task = dyn_cast<accel::TaskOpInterface>(op))
      result = lower(task);
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      result = lower(loop);
    else if (auto branch = dyn_cast<scf::IfOp>(op))
      result = lower(branch);
    else if (auto call = dyn_cast<func::CallOp>(op))
      lower(call);
    else if (!isRead(&op))
      result = op.emitOpError("is no hardware task and nothing that one "
                              "reads, so no driver can do it");
    if (failed(result) || reader->hasFailed())
      return failure();
  }
  return success();
}

LogicalResult ProgramLowering::lower(accel::TaskOpInterface task) {
  const TaskSupport *support = device.getTask(task.getTaskKind());
  if (!support || !support->encode)
    return task.emitOpError() << "has no task on " << device.getName();
  for (Value operand : task->getOperands()) {
    if (!isa<MemRefType>(operand.getType()) || accel::getCache(operand))
      continue;
    accel::BufferOp root = accel::getRoot(operand);
    if (!root)
      return task.emitOpError("uses a map that is no accel.buffer of its "
                              "function, or a view of one");
    if (!root.isInRegister() && !symbols.getBuffer(root))
      return failure();
  }
  if (failed(accel::verifyOnChip(task, device)) ||
      (support->verify && failed(support->verify(task, device))))
    return failure();
  if (support->needsPart && !task.isPart())
    return task.emitOpError()
           << "does not say which part it computes, as a "
              "start of "
           << device.getName() << " must; run accel-partition-tasks before";
  // What appends to a KV cache has no map as its result.
  FlatSymbolRefAttr output;
  if (auto destination = dyn_cast<DestinationStyleOpInterface>(*task)) {
    const Value map = destination.getDpsInits()[0];
    if (accel::GetObjectOp cache = accel::getCache(map))
      output = cache.getObjectAttr();
    else
      output = symbols.getBuffer(accel::getRoot(map));
  }
  const std::optional<int64_t> slice = accel::getSlice(task);
  auto softmax = dyn_cast<accel::SoftmaxOp>(*task);
  csb::TaskOp::create(
      builder, task.getLoc(), task.getTaskName(), layer, task.getComment(),
      output, softmax && softmax.getMask() == accel::MaskKind::Never,
      slice ? builder.getI64IntegerAttr(*slice) : IntegerAttr(),
      task->getAttrOfType<ArrayAttr>(accel::AccelDialect::getMergesAttrName()));
  TaskWriter writer(device, support->registers, *reader);
  support->encode(task, writer);
  if (reader->hasFailed())
    return failure();
  writer.finish(builder, task.getLoc());
  numWrites +=
      llvm::count_if(support->registers.getRegisters(),
                     [](const Register &reg) { return isWritten(reg.role); });
  return success();
}

LogicalResult ProgramLowering::lower(scf::ForOp loop) {
  if (loop.getNumResults() > 0)
    return loop.emitOpError("carries values; run accel-plan-memory before, "
                            "which roots maps in buffers");
  const Word lower = reader->getNumber(loop.getLowerBound());
  const Word upper = reader->getNumber(loop.getUpperBound());
  const Word step = reader->getNumber(loop.getStep());
  Location loc = loop.getLoc();
  Type i32 = builder.getI32Type();
  auto newLoop =
      scf::ForOp::create(builder, loc, lower.materialize(builder, loc, i32),
                         upper.materialize(builder, loc, i32),
                         step.materialize(builder, loc, i32));
  OpBuilder::InsertionGuard guard(builder);
  llvm::SaveAndRestore<Value> outerLayer(layer);
  builder.setInsertionPointToStart(newLoop.getBody());
  Value variable = newLoop.getInductionVar();
  variable.setLoc(loop.getInductionVar().getLoc());
  newLoop->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  if (Attribute limit =
          newLoop->removeAttr(accel::AccelDialect::getLimitAttrName()))
    newLoop->setAttr(csb::CSBDialect::getLimitAttrName(), limit);
  if (llm::isLayerLoop(loop))
    layer = name(variable, "layer");
  reader->bind(loop.getInductionVar(),
               Word(builder, variable, lower.getMin(), upper.getMax() - 1));
  return lowerBlock(*loop.getBody());
}

LogicalResult ProgramLowering::lower(scf::IfOp branch) {
  if (branch.getNumResults() > 0)
    return branch.emitOpError("carries values; run accel-plan-memory before, "
                              "which roots maps in buffers");
  auto condition = branch.getCondition().getDefiningOp<arith::CmpIOp>();
  if (!condition)
    return branch.emitOpError("has a condition that no driver can compute; "
                              "arith.cmpi of counts is one");
  const Word lhs = reader->getWord(condition.getLhs());
  const Word rhs = reader->getWord(condition.getRhs());
  Location loc = branch.getLoc();
  auto isWide = [&](const Word &word) {
    return word.materialize(builder, loc).getType().isInteger(64);
  };
  Type type =
      isWide(lhs) || isWide(rhs) ? builder.getI64Type() : builder.getI32Type();
  auto isTrue = arith::CmpIOp::create(
      builder, condition.getLoc(), condition.getPredicate(),
      lhs.materialize(builder, loc, type), rhs.materialize(builder, loc, type));
  const bool hasElse = !branch.getElseRegion().empty();
  auto newBranch = scf::IfOp::create(builder, loc, isTrue, hasElse);
  newBranch->setDiscardableAttrs(branch->getDiscardableAttrDictionary());
  for (auto [from, to] :
       llvm::zip_equal(branch->getRegions(), newBranch->getRegions())) {
    if (from.empty())
      continue;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&to.front());
    if (failed(lowerBlock(from.front())))
      return failure();
  }
  return success();
}

void ProgramLowering::lower(func::CallOp call) {
  SmallVector<Value> operands;
  for (Value operand : call.getOperands())
    operands.push_back(reader->getNumber(operand).materialize(
        builder, call.getLoc(), builder.getI32Type()));
  if (seq)
    operands.push_back(seq);
  operands.push_back(past);
  func::CallOp::create(builder, call.getLoc(), call.getCallee(), TypeRange(),
                       operands);
}

namespace {

struct ConvertAccelToCSB
    : dlavm::impl::ConvertAccelToCSBBase<ConvertAccelToCSB> {
  using ConvertAccelToCSBBase::ConvertAccelToCSBBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const DeviceInfo *device = accel::getDevice(module);
    FailureOr<int64_t> maxTokens = accel::getMaxTokens(module);
    if (!device || failed(maxTokens))
      return signalPassFailure();
    if (weightLoading != "dma" && weightLoading != "wt2hbm") {
      module.emitError("cannot load weights by '")
          << weightLoading << "'; choose dma or wt2hbm";
      return signalPassFailure();
    }
    ProgramSymbols symbols(module, *device);
    symbols.convertParameters();
    if (failed(renameFunctions(symbols.getTable())))
      return signalPassFailure();
    for (const auto &[kind, support] : device->getTasks())
      if (usesTable(kind))
        symbols.addTable(support.registers);
    HostFunctions host(*device, symbols, *maxTokens);
    if (failed(symbols.convertObjects()) ||
        failed(host.collect(module, weightLoading == "wt2hbm")) ||
        failed(verifyCalls(symbols)))
      return signalPassFailure();

    DataFlowSolver ranges;
    dataflow::loadBaselineAnalyses(ranges);
    ranges.load<dataflow::IntegerRangeAnalysis>();
    if (failed(ranges.initializeAndRun(module)))
      return signalPassFailure();
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    for (func::FuncOp function : functions)
      if (failed(
              ProgramLowering(*device, symbols, ranges, *maxTokens, numWrites)
                  .run(function)))
        return signalPassFailure();
    host.create(module);
    const std::string fingerprint = getFingerprint(module, symbols);
    module->removeAttr(accel::AccelDialect::getDeviceAttrName());
    module->setAttr(csb::CSBDialect::getDeviceAttrName(),
                    StringAttr::get(&getContext(), device->getName()));
    module->setAttr(csb::CSBDialect::getFingerprintAttrName(),
                    StringAttr::get(&getContext(), fingerprint));
  }

  /// A layer that a call names by a constant must be one of the model, and only
  /// functions for one token know that there is one.
  LogicalResult verifyCalls(ProgramSymbols &symbols) {
    WalkResult result = getOperation().walk([&](func::CallOp call) {
      auto callee = symbols.getTable().lookup<func::FuncOp>(call.getCallee());
      auto caller = call->getParentOfType<func::FuncOp>();
      if (callee && caller && isDecode(callee) != isDecode(caller)) {
        call.emitOpError("calls a function ")
            << (isDecode(callee) ? "with" : "without")
            << " the attribute 'accel.decode' from one "
            << (isDecode(caller) ? "with" : "without")
            << " it; both serve calls of one token, or none";
        return WalkResult::interrupt();
      }
      for (auto [i, operand] : llvm::enumerate(call.getOperands())) {
        APInt layer;
        if (!callee ||
            !callee.getArgAttr(i, accel::AccelDialect::getLayerAttrName()) ||
            !matchPattern(operand, m_ConstantInt(&layer)) ||
            layer.ult(symbols.getMaxLayers()))
          continue;
        call.emitOpError("is for the layer ")
            << layer.getSExtValue() << ", but the model has 0 to "
            << symbols.getMaxLayers() - 1;
        return WalkResult::interrupt();
      }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  /// The host calls "run", which calls "run_layer" and its like; or, with one
  /// token, "decode", which calls "decode_layer".
  LogicalResult renameFunctions(SymbolTable &table) {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      const std::string name =
          function.isPublic()  ? isDecode(function) ? "decode" : "run"
          : isDecode(function) ? function.getName().str()
                               : ("run_" + function.getName()).str();
      if (function.getName() != name &&
          failed(table.rename(function, StringRef(name))))
        return function.emitOpError("cannot be called '")
               << name << "' in the driver; another symbol has that name";
    }
    return success();
  }

  /// True if the program has a task of this kind.
  bool usesTable(TaskKind kind) {
    if (kind == TaskKind::WeightCopy)
      return weightLoading == "wt2hbm";
    return getOperation()
        .walk([&](accel::TaskOpInterface task) {
          return task.getTaskKind() == kind ? WalkResult::interrupt()
                                            : WalkResult::advance();
        })
        .wasInterrupted();
  }
};

} // namespace
