//===- ProgramSymbols.cpp - Symbols of the csb program ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramSymbols.h"

using namespace mlir;
using namespace dlavm;

ProgramSymbols::ProgramSymbols(ModuleOp module, const DeviceInfo &device)
    : module(module), device(device), symbols(module) {}

void ProgramSymbols::insert(Operation *symbol) {
  Block::iterator position =
      last ? std::next(last->getIterator()) : module.getBody()->begin();
  symbols.insert(symbol, position);
  last = symbol;
}

/// The name of the files with the content of an object: one per layer and port.
static std::string getFilePattern(accel::ObjectOp object, int64_t ports) {
  std::string pattern;
  if (object.getLayers())
    pattern += "layer{layer}/";
  pattern += object.getSymName();
  if (ports > 1)
    pattern += ".{port}";
  return pattern + ".bin";
}

FlatSymbolRefAttr ProgramSymbols::getConstant(StringRef name, int64_t value) {
  auto [it, isNew] = constants.try_emplace({name.str(), value});
  if (!isNew)
    return it->second;
  OpBuilder builder(module.getContext());
  auto constant =
      csb::ConstantOp::create(builder, builder.getUnknownLoc(), name, value);
  insert(constant);
  return it->second = FlatSymbolRefAttr::get(constant);
}

FlatSymbolRefAttr ProgramSymbols::getStride(accel::ObjectOp object) {
  if (!object.getLayers())
    return {};
  const bool isCache = object.getKind() == accel::Kind::KVCache;
  return getConstant(isCache ? "cache_stride"
                             : "layer_stride_" +
                                   object.getSpace().getMemory().lower(),
                     *object.getStride());
}

void ProgramSymbols::convertParameters() {
  SmallVector<llm::ParameterOp> declarations(module.getOps<llm::ParameterOp>());
  if (declarations.empty())
    return;
  parameters = ModuleOp::create(module.getLoc(), "parameters");
  OpBuilder builder = OpBuilder::atBlockBegin(parameters.getBody());
  for (llm::ParameterOp declaration : declarations) {
    llvm::raw_string_ostream os(parameterTexts[declaration.getSymNameAttr()]);
    // Otherwise each print verifies and numbers the whole module.
    declaration->print(os, OpPrintingFlags().useLocalScope().assumeVerified());
    OperationState state(declaration.getLoc(),
                         csb::ParameterOp::getOperationName());
    state.addAttributes(declaration->getAttrs());
    builder.create(state);
    symbols.erase(declaration);
  }
  insert(parameters);
}

SymbolRefAttr ProgramSymbols::getParameter(FlatSymbolRefAttr parameter) {
  if (!parameters || !parameters.lookupSymbol<csb::ParameterOp>(parameter))
    return {};
  return SymbolRefAttr::get(parameters.getSymNameAttr(), parameter);
}

FailureOr<ArrayAttr> ProgramSymbols::getSources(accel::ObjectOp object) {
  if (!object.getSources())
    return ArrayAttr();
  SmallVector<Attribute> sources;
  for (auto source : object.getSources()->getAsRange<FlatSymbolRefAttr>()) {
    sources.push_back(getParameter(source));
    if (!sources.back())
      return object.emitOpError("is made of ")
             << source << ", which is no llm.parameter";
  }
  return ArrayAttr::get(module.getContext(), sources);
}

LogicalResult ProgramSymbols::convertObjects() {
  OpBuilder builder(module.getContext());
  for (auto object :
       llvm::make_early_inc_range(module.getOps<accel::ObjectOp>())) {
    if (!object.getAddress())
      return object.emitOpError("has no address; run accel-place-objects "
                                "before");
    maxLayers = std::max<int64_t>(maxLayers, object.getLayers().value_or(1));
    const Memory *memory = device.getMemory(object.getSpace().getMemory());
    if (!memory)
      return object.emitOpError("lies in ")
             << object.getSpace() << ", which is no memory of "
             << device.getName();
    const bool isCache = object.getKind() == accel::Kind::KVCache;
    FailureOr<ArrayAttr> sources = getSources(object);
    if (failed(sources))
      return failure();
    FlatSymbolRefAttr stride = getStride(object);
    objects[object.getSymName().str()] = {
        static_cast<int64_t>(*object.getAddress()),
        static_cast<int64_t>(*object.getStride()),
        static_cast<int64_t>(object.getLayers().value_or(1)), stride};
    auto op = csb::ObjectOp::create(
        builder, object.getLoc(), object.getSymName(),
        accel::stringifyKind(object.getKind()), object.getShape(), *sources,
        object.getConfigAttr(), memory->name, *object.getAddress(),
        *object.getBytes(), *object.getStride(), object.getLayersAttr(),
        memory->dmaBase, memory->ports, memory->portStride,
        isCache ? StringAttr()
                : builder.getStringAttr(getFilePattern(object, memory->ports)));
    symbols.erase(object);
    insert(op);
  }
  return success();
}

csb::BufferOp ProgramSymbols::addBuffer(StringRef name, const Memory &memory,
                                        int64_t address, int64_t bytes,
                                        ArrayRef<int64_t> live, bool isInput,
                                        IntegerAttr slice) {
  OpBuilder builder(module.getContext());
  // The functions of the host keep their names.
  const bool isTaken = name == "load_parameters" || name == "copy_weights" ||
                       name.starts_with("write_") || name.starts_with("read_");
  auto buffer = csb::BufferOp::create(
      builder, builder.getUnknownLoc(), (name + (isTaken ? "_map" : "")).str(),
      memory.name, address, bytes, live, isInput, slice);
  insert(buffer);
  return buffer;
}

/// Pairs of first and last step, in order, as few as they can be.
static SmallVector<int64_t> unite(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<std::pair<int64_t, int64_t>> intervals;
  for (ArrayRef<int64_t> live : {a, b})
    for (size_t i = 0; i + 1 < live.size(); i += 2)
      intervals.push_back({live[i], live[i + 1]});
  llvm::sort(intervals);
  SmallVector<int64_t> united;
  for (auto [first, last] : intervals)
    if (!united.empty() && first <= united.back() + 1)
      united.back() = std::max(united.back(), last);
    else
      united.append({first, last});
  return united;
}

FlatSymbolRefAttr ProgramSymbols::getBuffer(accel::BufferOp buffer) {
  if (buffer.isInRegister()) {
    buffer.emitOpError("lies in no memory, but ")
        << device.getName() << " writes the token to one";
    return {};
  }
  if (!buffer.getAddress()) {
    buffer.emitOpError("has no address; run accel-plan-memory before");
    return {};
  }
  const int64_t address = *buffer.getAddress();
  const bool onChip = isOnChip(buffer);
  auto [it, isNew] =
      buffers.try_emplace({buffer.getName().str(), address, onChip}, nullptr);
  if (isNew) {
    const Memory &memory =
        onChip ? *device.getOnChipMemory() : device.getMapMemory();
    it->second = FlatSymbolRefAttr::get(addBuffer(
        (buffer.getName() + (onChip ? "_on_chip" : "")).str(), memory, address,
        *buffer.getBytes(), *buffer.getLive(), buffer.isInput(),
        buffer.getSliceAttr()));
    return it->second;
  }
  // What functions and loops hand around are several maps of one name.
  auto symbol = symbols.lookup<csb::BufferOp>(it->second.getAttr());
  symbol.setLive(unite(symbol.getLive(), *buffer.getLive()));
  return it->second;
}

void ProgramSymbols::addTable(const RegisterTable &table) {
  OpBuilder builder(module.getContext());
  insert(csb::createRegisterTable(builder, table,
                                  device.getTraits().registersKeepValues));
}
