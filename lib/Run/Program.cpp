//===- Program.cpp - Running a csb program without a compiler -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Run/Program.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <limits>

using namespace mlir;
using namespace dlavm;

/// What a call takes at most. The longest of today's models takes a hundredth.
constexpr int64_t kMaxInstructions = int64_t{1} << 28;
constexpr int64_t kMaxPolls = int64_t{1} << 22;

/// Operands and results are slots of one array; a slot is one value of one
/// function. No function calls itself, so slots need no stack.
struct Program::Instruction {
  enum Kind {
    Set,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Min,
    Compare,
    Copy,
    Lookup,
    Word,
    Send,
    Sent,
    Write,
    Poll,
    Task,
    Loop,
    If,
    Call
  };
  Instruction(Kind kind, Operation *op) : kind(kind), place(op->getLoc()) {}

  Kind kind;
  /// Of Add, Sub, Mul, Div, Rem and Loop: the bits of the result, 32 or 64.
  unsigned bits = 64;
  LocationAttr place;
  unsigned result = 0, lhs = 0, rhs = 0, step = 0;
  /// Of Set: the constant. Of Write and Poll: the register; of Poll the value
  /// is in `other`. Of Task: 1 if `lhs` is its layer. Of Compare the predicate.
  int64_t number = 0, other = 0;
  /// Of Send, `lhs` is the address of word 0 and `rhs` the first word; `result`
  /// and `step` are past and the buffer, if `other` is 1.
  /// Of Task its name, of Write the register's.
  std::string name;
  /// Of Lookup.
  ArrayRef<int64_t> table;
  /// Of Loop; `number` is 1 if it goes over layers. Of If what runs if `lhs` is
  /// not 0, and otherwise.
  std::vector<Instruction> body, otherwise;
  /// Of Call; the arguments go from `slots` to `targets`.
  Function *callee = nullptr;
  std::vector<unsigned> sources, targets;
};

struct Program::Function {
  func::FuncOp op;
  std::vector<Instruction> body;
  std::vector<unsigned> arguments;
};

Program::Program() = default;
Program::Program(Program &&) = default;
Program::~Program() = default;

//===----------------------------------------------------------------------===//
// Flattening
//===----------------------------------------------------------------------===//

class Program::Builder {
public:
  Builder(Program &program, ModuleOp module)
      : program(program), symbols(module) {}

  LogicalResult run(StringRef name) {
    auto entry = symbols.lookup<func::FuncOp>(name);
    if (!entry)
      return symbols.getOp()->emitError("has no function '")
             << name << "'; convert the module with convert-accel-to-csb";
    const bool isDecode = name == "decode";
    if (entry.getNumArguments() != (isDecode ? 1 : 2))
      return entry.emitOpError(isDecode ? "takes past" : "takes seq and past");
    FailureOr<SmallVector<func::FuncOp>> functions = llm::orderFunctions(entry);
    if (failed(functions))
      return failure();
    for (func::FuncOp function : *functions)
      if (failed(flatten(function)))
        return failure();
    program.entry = program.functions.back().get();
    return success();
  }

private:
  unsigned getSlot(Value value) {
    auto [it, isNew] = slots.try_emplace(value, program.slots.size());
    if (isNew)
      program.slots.push_back(0);
    return it->second;
  }

  /// Those that it calls are flattened.
  LogicalResult flatten(func::FuncOp op) {
    if (op.isExternal())
      return op.emitOpError("has no body");
    if (!op.getBody().hasOneBlock())
      return op.emitOpError("branches between blocks, which no driver does");
    auto function = std::make_unique<Function>();
    function->op = op;
    for (BlockArgument argument : op.getArguments())
      function->arguments.push_back(getSlot(argument));
    if (failed(flatten(op.getBody().front(), function->body)))
      return failure();
    flattened[op] = function.get();
    program.functions.push_back(std::move(function));
    return success();
  }

  LogicalResult flatten(Block &block, std::vector<Instruction> &body) {
    for (Operation &op : block)
      if (failed(flatten(&op, body)))
        return failure();
    return success();
  }

  FailureOr<int64_t> getNumber(Operation *user, SymbolRefAttr reg) {
    auto op = dyn_cast_or_null<csb::RegisterOp>(
        symbols.lookupSymbolIn(symbols.getOp(), reg));
    if (!op)
      return user->emitOpError("names no register");
    const int64_t number = op.getNumber();
    if (!llvm::isUInt<32>(number))
      return user->emitOpError("names a register with the number ")
             << number << ", but registers are 0 to 4294967295";
    return number;
  }

  int64_t getAddress(csb::AddressOfOp op) {
    return llvm::TypeSwitch<Operation *, int64_t>(
               symbols.lookup(op.getSymbol()))
        .Case<csb::BufferOp, csb::ObjectOp>(
            [](auto symbol) { return symbol.getAddress(); })
        .Case([](csb::ConstantOp symbol) { return symbol.getValue(); });
  }

  /// The bits that \p value has in the driver, or failure where it has no such
  /// value.
  FailureOr<unsigned> getBits(Operation *op, Value value) {
    Type type = value.getType();
    if (type.isInteger(32))
      return 32u;
    if (type.isInteger(64) || type.isIndex())
      return 64u;
    return op->emitOpError("computes with ")
           << type << "; a register program has i32 and i64";
  }

  LogicalResult flatten(Operation *op, std::vector<Instruction> &body) {
    auto set = [&](int64_t number) {
      Instruction instruction(Instruction::Set, op);
      instruction.result = getSlot(op->getResult(0));
      instruction.number = number;
      body.push_back(std::move(instruction));
      return success();
    };
    auto binary = [&](Instruction::Kind kind) -> LogicalResult {
      // The result of a comparison has one bit.
      FailureOr<unsigned> bits = getBits(op, op->getOperand(0));
      if (failed(bits))
        return failure();
      Instruction instruction(kind, op);
      instruction.bits = *bits;
      instruction.result = getSlot(op->getResult(0));
      instruction.lhs = getSlot(op->getOperand(0));
      if (op->getNumOperands() > 1)
        instruction.rhs = getSlot(op->getOperand(1));
      body.push_back(std::move(instruction));
      return success();
    };
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](arith::ConstantOp op) -> LogicalResult {
          auto value = dyn_cast<IntegerAttr>(op.getValue());
          if (!value)
            return op.emitOpError("is no integer constant");
          return success(succeeded(getBits(op, op)) &&
                         succeeded(set(value.getInt())));
        })
        .Case([&](csb::AddressOfOp op) { return set(getAddress(op)); })
        .Case([&](arith::AddIOp) { return binary(Instruction::Add); })
        .Case([&](arith::SubIOp) { return binary(Instruction::Sub); })
        .Case([&](arith::MulIOp) { return binary(Instruction::Mul); })
        .Case([&](arith::DivSIOp) { return binary(Instruction::Div); })
        .Case([&](arith::RemSIOp) { return binary(Instruction::Rem); })
        .Case([&](arith::MinSIOp) { return binary(Instruction::Min); })
        .Case([&](arith::CmpIOp op) -> LogicalResult {
          if (failed(binary(Instruction::Compare)))
            return failure();
          body.back().number = static_cast<int64_t>(op.getPredicate());
          return success();
        })
        .Case([&](arith::ExtSIOp) { return binary(Instruction::Copy); })
        .Case([&](csb::LookupOp op) {
          Instruction instruction(Instruction::Lookup, op);
          instruction.result = getSlot(op.getValue());
          instruction.lhs = getSlot(op.getIndex());
          instruction.table =
              symbols.lookup<csb::TableOp>(op.getTable()).getValues();
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::SentInstructionsOp op) {
          Instruction instruction(Instruction::Sent, op);
          instruction.result = getSlot(op.getPast());
          instruction.lhs = getSlot(op.getBuffer());
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::SendInstructionsOp op) {
          Instruction instruction(Instruction::Send, op);
          instruction.lhs = getSlot(op.getAddress());
          instruction.rhs = getSlot(op.getFirst());
          if (op.getPast()) {
            instruction.other = 1;
            instruction.result = getSlot(op.getPast());
            instruction.step = getSlot(op.getBuffer());
          }
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::SetInstructionOp op) {
          Instruction instruction(Instruction::Word, op);
          instruction.lhs = getSlot(op.getValue());
          instruction.rhs = getSlot(op.getWord());
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::WriteOp op) -> LogicalResult {
          FailureOr<int64_t> number = getNumber(op, op.getReg());
          if (failed(number))
            return failure();
          Instruction instruction(Instruction::Write, op);
          instruction.lhs = getSlot(op.getValue());
          instruction.number = *number;
          instruction.name = (op.getReg().getRootReference().getValue() +
                              "::" + op.getReg().getLeafReference().getValue())
                                 .str();
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::PollOp op) -> LogicalResult {
          FailureOr<int64_t> number = getNumber(op, op.getReg());
          if (failed(number))
            return failure();
          Instruction instruction(Instruction::Poll, op);
          instruction.number = *number;
          instruction.other = op.getValue();
          if (!llvm::isUInt<32>(instruction.other))
            return op.emitOpError("waits for ")
                   << instruction.other
                   << ", but registers hold 0 to 4294967295";
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::TaskOp op) {
          Instruction instruction(Instruction::Task, op);
          instruction.name = op.getName().str();
          instruction.number = bool(op.getLayer());
          if (op.getLayer())
            instruction.lhs = getSlot(op.getLayer());
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](csb::CheckCallOp op) {
          program.maxTokens = op.getMaxTokens();
          return success();
        })
        .Case([&](scf::ForOp op) -> LogicalResult {
          if (op.getNumResults() != 0)
            return op.emitOpError("carries values, which no driver does");
          FailureOr<unsigned> bits = getBits(op, op.getInductionVar());
          if (failed(bits))
            return failure();
          Instruction instruction(Instruction::Loop, op);
          instruction.bits = *bits;
          instruction.result = getSlot(op.getInductionVar());
          instruction.lhs = getSlot(op.getLowerBound());
          instruction.rhs = getSlot(op.getUpperBound());
          instruction.step = getSlot(op.getStep());
          instruction.number = llm::isLayerLoop(op);
          if (failed(flatten(*op.getBody(), instruction.body)))
            return failure();
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](scf::IfOp op) -> LogicalResult {
          if (op.getNumResults() != 0)
            return op.emitOpError("carries values, which no driver does");
          Instruction instruction(Instruction::If, op);
          instruction.lhs = getSlot(op.getCondition());
          if (failed(flatten(op.getThenRegion().front(), instruction.body)) ||
              (!op.getElseRegion().empty() &&
               failed(
                   flatten(op.getElseRegion().front(), instruction.otherwise))))
            return failure();
          body.push_back(std::move(instruction));
          return success();
        })
        .Case([&](func::CallOp op) -> LogicalResult {
          if (op.getNumResults() != 0)
            return op.emitOpError("returns a value, which no driver uses");
          auto callee = symbols.lookup<func::FuncOp>(op.getCallee());
          Function *function = flattened.lookup(callee);
          Instruction instruction(Instruction::Call, op);
          instruction.callee = function;
          for (Value operand : op.getOperands())
            instruction.sources.push_back(getSlot(operand));
          instruction.targets = function->arguments;
          body.push_back(std::move(instruction));
          return success();
        })
        .Case<scf::YieldOp, func::ReturnOp, csb::StepOp>(
            [](Operation *) { return success(); })
        .Default([](Operation *op) -> LogicalResult {
          return op->emitOpError("is no part of a register program");
        });
  }

  Program &program;
  SymbolTable symbols;
  llvm::DenseMap<Value, unsigned> slots;
  DenseMap<Operation *, Function *> flattened;
};

FailureOr<Program> Program::create(ModuleOp module, StringRef entry) {
  Program program;
  if (failed(Builder(program, module).run(entry)))
    return failure();
  return program;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

LogicalResult Program::run(int64_t seq, int64_t past, EventSink &sink,
                           bool onlySomeLayers) {
  task = nullptr;
  message.clear();
  place = entry->op.getLoc();
  const std::vector<unsigned> &arguments = entry->arguments;
  if (seq < 1)
    return fail("a call has at least one token");
  if (arguments.size() == 1 && seq > 1)
    return fail("decode takes one token");
  if (past < 0)
    return fail("the KV caches hold no fewer than 0 tokens");
  if (maxTokens && (seq > maxTokens || past > maxTokens - seq))
    return fail("its largest context is " + std::to_string(maxTokens) +
                " tokens");
  someLayers = onlySomeLayers;
  counts = {};
  if (arguments.size() == 2)
    slots[arguments.front()] = seq;
  slots[arguments.back()] = past;
  return execute(entry->body, sink);
}

LogicalResult Program::fail(const std::string &reason) {
  message = task ? "task '" + *task + "' " + reason : reason;
  return failure();
}

LogicalResult Program::fail(const Instruction &i, const std::string &reason) {
  place = i.place;
  return fail(reason);
}

static bool fits(int64_t value, unsigned bits) {
  return bits == 64 || llvm::isInt<32>(value);
}

LogicalResult Program::compute(const Instruction &i) {
  const int64_t lhs = slots[i.lhs], rhs = slots[i.rhs];
  int64_t &result = slots[i.result];
  bool overflows = false;
  switch (i.kind) {
  case Instruction::Add:
    overflows = llvm::AddOverflow(lhs, rhs, result);
    break;
  case Instruction::Sub:
    overflows = llvm::SubOverflow(lhs, rhs, result);
    break;
  case Instruction::Mul:
    overflows = llvm::MulOverflow(lhs, rhs, result);
    break;
  default:
    if (rhs == 0)
      return fail(i, "divides " + std::to_string(lhs) + " by zero");
    overflows = rhs == -1 && lhs == std::numeric_limits<int64_t>::min();
    if (!overflows)
      result = i.kind == Instruction::Div ? lhs / rhs : lhs % rhs;
    break;
  }
  if (!overflows && fits(result, i.bits))
    return success();
  return fail(i, "computes a value of more than " + std::to_string(i.bits) +
                     " bits");
}

LogicalResult Program::loop(const Instruction &i, EventSink &sink) {
  const int64_t upper = slots[i.rhs], step = slots[i.step];
  if (step < 1)
    return fail(i, "has a loop with a step of " + std::to_string(step) +
                       ", which never ends");
  const bool skips = someLayers && i.number;
  int64_t next = 0;
  Counts second;
  for (int64_t v = slots[i.lhs], n = 0; v < upper; v = next, ++n) {
    ++counts.instructions;
    if (failed(checkEnd(i)))
      return failure();
    // The driver computes the value that ends the loop, too.
    if (llvm::AddOverflow(v, step, next) || !fits(next, i.bits))
      return fail(i, "has a loop whose variable needs more than " +
                         std::to_string(i.bits) + " bits");
    if (skips && n >= 2 && next < upper) {
      counts.instructions += second.instructions;
      counts.writes += second.writes;
      counts.polls += second.polls;
      continue;
    }
    const Counts before = counts;
    slots[i.result] = v;
    if (failed(execute(i.body, sink)))
      return failure();
    if (n == 1)
      second = {counts.instructions - before.instructions,
                counts.writes - before.writes, counts.polls - before.polls};
  }
  return checkEnd(i);
}

/// Fails if the call has taken more than any call of a driver.
LogicalResult Program::checkEnd(const Instruction &i) {
  const bool hasTooManyPolls = counts.polls > kMaxPolls;
  if (!hasTooManyPolls && counts.instructions <= kMaxInstructions)
    return success();
  return fail(
      i, "is not at its end after " +
             std::to_string(hasTooManyPolls ? kMaxPolls : kMaxInstructions) +
             (hasTooManyPolls ? " starts" : " steps") +
             ", which no call of a driver needs");
}

LogicalResult Program::execute(const std::vector<Instruction> &body,
                               EventSink &sink) {
  for (const Instruction &i : body) {
    ++counts.instructions;
    counts.writes += i.kind == Instruction::Write;
    counts.polls += i.kind == Instruction::Poll;
    if (failed(checkEnd(i)))
      return failure();
    switch (i.kind) {
    case Instruction::Set:
      slots[i.result] = i.number;
      break;
    case Instruction::Add:
    case Instruction::Sub:
    case Instruction::Mul:
    case Instruction::Div:
    case Instruction::Rem:
      if (failed(compute(i)))
        return failure();
      break;
    case Instruction::Min:
      slots[i.result] = std::min(slots[i.lhs], slots[i.rhs]);
      break;
    case Instruction::Compare:
      slots[i.result] =
          arith::applyCmpPredicate(static_cast<arith::CmpIPredicate>(i.number),
                                   APInt(64, slots[i.lhs], /*isSigned=*/true),
                                   APInt(64, slots[i.rhs], /*isSigned=*/true));
      break;
    case Instruction::Copy:
      slots[i.result] = slots[i.lhs];
      break;
    case Instruction::Lookup:
      if (slots[i.lhs] < 0 ||
          slots[i.lhs] >= static_cast<int64_t>(i.table.size()))
        return fail(i, "looks up number " + std::to_string(slots[i.lhs]) +
                           " of a table of " + std::to_string(i.table.size()));
      slots[i.result] = i.table[slots[i.lhs]];
      break;
    case Instruction::Word:
      if (!llvm::isUInt<32>(slots[i.lhs]))
        return fail(i, "puts " + std::to_string(slots[i.lhs]) +
                           " into a word of an instruction block, which holds "
                           "0 to 4294967295");
      break;
    case Instruction::Send:
      if (i.other)
        sent[slots[i.step]] = slots[i.result];
      sink.dmaWrite(static_cast<uint64_t>(slots[i.lhs] + 4 * slots[i.rhs]), {});
      break;
    case Instruction::Sent: {
      const auto known = sent.find(slots[i.lhs]);
      slots[i.result] = known == sent.end() ? -1 : known->second;
      break;
    }
    case Instruction::Write:
      if (!llvm::isUInt<32>(slots[i.lhs]))
        return fail(i, "writes " + std::to_string(slots[i.lhs]) + " to " +
                           i.name + ", but registers hold 0 to 4294967295");
      sink.write(static_cast<uint32_t>(i.number),
                 static_cast<uint32_t>(slots[i.lhs]));
      break;
    case Instruction::Poll:
      sink.poll(static_cast<uint32_t>(i.number),
                static_cast<uint32_t>(i.other));
      break;
    case Instruction::Task:
      task = &i.name;
      sink.task(i.number ? static_cast<int32_t>(slots[i.lhs]) : -1, i.name);
      break;
    case Instruction::Loop:
      if (failed(loop(i, sink)))
        return failure();
      break;
    case Instruction::If:
      if (failed(execute(slots[i.lhs] ? i.body : i.otherwise, sink)))
        return failure();
      break;
    case Instruction::Call:
      for (auto [source, target] : llvm::zip_equal(i.sources, i.targets))
        slots[target] = slots[source];
      if (failed(execute(i.callee->body, sink)))
        return failure();
      break;
    }
  }
  return success();
}
