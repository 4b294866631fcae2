//===- ProgramData.cpp - A register program as JSON -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramData.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

static StringRef getDriverName(Operation *op, StringRef symbol) {
  auto name = op->getAttrOfType<StringAttr>(csb::CSBDialect::getNameAttrName());
  return name ? name.getValue() : symbol;
}

//===----------------------------------------------------------------------===//
// Lines of the driver
//===----------------------------------------------------------------------===//

namespace {

/// What the driver says in one place: "device.write(mvm::InputWidth, width);"
struct Access {
  /// "write", "poll" or "task".
  StringRef kind;
  /// "InputWidth", or the name of the task.
  StringRef name;
  int64_t line;
};

} // namespace

/// The register accesses and tasks of a function of the driver, in order.
static std::vector<Access> readAccesses(StringRef driver, StringRef function) {
  std::vector<Access> accesses;
  const size_t head =
      driver.find(("void " + function + "(dlavm::Device &device").str());
  if (head == StringRef::npos)
    return accesses;
  const size_t end = std::min(driver.find("\n}\n", head), driver.size());
  size_t position = head;
  int64_t line = driver.take_front(head).count('\n') + 1;
  constexpr StringLiteral prefix("device.");
  while (true) {
    const size_t next = driver.find(prefix, position);
    if (next >= end)
      return accesses;
    line += driver.slice(position, next).count('\n');
    position = next + prefix.size();
    StringRef rest = driver.slice(position, end);
    const StringRef kind = rest.take_while(llvm::isAlpha);
    if (kind != "write" && kind != "poll" && kind != "task")
      continue;
    StringRef name;
    if (kind == "task")
      name = rest.split('"').second.split('"').first;
    else
      name = rest.split('(').second.split(',').first.rsplit("::").second;
    accesses.push_back({kind, name, line});
  }
}

/// The lines of the accesses of a function, or nothing where it has others.
static llvm::DenseMap<Operation *, int64_t>
findLines(func::FuncOp function, SymbolTable &symbols, StringRef driver) {
  llvm::DenseMap<Operation *, int64_t> lines;
  const std::vector<Access> accesses =
      readAccesses(driver, getDriverName(function, function.getName()));
  size_t next = 0;
  bool isSame = true;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    StringRef kind, name;
    SymbolRefAttr reg;
    if (auto task = dyn_cast<csb::TaskOp>(op)) {
      kind = "task";
      name = task.getName();
    } else if (auto write = dyn_cast<csb::WriteOp>(op)) {
      kind = "write";
      reg = write.getReg();
    } else if (auto poll = dyn_cast<csb::PollOp>(op)) {
      kind = "poll";
      reg = poll.getReg();
    } else {
      return;
    }
    if (reg) {
      Operation *symbol = symbols.lookupSymbolIn(symbols.getOp(), reg);
      name = reg.getLeafReference().getValue();
      if (symbol)
        name = getDriverName(symbol, name);
    }
    isSame &= next < accesses.size() && accesses[next].kind == kind &&
              accesses[next].name == name;
    if (isSame)
      lines[op] = accesses[next++].line;
  });
  if (!isSame || next != accesses.size())
    lines.clear();
  return lines;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

namespace {

class ProgramWriter {
public:
  /// The functions of \p module that \p entries call, with \p prefix before
  /// their names. All modules must live until getResult().
  LogicalResult add(ModuleOp module, ArrayRef<StringRef> entries,
                    StringRef newPrefix, StringRef driver) {
    SymbolTable symbols(module);
    prefix = newPrefix;
    tables = &symbols;
    llvm::SetVector<func::FuncOp> order;
    for (StringRef name : entries) {
      auto entry = symbols.lookup<func::FuncOp>(name);
      if (!entry)
        return module.emitError("has no function '" + name + "'");
      FailureOr<SmallVector<func::FuncOp>> called = llm::orderFunctions(entry);
      if (failed(called))
        return failure();
      order.insert_range(*called);
    }
    for (func::FuncOp function : order) {
      if (function.isExternal() || !function.getBody().hasOneBlock())
        return function.emitOpError("has no body of one block");
      lines.clear();
      // Words of blocks are written by nobody.
      if (prefix.empty()) {
        lines = findLines(function, symbols, driver);
        hasLines &= !lines.empty() || !hasAccesses(function);
      }
      json::Array arguments, body;
      auto names = function->getAttrOfType<ArrayAttr>(
          csb::CSBDialect::getArgNamesAttrName());
      for (BlockArgument argument : function.getArguments()) {
        arguments.push_back(getNumber(argument));
        if (names && argument.getArgNumber() < names.size())
          if (auto name = dyn_cast<StringAttr>(names[argument.getArgNumber()]))
            setName(argument, name.getValue());
      }
      if (failed(add(function.getBody().front(), body)))
        return failure();
      functions[getKey(function.getName())] = json::Object{
          {"arguments", std::move(arguments)}, {"body", std::move(body)}};
    }
    return success();
  }

  json::Value getResult() {
    return json::Object{{"functions", std::move(functions)},
                        {"names", std::move(valueNames)},
                        {"hasLines", hasLines}};
  }

private:
  static bool hasAccesses(func::FuncOp function) {
    return function
        .walk([](Operation *op) {
          return isa<csb::WriteOp, csb::PollOp>(op) ? WalkResult::interrupt()
                                                    : WalkResult::advance();
        })
        .wasInterrupted();
  }
  int64_t getNumber(Value value) {
    return numbers.try_emplace(value, numbers.size()).first->second;
  }
  void setName(Value value, StringRef name) {
    valueNames[std::to_string(getNumber(value))] = name;
  }
  int64_t getLine(Operation *op) const { return lines.lookup(op); }
  std::string getKey(StringRef function) const {
    return (prefix + function).str();
  }

  LogicalResult add(Block &block, json::Array &body) {
    for (Operation &op : block)
      if (failed(add(&op, body)))
        return failure();
    return success();
  }

  LogicalResult add(Operation *op, json::Array &body) {
    auto compute = [&](StringRef kind) {
      json::Array operation{kind, getNumber(op->getResult(0))};
      for (Value operand : op->getOperands())
        operation.push_back(getNumber(operand));
      body.push_back(std::move(operation));
      auto name =
          op->getAttrOfType<StringAttr>(csb::CSBDialect::getNameAttrName());
      if (name)
        setName(op->getResult(0), name.getValue());
      return success();
    };
    auto addAccess = [&](StringRef kind, SymbolRefAttr reg, int64_t value) {
      body.push_back(json::Array{kind, reg.getRootReference().getValue(),
                                 reg.getLeafReference().getValue(), value,
                                 getLine(op)});
      return success();
    };
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](arith::ConstantOp op) -> LogicalResult {
          auto value = dyn_cast<IntegerAttr>(op.getValue());
          if (!value)
            return op.emitOpError("is no integer constant");
          body.push_back(
              json::Array{"set", getNumber(op.getResult()), value.getInt()});
          return success();
        })
        .Case([&](csb::AddressOfOp op) {
          body.push_back(json::Array{"address", getNumber(op.getResult()),
                                     op.getSymbol()});
          return success();
        })
        .Case([&](arith::AddIOp) { return compute("+"); })
        .Case([&](arith::SubIOp) { return compute("-"); })
        .Case([&](arith::MulIOp) { return compute("*"); })
        .Case([&](arith::DivSIOp) { return compute("/"); })
        .Case([&](arith::RemSIOp) { return compute("%"); })
        .Case([&](arith::MinSIOp) { return compute("min"); })
        .Case([&](arith::ExtSIOp) { return compute("copy"); })
        .Case([&](arith::CmpIOp op) -> LogicalResult {
          switch (op.getPredicate()) {
          case arith::CmpIPredicate::eq:
            return compute("=");
          case arith::CmpIPredicate::ne:
            return compute("!=");
          case arith::CmpIPredicate::slt:
            return compute("<");
          case arith::CmpIPredicate::sle:
            return compute("<=");
          case arith::CmpIPredicate::sgt:
            return compute(">");
          case arith::CmpIPredicate::sge:
            return compute(">=");
          default:
            return op.emitOpError("compares without signs, which no driver "
                                  "does");
          }
        })
        .Case([&](csb::WriteOp op) {
          return addAccess("write", op.getReg(), getNumber(op.getValue()));
        })
        .Case([&](csb::PollOp op) {
          return addAccess("poll", op.getReg(), op.getValue());
        })
        .Case([&](csb::TaskOp op) {
          body.push_back(json::Array{
              "task", op.getName(),
              op.getLayer() ? getNumber(op.getLayer()) : -1, getLine(op)});
          return success();
        })
        .Case([&](scf::ForOp op) -> LogicalResult {
          json::Array inner;
          if (failed(add(*op.getBody(), inner)))
            return failure();
          auto name =
              op->getAttrOfType<StringAttr>(csb::CSBDialect::getNameAttrName());
          if (name)
            setName(op.getInductionVar(), name.getValue());
          auto limit = op->getAttrOfType<StringAttr>(
              csb::CSBDialect::getLimitAttrName());
          body.push_back(json::Array{"for", getNumber(op.getInductionVar()),
                                     getNumber(op.getLowerBound()),
                                     getNumber(op.getUpperBound()),
                                     getNumber(op.getStep()), std::move(inner),
                                     int64_t(llm::isLayerLoop(op)),
                                     limit ? limit.getValue() : StringRef()});
          return success();
        })
        .Case([&](scf::IfOp op) -> LogicalResult {
          json::Array then, otherwise;
          if (failed(add(op.getThenRegion().front(), then)) ||
              (!op.getElseRegion().empty() &&
               failed(add(op.getElseRegion().front(), otherwise))))
            return failure();
          body.push_back(json::Array{"if", getNumber(op.getCondition()),
                                     std::move(then), std::move(otherwise)});
          return success();
        })
        .Case([&](func::CallOp op) {
          json::Array arguments;
          for (Value operand : op.getOperands())
            arguments.push_back(getNumber(operand));
          body.push_back(json::Array{"call", getKey(op.getCallee()),
                                     std::move(arguments)});
          return success();
        })
        .Case([&](csb::LookupOp op) {
          auto table = tables->lookup<csb::TableOp>(op.getTable());
          body.push_back(json::Array{"lookup", getNumber(op.getValue()),
                                     getNumber(op.getIndex()),
                                     json::Array(table.getValues())});
          return success();
        })
        .Case([&](csb::SentInstructionsOp op) {
          body.push_back(json::Array{"sent", getNumber(op.getPast()),
                                     getNumber(op.getBuffer())});
          return success();
        })
        .Case([&](csb::SendInstructionsOp op) {
          json::Array send{"send"};
          if (op.getPast()) {
            send.push_back(getNumber(op.getPast()));
            send.push_back(getNumber(op.getBuffer()));
          }
          body.push_back(std::move(send));
          return success();
        })
        .Case<scf::YieldOp, func::ReturnOp, csb::StepOp, csb::CheckCallOp,
              csb::SetInstructionOp>([](Operation *) { return success(); })
        .Default([](Operation *op) -> LogicalResult {
          return op->emitOpError("is no part of a register program");
        });
  }

  /// Of the module that is added.
  const SymbolTable *tables = nullptr;
  StringRef prefix;
  json::Object functions;
  bool hasLines = true;
  llvm::DenseMap<Value, int64_t> numbers;
  llvm::DenseMap<Operation *, int64_t> lines;
  json::Object valueNames;
};

} // namespace

FailureOr<json::Value> dlavm::makeProgramData(ModuleOp csb, ModuleOp unpacked,
                                              ArrayRef<StringRef> entries,
                                              StringRef driver) {
  ProgramWriter writer;
  if (failed(writer.add(csb, entries, /*prefix=*/"", driver)) ||
      (unpacked &&
       failed(writer.add(unpacked, {"decode"}, "blocks:", /*driver=*/""))))
    return failure();
  return writer.getResult();
}
