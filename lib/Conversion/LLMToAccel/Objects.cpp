//===- Objects.cpp - Objects that parameters become ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace dlavm;

std::string dlavm::toIdentifier(StringRef symbol) {
  std::string name = symbol.str();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name;
}

ObjectTable::ObjectTable(ModuleOp module, const Device &device)
    : module(module), symbols(module), device(device) {
  module.walk([&](llm::AttentionValuesOp op) {
    sides[op.getCacheAttr().getAttr()] = accel::CacheSide::Values;
  });
}

FlatSymbolRefAttr ObjectTable::declare(StringRef name, accel::Kind kind,
                                       ArrayRef<int64_t> shape,
                                       ArrayRef<Attribute> sources,
                                       IntegerAttr layers,
                                       DictionaryAttr config) {
  MLIRContext *context = module.getContext();
  Builder attributes(context);
  Attribute kindAttr = accel::KindAttr::get(context, kind);
  auto key = attributes.getArrayAttr(
      {attributes.getStringAttr(name), kindAttr,
       attributes.getArrayAttr(sources),
       config ? Attribute(config) : attributes.getUnitAttr()});
  auto [it, isNew] = objects.try_emplace(key);
  if (!isNew)
    return it->second;
  OpBuilder builder(context);
  const MemorySpace space = device.getObject(accel::getObjectKind(kind)).space;
  auto object = accel::ObjectOp::create(
      builder, module.getLoc(), toIdentifier(name), kind, shape,
      sources.empty() ? ArrayAttr() : builder.getArrayAttr(sources), config,
      layers, space == MemorySpace::DDR ? accel::Space::DDR : accel::Space::HBM,
      IntegerAttr(), IntegerAttr(), IntegerAttr());
  // Objects stand before the functions, in the order of their first use.
  auto functions = module.getOps<FunctionOpInterface>();
  Block::iterator position = functions.empty()
                                 ? module.getBody()->end()
                                 : (*functions.begin())->getIterator();
  symbols.insert(object, position);
  return it->second = FlatSymbolRefAttr::get(object);
}

FlatSymbolRefAttr ObjectTable::getWeight(FlatSymbolRefAttr weight) {
  auto parameter = symbols.lookup<llm::ParameterOp>(weight.getAttr());
  auto type = cast<RankedTensorType>(parameter.getType());
  return declare((weight.getValue() + "_weight").str(), accel::Kind::Weight,
                 type.getShape(), {weight}, parameter.getLayersAttr());
}

FlatSymbolRefAttr ObjectTable::getScaleBias(StringRef name,
                                            FlatSymbolRefAttr scale,
                                            FlatSymbolRefAttr bias) {
  auto parameter = symbols.lookup<llm::ParameterOp>(scale.getAttr());
  auto type = cast<RankedTensorType>(parameter.getType());
  return declare((name + "_scale_bias").str(), accel::Kind::ScaleBias,
                 type.getShape(), {scale, bias}, parameter.getLayersAttr());
}

FlatSymbolRefAttr ObjectTable::getNormWeight(FlatSymbolRefAttr weight,
                                             FlatSymbolRefAttr bias) {
  auto parameter = symbols.lookup<llm::ParameterOp>(weight.getAttr());
  auto type = cast<RankedTensorType>(parameter.getType());
  SmallVector<Attribute> sources = {weight};
  if (bias)
    sources.push_back(bias);
  return declare((weight.getValue() + "_weight").str(), accel::Kind::NormWeight,
                 type.getShape(), sources, parameter.getLayersAttr());
}

FlatSymbolRefAttr ObjectTable::getRopeTable(llm::RopeOp op) {
  Builder builder(op.getContext());
  auto config = builder.getDictionaryAttr(
      {builder.getNamedAttr(
           "style", builder.getStringAttr(stringifyRopeStyle(op.getStyle()))),
       builder.getNamedAttr("theta", op.getThetaAttr()),
       builder.getNamedAttr("rotary", op.getRotaryAttr())});
  return declare("rope_table", accel::Kind::RopeTable, {}, {}, {}, config);
}

FlatSymbolRefAttr ObjectTable::getActivationTable(llm::ActivationKind kind) {
  StringRef name = llm::stringifyActivationKind(kind);
  Builder builder(module.getContext());
  auto config = builder.getDictionaryAttr(
      {builder.getNamedAttr("function", builder.getStringAttr(name))});
  return declare((name + "_table").str(), accel::Kind::ActivationTable, {}, {},
                 {}, config);
}

FlatSymbolRefAttr ObjectTable::getCache(FlatSymbolRefAttr cache) {
  auto op = symbols.lookup<llm::KVCacheOp>(cache.getAttr());
  return declare((cache.getValue() + "_cache").str(), accel::Kind::KVCache,
                 {getCacheHeads(cache)}, {}, op.getLayersAttr());
}

int64_t ObjectTable::getCacheHeads(FlatSymbolRefAttr cache) {
  auto op = symbols.lookup<llm::KVCacheOp>(cache.getAttr());
  return cast<RankedTensorType>(op.getType()).getDimSize(0);
}

accel::CacheSide ObjectTable::getCacheSide(FlatSymbolRefAttr cache) {
  auto it = sides.find(cache.getAttr());
  return it == sides.end() ? accel::CacheSide::Keys : it->second;
}

Value ObjectTable::get(OpBuilder &builder, Location loc,
                       FlatSymbolRefAttr object, Value layer) {
  auto op = symbols.lookup<accel::ObjectOp>(object.getAttr());
  return accel::GetObjectOp::create(
      builder, loc, accel::ObjectType::get(builder.getContext()), object,
      op.getLayers() ? layer : Value());
}

std::string ObjectTable::getTaskName(const llvm::Twine &wish) {
  const std::string base = toIdentifier(wish.str());
  std::string name = base;
  for (unsigned i = 2; !taskNames.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

void ObjectTable::checkEpsilon(Operation *op, double epsilon) {
  if (epsilon == device.normEpsilon ||
      llvm::is_contained(warnedEpsilons, epsilon))
    return;
  warnedEpsilons.push_back(epsilon);
  std::string text;
  llvm::raw_string_ostream(text)
      << "the model's norms add an epsilon of " << llvm::format("%g", epsilon)
      << ", but " << device.getName() << " adds "
      << llvm::format("%g", device.normEpsilon)
      << "; results will differ a little from the model's";
  op->emitWarning(text);
}
