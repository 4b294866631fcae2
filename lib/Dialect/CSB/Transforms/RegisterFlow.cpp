//===- RegisterFlow.cpp - What registers hold in a register program ---===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RegisterFlow.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlavm::csb;

RegisterFlow::RegisterFlow(ModuleOp module) : module(module), symbols(module) {
  llvm::DenseMap<int64_t, unsigned> indices;
  // A register that one table says to lose its value keeps it in none.
  std::vector<bool> keepsValue;
  for (auto table : module.getOps<RegisterTableOp>())
    for (auto reg : table.getBody().getOps<RegisterOp>()) {
      auto [it, isNew] = indices.try_emplace(reg.getNumber(), indices.size());
      if (isNew)
        keepsValue.push_back(true);
      if (!reg.getKeepsValue())
        keepsValue[it->second] = false;
    }
  numRegisters = keepsValue.size();
  if (!llvm::is_contained(keepsValue, true))
    return;
  for (auto table : module.getOps<RegisterTableOp>())
    for (auto reg : table.getBody().getOps<RegisterOp>()) {
      const unsigned index = indices.lookup(reg.getNumber());
      registers[SymbolRefAttr::get(table.getSymNameAttr(),
                                   FlatSymbolRefAttr::get(reg))] = {
          index, keepsValue[index], table.getSymNameAttr()};
      tables[table.getSymNameAttr()].push_back(index);
    }
}

//===----------------------------------------------------------------------===//
// What holds
//===----------------------------------------------------------------------===//

RegisterFlow::Id RegisterFlow::get(Value value) {
  const Id id = env->lookup(value);
  assert(id && "every value is visited before its uses");
  return id;
}

void RegisterFlow::setUnknown(Value value) {
  const unsigned bits = ConstantIntRanges::getStorageBitwidth(value.getType());
  const bool isNumber = bits != 0 && bits <= 64;
  set(value,
      values.create(
          isNumber ? APInt::getSignedMinValue(bits).getSExtValue() : 0,
          isNumber ? APInt::getSignedMaxValue(bits).getSExtValue() : INT64_MAX,
          depth));
}

RegisterFlow::State RegisterFlow::meet(const State &a, const State &b) const {
  State result = a;
  for (unsigned i = 0; i < numRegisters; ++i)
    if (a.values[i] != b.values[i])
      result.values[i] = 0;
  result.isRunning |= b.isRunning;
  return result;
}

void RegisterFlow::leaveIteration() {
  for (Id &id : state.values)
    if (values.getDepth(id) >= depth)
      id = 0;
}

RegisterFlow::Uses RegisterFlow::meet(const Uses &a, const Uses &b) {
  Uses result = a;
  for (auto [to, from] : llvm::zip_equal(result, b)) {
    if (to.kind == FirstUse::None && from.kind == FirstUse::None)
      continue;
    if (to.kind != FirstUse::Write || from.kind != FirstUse::Write ||
        to.value != from.value) {
      to.kind = FirstUse::Other;
      continue;
    }
    for (WriteOp write : from.writes)
      if (!llvm::is_contained(to.writes, write))
        to.writes.push_back(write);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult RegisterFlow::run() {
  // What nobody but calls names is visited from there.
  DenseSet<Operation *> called;
  module.walk([&](func::CallOp call) {
    called.insert(symbols.lookup(call.getCallee()));
  });
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic() || !called.contains(function))
      if (failed(visitRoot(function)))
        return failure();
  return success();
}

LogicalResult RegisterFlow::visitRoot(func::FuncOp function) {
  Env arguments;
  env = &arguments;
  state = {std::vector<Id>(numRegisters), /*isRunning=*/false};
  if (function.isExternal())
    return function.emitOpError("has no body");
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("branches between blocks, which no driver "
                                "does");
  for (Value argument : function.getArguments())
    setUnknown(argument);
  return visit(function.getBody().front());
}

LogicalResult RegisterFlow::visit(Block &block) {
  for (Operation &op : block)
    if (failed(visit(&op)))
      return failure();
  return success();
}

LogicalResult RegisterFlow::visit(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<scf::ForOp, scf::IfOp, func::CallOp>(
          [&](auto op) { return visit(op); })
      .Case([&](WriteOp write) {
        visit(write);
        return success();
      })
      .Case([&](PollOp) {
        state.isRunning = false;
        return success();
      })
      .Case([&](CheckCallOp check) {
        const int64_t most = check.getMaxTokens();
        set(check.getSeq(), values.create(1, most, depth));
        set(check.getPast(), values.create(0, most - 1, depth));
        return success();
      })
      .Case([&](LoadParametersOp load) {
        // Its function has been visited by itself.
        if (load.getCopyAttr())
          forget();
        return success();
      })
      .Case([&](arith::ConstantOp constant) {
        if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
          set(constant, values.getConstant(number.getValue().getSExtValue()));
        else
          setUnknown(constant);
        return success();
      })
      .Case([&](AddressOfOp address) {
        set(address,
            values.getConstant(llvm::TypeSwitch<Operation *, int64_t>(
                                   symbols.lookup(address.getSymbol()))
                                   .Case<BufferOp, ObjectOp>([](auto symbol) {
                                     return symbol.getAddress();
                                   })
                                   .Case([](ConstantOp symbol) {
                                     return symbol.getValue();
                                   })));
        return success();
      })
      .Case<ReadOp, DMAReadOp, DMAReadWordOp, ReadEmbeddingsOp, LookupOp,
            SentInstructionsOp>([&](auto op) {
        setUnknown(op->getResult(0));
        return success();
      })
      .Case<TaskOp, StepOp, DMAWriteOp, ClearOp, SetInstructionOp,
            SendInstructionsOp, scf::YieldOp, func::ReturnOp>(
          [](auto) { return success(); })
      .Default([&](Operation *op) -> LogicalResult {
        if (!isMemoryEffectFree(op) || op->getNumRegions() != 0 ||
            op->getNumResults() != 1)
          return op->emitOpError("is no part of a register program, so nobody "
                                 "knows which registers it writes");
        SmallVector<Id> operands;
        for (Value operand : op->getOperands())
          operands.push_back(get(operand));
        set(op->getResult(0), values.compute(op, operands, depth));
        return success();
      });
}

void RegisterFlow::forget() {
  state = {std::vector<Id>(numRegisters), /*isRunning=*/false};
  for (Uses *iteration : uses)
    for (FirstUse &use : *iteration)
      if (use.kind == FirstUse::None)
        use.kind = FirstUse::Other;
}

void RegisterFlow::visit(WriteOp write) {
  const Reg reg = registers.lookup(write.getReg());
  const Id id = values.truncate(get(write.getValue()));
  if (!reg.keepsValue &&
      symbols.lookup<RegisterTableOp>(reg.table).getRunsBlocks()) {
    // The tasks of the block have registers of their own values.
    forget();
    state.isRunning = true;
    return;
  }
  if (!reg.keepsValue) {
    // It starts a task, which reads the registers of its table.
    state.values[reg.index] = 0;
    state.isRunning = true;
    for (Uses *iteration : uses)
      for (unsigned index : tables.find(reg.table)->second)
        if (FirstUse &use = (*iteration)[index]; use.kind == FirstUse::None)
          use.kind = FirstUse::Other;
    return;
  }
  if (isRecording) {
    const bool holds = state.values[reg.index] == id;
    auto [it, isNew] = writes.insert({write, holds});
    if (!isNew)
      it->second &= holds;
    for (Uses *iteration : uses)
      if (FirstUse &use = (*iteration)[reg.index]; use.kind == FirstUse::None)
        use = {FirstUse::Write, id, {write}};
  }
  state.values[reg.index] = id;
}

LogicalResult RegisterFlow::visit(func::CallOp call) {
  auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
  Env arguments;
  for (auto [operand, argument] :
       llvm::zip_equal(call.getOperands(), callee.getArguments()))
    arguments[argument] = get(operand);
  Env *caller = std::exchange(env, &arguments);
  llvm::scope_exit leave([&] { env = caller; });
  if (callee.isExternal())
    return callee.emitOpError("has no body");
  if (!callee.getBody().hasOneBlock())
    return callee.emitOpError("branches between blocks, which no driver does");
  Block &body = callee.getBody().front();
  if (failed(visit(body)))
    return failure();
  for (auto [result, value] :
       llvm::zip_equal(call.getResults(), body.getTerminator()->getOperands()))
    (*caller)[result] = get(value);
  return success();
}

LogicalResult RegisterFlow::visit(scf::IfOp op) {
  auto visitBranch = [&](Region &region) {
    return region.empty() ? success() : visit(region.front());
  };
  for (Value result : op.getResults())
    setUnknown(result);
  if (std::optional<int64_t> condition =
          values.lookupConstant(get(op.getCondition())))
    return visitBranch(*condition ? op.getThenRegion() : op.getElseRegion());

  const State before = state;
  const std::vector<Uses> usesBefore = copyUses();
  if (failed(visitBranch(op.getThenRegion())))
    return failure();
  const State then = std::exchange(state, before);
  std::vector<Uses> thenUses = copyUses();
  for (auto [to, from] : llvm::zip_equal(uses, usesBefore))
    *to = from;
  if (failed(visitBranch(op.getElseRegion())))
    return failure();
  state = meet(then, state);
  meetUses(thenUses);
  return success();
}

std::vector<RegisterFlow::Uses> RegisterFlow::copyUses() const {
  std::vector<Uses> copies;
  for (const Uses *iteration : uses)
    copies.push_back(*iteration);
  return copies;
}

void RegisterFlow::meetUses(ArrayRef<Uses> others) {
  for (auto [iteration, other] : llvm::zip_equal(uses, others))
    *iteration = meet(*iteration, other);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

LogicalResult RegisterFlow::visit(scf::ForOp loop) {
  const Id lower = get(loop.getLowerBound()), upper = get(loop.getUpperBound());
  const bool hasIteration = values.getMin(upper) > values.getMax(lower);
  int64_t most;
  if (hasIteration &&
      !llvm::SubOverflow(values.getMax(upper), values.getMin(lower), most) &&
      most <= values.getMin(get(loop.getStep()))) {
    // The only iteration.
    set(loop.getInductionVar(), lower);
    for (auto [argument, init] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getInitArgs()))
      set(argument, get(init));
    if (failed(visit(*loop.getBody())))
      return failure();
    for (auto [result, value] :
         llvm::zip_equal(loop.getResults(), loop.getYieldedValues()))
      set(result, get(value));
    return success();
  }

  const State before = state;
  ++depth;
  State entry = before;
  const bool wasRecording = std::exchange(isRecording, false);
  SmallVector<Uses *> outer = std::exchange(uses, {});
  while (true) {
    if (failed(visitBody(loop, entry)))
      return failure();
    State met = meet(entry, state);
    if (met == entry)
      break;
    entry = std::move(met);
  }
  isRecording = wasRecording;
  uses = std::move(outer);
  if (isRecording) {
    const std::vector<Uses> usesBefore = copyUses();
    Uses own(numRegisters);
    uses.push_back(&own);
    if (failed(visitBody(loop, entry)))
      return failure();
    uses.pop_back();
    if (hasIteration)
      collectHoists(loop, entry, own);
    else
      meetUses(usesBefore);
  }
  --depth;
  if (!hasIteration)
    state = meet(before, state);
  for (Value result : loop.getResults())
    setUnknown(result);
  return success();
}

LogicalResult RegisterFlow::visitBody(scf::ForOp loop, const State &entry) {
  state = entry;
  const int64_t lower = values.getMin(get(loop.getLowerBound()));
  const int64_t upper = values.getMax(get(loop.getUpperBound()));
  // Some value, where no iteration is.
  set(loop.getInductionVar(),
      values.create(lower, std::max(lower, upper - (upper > lower)), depth));
  for (Value argument : loop.getRegionIterArgs())
    setUnknown(argument);
  if (failed(visit(*loop.getBody())))
    return failure();
  leaveIteration();
  return success();
}

void RegisterFlow::collectHoists(scf::ForOp loop, const State &entry,
                                 const Uses &uses) {
  llvm::MapVector<unsigned, Hoist> found;
  // What a task that still runs does when its registers change, nobody says.
  for (unsigned index = 0; index < numRegisters && !entry.isRunning; ++index) {
    const FirstUse &use = uses[index];
    if (use.kind != FirstUse::Write || state.values[index] != use.value)
      continue;
    Value value = WriteOp(use.writes.front()).getValue();
    std::optional<Recipe> recipe;
    if (value.getParentRegion()->isAncestor(loop->getParentRegion()))
      recipe = Recipe{value, std::nullopt, nullptr, {}, value.getType()};
    else
      recipe = getRecipe(use.value, value.getType(), loop);
    if (recipe)
      found[index] = {std::move(*recipe), use.writes};
  }
  auto [it, isNew] = hoists.insert({loop, found});
  if (isNew)
    return;
  // The function is called elsewhere, too.
  it->second.remove_if([&](const auto &hoist) {
    auto other = found.find(hoist.first);
    return other == found.end() || !(other->second.value == hoist.second.value);
  });
}

//===----------------------------------------------------------------------===//
// Recipes
//===----------------------------------------------------------------------===//

/// Whether what has the type \p from can be had as \p to.
static bool canWiden(Type from, Type to) {
  return from == to || (from.isInteger(32) && to.isInteger(64));
}

std::optional<Recipe> RegisterFlow::getRecipe(Id id, Type type,
                                              scf::ForOp loop) {
  Recipe recipe;
  recipe.type = type;
  if ((recipe.constant = values.lookupConstant(id)))
    return recipe;
  auto matches = [&](Value value) {
    return canWiden(value.getType(), type) && env->lookup(value) == id;
  };
  for (Operation *scope = loop; scope && !isa<ModuleOp>(scope);
       scope = scope->getParentOp()) {
    Block *block = scope->getBlock();
    for (BlockArgument argument : block->getArguments())
      if (matches(argument)) {
        recipe.value = argument;
        return recipe;
      }
    for (Operation &op : llvm::make_range(block->begin(), scope->getIterator()))
      for (Value result : op.getResults())
        if (matches(result)) {
          recipe.value = result;
          return recipe;
        }
  }
  recipe.op = values.getOp(id);
  if (!recipe.op || !canWiden(recipe.op->getResult(0).getType(), type))
    return std::nullopt;
  for (auto [operand, value] :
       llvm::zip_equal(values.getOperands(id), recipe.op->getOperands())) {
    std::optional<Recipe> known = getRecipe(operand, value.getType(), loop);
    if (!known)
      return std::nullopt;
    recipe.operands.push_back(std::move(*known));
  }
  return recipe;
}

bool Recipe::operator==(const Recipe &other) const {
  return value == other.value && constant == other.constant && op == other.op &&
         operands == other.operands && type == other.type;
}

Value Recipe::build(OpBuilder &builder, Location loc) const {
  if (constant)
    return arith::ConstantOp::create(builder, loc,
                                     builder.getIntegerAttr(type, *constant));
  Value result = value;
  if (op) {
    IRMapping mapping;
    for (auto [operand, recipe] : llvm::zip_equal(op->getOperands(), operands))
      mapping.map(operand, recipe.build(builder, loc));
    result = builder.clone(*op, mapping)->getResult(0);
  }
  if (result.getType() == type)
    return result;
  return arith::ExtSIOp::create(builder, loc, type, result);
}
