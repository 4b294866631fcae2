//===- LLMOps.cpp - The llm dialect: ops ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Support/EnumAssembly.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

static OptionalParseResult
parseResidual(OpAsmParser &parser, ResidualKindAttr &kind,
              std::optional<OpAsmParser::UnresolvedOperand> &residual) {
  for (ResidualKind candidate : {ResidualKind::Add, ResidualKind::Mul}) {
    if (failed(parser.parseOptionalKeyword(stringifyResidualKind(candidate))))
      continue;
    kind = ResidualKindAttr::get(parser.getContext(), candidate);
    return parser.parseOperand(residual.emplace());
  }
  return std::nullopt;
}

static void printResidual(OpAsmPrinter &printer, Operation *,
                          ResidualKindAttr kind, Value residual) {
  printer << stringifyResidualKind(kind.getValue()) << " " << residual;
}

/// The residual has the type of the result, which is written once.
static ParseResult parseLinearResult(
    OpAsmParser &parser, Type &result, Type &residualType,
    const std::optional<OpAsmParser::UnresolvedOperand> &residual) {
  if (parser.parseType(result))
    return failure();
  if (residual)
    residualType = result;
  return success();
}

static void printLinearResult(OpAsmPrinter &printer, Operation *, Type result,
                              Type, Value) {
  printer << result;
}

/// The second operand's type is written where it is not that of the first.
static ParseResult parseBinaryTypes(OpAsmParser &parser, Type &lhs, Type &rhs) {
  if (parser.parseType(lhs))
    return failure();
  rhs = lhs;
  if (succeeded(parser.parseOptionalComma()))
    return parser.parseType(rhs);
  return success();
}

static void printBinaryTypes(OpAsmPrinter &printer, Operation *, Type lhs,
                             Type rhs) {
  printer << lhs;
  if (rhs != lhs)
    printer << ", " << rhs;
}

#define GET_OP_CLASSES
#include "DLAVM/Dialect/LLM/IR/LLMOps.cpp.inc"

//===----------------------------------------------------------------------===//
// What several verifiers need
//===----------------------------------------------------------------------===//

static DimsAttr dimsOf(Value value) {
  return getDims(cast<RankedTensorType>(value.getType()));
}

/// Looks up the symbol \p name, which must be an op of type Op, and checks that
/// \p layer is given if and only if the symbol has layers, and is one of them
/// where it is a constant.
template <typename Op>
static Op lookup(Operation *op, SymbolTableCollection &symbols,
                 FlatSymbolRefAttr name, Value layer, StringRef what) {
  Operation *symbol = symbols.lookupNearestSymbolFrom(op, name);
  auto found = dyn_cast_or_null<Op>(symbol);
  if (!found) {
    InFlightDiagnostic diagnostic =
        op->emitOpError() << "names " << name << " as its " << what
                          << ", which is no " << Op::getOperationName();
    if (symbol)
      diagnostic.attachNote(symbol->getLoc()) << "declared here";
    return {};
  }
  const std::optional<int64_t> layers = found.getLayers();
  APInt number;
  const bool isKnown = layer && matchPattern(layer, m_ConstantInt(&number));
  if (layers.has_value() == bool(layer) && !(isKnown && number.uge(*layers)))
    return found;
  InFlightDiagnostic diagnostic = op->emitOpError();
  if (layer && layers)
    diagnostic << "gives the layer " << number.getSExtValue() << ", but "
               << name << " has 0 to " << *layers - 1;
  else
    diagnostic << (layer ? "gives a layer, but " : "must give a layer: ")
               << name << (layer ? " has no layers" : " has layers");
  diagnostic.attachNote(found.getLoc()) << "declared here";
  return {};
}

/// Checks that \p name is a parameter of this shape and element type.
static LogicalResult verifyParameter(Operation *op,
                                     SymbolTableCollection &symbols,
                                     FlatSymbolRefAttr name, Value layer,
                                     StringRef what, ArrayRef<int64_t> shape,
                                     Type elementType) {
  auto parameter = lookup<ParameterOp>(op, symbols, name, layer, what);
  if (!parameter)
    return failure();
  Type expected = RankedTensorType::get(shape, elementType);
  if (parameter.getType() == expected)
    return success();
  InFlightDiagnostic diagnostic =
      op->emitOpError() << "needs a " << what << " of type " << expected
                        << ", found " << parameter.getType();
  diagnostic.attachNote(parameter.getLoc()) << "declared here";
  return diagnostic;
}

/// Checks that an op keeps a dimension.
static LogicalResult verifyKept(Operation *op, Value input, Value result,
                                unsigned dim) {
  AffineExpr before = dimsOf(input).getDim(dim);
  AffineExpr after = dimsOf(result).getDim(dim);
  if (before == after)
    return success();
  return op->emitOpError() << "keeps dimension " << dim << ", which is "
                           << stringifyTokens(before) << " in the input, but "
                           << stringifyTokens(after) << " in the result";
}

/// The dimensions of the map that the type of \p Op's result follows from.
/// Types are inferred before operands are verified, so \p input can be
/// anything.
template <typename Op>
static FailureOr<DimsAttr> getMapDims(std::optional<Location> location,
                                      Value input) {
  auto type = dyn_cast<RankedTensorType>(input.getType());
  if (!type || type.getRank() != 3 || !type.getElementType().isF16())
    return emitOptionalError(location, "'", Op::getOperationName(),
                             "' op needs a map of f16 with three dimensions, "
                             "found ",
                             input.getType());
  if (!type.hasStaticShape() && !isa_and_nonnull<DimsAttr>(type.getEncoding()))
    return emitOptionalError(location, "'", Op::getOperationName(),
                             "' op needs a map whose type says how many tokens "
                             "it has, by an encoding like #llm.dims<1, seq, "
                             "64>, found ",
                             type);
  return getDims(type);
}

/// Yields the map of f16 with these dimensions, if there can be one.
template <typename Op>
static LogicalResult inferMap(std::optional<Location> location,
                              ArrayRef<AffineExpr> dims,
                              SmallVectorImpl<Type> &types) {
  MLIRContext *context = dims.front().getContext();
  AffineMap map = AffineMap::get(2, 0, dims, context);
  auto emit = [&] {
    return mlir::emitError(location.value_or(UnknownLoc::get(context)))
           << "'" << Op::getOperationName() << "' op yields no map: ";
  };
  if (failed(verifyTokens(emit, map)))
    return failure();
  types.push_back(getTensorType(dims, Float16Type::get(context)));
  return success();
}

/// The static size of dimension \p i of \p value; only tokens are dynamic.
static FailureOr<int64_t> getStaticDim(Operation *op, Value value, unsigned i,
                                       StringRef what) {
  const int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(i);
  if (ShapedType::isDynamic(size))
    return op->emitOpError()
           << "needs a static number of " << what << " (dimension " << i
           << "), found " << value.getType();
  return size;
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

LogicalResult KVCacheOp::verify() {
  if (failed(verifyLayers(*this, getLayers())))
    return failure();
  auto type = cast<RankedTensorType>(getType());
  if (type.getRank() != 3 || !type.getElementType().isF16())
    return emitOpError(
               "must be [KV heads, seq + past, channels] of f16, found ")
           << type;
  DimsAttr dims = getDims(type);
  AffineExpr total = DimsAttr::getTotal(getContext());
  if (type.isDynamicDim(0) || dims.getDim(1) != total || type.isDynamicDim(2) ||
      type.getDimSize(0) == 0 || type.getDimSize(2) == 0)
    return emitOpError("must be [KV heads, seq + past, channels], found ")
           << type;
  return success();
}

LogicalResult GetParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyParameter(*this, symbols, getParameterAttr(), getLayer(),
                         "parameter", getType().getShape(),
                         getType().getElementType());
}

//===----------------------------------------------------------------------===//
// Linear and norms
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::verify() {
  for (unsigned dim : {0, 1})
    if (failed(verifyKept(*this, getInput(), getResult(), dim)))
      return failure();
  if (getScale().has_value() != getBias().has_value())
    return emitOpError("needs scale and bias together; a parameter can be "
                       "'splat 1.0' or 'splat 0.0'");
  if (bool(getResidual()) != getResidualKind().has_value())
    return emitOpError("needs a residual and what to do with it together");
  if (getResidual() && getResidual().getType() != getType())
    return emitOpError("needs a residual of the type of the result, ")
           << getType() << ", found " << getResidual().getType();
  if (getResidual() && getRelu())
    return emitOpError("takes a residual or relu, not both; put an "
                       "llm.activation relu behind it");
  return success();
}

LogicalResult LinearOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<int64_t> in = getStaticDim(*this, getInput(), 2, "input channels");
  FailureOr<int64_t> out =
      getStaticDim(*this, getResult(), 2, "output channels");
  if (failed(in) || failed(out))
    return failure();
  Value layer = getLayer();
  Builder builder(getContext());
  if (failed(verifyParameter(*this, symbols, getWeightAttr(), layer, "weight",
                             {*out, *in}, builder.getI4Type())))
    return failure();
  if (!getScaleAttr())
    return success();
  if (failed(verifyParameter(*this, symbols, getScaleAttr(), layer, "scale",
                             {*out}, builder.getF16Type())))
    return failure();
  return verifyParameter(*this, symbols, getBiasAttr(), layer, "bias", {*out},
                         builder.getF16Type());
}

LogicalResult Conv2DOp::verify() {
  const WindowAttr window = getWindow();
  for (auto [map, pixels, what] :
       {std::tuple(getInput(), window.getPixels(), "input"),
        std::tuple(getResult(), window.getOutputPixels(), "result")}) {
    auto type = cast<RankedTensorType>(map.getType());
    if (type.getDimSize(0) != 1 || type.getDimSize(1) != pixels ||
        type.isDynamicDim(2))
      return emitOpError("needs the ")
             << what << " [1, " << pixels
             << ", channels], the pixels of its window, found " << type;
  }
  return success();
}

LogicalResult Conv2DOp::verifySymbolUses(SymbolTableCollection &symbols) {
  // Types are verified later where an op stands in a function.
  if (failed(verify()))
    return failure();
  const int64_t in = cast<RankedTensorType>(getInput().getType()).getDimSize(2);
  const int64_t out = getType().getDimSize(2);
  const WindowAttr window = getWindow();
  Builder builder(getContext());
  std::optional<int64_t> inputs =
      llvm::checkedMul(window.getKernelPixels(), in);
  if (!inputs)
    return emitOpError("has more weights than 64 bits can count");
  if (failed(verifyParameter(*this, symbols, getWeightAttr(), getLayer(),
                             "weight", {out, *inputs}, builder.getI4Type())))
    return failure();
  auto weight =
      symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getWeightAttr());
  if (std::optional<ArrayRef<int64_t>> kernel = weight.getKernel();
      kernel && *kernel != ArrayRef<int64_t>({window.getKernelRows(),
                                              window.getKernelColumns()})) {
    InFlightDiagnostic diagnostic = emitOpError("has a kernel of ")
                                    << window.getKernelRows() << " x "
                                    << window.getKernelColumns()
                                    << ", but that of the weight is "
                                    << (*kernel)[0] << " x " << (*kernel)[1];
    diagnostic.attachNote(weight.getLoc()) << "declared here";
    return diagnostic;
  }
  for (auto [name, what] :
       {std::pair(getScaleAttr(), "scale"), std::pair(getBiasAttr(), "bias")})
    if (failed(verifyParameter(*this, symbols, name, getLayer(), what, {out},
                               builder.getF16Type())))
      return failure();
  return success();
}

LogicalResult CutPatchesOp::verify() {
  const WindowAttr window = getWindow();
  if (!window.isCut())
    return emitOpError("needs a kernel that is as large as the strides and "
                       "divides the image, without padding, found ")
           << window;
  auto input = cast<RankedTensorType>(getInput().getType());
  const ArrayRef<int64_t> shape = getType().getShape();
  if (input.hasStaticShape() && getType().hasStaticShape() &&
      input.getDimSize(0) == 1 && shape[0] == 1 &&
      input.getDimSize(1) == window.getPixels() &&
      shape[1] == window.getOutputPixels() &&
      shape[2] / window.getKernelPixels() == input.getDimSize(2) &&
      shape[2] % window.getKernelPixels() == 0)
    return success();
  return emitOpError("turns [1, ")
         << window.getPixels() << ", channels] into [1, "
         << window.getOutputPixels() << ", " << window.getKernelPixels()
         << " * channels], found " << input << " and " << getType();
}

LogicalResult RMSNormOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<int64_t> channels = getStaticDim(*this, getInput(), 2, "channels");
  if (failed(channels))
    return failure();
  return verifyParameter(*this, symbols, getWeightAttr(), getLayer(), "weight",
                         {*channels}, Float16Type::get(getContext()));
}

LogicalResult LayerNormOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FailureOr<int64_t> channels = getStaticDim(*this, getInput(), 2, "channels");
  if (failed(channels))
    return failure();
  Type f16 = Float16Type::get(getContext());
  if (failed(verifyParameter(*this, symbols, getWeightAttr(), getLayer(),
                             "weight", {*channels}, f16)))
    return failure();
  return verifyParameter(*this, symbols, getBiasAttr(), getLayer(), "bias",
                         {*channels}, f16);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult SplitHeadsOp::verify() {
  DimsAttr input = dimsOf(getInput()), result = dimsOf(getResult());
  AffineExpr one = getAffineConstantExpr(1, getContext());
  if (input.getDim(0) != one || input.getDim(1) != result.getDim(1) ||
      input.getDim(2) != result.getDim(0) * result.getDim(2))
    return emitOpError("turns [1, tokens, heads * channels] into [heads, "
                       "tokens, channels], found ")
           << getInput().getType() << " and " << getType();
  return success();
}

/// What \p op folds to. Outside functions, ops may use their own results; a
/// result of its own would mean that the op has changed and is to be folded
/// again.
static OpFoldResult foldTo(Operation *op, Value value) {
  if (value.getDefiningOp() == op || value.getType() != op->getResultTypes()[0])
    return {};
  return value;
}

OpFoldResult SplitHeadsOp::fold(FoldAdaptor) {
  if (auto merge = getInput().getDefiningOp<MergeHeadsOp>())
    return foldTo(*this, merge.getInput());
  return {};
}

LogicalResult MergeHeadsOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location> location,
                                             MergeHeadsOp::Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  FailureOr<DimsAttr> dims =
      getMapDims<MergeHeadsOp>(location, adaptor.getInput());
  if (failed(dims))
    return failure();
  return inferMap<MergeHeadsOp>(location,
                                {getAffineConstantExpr(1, context),
                                 dims->getDim(1),
                                 dims->getDim(0) * dims->getDim(2)},
                                types);
}

OpFoldResult MergeHeadsOp::fold(FoldAdaptor) {
  if (auto split = getInput().getDefiningOp<SplitHeadsOp>())
    return foldTo(*this, split.getInput());
  return {};
}

LogicalResult RopeOp::verify() {
  const int64_t channels = getType().getDimSize(2);
  const int64_t rotary = getRotary();
  if (rotary % 2 != 0 || rotary > channels)
    return emitOpError("rotates an even number of channels, at most those of a "
                       "head (")
           << channels << "), found " << rotary;
  auto isPositive = [](const APFloat &value) {
    return value.isFiniteNonZero() && !value.isNegative();
  };
  if (ArrayAttr divisors = getDivisorsAttr())
    if (static_cast<int64_t>(divisors.size()) != rotary / 2 ||
        !llvm::all_of(divisors.getAsValueRange<FloatAttr>(), isPositive))
      return emitOpError("needs a positive divisor for each of ")
             << rotary / 2 << " pairs, found " << divisors;
  if (std::optional<APFloat> factor = getAttentionFactor())
    if (!isPositive(*factor))
      return emitOpError("needs a positive attention_factor, found ")
             << getAttentionFactorAttr();
  return success();
}

/// Checks the cache of an attention op and that its heads fit \p heads query
/// (or KV) heads.
static LogicalResult verifyCache(Operation *op, SymbolTableCollection &symbols,
                                 FlatSymbolRefAttr name, Value layer,
                                 int64_t heads, std::optional<int64_t> channels,
                                 bool isGrouped) {
  auto cache = lookup<KVCacheOp>(op, symbols, name, layer, "cache");
  if (!cache)
    return failure();
  auto type = cast<RankedTensorType>(cache.getType());
  const int64_t kvHeads = type.getDimSize(0);
  const bool headsFit =
      isGrouped ? kvHeads > 0 && heads % kvHeads == 0 : heads == kvHeads;
  if (headsFit && (!channels || *channels == type.getDimSize(2)))
    return success();
  InFlightDiagnostic diagnostic = op->emitOpError();
  if (!headsFit)
    diagnostic << "has " << heads << " heads, which must be "
               << (isGrouped ? "a multiple of the " : "the ") << kvHeads
               << " heads of the cache";
  else
    diagnostic << "has heads of " << *channels << " channels, but those of the "
               << "cache have " << type.getDimSize(2);
  diagnostic.attachNote(cache.getLoc()) << "declared here";
  return diagnostic;
}

LogicalResult KVAppendOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (dimsOf(getInput()).getDim(1) != DimsAttr::getSeq(getContext()))
    return emitOpError("appends the tokens of the call, so dimension 1 must be "
                       "seq, found ")
           << type;
  return verifyCache(*this, symbols, getCacheAttr(), getLayer(),
                     type.getDimSize(0), type.getDimSize(2),
                     /*isGrouped=*/false);
}

LogicalResult AttentionScoresOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> location,
    AttentionScoresOp::Adaptor adaptor, SmallVectorImpl<Type> &types) {
  FailureOr<DimsAttr> dims =
      getMapDims<AttentionScoresOp>(location, adaptor.getInput());
  if (failed(dims))
    return failure();
  const AffineExpr heads =
      adaptor.getHeads() ? getAffineConstantExpr(*adaptor.getHeads(), context)
                         : dims->getDim(0);
  return inferMap<AttentionScoresOp>(
      location, {heads, dims->getDim(1), DimsAttr::getTotal(context)}, types);
}

/// Checks the cache of an op with so many query heads, which lie among
/// \p places heads.
template <typename Op>
static LogicalResult verifyGroups(Op op, SymbolTableCollection &symbols,
                                  RankedTensorType places, int64_t heads) {
  for (int64_t count : {places.getDimSize(0), heads})
    if (failed(verifyCache(op, symbols, op.getCacheAttr(), op.getLayer(), count,
                           places.getDimSize(2), /*isGrouped=*/true)))
      return failure();
  if (heads <= places.getDimSize(0))
    return success();
  return op.emitOpError("has ")
         << heads << " query heads, which need as many heads or more in "
         << places;
}

LogicalResult
AttentionScoresOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyGroups(*this, symbols,
                      cast<RankedTensorType>(getInput().getType()),
                      getType().getDimSize(0));
}

/// Checks that the columns of \p value are all tokens of the cache.
static LogicalResult verifyColumns(Operation *op, Value value) {
  MLIRContext *context = op->getContext();
  AffineExpr total = DimsAttr::getTotal(context);
  if (dimsOf(value).getDim(2) == total)
    return success();
  return op->emitOpError("needs the columns (dimension 2) to be the tokens of "
                         "the cache, seq + past, found ")
         << value.getType();
}

LogicalResult SoftmaxOp::verify() { return verifyColumns(*this, getInput()); }

LogicalResult
AttentionValuesOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (failed(verifyColumns(*this, getInput())))
    return failure();
  if (failed(verifyKept(*this, getInput(), getResult(), 1)))
    return failure();
  return verifyGroups(
      *this, symbols, getType(),
      cast<RankedTensorType>(getInput().getType()).getDimSize(0));
}

//===----------------------------------------------------------------------===//
// Element-wise and selection
//===----------------------------------------------------------------------===//

static LogicalResult verifyBinary(Operation *op, Value lhs, Value rhs) {
  auto lhsType = cast<RankedTensorType>(lhs.getType());
  auto rhsType = cast<RankedTensorType>(rhs.getType());
  if (lhsType == rhsType)
    return success();
  if (rhsType.getRank() == 1 &&
      rhsType.getDimSize(0) == lhsType.getDimSize(2) &&
      rhsType.getElementType() == lhsType.getElementType())
    return success();
  return op->emitOpError("needs a second operand of the type of the first or "
                         "of one value per channel, found ")
         << lhsType << " and " << rhsType;
}

LogicalResult AddOp::verify() {
  return verifyBinary(*this, getLhs(), getRhs());
}

LogicalResult SubOp::verify() {
  return verifyBinary(*this, getLhs(), getRhs());
}

LogicalResult MulOp::verify() {
  return verifyBinary(*this, getLhs(), getRhs());
}

LogicalResult LastTokenOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> location,
                                            LastTokenOp::Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  FailureOr<DimsAttr> dims =
      getMapDims<LastTokenOp>(location, adaptor.getInput());
  if (failed(dims))
    return failure();
  return inferMap<LastTokenOp>(
      location,
      {dims->getDim(0), getAffineConstantExpr(1, context), dims->getDim(2)},
      types);
}

OpFoldResult LastTokenOp::fold(FoldAdaptor) {
  return foldTo(*this, getInput());
}

LogicalResult ArgmaxOp::verify() {
  auto type = cast<RankedTensorType>(getInput().getType());
  if (type.getDimSize(0) != 1 || type.getDimSize(1) != 1)
    return emitOpError("takes the logits of one token, [1, 1, vocabulary], as "
                       "no device is known to tell the index of each of "
                       "several; found ")
           << type;
  if (getType().getShape() != ArrayRef<int64_t>{1})
    return emitOpError("yields one index, tensor<1xi32>, found ") << getType();
  return success();
}
