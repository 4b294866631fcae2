//===- Objects.cpp - Objects that parameters become ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Objects.h"

#include "DLAVM/Support/SaturatingProduct.h"

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace dlavm;

ObjectTable::ObjectTable(ModuleOp module, const DeviceInfo &device)
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
  const ObjectSupport *support = device.getObject(accel::getObjectKind(kind));
  // A device that keeps none has no task for it, which is said at the task.
  StringRef memory =
      support ? StringRef(support->memory) : device.getMapMemory().name;
  Location loc = module.getLoc();
  if (!sources.empty())
    loc = symbols.lookup(cast<FlatSymbolRefAttr>(sources.front()).getAttr())
              ->getLoc();
  auto object = accel::ObjectOp::create(
      builder, loc, llm::toIdentifier(name), kind, shape,
      sources.empty() ? ArrayAttr() : builder.getArrayAttr(sources), config,
      layers, accel::SpaceAttr::get(context, memory), IntegerAttr(),
      IntegerAttr(), IntegerAttr());
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

FlatSymbolRefAttr ObjectTable::getScaleBias(llm::LinearOp op) {
  auto parameter =
      symbols.lookup<llm::ParameterOp>(op.getScaleAttr().getAttr());
  auto type = cast<RankedTensorType>(parameter.getType());
  DictionaryAttr config;
  if (type.getDimSize(0) % device.getTraits().channelGranularity != 0 &&
      llvm::any_of(op->getUsers(), llvm::IsaPred<llm::ArgmaxOp>)) {
    // The least finite number of FP16.
    Builder builder(op.getContext());
    config = builder.getDictionaryAttr({builder.getNamedAttr(
        "padding_bias", builder.getF64FloatAttr(-65504.0))});
  }
  return declare((op.getWeight() + "_scale_bias").str(), accel::Kind::ScaleBias,
                 type.getShape(), {op.getScaleAttr(), op.getBiasAttr()},
                 parameter.getLayersAttr(), config);
}

FlatSymbolRefAttr ObjectTable::getConvWeight(llm::Conv2DOp op) {
  auto parameter =
      symbols.lookup<llm::ParameterOp>(op.getWeightAttr().getAttr());
  const llm::WindowAttr window = op.getWindow();
  const int64_t shape[] = {
      op.getType().getDimSize(2), window.getKernelRows(),
      window.getKernelColumns(),
      cast<RankedTensorType>(op.getInput().getType()).getDimSize(2)};
  return declare((op.getWeight() + "_weight").str(), accel::Kind::ConvWeight,
                 shape, {op.getWeightAttr()}, parameter.getLayersAttr());
}

FlatSymbolRefAttr ObjectTable::getScaleBias(llm::Conv2DOp op) {
  auto parameter =
      symbols.lookup<llm::ParameterOp>(op.getScaleAttr().getAttr());
  return declare((op.getWeight() + "_scale_bias").str(), accel::Kind::ScaleBias,
                 cast<RankedTensorType>(parameter.getType()).getShape(),
                 {op.getScaleAttr(), op.getBiasAttr(), op.getWeightAttr()},
                 parameter.getLayersAttr());
}

LogicalResult ObjectTable::checkConvParameters(llm::Conv2DOp op) {
  for (auto [name, what] : {std::pair(op.getWeightAttr(), "weight"),
                            std::pair(op.getScaleAttr(), "scale")}) {
    auto uses = SymbolTable::getSymbolUses(name.getAttr(), module);
    for (const SymbolTable::SymbolUse &use : *uses) {
      auto other = dyn_cast<llm::Conv2DOp>(use.getUser());
      // Objects name their parameters, too.
      if (isa<accel::ObjectOp>(use.getUser()) ||
          (other && other.getWeightAttr() == op.getWeightAttr() &&
           other.getScaleAttr() == op.getScaleAttr() &&
           other.getBiasAttr() == op.getBiasAttr()))
        continue;
      InFlightDiagnostic diagnostic =
          op.emitOpError("has the ")
          << what << " " << name
          << ", which another op uses as well; the scales of a convolution's "
             "weights become part of its scale, so it needs a parameter of its "
             "own";
      diagnostic.attachNote(use.getUser()->getLoc()) << "the other op";
      return diagnostic;
    }
  }
  return success();
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
  SmallVector<NamedAttribute> config = {
      builder.getNamedAttr(
          "style", builder.getStringAttr(stringifyRopeStyle(op.getStyle()))),
      builder.getNamedAttr("theta", op.getThetaAttr()),
      builder.getNamedAttr("rotary", op.getRotaryAttr())};
  if (ArrayAttr divisors = op.getDivisorsAttr())
    config.push_back(builder.getNamedAttr("divisors", divisors));
  if (FloatAttr factor = op.getAttentionFactorAttr())
    config.push_back(builder.getNamedAttr("attention_factor", factor));
  return declare("rope_table", accel::Kind::RopeTable, {}, {}, {},
                 builder.getDictionaryAttr(config));
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

LogicalResult ObjectTable::checkTaskName(Operation *op) {
  StringAttr name = llm::getTaskName(op);
  if (!name)
    return op->emitOpError("becomes a hardware task, which has no name yet; "
                           "run llm-name-tasks before");
  auto [it, isNew] = taskNames.try_emplace(name, op->getLoc());
  if (isNew)
    return success();
  InFlightDiagnostic diagnostic = op->emitOpError("becomes the task ")
                                  << name << ", which there is already";
  diagnostic.attachNote(it->second) << "of this op";
  return diagnostic;
}

void ObjectTable::checkEpsilon(Operation *op, FlatSymbolRefAttr weight,
                               double epsilon) {
  const double own = device.getTraits().normEpsilon;
  if (epsilon == own || llvm::is_contained(warnedEpsilons, epsilon))
    return;
  warnedEpsilons.push_back(epsilon);
  // Channels that are padding make the mean smaller, and the model's epsilon
  // has followed.
  int64_t channels = 1, padded = 1;
  auto parameter = symbols.lookup<llm::ParameterOp>(weight.getAttr());
  if (llm::HeadsAttr heads = parameter.getRowHeadsAttr()) {
    channels = saturatingProduct(heads.getHeads(), heads.getChannels());
    padded = heads.getLayout().getSize();
  }
  const double factor = static_cast<double>(padded) / channels;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "the model's norms add an epsilon of "
     << llvm::format("%g", factor * epsilon) << ", but " << device.getName()
     << " adds " << llvm::format("%g", factor * own);
  if (padded != channels)
    os << " (" << llvm::format("%g", own) << " where " << channels
       << " channels are padded to " << padded << ")";
  os << "; results will differ a little from the model's";
  op->emitWarning(text);
}
