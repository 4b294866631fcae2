//===- PackInstructions.cpp - Decode from instruction blocks ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InstructionPlan.h"

#include "DLAVM/Conversion/Passes.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "DLAVM/Encoding/Word.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

namespace dlavm {
#define GEN_PASS_DEF_PACKINSTRUCTIONS
#include "DLAVM/Conversion/Passes.h.inc"
} // namespace dlavm

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

//===----------------------------------------------------------------------===//
// What is in the blocks
//===----------------------------------------------------------------------===//

static Attribute describe(Builder &builder, ArrayRef<PackedTask> tasks) {
  SmallVector<Attribute> list;
  for (const PackedTask &task : tasks) {
    SmallVector<int64_t> words, steps;
    for (const LayerValue &word : task.words) {
      words.push_back(word.first);
      steps.push_back(word.step);
    }
    SmallVector<NamedAttribute> entries = {
        builder.getNamedAttr("name", TaskOp(task.op).getNameAttr()),
        builder.getNamedAttr("code", builder.getI64IntegerAttr(task.form.code)),
        builder.getNamedAttr("words", builder.getDenseI64ArrayAttr(words))};
    if (llvm::any_of(steps, [](int64_t step) { return step != 0; }))
      entries.push_back(
          builder.getNamedAttr("steps", builder.getDenseI64ArrayAttr(steps)));
    if (task.number)
      entries.push_back(builder.getNamedAttr(
          "layer", builder.getDenseI64ArrayAttr(
                       {task.number->first, task.number->step})));
    list.push_back(builder.getDictionaryAttr(entries));
  }
  return builder.getArrayAttr(list);
}

static DictionaryAttr describe(Builder &builder, const InstructionPlan &plan) {
  SmallVector<Attribute> runs;
  for (const InstructionStep &step : plan.steps)
    if (step.run)
      runs.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("first", describe(builder, step.run->first)),
           builder.getNamedAttr("layer", describe(builder, step.run->layer)),
           builder.getNamedAttr("layers",
                                builder.getI64IntegerAttr(step.run->layers)),
           builder.getNamedAttr("last", describe(builder, step.run->last))}));
  auto number = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  return builder.getDictionaryAttr(
      {number("block_tasks", plan.blocks.maxTasks),
       number("header_words", plan.getHeaderWords()),
       builder.getNamedAttr("runs", builder.getArrayAttr(runs))});
}

namespace {

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// Writes a decode that changes the words that depend on past, sends them, and
/// starts the blocks.
class DecodeBuilder {
public:
  DecodeBuilder(const InstructionPlan &plan, ProgramValues &values,
                SymbolTable &symbols, ObjectOp object, ConstantOp base,
                RegisterTableOp table, func::FuncOp flat)
      : plan(plan), values(values), symbols(symbols), object(object),
        base(base), table(table), builder(flat.getContext()), flat(flat) {}

  func::FuncOp run(ArrayRef<CheckCallOp> checks) {
    auto function = func::FuncOp::create(flat.getLoc(), flat.getName(),
                                         flat.getFunctionType());
    Block *entry = function.addEntryBlock();
    entry->getArgument(0).setLoc(flat.getArgument(0).getLoc());
    mapping.map(flat.getArgument(0), entry->getArgument(0));
    builder.setInsertionPointToEnd(entry);
    for (CheckCallOp check : checks) {
      for (Value operand : check->getOperands())
        copy(operand, builder);
      builder.clone(*check, mapping);
    }
    for (const InstructionStep &step : plan.steps)
      if (step.run)
        change(*step.run);
    if (lastWord >= 0)
      send();
    for (const InstructionStep &step : plan.steps) {
      if (step.run)
        start(*step.run);
      else
        start(*step.direct);
    }
    func::ReturnOp::create(builder, flat.getLoc());
    return function;
  }

  int64_t numChanges = 0;

private:
  /// Computes a value of the flat program; what does not depend on the layer,
  /// before the loop.
  Value copy(Value value, OpBuilder &layerBuilder) {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    for (Value operand : op->getOperands())
      copy(operand, layerBuilder);
    OpBuilder &to = values.dependsOnLayer(value) ? layerBuilder : builder;
    return to.clone(*op, mapping)->getResult(0);
  }

  /// The word where task \p number of a run begins, with \p beats before it.
  Word getPlace(const InstructionRun &run, const Word &number,
                const Word &beats) {
    return floorDiv(number, plan.blocks.maxTasks) * plan.getHeaderWords() +
           beats * plan.getBeatWords() +
           Word(run.firstWord + plan.getHeaderWords());
  }

  void change(const PackedTask &task, const Word &place, int64_t lowest,
              int64_t highest, OpBuilder &to) {
    for (const auto &[word, value] : task.changes) {
      const int64_t first = lowest + word, last = highest + word;
      firstWord = lastWord < 0 ? first : std::min(firstWord, first);
      lastWord = std::max(lastWord, last);
      Location loc = TaskOp(task.op).getLoc();
      Value copied = copy(value, to);
      SetInstructionOp::create(
          to, loc, (place + Word(word)).materialize(to, loc), copied);
      ++numChanges;
    }
  }

  void change(const InstructionRun &run) {
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

  void changeLayers(const InstructionRun &run) {
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
                           before = firstBeats +
                                    task.beatsBefore](const Word &layer) {
        return getPlace(run, layer * Word(run.layer.size()) + Word(number),
                        layer * Word(layerBeats) + Word(before));
      };
      const Word place =
          getTaskPlace(Word(inner, loop.getInductionVar(), 0, run.layers - 1))
              .named((TaskOp(task.op).getName() + "_word").str());
      change(task, place, getTaskPlace(0).getConstant(),
             getTaskPlace(run.layers - 1).getConstant(), inner);
    }
    builder.restoreInsertionPoint(behind);
  }

  /// In one transfer.
  void send() {
    Location loc = flat.getLoc();
    Value address = arith::AddIOp::create(
        builder, loc, getAddress(base.getSymName()),
        getAddress(object.getSymName()), arith::IntegerOverflowFlags::nsw);
    SendInstructionsOp::create(builder, loc, address, firstWord,
                               lastWord - firstWord + 1);
  }

  Value getAddress(StringRef symbol) {
    return AddressOfOp::create(builder, flat.getLoc(), builder.getI64Type(),
                               symbol);
  }

  /// The beats of the tasks before task \p number of a run.
  Word getBeatsBefore(const InstructionRun &run, const Word &number,
                      FlatSymbolRefAttr prefix, ArrayRef<int64_t> sums) {
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
                   LookupOp::create(builder, flat.getLoc(),
                                    builder.getI32Type(), prefix,
                                    within.materialize(builder, flat.getLoc())),
                   0, sums.back());
    return layer * Word(getBeats(run.layer)) + sum;
  }

  void start(const InstructionRun &run) {
    SmallVector<int64_t> sums = {0};
    for (ArrayRef<PackedTask> tasks :
         {ArrayRef(run.first), ArrayRef(run.layer), ArrayRef(run.last)})
      for (const PackedTask &task : tasks)
        sums.push_back(sums.back() + task.form.beats);
    const int64_t blocks = plan.getBlocks(run);
    Location loc = flat.getLoc();
    if (blocks == 1)
      return start(run, 0, {}, sums);
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
          FlatSymbolRefAttr::get(prefix), sums);
  }

  /// Starts a block.
  void start(const InstructionRun &run, const Word &block,
             FlatSymbolRefAttr prefix, ArrayRef<int64_t> sums) {
    Location loc = flat.getLoc();
    const int64_t most = plan.blocks.maxTasks, all = run.getTasks();
    TaskOp::create(builder, loc, "instructions", Value(),
                   ("a block of at most " + Twine(most) + " tasks").str(),
                   FlatSymbolRefAttr(), /*unmasked=*/false, IntegerAttr(),
                   ArrayAttr());
    const Word number = (block * Word(most)).named("first_task");
    const Word tasks =
        min(Word(most), (Word(all) - number).withBounds(1, all)).named("tasks");
    const Word begin = getBeatsBefore(run, number, prefix, sums);
    const Word end =
        getBeatsBefore(run, (number + tasks).withBounds(1, all), prefix, sums);
    const int64_t beats = getBeats(run.first) +
                          run.layers * getBeats(run.layer) + getBeats(run.last);
    const int64_t start = object.getAddress();
    const Word address =
        Word(builder, getAddress(object.getSymName()), start, start) +
        (block * Word(plan.blocks.headerBytes) +
         begin.withBounds(0, beats) * Word(plan.blocks.beatBytes) +
         Word(4 * run.firstWord));
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
    PollOp::create(builder, loc, getRegister(record.getStatus()),
                   record.getStatus().value);
  }

  SymbolRefAttr getRegister(const Register &reg) {
    return SymbolRefAttr::get(
        table.getSymNameAttr(),
        FlatSymbolRefAttr::get(builder.getContext(), reg.name));
  }

  void start(const TaskStart &direct) {
    builder.clone(*direct.task, mapping);
    for (WriteOp write : direct.writes) {
      copy(write.getValue(), builder);
      builder.clone(*write, mapping);
    }
    builder.clone(*direct.poll, mapping);
  }

  const InstructionPlan &plan;
  ProgramValues &values;
  SymbolTable &symbols;
  ObjectOp object;
  ConstantOp base;
  RegisterTableOp table;
  OpBuilder builder;
  func::FuncOp flat;
  IRMapping mapping;
  /// Of those that change.
  int64_t firstWord = 0, lastWord = -1;
};

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct PackInstructions : dlavm::impl::PackInstructionsBase<PackInstructions> {
  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    auto name =
        module->getAttrOfType<StringAttr>(CSBDialect::getDeviceAttrName());
    if (!name)
      return module.emitError("names no device (csb.device = \"NAME\"); run "
                              "convert-accel-to-csb before");
    const DeviceInfo *device = accel::lookupDevice(module.getLoc(), name);
    if (!device)
      return failure();
    if (!device->getInstructionBlocks())
      return module.emitError("cannot decode from instruction blocks, which ")
             << device->getName()
             << " does not have; compile with --mode=direct";
    SymbolTable symbols(module);
    auto decode = symbols.lookup<func::FuncOp>("decode");
    if (!decode)
      return module.emitError(
          "has no function 'decode' whose tasks could stand in instruction "
          "blocks; run accel-specialize-decode before");
    FailureOr<SmallVector<func::FuncOp>> functions =
        llm::orderFunctions(decode);
    if (failed(functions))
      return failure();
    FailureOr<FlatProgram> program = flattenProgram(decode, symbols);
    if (failed(program))
      return failure();
    func::FuncOp flat = *program->function;
    ProgramValues values(flat, symbols);
    FailureOr<InstructionPlan> plan =
        planInstructions(*program, *device, values);
    if (failed(plan))
      return failure();
    FailureOr<ObjectOp> object = createObject(*plan, *device, symbols, decode);
    if (failed(object))
      return failure();

    OpBuilder builder(module.getContext());
    RegisterTableOp table = createRegisterTable(builder, plan->blocks.registers,
                                                /*keepsValues=*/false);
    table.setRunsBlocks(true);
    symbols.insert(table, getEnd<RegisterTableOp>());
    ConstantOp base = getBase(*device->getMemory(plan->blocks.memory), symbols);
    DecodeBuilder body(*plan, values, symbols, *object, base, table, flat);
    func::FuncOp packed = body.run(program->checks);
    packed->setDiscardableAttrs(decode->getDiscardableAttrDictionary());
    auto place = std::next(Block::iterator(decode));
    for (func::FuncOp function : llvm::reverse(*functions))
      if (function == decode ||
          (function.isPrivate() &&
           SymbolTable::symbolKnownUseEmpty(function, module)))
        symbols.erase(function);
    symbols.insert(packed, place);
    module.walk([&](LoadParametersOp load) {
      load.setKeptAttr(FlatSymbolRefAttr::get(object->getSymNameAttr()));
    });
    numChanges += body.numChanges;
    for (const InstructionStep &step : plan->steps)
      if (step.run) {
        numTasks += step.run->getTasks();
        numBlocks += plan->getBlocks(*step.run);
      }
    return success();
  }

  /// The place behind the last op of a kind.
  template <typename Op> Block::iterator getEnd() {
    Block::iterator end = getOperation().getBody()->begin();
    for (Operation &op : *getOperation().getBody())
      if (isa<Op>(op))
        end = std::next(Block::iterator(op));
    return end;
  }

  /// Behind all else in the memory. Parameter files of other blocks are those
  /// of another driver.
  FailureOr<ObjectOp> createObject(const InstructionPlan &plan,
                                   const DeviceInfo &device,
                                   SymbolTable &symbols, func::FuncOp decode) {
    ModuleOp module = getOperation();
    const Memory &memory = *device.getMemory(plan.blocks.memory);
    int64_t end = 0;
    auto visit = [&](auto op) {
      if (op.getSpace() == memory.name)
        end = std::max<int64_t>(end, op.getEnd());
    };
    llvm::for_each(module.getOps<BufferOp>(), visit);
    llvm::for_each(module.getOps<ObjectOp>(), visit);
    const int64_t address = llvm::alignTo(end, memory.alignment);
    const int64_t bytes = 4 * plan.words;
    if (bytes > memory.capacity - address)
      return decode.emitOpError("needs ")
             << bytes << " bytes of " << memory.name
             << " for instruction blocks, but of its " << memory.capacity
             << " bytes " << memory.capacity - address
             << " are left; compile with --mode=direct, fewer layers or a "
                "smaller context";
    OpBuilder builder(module.getContext());
    DictionaryAttr content = describe(builder, plan);
    auto object = ObjectOp::create(
        builder, decode.getLoc(), "instructions", "instructions",
        ArrayRef<int64_t>(), ArrayAttr(), content, memory.name, address, bytes,
        /*stride=*/0, IntegerAttr(), memory.dmaBase, /*ports=*/1,
        /*port_stride=*/0, builder.getStringAttr("instructions.bin"));
    symbols.insert(object, getEnd<ObjectOp>());
    if (auto fingerprint = module->getAttrOfType<StringAttr>(
            CSBDialect::getFingerprintAttrName())) {
      std::string text = fingerprint.str();
      llvm::raw_string_ostream os(text);
      os << address << content;
      module->setAttr(CSBDialect::getFingerprintAttrName(),
                      builder.getStringAttr(llvm::utohexstr(
                          llvm::xxHash64(text), /*LowerCase=*/true, 16)));
    }
    return object;
  }

  /// The constant with the host's address of a memory.
  ConstantOp getBase(const Memory &memory, SymbolTable &symbols) {
    const std::string name = StringRef(memory.name).lower() + "_base";
    auto known = symbols.lookup<ConstantOp>(name);
    if (known && static_cast<int64_t>(known.getValue()) == memory.dmaBase)
      return known;
    OpBuilder builder(getOperation().getContext());
    auto base = ConstantOp::create(builder, builder.getUnknownLoc(), name,
                                   memory.dmaBase);
    symbols.insert(base, getEnd<ObjectOp>());
    return base;
  }
};

} // namespace
