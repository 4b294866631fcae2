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
  if (getGroups() != 1 || getEmpty() != 0)
    printer << ", groups " << getGroups() << " empty " << getEmpty();
  printer << ">";
}

Attribute HeadsAttr::parse(AsmParser &parser, Type) {
  SMLoc loc = parser.getCurrentLocation();
  HeadLayout layout;
  if (parser.parseLess() || parser.parseInteger(layout.heads) ||
      parser.parseKeyword("x") || parser.parseInteger(layout.channels))
    return {};
  layout.paddedChannels = layout.channels;
  // Each at most once, in this order.
  bool goesOn = succeeded(parser.parseOptionalComma());
  auto parseOptional = [&](StringRef keyword) {
    return goesOn && succeeded(parser.parseOptionalKeyword(keyword));
  };
  if (parseOptional("interleaved")) {
    if (parser.parseInteger(layout.interleaved))
      return {};
    goesOn = succeeded(parser.parseOptionalComma());
  }
  if (parseOptional("padded")) {
    if (parser.parseInteger(layout.paddedChannels))
      return {};
    goesOn = succeeded(parser.parseOptionalComma());
  }
  if (goesOn &&
      (parser.parseKeyword("groups", ", 'interleaved' or 'padded'") ||
       parser.parseInteger(layout.groups) || parser.parseKeyword("empty") ||
       parser.parseInteger(layout.emptyHeads)))
    return {};
  if (parser.parseGreater())
    return {};
  return parser.getChecked<HeadsAttr>(loc, parser.getContext(), layout.heads,
                                      layout.channels, layout.interleaved,
                                      layout.paddedChannels, layout.groups,
                                      layout.emptyHeads);
}

LogicalResult HeadsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t heads, int64_t channels,
                                int64_t interleaved, int64_t padded,
                                int64_t groups, int64_t empty) {
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
  if (groups < 1 || heads % groups != 0)
    return emitError() << "needs groups of as many of the " << heads
                       << " heads each, found " << groups << " groups";
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  if (empty < 0 || empty > most - heads / groups)
    return emitError() << "cannot have " << empty
                       << " empty heads behind each group";
  return success();
}

//===----------------------------------------------------------------------===//
// Windows of convolutions
//===----------------------------------------------------------------------===//

LogicalResult WindowAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t rows, int64_t columns,
                                 int64_t kernelRows, int64_t kernelColumns,
                                 int64_t rowStride, int64_t columnStride,
                                 int64_t rowPadding, int64_t columnPadding) {
  constexpr int64_t most = 65536;
  for (int64_t size :
       {rows, columns, kernelRows, kernelColumns, rowStride, columnStride})
    if (size < 1 || size > most)
      return emitError() << "needs an image, a kernel and strides of 1 to "
                         << most << ", found " << size;
  for (auto [padding, kernel] : {std::pair(rowPadding, kernelRows),
                                 std::pair(columnPadding, kernelColumns)})
    if (padding < 0 || padding >= kernel)
      return emitError() << "needs a padding of 0 or more that is less than "
                            "the kernel of "
                         << kernel << ", found " << padding;
  if (kernelRows > rows + 2 * rowPadding ||
      kernelColumns > columns + 2 * columnPadding)
    return emitError() << "has a kernel of " << kernelRows << " x "
                       << kernelColumns
                       << ", larger than the image with its padding, "
                       << rows + 2 * rowPadding << " x "
                       << columns + 2 * columnPadding;
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
  const HeadLayout layout = heads.getLayout();
  if (type.getDimSize(i) == layout.getSize())
    return success();
  return op->emitOpError("has '")
         << what << "' of " << layout.getSlots() * layout.groups
         << " heads with " << heads.getPadded() << " channels, but dimension "
         << i << " of " << type << " has " << type.getDimSize(i);
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
