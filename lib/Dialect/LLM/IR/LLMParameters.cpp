//===- LLMParameters.cpp - The llm dialect: parameters --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/ParameterDeclaration.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

void HeadsAttr::print(AsmPrinter &printer) const {
  printer << "<" << getHeads() << " x " << getChannels();
  if (getInterleaved() != 0)
    printer << ", interleaved " << getInterleaved();
  if (getPadded() != getChannels())
    printer << ", padded " << getPadded();
  printer << ">";
}

Attribute HeadsAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  HeadLayout layout;
  if (parser.parseLess() || parser.parseInteger(layout.heads) ||
      parser.parseKeyword("x") || parser.parseInteger(layout.channels))
    return {};
  layout.paddedChannels = layout.channels;
  bool isPadded = false;
  if (succeeded(parser.parseOptionalComma())) {
    isPadded = failed(parser.parseOptionalKeyword("interleaved"));
    if (!isPadded) {
      if (parser.parseInteger(layout.interleaved))
        return {};
      isPadded = succeeded(parser.parseOptionalComma());
    }
  }
  if (isPadded && (parser.parseKeyword("padded") ||
                   parser.parseInteger(layout.paddedChannels)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<HeadsAttr>(loc, parser.getContext(), layout.heads,
                                      layout.channels, layout.interleaved,
                                      layout.paddedChannels);
}

LogicalResult HeadsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t heads, int64_t channels,
                                int64_t interleaved, int64_t padded) {
  if (heads < 1 || channels < 1)
    return emitError() << "needs a positive number of heads and of channels, "
                          "found "
                       << heads << " x " << channels;
  if (interleaved < 0 || interleaved % 2 != 0 || interleaved > channels)
    return emitError() << "interleaves an even number of channels, at most the "
                       << channels << " of a head, found " << interleaved;
  if (padded < channels)
    return emitError() << "pads heads to at least their " << channels
                       << " channels, found " << padded;
  return success();
}

//===----------------------------------------------------------------------===//
// Scaled rotary embeddings
//===----------------------------------------------------------------------===//

void Llama3ScalingAttr::print(AsmPrinter &printer) const {
  printer << "<factor ";
  printer.printFloat(getFactor());
  printer << ", low_frequency_factor ";
  printer.printFloat(getLowFrequencyFactor());
  printer << ", high_frequency_factor ";
  printer.printFloat(getHighFrequencyFactor());
  printer << ", original_context " << getOriginalContext() << ">";
}

Attribute Llama3ScalingAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  double factor, low, high;
  int64_t context;
  if (parser.parseLess() || parser.parseKeyword("factor") ||
      parser.parseFloat(factor) || parser.parseComma() ||
      parser.parseKeyword("low_frequency_factor") || parser.parseFloat(low) ||
      parser.parseComma() || parser.parseKeyword("high_frequency_factor") ||
      parser.parseFloat(high) || parser.parseComma() ||
      parser.parseKeyword("original_context") || parser.parseInteger(context) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<Llama3ScalingAttr>(loc, parser.getContext(),
                                              APFloat(factor), APFloat(low),
                                              APFloat(high), context);
}

LogicalResult
Llama3ScalingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                          APFloat factor, APFloat low, APFloat high,
                          int64_t originalContext) {
  for (const APFloat &value : {factor, low, high})
    if (!value.isFiniteNonZero() || value.isNegative())
      return emitError() << "needs positive factors, found "
                         << value.convertToDouble();
  if (low >= high)
    return emitError() << "needs a low_frequency_factor below the "
                          "high_frequency_factor, found "
                       << low.convertToDouble() << " and "
                       << high.convertToDouble();
  if (originalContext < 1)
    return emitError() << "needs a positive original_context, found "
                       << originalContext;
  return success();
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

LogicalResult dlavm::llm::verifyHeads(Operation *op, RankedTensorType type,
                                      HeadsAttr heads, unsigned i,
                                      StringRef what) {
  if (!heads)
    return success();
  if (i >= type.getRank())
    return op->emitOpError("has '") << what << "', but only one dimension";
  if (type.getDimSize(i) / heads.getHeads() == heads.getPadded() &&
      type.getDimSize(i) % heads.getHeads() == 0)
    return success();
  return op->emitOpError("has '")
         << what << "' of " << heads.getHeads() << " heads with "
         << heads.getPadded() << " channels, but dimension " << i << " of "
         << type << " has " << type.getDimSize(i);
}

LogicalResult dlavm::llm::verifyLayers(Operation *op,
                                       std::optional<int64_t> layers) {
  if (!layers || *layers <= kMaxLayers)
    return success();
  return op->emitOpError("has ") << *layers << " layers, more than the "
                                 << kMaxLayers << " that a model may have";
}

LogicalResult ParameterOp::verify() {
  return verifyParameterDeclaration(*this);
}

LogicalResult dlavm::llm::verifyFlat(ModuleOp module) {
  WalkResult result = module.walk([&](Operation *op) -> WalkResult {
    if (op == module || !op->hasTrait<OpTrait::SymbolTable>())
      return success();
    return op->emitOpError("stands in a module of the llm level, which has its "
                           "parameters and functions in itself");
  });
  return failure(result.wasInterrupted());
}

ParameterInfo dlavm::llm::getParameterInfo(ParameterOp parameter) {
  return getParameterDeclaration(parameter);
}
