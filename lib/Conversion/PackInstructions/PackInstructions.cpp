//===- PackInstructions.cpp - Decode from instruction blocks ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecodeBuilder.h"

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
  for (const InstructionVariant &variant : plan.variants)
    for (const InstructionStep &step : variant.steps)
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
  SmallVector<NamedAttribute> entries = {
      number("block_tasks", plan.blocks.maxTasks),
      number("header_words", plan.getHeaderWords()),
      builder.getNamedAttr("runs", builder.getArrayAttr(runs))};
  if (plan.copies > 1)
    entries.push_back(number("copies", plan.copies));
  return builder.getDictionaryAttr(entries);
}

namespace {

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct PackInstructions : dlavm::impl::PackInstructionsBase<PackInstructions> {
  using PackInstructionsBase::PackInstructionsBase;

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
    FailureOr<SmallVector<FlatProgram>> programs =
        flattenProgram(decode, symbols);
    if (failed(programs))
      return failure();
    FailureOr<InstructionPlan> plan = planInstructions(
        std::move(*programs), *device, symbols, doubleBuffer ? 2 : 1);
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
    DecodeBuilder body(*plan, symbols, *object, base, table);
    func::FuncOp packed = body.run();
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
    for (const InstructionVariant &variant : plan->variants)
      for (const InstructionStep &step : variant.steps)
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
    const int64_t bytes = 4 * plan.words * plan.copies;
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
