//===- EmissionChecks.cpp - What driver source can express ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmissionChecks.h"
#include "CppExpressions.h"
#include "NameScopes.h"

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Support/CppNames.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

//===----------------------------------------------------------------------===//
// Texts and numbers
//===----------------------------------------------------------------------===//

static LogicalResult checkText(Operation *op, StringRef text, StringRef what) {
  const bool isPlain = llvm::all_of(
      text, [](char c) { return llvm::isPrint(c) && c != '"' && c != '\\'; });
  if (isPlain)
    return success();
  return op->emitOpError("has a ")
         << what
         << " that driver source cannot hold: rename it without quotes, "
            "backslashes, line ends and characters that are not ASCII";
}

static LogicalResult checkNumber(Operation *op, int64_t number, int64_t most,
                                 StringRef what) {
  if (number <= most)
    return success();
  return op->emitOpError("has ")
         << what << " " << number << ", but driver source has at most " << most;
}

constexpr int64_t mostInt = std::numeric_limits<int32_t>::max();
constexpr int64_t mostWord = std::numeric_limits<uint32_t>::max();

static LogicalResult checkTable(RegisterTableOp table) {
  if (failed(checkText(table, table.getTitle(), "title")))
    return failure();
  // The values have a namespace of their own, among the registers.
  llvm::StringSet<> names({"value"}), valueNames;
  for (auto reg : table.getBody().getOps<RegisterOp>()) {
    auto add = [&](llvm::StringSet<> &names, StringRef name) -> LogicalResult {
      if (!isIdentifier(name) || isReservedWord(name))
        return reg.emitOpError("has the name '")
               << name
               << "', which is no identifier that C++ leaves to drivers";
      if (!names.insert(name).second)
        return reg.emitOpError("has the name '")
               << name << "', which another one of this table has, too";
      return success();
    };
    if (failed(add(names, reg.getSymName())) ||
        failed(checkNumber(reg, reg.getNumber(), mostWord, "number")))
      return failure();
    for (const RegisterOp::Field &field : reg.getBitFields())
      if (!isIdentifier(field.name))
        return reg.emitOpError("has the field '")
               << field.name << "', which is no identifier of C++";
    if (!reg.getValuesAttr())
      continue;
    for (NamedAttribute value : reg.getValuesAttr()) {
      const int64_t number = cast<IntegerAttr>(value.getValue()).getInt();
      if (failed(add(valueNames, CppExpressions::getValueName(reg, value))) ||
          failed(checkNumber(reg, number, mostInt, "value")))
        return failure();
    }
  }
  return success();
}

static LogicalResult checkObject(ObjectOp object) {
  return success(
      succeeded(checkText(object, object.getSymName(), "name")) &&
      succeeded(checkText(object, object.getSpace(), "memory")) &&
      succeeded(checkText(object, object.getFile().value_or(""), "file")) &&
      succeeded(checkNumber(object, object.getLayers().value_or(0), mostInt,
                            "layers")) &&
      succeeded(checkNumber(object, object.getPorts(), mostInt, "ports")));
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

static bool isInteger(Type type) {
  return type.isInteger(32) || type.isInteger(64);
}

static bool isExpressible(Operation *op) {
  if (isa<scf::ForOp, scf::IfOp>(op))
    return op->getNumResults() == 0;
  // Words of a driver are signed.
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return compare.getPredicate() <= arith::CmpIPredicate::sge;
  return isArithmetic(op) ||
         isa<arith::ConstantOp, scf::YieldOp, func::CallOp, func::ReturnOp,
             AddressOfOp, TaskOp, WriteOp, PollOp, ReadOp, CheckCallOp,
             DMAWriteOp, DMAReadOp, DMAReadWordOp, LoadParametersOp, ClearOp,
             ReadEmbeddingsOp, StepOp, LookupOp, SetInstructionOp,
             SendInstructionsOp, SentInstructionsOp>(op);
}

/// Rows that a function takes belong to the caller, those that it reads are
/// what it returns.
static LogicalResult checkRows(Operation *op) {
  for (Value operand : op->getOperands())
    if (isa<RowsType>(operand.getType()) &&
        isa<func::ReturnOp>(op) == isa<BlockArgument>(operand))
      return op->emitOpError("uses rows in a way that driver source cannot "
                             "express: what csb.dma_read or "
                             "csb.read_embeddings reads is returned, "
                             "and all else takes an argument of the function");
  return success();
}

/// A function that takes ids has no device.
static LogicalResult checkHostOnly(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  if (llvm::none_of(function.getArgumentTypes(), llvm::IsaPred<IdsType>) ||
      isa<ReadEmbeddingsOp, func::ReturnOp, arith::ConstantOp>(op) ||
      isArithmetic(op))
    return success();
  return op->emitOpError("needs the device, but functions that take ids have "
                         "none: they only look up embeddings");
}

static LogicalResult checkOp(Operation *op) {
  if (!isExpressible(op))
    return op->emitOpError(
        "has no equivalent in driver source, which knows the csb dialect, "
        "scf.for and scf.if without results, func.call and signed integer "
        "arithmetic; lower it before");
  if (isArithmetic(op) || isa<arith::ConstantOp, scf::ForOp>(op))
    for (Type type :
         llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                  SmallVector<Type>(op->getResultTypes())))
      if (!isInteger(type) && !(isa<arith::CmpIOp>(op) && type.isInteger(1)))
        return op->emitOpError("computes with ")
               << type << "; driver source has i32 and i64";
  if (isa<arith::DivSIOp, arith::RemSIOp>(op)) {
    auto divisor = op->getOperand(1).getDefiningOp<arith::ConstantOp>();
    if (divisor && cast<IntegerAttr>(divisor.getValue()).getValue().isZero())
      return op->emitOpError("divides by zero");
  }
  // A bool is what a comparison of this function says.
  if (auto branch = dyn_cast<scf::IfOp>(op);
      branch && !branch.getCondition().getDefiningOp<arith::CmpIOp>())
    return op->emitOpError("has a condition that is no arith.cmpi");
  if (failed(checkRows(op)) || failed(checkHostOnly(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([](func::CallOp op) -> LogicalResult {
        if (op.getNumResults() == 0)
          return success();
        return op.emitOpError("returns a value, which driver source cannot "
                              "use; only functions that the host calls return "
                              "one");
      })
      .Case([](TaskOp op) {
        return success(succeeded(checkText(op, op.getName(), "name")) &&
                       succeeded(checkText(op, op.getComment(), "comment")));
      })
      .Case([](StepOp op) { return checkText(op, op.getName(), "name"); })
      .Case([](SendInstructionsOp op) {
        return checkNumber(op, op.getWords(), mostInt, "words");
      })
      .Case([](PollOp op) {
        return checkNumber(op, op.getValue(), mostWord, "value");
      })
      .Case([](CheckCallOp op) {
        return checkNumber(op, op.getMaxTokens(), mostInt, "tokens");
      })
      .Case<DMAWriteOp, DMAReadOp>([](auto op) {
        return success(
            succeeded(checkNumber(op, op.getChannels(), mostInt, "channels")) &&
            succeeded(checkNumber(op, op.getLanes(), mostInt, "lanes")) &&
            succeeded(
                checkNumber(op, op.getPorts().value_or(1), mostInt, "ports")));
      })
      .Case([](ReadEmbeddingsOp op) {
        return success(
            succeeded(checkText(op, op.getFile(), "file")) &&
            succeeded(
                checkNumber(op, op.getVocabulary(), mostInt, "vocabulary")) &&
            succeeded(checkNumber(op, op.getChannels(), mostInt, "channels")));
      })
      .Case([](LoadParametersOp op) -> LogicalResult {
        auto module = op->getParentOfType<ModuleOp>();
        if (!module->hasAttr(CSBDialect::getFingerprintAttrName()))
          return op.emitOpError("compares fingerprints, but the module has no "
                                "attribute 'csb.fingerprint'");
        if (!op.getCopy())
          return success();
        Builder builder(op.getContext());
        Type i64 = builder.getI64Type();
        auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
            op, op.getCopyAttr());
        if (callee && callee.getFunctionType() ==
                          builder.getFunctionType(
                              {i64, i64, i64, builder.getI32Type()}, {}))
          return success();
        return op.emitOpError() << "copies with " << op.getCopyAttr()
                                << ", which is no func.func (i64, i64, i64, "
                                   "i32) -> ()";
      })
      .Default(success());
}

static LogicalResult checkFunction(func::FuncOp function) {
  if (function.isExternal())
    return function.emitOpError("has no body, but driver source consists of "
                                "definitions; remove it or give it one");
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("branches between blocks; driver source has "
                                "scf.for, scf.if and func.call");
  WalkResult result =
      function.walk<WalkOrder::PreOrder>([&](Operation *op) -> WalkResult {
        return op == function ? success() : checkOp(op);
      });
  if (result.wasInterrupted())
    return failure();
  if (function.getNumResults() > 1)
    return function.emitOpError("returns ")
           << function.getNumResults()
           << " values; functions of driver source return one or none";
  for (Type type : function.getArgumentTypes())
    if (!isInteger(type) && !isa<RowsType, DirectoryType, IdsType>(type))
      return function.emitOpError("takes ")
             << type
             << "; driver source has i32, i64, !csb.rows, !csb.ids and "
                "!csb.directory";
  for (Type type : function.getResultTypes())
    if (!isInteger(type) && !isa<RowsType>(type))
      return function.emitOpError("returns ")
             << type << "; driver source has i32, i64 and !csb.rows";
  return success();
}

LogicalResult dlavm::checkForEmission(ModuleOp module) {
  if (auto device =
          module->getAttrOfType<StringAttr>(CSBDialect::getDeviceAttrName());
      device && failed(checkText(module, device.getValue(), "device")))
    return failure();
  if (std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
      maxTokens &&
      failed(checkNumber(module, *maxTokens, mostInt, "a largest context of")))
    return failure();
  for (auto table : module.getOps<RegisterTableOp>())
    if (failed(checkTable(table)))
      return failure();
  for (auto object : module.getOps<ObjectOp>())
    if (failed(checkObject(object)))
      return failure();
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(checkFunction(function)))
      return failure();
  return success(succeeded(llm::orderFunctions(module)));
}

LogicalResult dlavm::checkNames(ModuleOp module) {
  return walkNamed(module, [](Operation *op, Value value, NameScope &scope) {
    StringRef name = getName(op, value);
    const bool isArgument = value && isa<func::FuncOp>(op);
    if (name.empty())
      return LogicalResult(op->emitOpError(isArgument
                                               ? "has no names for its "
                                                 "arguments"
                                               : "has no name for the driver "
                                                 "source")
                           << "; run csb-prepare-emission before");
    if (scope.insert(name))
      return success();
    return LogicalResult(
        op->emitOpError("has the name '")
        << name << "' for the driver source"
        << (isArgument ? " at an argument" : "")
        << ", which something else that is visible there has, too; run "
           "csb-prepare-emission before, which makes them differ");
  });
}
