//===- DecodeBuilder.cpp - The function that starts blocks --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

#include <utility>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

DecodeBuilder::DecodeBuilder(InstructionPlan &plan, SymbolTable &symbols,
                             ObjectOp object, ConstantOp base,
                             RegisterTableOp table)
    : plan(plan), symbols(symbols), object(object), base(base), table(table),
      builder(object.getContext()), loc(object.getLoc()) {}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

func::FuncOp DecodeBuilder::createFunction(StringRef name) {
  func::FuncOp flat = *plan.variants.front().program.function;
  auto function = func::FuncOp::create(loc, name, flat.getFunctionType());
  Block *entry = function.addEntryBlock();
  past = entry->getArgument(0);
  past.setLoc(flat.getArgument(0).getLoc());
  builder.setInsertionPointToEnd(entry);
  return function;
}

void DecodeBuilder::buildVariants(
    llvm::function_ref<void(InstructionVariant &)> build) {
  OpBuilder::InsertionGuard guard(builder);
  for (InstructionVariant &next : plan.variants) {
    variant = &next;
    mapping.clear();
    mapping.map(func::FuncOp(*next.program.function).getArgument(0), past);
    if (&next == &plan.variants.back())
      return build(next);
    Value end = Word(next.program.endPast).materialize(builder, loc);
    Value isBefore = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, past, end);
    auto branch =
        scf::IfOp::create(builder, loc, isBefore, /*withElseRegion=*/true);
    builder.setInsertionPoint(branch.thenYield());
    build(next);
    builder.setInsertionPoint(branch.elseYield());
  }
}

void DecodeBuilder::chooseBuffer() {
  if (plan.copies == 1)
    return;
  const int64_t last = plan.variants.back().program.endPast - 1;
  buffer = remainder(Word(builder, past, 0, last), plan.copies).named("buffer");
  bufferWords = (buffer * Word(plan.words)).named("buffer_words");
}

void DecodeBuilder::createSender() {
  sender = createFunction("send_instructions");
  sender.setPrivate();
  chooseBuffer();
  Value sent = SentInstructionsOp::create(
      builder, NameLoc::get(builder.getStringAttr("sent"), loc),
      builder.getI32Type(), buffer.materialize(builder, loc));
  Value isOther =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, sent, past);
  auto branch = scf::IfOp::create(builder, loc, isOther);
  func::ReturnOp::create(builder, loc);
  builder.setInsertionPoint(branch.thenYield());
  buildVariants([&](InstructionVariant &built) { send(built); });
  symbols.insert(sender, Block::iterator(symbols.lookup("decode")));
}

void DecodeBuilder::sendNext() {
  const int64_t last = plan.variants.back().program.endPast - 1;
  Value isNotLast =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, past,
                            Word(last).materialize(builder, loc));
  auto branch = scf::IfOp::create(builder, loc, isNotLast);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenYield());
  const Word next = Word(builder, past, 0, last - 1) + 1;
  func::CallOp::create(builder, loc, sender, next.materialize(builder, loc));
}

func::FuncOp DecodeBuilder::run() {
  if (plan.copies > 1)
    createSender();
  func::FuncOp function = createFunction("decode");
  variant = &plan.variants.front();
  mapping.clear();
  mapping.map(func::FuncOp(*variant->program.function).getArgument(0), past);
  for (CheckCallOp check : variant->program.checks) {
    for (Value operand : check->getOperands())
      copy(operand, builder);
    builder.clone(*check, mapping);
  }
  if (sender)
    func::CallOp::create(builder, loc, sender, past);
  chooseBuffer();
  buildVariants([&](InstructionVariant &built) {
    if (!sender)
      send(built);
    start(built);
  });
  func::ReturnOp::create(builder, loc);
  return function;
}

//===----------------------------------------------------------------------===//
// Words that change
//===----------------------------------------------------------------------===//

Value DecodeBuilder::copy(Value value, OpBuilder &layerBuilder) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  for (Value operand : op->getOperands())
    copy(operand, layerBuilder);
  OpBuilder &to =
      variant->values.dependsOnLayer(value) ? layerBuilder : builder;
  return to.clone(*op, mapping)->getResult(0);
}

Word DecodeBuilder::getPlace(const InstructionRun &run, const Word &number,
                             const Word &beats) {
  return floorDiv(number, plan.blocks.maxTasks) * plan.getHeaderWords() +
         beats * plan.getBeatWords() +
         Word(run.firstWord + plan.getHeaderWords());
}

void DecodeBuilder::change(const PackedTask &task, const Word &place,
                           int64_t lowest, int64_t highest, OpBuilder &to) {
  for (const auto &[word, value] : task.changes) {
    const int64_t first = lowest + word, last = highest + word;
    firstWord = lastWord < 0 ? first : std::min(firstWord, first);
    lastWord = std::max(lastWord, last);
    Location loc = TaskOp(task.op).getLoc();
    Value copied = copy(value, to);
    Word number = place + Word(word);
    // That of a layer has the buffer in it.
    if (number.isConstant())
      number = bufferWords + number;
    SetInstructionOp::create(to, loc, number.materialize(to, loc), copied);
    ++numChanges;
  }
}

void DecodeBuilder::change(const InstructionRun &run) {
  auto changeAll = [&](ArrayRef<PackedTask> tasks, int64_t number,
                       int64_t beats) {
    for (auto [i, task] : llvm::enumerate(tasks)) {
      const int64_t place =
          getPlace(run, number + i, beats + task.beatsBefore).getConstant();
      change(task, place, place, place, builder);
    }
  };
  changeAll(run.first, 0, 0);
  if (llvm::any_of(run.layer, [](const PackedTask &task) {
        return !task.changes.empty();
      }))
    changeLayers(run);
  changeAll(run.last, run.first.size() + run.layers * run.layer.size(),
            getBeats(run.first) + run.layers * getBeats(run.layer));
}

void DecodeBuilder::changeLayers(const InstructionRun &run) {
  scf::ForOp old = run.loop;
  auto loop = scf::ForOp::create(
      builder, old.getLoc(), copy(old.getLowerBound(), builder),
      copy(old.getUpperBound(), builder), copy(old.getStep(), builder));
  loop->setDiscardableAttrs(old->getDiscardableAttrDictionary());
  loop.getInductionVar().setLoc(old.getInductionVar().getLoc());
  mapping.map(old.getInductionVar(), loop.getInductionVar());
  OpBuilder inner(loop.getBody()->getTerminator());
  const OpBuilder::InsertPoint behind = builder.saveInsertionPoint();
  builder.setInsertionPoint(loop);
  const int64_t firstBeats = getBeats(run.first);
  const int64_t layerBeats = getBeats(run.layer);
  for (auto [i, task] : llvm::enumerate(run.layer)) {
    if (task.changes.empty())
      continue;
    auto getTaskPlace = [&, number = run.first.size() + i,
                         before =
                             firstBeats + task.beatsBefore](const Word &layer) {
      return getPlace(
          run,
          (layer * Word(run.layer.size())).named("layer_task") + Word(number),
          (layer * Word(layerBeats)).named("layer_beat") + Word(before));
    };
    const Word place =
        (getTaskPlace(Word(inner, loop.getInductionVar(), 0, run.layers - 1)) +
         bufferWords)
            .named((TaskOp(task.op).getName() + "_word").str());
    change(task, place, getTaskPlace(0).getConstant(),
           getTaskPlace(run.layers - 1).getConstant(), inner);
  }
  builder.restoreInsertionPoint(behind);
}

void DecodeBuilder::send(InstructionVariant &built) {
  firstWord = 0;
  lastWord = -1;
  for (const InstructionStep &step : built.steps)
    if (step.run)
      change(*step.run);
  if (lastWord < 0)
    return;
  Value address = arith::AddIOp::create(
      builder, loc, getAddress(base.getSymName()),
      getAddress(object.getSymName()), arith::IntegerOverflowFlags::nsw);
  Value first = (bufferWords + firstWord).materialize(builder, loc);
  const int64_t words = lastWord - firstWord + 1;
  SendInstructionsOp::create(
      builder, loc, address, first, words, sender ? past : Value(),
      sender ? buffer.materialize(builder, loc) : Value());
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void DecodeBuilder::start(InstructionVariant &built) {
  // The first block runs while the next words go out.
  bool sendsNext = sender && plan.variants.back().program.endPast > 1;
  for (const InstructionStep &step : built.steps) {
    if (step.run)
      start(*step.run, std::exchange(sendsNext, false));
    else
      start(*step.direct);
  }
}

Value DecodeBuilder::getAddress(StringRef symbol) {
  return AddressOfOp::create(builder, loc, builder.getI64Type(), symbol);
}

Word DecodeBuilder::getBeatsBefore(const InstructionRun &run,
                                   const Word &number, FlatSymbolRefAttr prefix,
                                   ArrayRef<int64_t> sums) {
  Word layer(0), within = number;
  if (run.loop) {
    // Those before and behind the layers count as if they were of the first
    // and the last one.
    const int64_t period = run.layer.size();
    const int64_t shift = llvm::divideCeil(run.first.size(), period);
    const Word shifted =
        floorDiv(number + Word(shift * period - run.first.size()), period);
    layer = min(shifted - min(shifted, shift), run.layers - 1);
    if (!layer.isConstant())
      layer = layer.withBounds(0, run.layers - 1).named("whole_layers");
    within = number - layer * Word(period);
  }
  Word sum =
      within.isConstant()
          ? Word(sums[within.getConstant()])
          : Word(builder,
                 LookupOp::create(builder, loc, builder.getI32Type(), prefix,
                                  within.materialize(builder, loc)),
                 0, sums.back())
                .named("beats_before");
  return layer * Word(getBeats(run.layer)) + sum;
}

void DecodeBuilder::start(const InstructionRun &run, bool sendsNext) {
  SmallVector<int64_t> sums = {0};
  for (ArrayRef<PackedTask> tasks :
       {ArrayRef(run.first), ArrayRef(run.layer), ArrayRef(run.last)})
    for (const PackedTask &task : tasks)
      sums.push_back(sums.back() + task.form.beats);
  const int64_t blocks = plan.getBlocks(run);
  if (blocks == 1)
    return start(run, 0, {}, sums, sendsNext);
  OpBuilder atModule(object);
  atModule.setInsertionPointAfter(object);
  auto prefix = TableOp::create(atModule, loc, "task_beats", sums);
  symbols.insert(prefix);
  auto constant = [&](int64_t value) -> Value {
    return Word(value).materialize(builder, loc);
  };
  Value lower = constant(0), upper = constant(blocks), step = constant(1);
  auto loop = scf::ForOp::create(builder, loc, lower, upper, step);
  loop.getInductionVar().setLoc(
      NameLoc::get(builder.getStringAttr("block"), loc));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop.getBody()->getTerminator());
  start(run, Word(builder, loop.getInductionVar(), 0, blocks - 1),
        FlatSymbolRefAttr::get(prefix), sums, sendsNext);
}

/// Starts a block.
void DecodeBuilder::start(const InstructionRun &run, const Word &block,
                          FlatSymbolRefAttr prefix, ArrayRef<int64_t> sums,
                          bool sendsNext) {
  const int64_t most = plan.blocks.maxTasks, all = run.getTasks();
  TaskOp::create(builder, loc, "instructions", Value(),
                 ("a block of at most " + Twine(most) + " tasks").str(),
                 FlatSymbolRefAttr(), /*unmasked=*/false, IntegerAttr(),
                 ArrayAttr());
  const Word number = (block * Word(most)).named("first_task");
  const Word tasks =
      min(Word(most), (Word(all) - number).withBounds(1, all)).named("tasks");
  const Word begin =
      getBeatsBefore(run, number, prefix, sums).named("first_beat");
  const Word endTask = (number + tasks).withBounds(1, all).named("end_task");
  const Word end = getBeatsBefore(run, endTask, prefix, sums).named("end_beat");
  const int64_t beats = getBeats(run.first) + run.layers * getBeats(run.layer) +
                        getBeats(run.last);
  const int64_t start = object.getAddress();
  const Word address =
      Word(builder, getAddress(object.getSymName()), start, start) +
      (block * Word(plan.blocks.headerBytes) +
       begin.withBounds(0, beats) * Word(plan.blocks.beatBytes) +
       Word(4 * run.firstWord) + bufferWords * Word(4));
  const Word blockBeats =
      (end - begin).withBounds(1, beats) + Word(plan.blocks.countBeats(0));
  const RegisterTable &record = plan.blocks.registers;
  for (const Register &reg : record.getRegisters()) {
    if (!isWritten(reg.role))
      continue;
    const Word value = reg.role == RegisterRole::BlockAddress ? address
                       : reg.role == RegisterRole::BlockBeats ? blockBeats
                       : reg.role == RegisterRole::BlockTasks
                           ? tasks
                           : Word(reg.values.front().value);
    WriteOp::create(builder, loc, getRegister(reg),
                    value.materialize(builder, loc));
  }
  if (sendsNext && block.isConstant()) {
    sendNext();
  } else if (sendsNext) {
    Value isFirst = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::eq, block.materialize(builder, loc),
        Word(0).materialize(builder, loc));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(
        scf::IfOp::create(builder, loc, isFirst).thenYield());
    sendNext();
  }
  PollOp::create(builder, loc, getRegister(record.getStatus()),
                 record.getStatus().value);
}

SymbolRefAttr DecodeBuilder::getRegister(const Register &reg) {
  return SymbolRefAttr::get(
      table.getSymNameAttr(),
      FlatSymbolRefAttr::get(builder.getContext(), reg.name));
}

void DecodeBuilder::start(const TaskStart &direct) {
  builder.clone(*direct.task, mapping);
  for (WriteOp write : direct.writes) {
    copy(write.getValue(), builder);
    builder.clone(*write, mapping);
  }
  builder.clone(*direct.poll, mapping);
}
