//===- LLMDiscardableAttributes.cpp - Attributes that ops may carry -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

static LogicalResult verifyMaxTokens(Operation *op, Attribute attribute) {
  if (!isa<ModuleOp>(op))
    return op->emitError("'llm.max_tokens' belongs to the module, which states "
                         "the largest context once");
  auto value = dyn_cast<IntegerAttr>(attribute);
  if (!value || !value.getType().isInteger(64) || value.getInt() < 1 ||
      value.getInt() > std::numeric_limits<int32_t>::max())
    return op->emitError("'llm.max_tokens' must be an i64 from 1 to 2^31 - 1, "
                         "found ")
           << attribute;
  return success();
}

static LogicalResult verifyEmbedding(Operation *op, Attribute attribute) {
  if (!isa<ModuleOp>(op))
    return op->emitError("'llm.embedding' belongs to the module, which names "
                         "its embedding once");
  auto name = dyn_cast<FlatSymbolRefAttr>(attribute);
  if (!name)
    return op->emitError("'llm.embedding' must be the name of a parameter, "
                         "like @embedding, found ")
           << attribute;
  Operation *symbol = SymbolTable::lookupSymbolIn(op, name);
  auto parameter = dyn_cast_or_null<ParameterOp>(symbol);
  // The parameter itself is verified after the module's attributes.
  TypeAttr typeAttr = parameter ? parameter.getTypeAttr() : TypeAttr();
  auto type = typeAttr ? dyn_cast<RankedTensorType>(typeAttr.getValue())
                       : RankedTensorType();
  if (type && type.getRank() == 2 && type.getElementType().isF16() &&
      !parameter.getLayersAttr())
    return success();
  InFlightDiagnostic diagnostic =
      op->emitError("'llm.embedding' must name an llm.parameter [vocabulary, "
                    "channels] of f16 without layers; ")
      << name << " is none";
  if (symbol)
    diagnostic.attachNote(symbol->getLoc()) << "declared here";
  return diagnostic;
}

static LogicalResult verifyTask(Operation *op, Attribute attribute) {
  auto name = dyn_cast<StringAttr>(attribute);
  if (!isa_and_nonnull<LLMDialect>(op->getDialect()) || !name)
    return op->emitError("'llm.task' is the name of the hardware task that an "
                         "op of the llm dialect becomes, found ")
           << attribute << " at " << op->getName();
  // Names become those of buffers and comments in the driver.
  if (name.empty() || toIdentifier(name) != name)
    return op->emitError("'llm.task' must be letters, digits and underscores, "
                         "found ")
           << attribute;
  return success();
}

/// The most layers of a parameter or a KV cache of \p module; 0 where none has
/// layers.
static int64_t getNumLayers(ModuleOp module) {
  int64_t layers = 0;
  for (auto parameter : module.getOps<ParameterOp>())
    layers = std::max<int64_t>(layers, parameter.getLayers().value_or(0));
  for (auto cache : module.getOps<KVCacheOp>())
    layers = std::max<int64_t>(layers, cache.getLayers().value_or(0));
  return layers;
}

static LogicalResult verifyModelLayers(Operation *op, Attribute attribute) {
  auto module = dyn_cast<ModuleOp>(op);
  auto value = dyn_cast<IntegerAttr>(attribute);
  if (!module || !value || !value.getType().isInteger(64))
    return op->emitError("'llm.model_layers' is the number of layers of the "
                         "model that a module comes from, an i64, found ")
           << attribute << " at " << op->getName();
  const int64_t layers = getNumLayers(module);
  if (value.getInt() >= layers)
    return success();
  return op->emitError("'llm.model_layers' is ")
         << value.getInt() << ", but the module has " << layers << " layers";
}

/// Layers that a model does not have lie where something else does.
static LogicalResult verifyLayers(scf::ForOp loop) {
  auto module = loop->getParentOfType<ModuleOp>();
  const int64_t layers = module ? getNumLayers(module) : 0;
  APInt lower, upper;
  if (layers == 0 ||
      !matchPattern(loop.getLowerBound(), m_ConstantInt(&lower)) ||
      !matchPattern(loop.getUpperBound(), m_ConstantInt(&upper)))
    return success();
  const int64_t begin = lower.getSExtValue(), end = upper.getSExtValue();
  if (begin >= 0 && begin < end && end <= layers)
    return success();
  return loop.emitOpError("goes over the layers from ")
         << begin << " to " << end << ", excluding the last, but the model has "
         << layers << ": 0 to " << layers;
}

static LogicalResult verifyLayerLoop(Operation *op, Attribute attribute) {
  if (!isa<scf::ForOp>(op) || !isa<UnitAttr>(attribute))
    return op->emitError("'llm.layer_loop' is a unit attribute of an scf.for "
                         "over the layers of a model, found ")
           << attribute << " at " << op->getName();
  for (Operation *outer = op->getParentOp(); outer;
       outer = outer->getParentOp()) {
    if (!isLayerLoop(outer))
      continue;
    InFlightDiagnostic diagnostic = op->emitError(
        "is a loop over layers inside another one; a layer has no layers");
    diagnostic.attachNote(outer->getLoc()) << "the other loop";
    return diagnostic;
  }
  return verifyLayers(cast<scf::ForOp>(op));
}

LogicalResult LLMDialect::verifyOperationAttribute(Operation *op,
                                                   NamedAttribute attribute) {
  if (attribute.getName() == getMaxTokensAttrName())
    return verifyMaxTokens(op, attribute.getValue());
  if (attribute.getName() == getEmbeddingAttrName())
    return verifyEmbedding(op, attribute.getValue());
  if (attribute.getName() == getModelLayersAttrName())
    return verifyModelLayers(op, attribute.getValue());
  if (attribute.getName() == getModelLayersAttrName())
    return verifyModelLayers(op, attribute.getValue());
  if (attribute.getName() == getTaskAttrName())
    return verifyTask(op, attribute.getValue());
  if (attribute.getName() == getLayerLoopAttrName())
    return verifyLayerLoop(op, attribute.getValue());
  return op->emitError() << "has an attribute " << attribute.getName()
                         << " that the llm dialect does not know; it knows "
                            "'llm.max_tokens', 'llm.embedding', "
                            "'llm.model_layers', 'llm.task' and "
                            "'llm.layer_loop'";
}

LogicalResult LLMDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                   unsigned argument,
                                                   NamedAttribute attribute) {
  return op->emitError() << "has the attribute " << attribute.getName()
                         << " at argument " << argument
                         << ", but those of the llm dialect belong to ops";
}

LogicalResult LLMDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  return op->emitError() << "has the attribute " << attribute.getName()
                         << " at result " << result
                         << ", but those of the llm dialect belong to ops";
}

StringAttr dlavm::llm::getTaskName(Operation *op) {
  return op->getAttrOfType<StringAttr>(LLMDialect::getTaskAttrName());
}

bool dlavm::llm::isLayerLoop(Operation *op) {
  return op->hasAttr(LLMDialect::getLayerLoopAttrName());
}

std::string dlavm::llm::toIdentifier(StringRef symbol) {
  std::string name = symbol.str();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name;
}
