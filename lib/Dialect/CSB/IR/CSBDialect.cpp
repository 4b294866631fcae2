//===- CSBDialect.cpp - The csb dialect -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

#include "DLAVM/Dialect/CSB/IR/CSBDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "DLAVM/Dialect/CSB/IR/CSBTypes.cpp.inc"

#define GET_OP_CLASSES
#include "DLAVM/Dialect/CSB/IR/CSBOps.cpp.inc"

void CSBDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "DLAVM/Dialect/CSB/IR/CSBTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "DLAVM/Dialect/CSB/IR/CSBOps.cpp.inc"
      >();
}

LogicalResult CSBDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attribute) {
  // csb-prepare-emission leaves others, for the emission alone.
  if (attribute.getName() != getFingerprintAttrName())
    return success();
  auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (isa<ModuleOp>(op) && text && text.getValue().size() == 16 &&
      llvm::all_of(text.getValue(), [](char c) {
        return llvm::isHexDigit(c) && !llvm::isUpper(c);
      }))
    return success();
  return op->emitError("'csb.fingerprint' must be a text of 16 hexadecimal "
                       "digits at a module, found ")
         << attribute.getValue();
}

/// Words that C++ or the frame of a driver use for something else.
static const char *const reservedWords[] = {"alignas",
                                            "alignof",
                                            "and",
                                            "and_eq",
                                            "asm",
                                            "auto",
                                            "bitand",
                                            "bitor",
                                            "bool",
                                            "break",
                                            "case",
                                            "catch",
                                            "char",
                                            "char16_t",
                                            "char32_t",
                                            "class",
                                            "compl",
                                            "const",
                                            "const_cast",
                                            "constexpr",
                                            "continue",
                                            "decltype",
                                            "default",
                                            "delete",
                                            "device",
                                            "dlavm",
                                            "do",
                                            "double",
                                            "dynamic_cast",
                                            "else",
                                            "enum",
                                            "explicit",
                                            "export",
                                            "extern",
                                            "false",
                                            "float",
                                            "for",
                                            "friend",
                                            "goto",
                                            "if",
                                            "inline",
                                            "int",
                                            "int32_t",
                                            "int64_t",
                                            "long",
                                            "main",
                                            "mutable",
                                            "namespace",
                                            "new",
                                            "noexcept",
                                            "not",
                                            "not_eq",
                                            "nullptr",
                                            "operator",
                                            "or",
                                            "or_eq",
                                            "private",
                                            "protected",
                                            "public",
                                            "register",
                                            "reinterpret_cast",
                                            "return",
                                            "short",
                                            "signed",
                                            "sizeof",
                                            "static",
                                            "static_assert",
                                            "static_cast",
                                            "std",
                                            "struct",
                                            "switch",
                                            "template",
                                            "this",
                                            "thread_local",
                                            "throw",
                                            "true",
                                            "try",
                                            "typedef",
                                            "typeid",
                                            "typename",
                                            "uint16_t",
                                            "uint32_t",
                                            "union",
                                            "unsigned",
                                            "using",
                                            "virtual",
                                            "void",
                                            "volatile",
                                            "wchar_t",
                                            "while",
                                            "xor",
                                            "xor_eq"};

bool csb::isReservedWord(StringRef name) {
  return llvm::is_contained(reservedWords, name);
}

bool csb::isIdentifier(StringRef text) {
  return !text.empty() && !llvm::isDigit(text.front()) && text.front() != '_' &&
         !text.contains("__") && llvm::all_of(text, [](char c) {
           return llvm::isAlnum(c) || c == '_';
         });
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

void RegisterTableOp::build(OpBuilder &builder, OperationState &state,
                            StringRef name, StringRef title) {
  state.addAttribute(getSymNameAttrName(state.name),
                     builder.getStringAttr(name));
  state.addAttribute(getTitleAttrName(state.name),
                     builder.getStringAttr(title));
  state.addRegion()->emplaceBlock();
}

LogicalResult RegisterOp::verify() {
  DictionaryAttr values = getValuesAttr();
  if (!values)
    return success();
  for (NamedAttribute value : values) {
    auto number = dyn_cast<IntegerAttr>(value.getValue());
    if (!number || !number.getType().isInteger(64))
      return emitOpError("names values that are i64, found ")
             << value.getName() << " = " << value.getValue();
  }
  return success();
}

LogicalResult BufferOp::verify() {
  if (getLive().empty() || getLive().size() % 2 != 0)
    return emitOpError("needs pairs of first and last step in 'live', found ")
           << getLive().size() << " numbers";
  return success();
}

static LogicalResult verifyParameter(Operation *op,
                                     SymbolTableCollection &symbols,
                                     SymbolRefAttr parameter) {
  if (symbols.lookupNearestSymbolFrom<llm::ParameterOp>(op, parameter))
    return success();
  return op->emitOpError() << "names " << parameter
                           << ", which is no llm.parameter";
}

LogicalResult ObjectOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (ArrayAttr sources = getSourcesAttr())
    for (auto source : sources.getAsRange<SymbolRefAttr>())
      if (failed(verifyParameter(*this, symbols, source)))
        return failure();
  return success();
}

void AddressOfOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), getSymbol());
}

LogicalResult AddressOfOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *symbol = symbols.lookupNearestSymbolFrom(*this, getSymbolAttr());
  if (isa_and_nonnull<BufferOp, ObjectOp, ConstantOp>(symbol))
    return success();
  return emitOpError() << "names " << getSymbolAttr()
                       << ", which is no csb.buffer, csb.object or "
                          "csb.constant";
}

//===----------------------------------------------------------------------===//
// Register program
//===----------------------------------------------------------------------===//

static LogicalResult verifyRegister(Operation *op,
                                    SymbolTableCollection &symbols,
                                    SymbolRefAttr reg) {
  if (isa_and_nonnull<RegisterOp>(symbols.lookupNearestSymbolFrom(op, reg)))
    return success();
  return op->emitOpError() << "names " << reg << ", which is no csb.register";
}

LogicalResult TaskOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!getOutputAttr() ||
      symbols.lookupNearestSymbolFrom<BufferOp>(*this, getOutputAttr()))
    return success();
  return emitOpError() << "writes " << getOutputAttr()
                       << ", which is no csb.buffer";
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRegister(*this, symbols, getReg());
}

LogicalResult PollOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRegister(*this, symbols, getReg());
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRegister(*this, symbols, getReg());
}

LogicalResult LoadParametersOp::verify() {
  const bool has[] = {bool(getCopyAttr()), bool(getScratchAttr()),
                      bool(getDdrBaseAttr())};
  if (llvm::all_equal(has))
    return success();
  const char *const names[] = {"via", "scratch", "base"};
  InFlightDiagnostic diagnostic =
      emitOpError("takes 'via', 'scratch' and 'base' together, found only");
  for (auto [isThere, name] : llvm::zip_equal(has, names))
    if (isThere)
      diagnostic << " '" << name << "'";
  return diagnostic;
}

LogicalResult
LoadParametersOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!getCopyAttr())
    return success();
  if (!symbols.lookupNearestSymbolFrom<FunctionOpInterface>(*this,
                                                            getCopyAttr()))
    return emitOpError() << "names " << getCopyAttr()
                         << ", which is no function";
  if (!symbols.lookupNearestSymbolFrom<BufferOp>(*this, getScratchAttr()))
    return emitOpError() << "names " << getScratchAttr()
                         << ", which is no csb.buffer";
  if (!symbols.lookupNearestSymbolFrom<ConstantOp>(*this, getDdrBaseAttr()))
    return emitOpError() << "names " << getDdrBaseAttr()
                         << ", which is no csb.constant";
  return success();
}

LogicalResult
ReadEmbeddingsOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyParameter(*this, symbols, getParameterAttr());
}
