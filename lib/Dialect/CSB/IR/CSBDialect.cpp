//===- CSBDialect.cpp - The csb dialect -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "DLAVM/Dialect/LLM/IR/ParameterDeclaration.h"
#include "DLAVM/Support/CppNames.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

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

static LogicalResult verifyFingerprint(Operation *op, Attribute attribute) {
  auto text = dyn_cast<StringAttr>(attribute);
  if (isa<ModuleOp>(op) && text && text.getValue().size() == 16 &&
      llvm::all_of(text.getValue(), [](char c) {
        return llvm::isHexDigit(c) && !llvm::isUpper(c);
      }))
    return success();
  return op->emitError("'csb.fingerprint' must be a text of 16 hexadecimal "
                       "digits at a module, found ")
         << attribute;
}

/// True for a text that driver source can have as a name of its own.
static bool isName(Attribute attribute) {
  auto text = dyn_cast<StringAttr>(attribute);
  return text && isIdentifier(text.getValue()) &&
         !isReservedWord(text.getValue());
}

static LogicalResult verifyArgNames(Operation *op, Attribute attribute) {
  auto names = dyn_cast<ArrayAttr>(attribute);
  if (isa<FunctionOpInterface>(op) && names && llvm::all_of(names, isName))
    return success();
  return op->emitError("'csb.arg_names' must be identifiers that C++ leaves to "
                       "drivers, one for each argument of a function, found ")
         << attribute;
}

LogicalResult CSBDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attribute) {
  StringAttr name = attribute.getName();
  if (name == getDeviceAttrName()) {
    if (isa<ModuleOp>(op) && isa<StringAttr>(attribute.getValue()))
      return success();
    return op->emitError("'csb.device' must be a string at the module");
  }
  if (name == getFingerprintAttrName())
    return verifyFingerprint(op, attribute.getValue());
  if (name == getLimitAttrName()) {
    if (isa<scf::ForOp>(op) && isa<StringAttr>(attribute.getValue()))
      return success();
    return op->emitError("'csb.limit' must be a string at an scf.for");
  }
  if (name == getArgNamesAttrName())
    return verifyArgNames(op, attribute.getValue());
  if (name != getNameAttrName())
    return op->emitError() << "has an attribute " << name
                           << " that the csb dialect does not know; it knows "
                              "'csb.device', 'csb.fingerprint', 'csb.limit', "
                              "'csb.name' and 'csb.arg_names'";
  if (isName(attribute.getValue()))
    return success();
  return op->emitError("'csb.name' must be an identifier that C++ leaves to "
                       "drivers, found ")
         << attribute.getValue();
}

LogicalResult CSBDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                   unsigned argument,
                                                   NamedAttribute attribute) {
  return op->emitError() << "has the attribute " << attribute.getName()
                         << " at argument " << argument
                         << ", but those of the csb dialect belong to ops";
}

LogicalResult CSBDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  return op->emitError() << "has the attribute " << attribute.getName()
                         << " at result " << result
                         << ", but those of the csb dialect belong to ops";
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

static ArrayRef<NamedAttribute> getEntries(DictionaryAttr dictionary) {
  return dictionary ? dictionary.getValue() : ArrayRef<NamedAttribute>();
}

SmallVector<RegisterOp::Field> RegisterOp::getBitFields() {
  SmallVector<Field> fields;
  for (NamedAttribute entry : getEntries(getFieldsAttr())) {
    auto place = cast<DenseI64ArrayAttr>(entry.getValue());
    fields.push_back({entry.getName().strref(), place[0], place[1]});
  }
  llvm::sort(fields,
             [](const Field &a, const Field &b) { return a.low > b.low; });
  return fields;
}

LogicalResult RegisterOp::verify() {
  for (NamedAttribute value : getEntries(getValuesAttr())) {
    auto number = dyn_cast<IntegerAttr>(value.getValue());
    if (!number || !number.getType().isInteger(64))
      return emitOpError("names values that are i64, found ")
             << value.getName() << " = " << value.getValue();
  }
  for (NamedAttribute entry : getEntries(getFieldsAttr())) {
    auto place = dyn_cast<DenseI64ArrayAttr>(entry.getValue());
    if (!place || place.size() != 2 || place[0] < 0 || place[0] > 31 ||
        place[1] < 1 || place[1] > 32 - place[0])
      return emitOpError("has fields of a lowest bit and a number of bits, "
                         "within 32, as array<i64: 8, 4>; found ")
             << entry.getName() << " = " << entry.getValue();
  }
  int64_t end = 32;
  StringRef above;
  for (const Field &field : getBitFields()) {
    if (field.low + field.bits > end)
      return emitOpError("has the fields '")
             << field.name << "' and '" << above << "', which overlap";
    end = field.low;
    above = field.name;
  }
  return success();
}

LogicalResult TableOp::verify() {
  if (getValues().empty())
    return emitOpError("needs a number");
  for (int64_t value : getValues())
    if (!llvm::isInt<32>(value))
      return emitOpError("has numbers of 32 bits, found ") << value;
  return success();
}

LogicalResult BufferOp::verify() {
  ArrayRef<int64_t> live = getLive();
  if (live.empty() || live.size() % 2 != 0)
    return emitOpError("needs pairs of first and last step in 'live', found ")
           << live.size() << " numbers";
  for (size_t i = 0; i < live.size(); i += 2)
    if (live[i] < 0 || live[i + 1] < live[i])
      return emitOpError("needs pairs of first and last step in 'live', found ")
             << live[i] << " and " << live[i + 1];
  if (!llvm::checkedAdd<int64_t>(getAddress(), getBytes()))
    return emitOpError("ends beyond the addresses of 64 bits");
  return success();
}

LogicalResult ObjectOp::verify() {
  if (failed(llm::verifyLayers(*this, getLayers())))
    return failure();
  // In the memory of the device and where DMA finds the last port.
  const int64_t layers = getLayers().value_or(1);
  std::optional<int64_t> end =
      llvm::checkedMulAdd<int64_t>(layers - 1, getStride(), getAddress());
  if (end)
    end = llvm::checkedAdd<int64_t>(*end, getBytes());
  if (end)
    end = llvm::checkedAdd<int64_t>(*end, getDmaBase());
  if (end)
    end = llvm::checkedMulAdd<int64_t>(getPorts() - 1, getPortStride(), *end);
  if (end)
    return success();
  return emitOpError("ends beyond the addresses of 64 bits");
}

LogicalResult ParameterOp::verify() {
  return llm::verifyParameterDeclaration(*this);
}

ParameterInfo csb::getParameterInfo(ParameterOp parameter) {
  return llm::getParameterDeclaration(parameter);
}

static LogicalResult verifyParameter(Operation *op,
                                     SymbolTableCollection &symbols,
                                     SymbolRefAttr parameter) {
  if (symbols.lookupNearestSymbolFrom<ParameterOp>(op, parameter))
    return success();
  return op->emitOpError() << "names " << parameter
                           << ", which is no csb.parameter";
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
      isa_and_nonnull<BufferOp, ObjectOp>(
          symbols.lookupNearestSymbolFrom(*this, getOutputAttr())))
    return success();
  return emitOpError() << "writes " << getOutputAttr()
                       << ", which is no csb.buffer and no csb.object";
}

LogicalResult WriteOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRegister(*this, symbols, getReg());
}

LogicalResult PollOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyRegister(*this, symbols, getReg());
}

LogicalResult ReadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (getBufferAttr() &&
      !symbols.lookupNearestSymbolFrom<BufferOp>(*this, getBufferAttr()))
    return emitOpError() << "is of " << getBufferAttr()
                         << ", which is no csb.buffer";
  return verifyRegister(*this, symbols, getReg());
}

/// How a map that the host moves lies in ports.
template <typename Op> static LogicalResult verifyPorts(Op op) {
  if (op.getPorts().has_value() != op.getPortStride().has_value())
    return op.emitOpError("needs ports and stride together");
  if (op.getPorts() && op.getLanes() % *op.getPorts() != 0)
    return op.emitOpError() << "has " << op.getLanes() << " lanes, which "
                            << *op.getPorts() << " ports cannot share evenly";
  return success();
}

LogicalResult DMAWriteOp::verify() {
  if (std::optional<llm::WindowAttr> patches = getPatches();
      patches &&
      (!patches->isCut() || getChannels() % patches->getKernelPixels() != 0))
    return emitOpError("needs patches that do not overlap, without padding, "
                       "whose ")
           << patches->getKernelPixels() << " pixels share the "
           << getChannels() << " channels evenly";
  return verifyPorts(*this);
}
LogicalResult DMAReadOp::verify() { return verifyPorts(*this); }

LogicalResult LoadParametersOp::verify() {
  const bool has[] = {bool(getCopyAttr()), bool(getScratchAttr()),
                      bool(getBaseAttr())};
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

LogicalResult SendInstructionsOp::verify() {
  if (bool(getPast()) == bool(getBuffer()))
    return success();
  return emitOpError("takes 'for' and 'in' together");
}

LogicalResult LookupOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (symbols.lookupNearestSymbolFrom<TableOp>(*this, getTableAttr()))
    return success();
  return emitOpError() << "names " << getTableAttr()
                       << ", which is no csb.table";
}

LogicalResult
LoadParametersOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (getKeptAttr()) {
    auto kept = symbols.lookupNearestSymbolFrom<ObjectOp>(*this, getKeptAttr());
    if (!kept || !kept.getFile())
      return emitOpError() << "keeps " << getKeptAttr()
                           << ", which is no csb.object with a file";
  }
  if (!getCopyAttr())
    return success();
  if (!symbols.lookupNearestSymbolFrom<FunctionOpInterface>(*this,
                                                            getCopyAttr()))
    return emitOpError() << "names " << getCopyAttr()
                         << ", which is no function";
  if (!symbols.lookupNearestSymbolFrom<BufferOp>(*this, getScratchAttr()))
    return emitOpError() << "names " << getScratchAttr()
                         << ", which is no csb.buffer";
  if (!symbols.lookupNearestSymbolFrom<ConstantOp>(*this, getBaseAttr()))
    return emitOpError() << "names " << getBaseAttr()
                         << ", which is no csb.constant";
  return success();
}

LogicalResult ClearOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (symbols.lookupNearestSymbolFrom<ObjectOp>(*this, getObjectAttr()))
    return success();
  return emitOpError() << "names " << getObjectAttr()
                       << ", which is no csb.object";
}

LogicalResult
ReadEmbeddingsOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyParameter(*this, symbols, getParameterAttr());
}
