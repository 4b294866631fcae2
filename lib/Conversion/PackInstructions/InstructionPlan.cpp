//===- InstructionPlan.cpp - Which task stands in which block -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InstructionPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

ProgramValues::ProgramValues(func::FuncOp function, SymbolTable &symbols)
    : past(function.getArgument(0)), symbols(symbols) {}

ProgramValues::Dependence ProgramValues::get(Value value) {
  if (auto it = dependences.find(value); it != dependences.end())
    return it->second;
  Dependence result;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    result = {value == past, value != past};
  } else {
    for (Value operand : value.getDefiningOp()->getOperands()) {
      const Dependence other = get(operand);
      result.onPast |= other.onPast;
      result.onLayer |= other.onLayer;
    }
  }
  return dependences[value] = result;
}

static std::optional<LayerValue> add(LayerValue a, LayerValue b) {
  auto first = llvm::checkedAdd(a.first, b.first);
  auto step = llvm::checkedAdd(a.step, b.step);
  if (!first || !step)
    return std::nullopt;
  return LayerValue{*first, *step};
}

static std::optional<LayerValue> multiply(LayerValue a, int64_t factor) {
  auto first = llvm::checkedMul(a.first, factor);
  auto step = llvm::checkedMul(a.step, factor);
  if (!first || !step)
    return std::nullopt;
  return LayerValue{*first, *step};
}

/// The quotient of what is not negative, and the rest.
static std::optional<std::pair<LayerValue, LayerValue>>
divide(LayerValue a, int64_t divisor, int64_t layers) {
  std::optional<int64_t> end =
      llvm::checkedMulAdd<int64_t>(layers - 1, a.step, a.first);
  if (divisor < 1 || a.first < 0 || !end || *end < 0)
    return std::nullopt;
  if (a.step % divisor == 0)
    return std::pair(LayerValue{a.first / divisor, a.step / divisor},
                     LayerValue{a.first % divisor, 0});
  const int64_t quotient = a.first / divisor;
  if (*end / divisor != quotient)
    return std::nullopt;
  return std::pair(LayerValue{quotient, 0},
                   LayerValue{a.first - quotient * divisor, a.step});
}

FailureOr<LayerValue> ProgramValues::evaluate(Value value, int64_t layers) {
  if (auto it = values.find(value); it != values.end())
    return it->second;
  if (isa<BlockArgument>(value))
    return values[value] = value == past ? LayerValue{0, 0} : LayerValue{0, 1};
  Operation *op = value.getDefiningOp();
  SmallVector<LayerValue> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<LayerValue> known = evaluate(operand, layers);
    if (failed(known))
      return failure();
    operands.push_back(*known);
  }
  using Result = std::optional<LayerValue>;
  Result result =
      llvm::TypeSwitch<Operation *, Result>(op)
          .Case([&](arith::ConstantOp op) -> Result {
            std::optional<int64_t> number = getConstantIntValue(op.getResult());
            return number ? Result(LayerValue{*number, 0}) : std::nullopt;
          })
          .Case([&](AddressOfOp op) -> Result {
            return LayerValue{
                llvm::TypeSwitch<Operation *, int64_t>(
                    symbols.lookup(op.getSymbol()))
                    .Case<BufferOp, ObjectOp>(
                        [](auto symbol) { return symbol.getAddress(); })
                    .Case([](ConstantOp symbol) { return symbol.getValue(); }),
                0};
          })
          .Case([&](arith::ExtSIOp) -> Result { return operands[0]; })
          .Case([&](arith::AddIOp) { return add(operands[0], operands[1]); })
          .Case([&](arith::SubIOp) -> Result {
            Result negative = multiply(operands[1], -1);
            return negative ? add(operands[0], *negative) : std::nullopt;
          })
          .Case([&](arith::MulIOp) -> Result {
            if (operands[1].step == 0)
              return multiply(operands[0], operands[1].first);
            if (operands[0].step == 0)
              return multiply(operands[1], operands[0].first);
            return std::nullopt;
          })
          .Case<arith::DivSIOp, arith::RemSIOp>([&](Operation *op) -> Result {
            if (operands[1].step != 0)
              return std::nullopt;
            auto parts = divide(operands[0], operands[1].first, layers);
            if (!parts)
              return std::nullopt;
            return isa<arith::DivSIOp>(op) ? parts->first : parts->second;
          })
          .Case([&](arith::MinSIOp) -> Result {
            if (operands[0].step != 0 || operands[1].step != 0)
              return std::nullopt;
            return LayerValue{std::min(operands[0].first, operands[1].first),
                              0};
          })
          .Default([](Operation *) { return std::nullopt; });
  if (result)
    return values[value] = *result;
  return op->emitOpError("has a result that does not change by the same number "
                         "from layer to layer, so instruction blocks cannot be "
                         "made for all layers at once; compile with "
                         "--mode=direct");
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

int64_t csb::getBeats(ArrayRef<PackedTask> tasks) {
  return tasks.empty() ? 0 : tasks.back().beatsBefore + tasks.back().form.beats;
}

namespace {

class Planner {
public:
  Planner(const DeviceInfo &device, ProgramValues &values)
      : values(values),
        device(device), plan{*device.getInstructionBlocks(), {}, 0} {}

  FailureOr<InstructionPlan> run(const FlatProgram &program) {
    for (const ProgramItem &item : program.items)
      if (failed(item.loop ? addLoop(item) : addStart(item.starts.front())))
        return failure();
    for (InstructionStep &step : plan.steps) {
      if (!step.run)
        continue;
      InstructionRun &run = *step.run;
      run.firstWord = plan.words;
      plan.words += plan.getBlocks(run) * plan.getHeaderWords() +
                    plan.getBeatWords() *
                        (getBeats(run.first) +
                         run.layers * getBeats(run.layer) + getBeats(run.last));
    }
    if (plan.words > 0)
      return std::move(plan);
    return emitError(func::FuncOp(*program.function).getLoc(),
                     "'decode' has no task that ")
           << device.getName()
           << " has a code for in its instruction blocks; compile with "
              "--mode=direct";
  }

private:
  InstructionRun &getRun() {
    if (plan.steps.empty() || !plan.steps.back().run)
      plan.steps.push_back({InstructionRun(), std::nullopt});
    return *plan.steps.back().run;
  }

  LogicalResult addStart(const TaskStart &start) {
    FailureOr<std::optional<TaskInstruction>> form = getForm(start);
    if (failed(form))
      return failure();
    if (!*form) {
      plan.steps.push_back({std::nullopt, start});
      return success();
    }
    InstructionRun &run = getRun();
    return add(start, **form, /*layers=*/1, run.loop ? run.last : run.first);
  }

  LogicalResult addLoop(const ProgramItem &item) {
    if (item.starts.empty())
      return success();
    // One with layers of its own already has an end.
    if (!plan.steps.empty() && plan.steps.back().run &&
        plan.steps.back().run->loop)
      plan.steps.push_back({InstructionRun(), std::nullopt});
    InstructionRun &run = getRun();
    run.loop = item.loop;
    run.layers = item.getLayers();
    for (const TaskStart &start : item.starts) {
      FailureOr<std::optional<TaskInstruction>> form = getForm(start);
      if (failed(form))
        return failure();
      if (!*form)
        return TaskOp(start.task).emitOpError("'")
               << TaskOp(start.task).getName()
               << "' stands in every layer, but " << device.getName()
               << " has no code for it in its instruction blocks; compile with "
                  "--mode=direct";
      if (failed(add(start, **form, run.layers, run.layer)))
        return failure();
    }
    return success();
  }

  /// How the start stands in a block, or nothing where it has no code.
  FailureOr<std::optional<TaskInstruction>> getForm(const TaskStart &start) {
    WriteOp opcode = start.getOpcode();
    StringRef table = opcode.getReg().getRootReference();
    FailureOr<LayerValue> value = values.evaluate(opcode.getValue(), 1);
    if (failed(value))
      return failure();
    for (const auto &[kind, support] : device.getTasks()) {
      if (support.registers.getName() != table)
        continue;
      if (!support.instruction || values.dependsOnPast(opcode.getValue()))
        return std::optional<TaskInstruction>();
      return support.instruction(value->first, device);
    }
    return opcode.emitOpError("starts a task of the table @")
           << table << ", which " << device.getName() << " does not have";
  }

  LogicalResult add(const TaskStart &start, const TaskInstruction &form,
                    int64_t layers, SmallVectorImpl<PackedTask> &tasks) {
    PackedTask &task = tasks.emplace_back();
    task.op = start.task;
    if (Value layer = task.op.getLayer()) {
      FailureOr<LayerValue> number = values.evaluate(layer, layers);
      if (failed(number))
        return failure();
      task.number = *number;
    }
    task.form = form;
    task.beatsBefore =
        tasks.size() == 1 ? 0 : getBeats(ArrayRef(tasks).drop_back());
    task.words.resize(form.beats * plan.getBeatWords());
    for (WriteOp write : start.writes)
      if (failed(add(write, write == start.getOpcode(), layers, task)))
        return failure();
    return success();
  }

  LogicalResult add(WriteOp write, bool isOpcode, int64_t layers,
                    PackedTask &task) {
    auto reg = cast<RegisterOp>(
        SymbolTable::lookupSymbolIn(values.getModule(), write.getReg()));
    const int64_t number = reg.getNumber();
    auto it = llvm::find(task.form.words, number);
    if (it == task.form.words.end()) {
      // What the code of the task says already.
      if (isOpcode)
        return success();
      return write.emitOpError("has a register that the instruction blocks of ")
             << device.getName()
             << " have no word for; compile with --mode=direct";
    }
    if (isOpcode && !plan.blocks.hasOpcodeWord)
      return success();
    const int64_t word = it - task.form.words.begin();
    FailureOr<LayerValue> value = values.evaluate(write.getValue(), layers);
    if (failed(value))
      return failure();
    std::optional<int64_t> end =
        llvm::checkedMulAdd<int64_t>(layers - 1, value->step, value->first);
    if (!llvm::isUInt<32>(value->first) || !end || !llvm::isUInt<32>(*end))
      return write.emitOpError("has a value of more than 32 bits");
    task.words[word] = *value;
    if (values.dependsOnPast(write.getValue()))
      task.changes.emplace_back(word, write.getValue());
    return success();
  }

  ProgramValues &values;
  const DeviceInfo &device;
  InstructionPlan plan;
};

} // namespace

FailureOr<InstructionPlan> csb::planInstructions(const FlatProgram &program,
                                                 const DeviceInfo &device,
                                                 ProgramValues &values) {
  Planner planner(device, values);
  return planner.run(program);
}
