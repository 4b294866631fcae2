//===- AccelOps.cpp - Ops of the accel dialect ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Support/EnumAssembly.h"

#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

static ParseResult parseTokenExpr(OpAsmParser &parser, AffineMapAttr &map) {
  AffineExpr expr;
  if (llm::parseTokenExpr(parser, expr))
    return failure();
  map = AffineMapAttr::get(AffineMap::get(2, 0, expr));
  return success();
}

static void printTokenExpr(OpAsmPrinter &printer, Operation *,
                           AffineMapAttr map) {
  printer << llm::stringifyTokens(map.getValue().getResult(0));
}

static OptionalParseResult parseBinaryKind(OpAsmParser &parser,
                                           BinaryKindAttr &kind) {
  for (BinaryKind candidate : {BinaryKind::Add, BinaryKind::Mul}) {
    if (failed(parser.parseOptionalKeyword(stringifyBinaryKind(candidate))))
      continue;
    kind = BinaryKindAttr::get(parser.getContext(), candidate);
    return success();
  }
  return std::nullopt;
}

static void printBinaryKind(OpAsmPrinter &printer, Operation *,
                            BinaryKindAttr kind) {
  printer << stringifyBinaryKind(kind.getValue());
}

#define GET_OP_CLASSES
#include "DLAVM/Dialect/Accel/IR/AccelOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Token counts, buffers and objects
//===----------------------------------------------------------------------===//

void TokensOp::build(OpBuilder &builder, OperationState &state,
                     AffineExpr expr) {
  build(builder, state, builder.getIndexType(),
        AffineMapAttr::get(AffineMap::get(2, 0, expr)));
}

LogicalResult TokensOp::verify() {
  AffineMap map = getMap();
  if (map.getNumResults() != 1 || map.getNumDims() != 2 ||
      map.getNumSymbols() != 0)
    return emitOpError("is one expression of seq and past");
  return llm::verifyTokens([&] { return emitOpError(); }, map);
}

OpFoldResult TokensOp::fold(FoldAdaptor) {
  auto constant = dyn_cast<AffineConstantExpr>(getExpr());
  if (!constant)
    return {};
  return IntegerAttr::get(IndexType::get(getContext()), constant.getValue());
}

void TokensOp::inferResultRanges(ArrayRef<ConstantIntRanges>,
                                 SetIntRangeFn setResultRange) {
  std::optional<int64_t> maxTokens = llm::getMaxTokens(*this);
  if (!maxTokens)
    return;
  std::optional<llm::TokenRange> range = llm::getRange(getExpr(), *maxTokens);
  if (!range)
    return;
  setResultRange(getCount(), ConstantIntRanges::fromSigned(
                                 APInt(64, range->min, /*isSigned=*/true),
                                 APInt(64, range->max, /*isSigned=*/true)));
}

void TokensOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  std::string text = llm::stringifyTokens(getExpr());
  if (text == "seq + past")
    text = "total";
  for (char &c : text)
    if (!llvm::isAlnum(c))
      c = '_';
  setName(getCount(), text);
}

void BufferOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     MemRefType type, llm::DimsAttr dims) {
  state.addTypes(type);
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.name = builder.getStringAttr(name);
  properties.dims = dims;
}

/// Checks the numbers of a buffer that was placed.
static LogicalResult verifyPlace(BufferOp op) {
  ArrayRef<int64_t> live = *op.getLive();
  if (live.empty() || live.size() % 2 != 0)
    return op.emitOpError("needs pairs of first and last step in 'live', "
                          "found ")
           << live.size() << " numbers";
  for (size_t i = 0; i < live.size(); i += 2)
    if (live[i] < 0 || live[i + 1] < live[i])
      return op.emitOpError("needs pairs of first and last step in 'live', "
                            "found ")
             << live[i] << " and " << live[i + 1];
  if (!llvm::checkedAdd<int64_t>(*op.getAddress(), *op.getBytes()))
    return op.emitOpError("ends beyond the addresses of 64 bits");
  return success();
}

LogicalResult BufferOp::verify() {
  auto type = cast<MemRefType>(getBuffer().getType());
  if (!type.getLayout().isIdentity())
    return emitOpError("is the root of views, so it has an identity layout, "
                       "found ")
           << type;
  if (!isa_and_nonnull<SpaceAttr>(type.getMemorySpace()))
    return emitOpError("lies in a memory of the device (#accel.space<DDR>), "
                       "found ")
           << type;
  if (getDims().getShape() != type.getShape())
    return emitOpError("has the shape of its dimensions ")
           << getDimsAttr() << ", found " << type;
  if (!type.getElementType().isF16() && !type.getElementType().isInteger(32))
    return emitOpError("holds f16 or, as the result of an argmax, i32, found ")
           << type;
  if (getHost().has_value() != getChannels().has_value())
    return emitOpError("needs 'host' and 'channels' together: the host moves "
                       "rows of so many channels");
  const bool isPlaced = getAddress().has_value();
  if (getBytes().has_value() != isPlaced || getLive().has_value() != isPlaced)
    return emitOpError("needs address, bytes and live together");
  return isPlaced ? verifyPlace(*this) : success();
}

void BufferOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getBuffer(), getName());
}

void GetObjectOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getResult(), getObject());
}

/// The end of the last layer, or nothing where 64 bits do not hold it.
static std::optional<int64_t> getEnd(ObjectOp op) {
  const int64_t layers = op.getLayers().value_or(1);
  std::optional<int64_t> last = llvm::checkedMulAdd<int64_t>(
      layers - 1, *op.getStride(), *op.getAddress());
  return last ? llvm::checkedAdd<int64_t>(*last, *op.getBytes()) : last;
}

LogicalResult ObjectOp::verify() {
  const bool isPlaced = getAddress().has_value();
  if (getBytes().has_value() != isPlaced || getStride().has_value() != isPlaced)
    return emitOpError("needs address, bytes and stride together");
  if (isPlaced && !getEnd(*this))
    return emitOpError("ends beyond the addresses of 64 bits");
  const size_t rank =
      getKind() == Kind::Weight                                            ? 2
      : getKind() == Kind::RopeTable || getKind() == Kind::ActivationTable ? 0
                                                                           : 1;
  if (getShape().size() == rank &&
      llvm::all_of(getShape(), [](int64_t size) { return size > 0; }))
    return success();
  return emitOpError("of kind ")
         << stringifyKind(getKind()) << " has a shape of " << rank
         << " positive sizes, found [" << getShape() << "]";
}

LogicalResult GetObjectOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto object =
      symbols.lookupNearestSymbolFrom<ObjectOp>(*this, getObjectAttr());
  if (!object)
    return emitOpError() << "names " << getObjectAttr()
                         << ", which is no accel.object";
  if (object.getLayers().has_value() == bool(getLayer()))
    return success();
  InFlightDiagnostic diagnostic =
      emitOpError() << (getLayer() ? "gives a layer, but "
                                   : "must give a layer: ")
                    << getObjectAttr()
                    << (getLayer() ? " has no layers" : " has layers");
  diagnostic.attachNote(object.getLoc()) << "declared here";
  return diagnostic;
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

/// The number of heads and of tokens of a map, as text: "[32, seq, 128]".
static std::string headsComment(Value map) {
  auto type = cast<MemRefType>(map.getType());
  return std::to_string(type.getDimSize(0)) + " heads";
}

/// Tokens (the last dimension but one) of a map.
static int64_t getTokens(Value map) {
  auto type = cast<MemRefType>(map.getType());
  return type.getDimSize(type.getRank() - 2);
}

/// Checks that \p map has rank 3 and as many channel groups as \p channels
/// need.
static LogicalResult verifyChannels(Operation *op, Value map, int64_t channels,
                                    StringRef what) {
  auto type = cast<MemRefType>(map.getType());
  const int64_t lanes = type.getDimSize(type.getRank() - 1);
  if (type.getRank() == 3 && lanes > 0 &&
      type.getDimSize(0) == (channels - 1) / lanes + 1)
    return success();
  return op->emitOpError("has ")
         << channels << " " << what
         << " channels, which need a map [channels / lanes, tokens, lanes], "
            "found "
         << type;
}

/// Checks that two maps have the same number of tokens, as far as types tell.
static LogicalResult verifyTokens(Operation *op, Value a, Value b) {
  const int64_t tokens = getTokens(a), others = getTokens(b);
  if (tokens == others)
    return success();
  return op->emitOpError("needs maps with the same tokens, found ")
         << a.getType() << " and " << b.getType();
}

static LogicalResult verifyHeads(Operation *op, Value map, int64_t kvHeads) {
  auto type = cast<MemRefType>(map.getType());
  if (type.getRank() == 4 && !type.isDynamicDim(0) &&
      type.getDimSize(0) >= kvHeads && type.getDimSize(0) % kvHeads == 0)
    return success();
  return op->emitOpError("needs [heads, ...] with a multiple of the ")
         << kvHeads << " KV heads, found " << type;
}

LogicalResult LinearOp::verify() {
  if (failed(verifyChannels(*this, getInput(), getInputChannels(), "input")) ||
      failed(
          verifyChannels(*this, getOutput(), getOutputChannels(), "output")) ||
      failed(verifyTokens(*this, getInput(), getOutput())))
    return failure();
  if (getResidual() &&
      (failed(verifyChannels(*this, getResidual(), getOutputChannels(),
                             "output")) ||
       failed(verifyTokens(*this, getResidual(), getOutput()))))
    return failure();
  if (bool(getResidual()) != getResidualKind().has_value())
    return emitOpError("needs a residual and what to do with it together");
  if ((getResidual() || getArgmax()) && !getScaleBias())
    return emitOpError("needs scale and bias where it has a residual or an "
                       "argmax");
  auto type = cast<MemRefType>(getOutput().getType());
  if (getArgmax() && type.getDimSize(type.getRank() - 2) != 1)
    return emitOpError("takes the argmax of one token, found ") << type;
  return success();
}

TaskKind LinearOp::getTaskKind() { return TaskKind::Linear; }

std::string LinearOp::getComment() {
  std::string text = "linear " + std::to_string(getInputChannels()) + " -> " +
                     std::to_string(getOutputChannels());
  if (getScaleBias())
    text += ", scale and bias";
  if (getResidual())
    text += getResidualKind() == BinaryKind::Add ? ", plus residual"
                                                 : ", times residual";
  if (getArgmax())
    text += ", argmax";
  return text;
}

SmallVector<OpOperand *> LinearOp::getSlicedOperands() {
  SmallVector<OpOperand *> operands = {&getInputMutable(), &getOutputMutable()};
  for (OpOperand &residual : getResidualMutable())
    operands.push_back(&residual);
  return operands;
}

/// A task whose output has the channels and tokens of its input.
template <typename Op> static LogicalResult verifySameShape(Op op) {
  if (failed(verifyChannels(op, op.getInput(), op.getChannels(), "input")) ||
      failed(verifyChannels(op, op.getOutput(), op.getChannels(), "output")))
    return failure();
  return verifyTokens(op, op.getInput(), op.getOutput());
}

LogicalResult NormOp::verify() { return verifySameShape(*this); }
LogicalResult ActivationOp::verify() { return verifySameShape(*this); }

LogicalResult ScoresOp::verify() {
  if (failed(verifyHeads(*this, getInput(), getKvHeads())) ||
      failed(verifyHeads(*this, getOutput(), getKvHeads())))
    return failure();
  return verifyTokens(*this, getInput(), getOutput());
}

LogicalResult ValuesOp::verify() {
  if (failed(verifyHeads(*this, getInput(), getKvHeads())) ||
      failed(verifyHeads(*this, getOutput(), getKvHeads())))
    return failure();
  return verifyTokens(*this, getInput(), getOutput());
}

LogicalResult ElementwiseOp::verify() {
  for (Value map : {getRhs(), getOutput()})
    if (cast<MemRefType>(map.getType()).getShape() !=
        cast<MemRefType>(getLhs().getType()).getShape())
      return emitOpError("needs maps of one shape, found ")
             << getLhs().getType() << " and " << map.getType();
  return success();
}

TaskKind NormOp::getTaskKind() { return TaskKind::Norm; }
std::string NormOp::getComment() {
  return (getKind() == NormKind::RMS ? "RMS norm of " : "layer norm of ") +
         std::to_string(getChannels()) + " channels";
}

TaskKind ActivationOp::getTaskKind() { return TaskKind::Activation; }
std::string ActivationOp::getComment() {
  return "activation of " + std::to_string(getChannels()) + " channels";
}

TaskKind RopeOp::getTaskKind() { return TaskKind::Rope; }
std::string RopeOp::getComment() {
  return "rotary embedding of " + headsComment(getInput());
}

TaskKind KVAppendOp::getTaskKind() { return TaskKind::KVAppend; }
std::string KVAppendOp::getComment() {
  return "append " + headsComment(getInput()) + " to the cache";
}

TaskKind ScoresOp::getTaskKind() { return TaskKind::Scores; }
std::string ScoresOp::getComment() {
  return "scores of " + headsComment(getInput()) + " with " +
         std::to_string(getKvHeads()) + " KV heads";
}
SmallVector<OpOperand *> ScoresOp::getSlicedOperands() {
  return {&getInputMutable(), &getOutputMutable()};
}

TaskKind SoftmaxOp::getTaskKind() { return TaskKind::Softmax; }
std::string SoftmaxOp::getComment() {
  return "causal softmax of " + headsComment(getInput());
}

TaskKind ValuesOp::getTaskKind() { return TaskKind::Values; }
std::string ValuesOp::getComment() {
  return "values of " + headsComment(getInput()) + " with " +
         std::to_string(getKvHeads()) + " KV heads";
}
SmallVector<OpOperand *> ValuesOp::getSlicedOperands() {
  return {&getInputMutable(), &getOutputMutable()};
}

TaskKind ElementwiseOp::getTaskKind() { return TaskKind::Elementwise; }
std::string ElementwiseOp::getComment() {
  return getKind() == BinaryKind::Add ? "element-wise sum"
                                      : "element-wise product";
}
