//===- InstructionPlan.cpp - Which task stands in which block -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InstructionPlan.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

int64_t csb::getBeats(ArrayRef<PackedTask> tasks) {
  return tasks.empty() ? 0 : tasks.back().beatsBefore + tasks.back().form.beats;
}

namespace {

/// Puts the starts of a variant into blocks.
class Planner {
public:
  Planner(const DeviceInfo &device, InstructionPlan &plan,
          InstructionVariant &variant)
      : device(device), plan(plan), steps(variant.steps),
        values(variant.values) {}

  LogicalResult run(const FlatProgram &program) {
    for (const ProgramItem &item : program.items)
      if (failed(item.loop ? addLoop(item) : addStart(item.starts.front())))
        return failure();
    const int64_t begin = plan.words;
    for (InstructionStep &step : steps) {
      if (!step.run)
        continue;
      InstructionRun &run = *step.run;
      run.firstWord = plan.words;
      plan.words += plan.getBlocks(run) * plan.getHeaderWords() +
                    plan.getBeatWords() *
                        (getBeats(run.first) +
                         run.layers * getBeats(run.layer) + getBeats(run.last));
    }
    if (plan.words > begin)
      return success();
    return emitError(func::FuncOp(*program.function).getLoc(),
                     "'decode' has no task that ")
           << device.getName()
           << " has a code for in its instruction blocks; compile with "
              "--mode=direct";
  }

private:
  InstructionRun &getRun() {
    if (steps.empty() || !steps.back().run)
      steps.push_back({InstructionRun(), std::nullopt});
    return *steps.back().run;
  }

  LogicalResult addStart(const TaskStart &start) {
    FailureOr<std::optional<TaskInstruction>> form = getForm(start);
    if (failed(form))
      return failure();
    if (!*form) {
      steps.push_back({std::nullopt, start});
      return success();
    }
    InstructionRun &run = getRun();
    return add(start, **form, /*layers=*/1, run.loop ? run.last : run.first);
  }

  LogicalResult addLoop(const ProgramItem &item) {
    if (item.starts.empty())
      return success();
    // One with layers of its own already has an end.
    if (!steps.empty() && steps.back().run && steps.back().run->loop)
      steps.push_back({InstructionRun(), std::nullopt});
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

  const DeviceInfo &device;
  InstructionPlan &plan;
  SmallVectorImpl<InstructionStep> &steps;
  ProgramValues &values;
};

} // namespace

FailureOr<InstructionPlan>
csb::planInstructions(SmallVector<FlatProgram> programs,
                      const DeviceInfo &device, SymbolTable &symbols,
                      int64_t copies) {
  InstructionPlan plan = {*device.getInstructionBlocks(), {}, 0, copies};
  for (FlatProgram &program : programs) {
    ProgramValues values(program, symbols);
    InstructionVariant &variant = plan.variants.emplace_back(
        InstructionVariant{std::move(program), std::move(values), {}});
    if (failed(Planner(device, plan, variant).run(variant.program)))
      return failure();
  }
  return plan;
}
