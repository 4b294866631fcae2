//===- AccelOps.cpp - Ops of the accel dialect ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Support/EnumAssembly.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "mlir/IR/Matchers.h"
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
  const bool isToken = type.getElementType().isInteger(32);
  if (!isa_and_nonnull<SpaceAttr>(type.getMemorySpace()) &&
      !(isToken && isInRegister()))
    return emitOpError("lies in a memory of the device (#accel.space<DDR>), "
                       "found ")
           << type;
  if (getDims().getShape() != type.getShape())
    return emitOpError("has the shape of its dimensions ")
           << getDimsAttr() << ", found " << type;
  if (!type.getElementType().isF16() && !isToken)
    return emitOpError("holds f16 or, as the result of an argmax, i32, found ")
           << type;
  const bool isHost = getRole().has_value();
  if (getHost().has_value() != isHost || getChannels().has_value() != isHost)
    return emitOpError("needs 'role', 'host' and 'channels' together: the host "
                       "moves rows of so many channels");
  if (isHost && (getRole() == HostRole::Token) != isToken)
    return emitOpError("holds i32 if and only if the host reads a token, found "
                       "'")
           << stringifyHostRole(*getRole()) << "' of " << type;
  if (std::optional<llm::WindowAttr> patches = getPatches())
    if (!isInput() || !patches->isCut() || type.getRank() != 3 ||
        type.getDimSize(1) != patches->getOutputPixels() ||
        *getChannels() % patches->getKernelPixels() != 0)
      return emitOpError("has 'patches' of an image, so it is an input with "
                         "their pixels as channels and as many tokens, found ")
             << type;
  if (getSlice() && (isHost || type.getRank() != 3))
    return emitOpError("holds slices of tokens, so it is a map that only tasks "
                       "use, found ")
           << type;
  const bool isPlaced = getAddress().has_value();
  if (getBytes().has_value() != isPlaced || getLive().has_value() != isPlaced)
    return emitOpError("needs address, bytes and live together");
  if (isPlaced && isInRegister())
    return emitOpError("lies in no memory, so it has no address");
  return isPlaced ? verifyPlace(*this) : success();
}

SmallVector<AffineExpr> BufferOp::getLargestDims() {
  SmallVector<AffineExpr> dims(getDims().getMap().getResults());
  if (std::optional<int64_t> slice = getSlice())
    dims[1] = getAffineConstantExpr(*slice, getContext());
  return dims;
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
      getKind() == Kind::ConvWeight                                        ? 4
      : getKind() == Kind::Weight                                          ? 2
      : getKind() == Kind::RopeTable || getKind() == Kind::ActivationTable ? 0
                                                                           : 1;
  if (getShape().size() != rank ||
      !llvm::all_of(getShape(), [](int64_t size) { return size > 0; }))
    return emitOpError("of kind ")
           << stringifyKind(getKind()) << " has a shape of " << rank
           << " positive sizes, found [" << getShape() << "]";
  // No memory has more, and what devices compute of it stays within 64 bits.
  constexpr int64_t most = int64_t(1) << 40;
  int64_t elements = 1;
  for (int64_t size : getShape()) {
    if (size > most / elements)
      return emitOpError("has the shape [")
             << getShape() << "], more than 2^40 elements";
    elements *= size;
  }
  return success();
}

LogicalResult GetObjectOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto object =
      symbols.lookupNearestSymbolFrom<ObjectOp>(*this, getObjectAttr());
  if (!object)
    return emitOpError() << "names " << getObjectAttr()
                         << ", which is no accel.object";
  Value layer = getLayer();
  const std::optional<int64_t> layers = object.getLayers();
  APInt number;
  const bool isKnown = layer && matchPattern(layer, m_ConstantInt(&number));
  if (layers.has_value() == bool(layer) && !(isKnown && number.uge(*layers)))
    return success();
  InFlightDiagnostic diagnostic = emitOpError();
  if (layer && layers)
    diagnostic << "gives the layer " << number.getSExtValue() << ", but "
               << getObjectAttr() << " has 0 to " << *layers - 1;
  else
    diagnostic << (layer ? "gives a layer, but " : "must give a layer: ")
               << getObjectAttr() << (layer ? " has no layers" : " has layers");
  diagnostic.attachNote(object.getLoc()) << "declared here";
  return diagnostic;
}

LogicalResult CacheMapOp::verify() {
  auto type = cast<MemRefType>(getMap().getType());
  if (type.hasStaticShape() && type.getLayout().isIdentity() &&
      isa_and_nonnull<SpaceAttr>(type.getMemorySpace()))
    return success();
  return emitOpError("is a whole map, of a static shape with an identity "
                     "layout in a memory of the device, found ")
         << type;
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

static std::string headsComment(int64_t heads) {
  return std::to_string(heads) + " heads";
}

static int64_t getTokens(Value map) {
  return cast<MemRefType>(map.getType()).getDimSize(1);
}

/// Checks that \p map has as many surfaces as \p channels need.
static LogicalResult verifyChannels(Operation *op, Value map, int64_t channels,
                                    StringRef what) {
  auto type = cast<MemRefType>(map.getType());
  const int64_t lanes = type.getDimSize(2);
  if (lanes > 0 && type.getDimSize(0) == (channels - 1) / lanes + 1)
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

/// Checks that \p map holds the channels of so many heads.
static LogicalResult verifyHeads(Operation *op, Value map, int64_t heads,
                                 int64_t headChannels) {
  std::optional<int64_t> channels = llvm::checkedMul(heads, headChannels);
  if (!channels)
    return op->emitOpError("has ") << heads << " heads of " << headChannels
                                   << " channels, more than 64 bits can count";
  return verifyChannels(op, map, *channels, "head");
}

/// Checks that \p map holds a row of columns for each head.
static LogicalResult verifyColumns(Operation *op, Value map, int64_t heads) {
  auto type = cast<MemRefType>(map.getType());
  if (type.isDynamicDim(0) || type.getDimSize(0) % heads == 0)
    return success();
  return op->emitOpError("needs surfaces for each of the ")
         << heads << " heads, found " << type;
}

/// Checks the heads of scores and values.
template <typename Op>
static LogicalResult verifyAttention(Op op, Value heads, Value columns) {
  if (op.getHeads() % op.getKvHeads() != 0)
    return op.emitOpError("needs a multiple of the ")
           << op.getKvHeads() << " KV heads, found " << op.getHeads()
           << " heads";
  const int64_t slots = op.getSlotsPerKVHead();
  if (slots < static_cast<int64_t>(op.getHeads() / op.getKvHeads()))
    return op.emitOpError("needs a slot for each of the ")
           << op.getHeads() / op.getKvHeads() << " heads of a KV head, found "
           << slots;
  if (failed(verifyHeads(op, heads, saturatingProduct(slots, op.getKvHeads()),
                         op.getHeadChannels())) ||
      failed(verifyColumns(op, columns, op.getHeads())))
    return failure();
  if (!op.getPart().empty() && op.getPart().size() != 5)
    return op.emitOpError("needs five numbers in 'part': KV head, first "
                          "channel, channels, whether it reuses the cache, and "
                          "the input; found ")
           << op.getPart().size();
  return verifyTokens(op, op.getInput(), op.getOutput());
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
  if (getResidualKind() == BinaryKind::Sub)
    return emitOpError("adds a residual or multiplies with it, found sub");
  if ((getResidual() || getArgmax()) && !getScaleBias())
    return emitOpError("needs scale and bias where it has a residual or an "
                       "argmax");
  if (!getPart().empty() && getPart().size() != 4)
    return emitOpError("needs four numbers in 'part': first channel, channels, "
                       "whether it reuses the weight, and the input; found ")
           << getPart().size();
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
  if (getRelu())
    text += ", relu";
  if (getArgmax())
    text += ", argmax";
  return text;
}

OpFoldResult LinearOp::getSharedChannels() { return getOutputChannelsAttr(); }

bool LinearOp::isPart() { return !getPart().empty(); }

void LinearOp::setPart(ValueRange part) { getPartMutable().assign(part); }

LogicalResult Conv2DOp::verify() {
  if (failed(verifyChannels(*this, getInput(), getInputChannels(), "input")) ||
      failed(verifyChannels(*this, getOutput(), getOutputChannels(), "output")))
    return failure();
  if (isPart()) {
    if (getPart().size() == 7)
      return success();
    return emitOpError("needs seven numbers in 'part': first channel, "
                       "channels, whether it reuses the weight, and the input, "
                       "rows of the input, of the output, and of the padding "
                       "above; found ")
           << getPart().size();
  }
  if (getTokens(getInput()) == getWindow().getPixels() &&
      getTokens(getOutput()) == getWindow().getOutputPixels())
    return success();
  return emitOpError("needs maps of ")
         << getWindow().getPixels() << " and " << getWindow().getOutputPixels()
         << " pixels, as its window has, found " << getInput().getType()
         << " and " << getOutput().getType();
}

TaskKind Conv2DOp::getTaskKind() { return TaskKind::Conv2D; }

std::string Conv2DOp::getComment() {
  const llm::WindowAttr window = getWindow();
  return "convolution " + std::to_string(window.getKernelRows()) + " x " +
         std::to_string(window.getKernelColumns()) + ", " +
         std::to_string(window.getRows()) + " x " +
         std::to_string(window.getColumns()) + " x " +
         std::to_string(getInputChannels()) + " -> " +
         std::to_string(window.getOutputRows()) + " x " +
         std::to_string(window.getOutputColumns()) + " x " +
         std::to_string(getOutputChannels()) + (getRelu() ? ", relu" : "");
}

OpFoldResult Conv2DOp::getSharedChannels() { return getOutputChannelsAttr(); }

bool Conv2DOp::isPart() { return !getPart().empty(); }

void Conv2DOp::setPart(ValueRange part) { getPartMutable().assign(part); }

/// A task whose output has the channels and tokens of its input.
template <typename Op> static LogicalResult verifySameShape(Op op) {
  if (failed(verifyChannels(op, op.getInput(), op.getChannels(), "input")) ||
      failed(verifyChannels(op, op.getOutput(), op.getChannels(), "output")))
    return failure();
  return verifyTokens(op, op.getInput(), op.getOutput());
}

LogicalResult NormOp::verify() {
  if (!getHeads())
    return verifySameShape(*this);
  for (Value map : {getInput(), getOutput()})
    // A part of the heads is a view.
    if (!cast<MemRefType>(map.getType()).isDynamicDim(0) &&
        failed(verifyHeads(*this, map, *getHeads(), getChannels())))
      return failure();
  return verifyTokens(*this, getInput(), getOutput());
}
std::optional<int64_t> NormOp::getSharedHeads() { return getHeads(); }

LogicalResult ActivationOp::verify() { return verifySameShape(*this); }

LogicalResult RopeOp::verify() {
  for (Value map : {getInput(), getOutput()})
    if (failed(verifyHeads(*this, map, getHeads(), getHeadChannels())))
      return failure();
  return verifyTokens(*this, getInput(), getOutput());
}

LogicalResult KVAppendOp::verify() {
  return verifyHeads(*this, getInput(), getHeads(), getHeadChannels());
}

LogicalResult ScoresOp::verify() {
  return verifyAttention(*this, getInput(), getOutput());
}

LogicalResult ValuesOp::verify() {
  return verifyAttention(*this, getOutput(), getInput());
}

// The keys are the channels of the scores.
OpFoldResult ScoresOp::getSharedChannels() { return getKeys(); }
std::optional<int64_t> ScoresOp::getSharedHeads() { return getKvHeads(); }
bool ScoresOp::isPart() { return !getPart().empty(); }
void ScoresOp::setPart(ValueRange part) { getPartMutable().assign(part); }

OpFoldResult ValuesOp::getSharedChannels() { return getHeadChannelsAttr(); }
std::optional<int64_t> ValuesOp::getSharedHeads() { return getKvHeads(); }
bool ValuesOp::isPart() { return !getPart().empty(); }
void ValuesOp::setPart(ValueRange part) { getPartMutable().assign(part); }

LogicalResult SoftmaxOp::verify() {
  for (Value map : {getInput(), getOutput()})
    if (failed(verifyColumns(*this, map, getHeads())))
      return failure();
  return verifyTokens(*this, getInput(), getOutput());
}

LogicalResult ElementwiseOp::verify() {
  for (Value map : {getRhs(), getOutput()})
    if (cast<MemRefType>(map.getType()).getShape() !=
        cast<MemRefType>(getLhs().getType()).getShape())
      return emitOpError("needs maps of one shape, found ")
             << getLhs().getType() << " and " << map.getType();
  return verifyChannels(*this, getOutput(), getChannels(), "output");
}

TaskKind NormOp::getTaskKind() { return TaskKind::Norm; }
std::string NormOp::getComment() {
  return (getKind() == NormKind::RMS ? "RMS norm of " : "layer norm of ") +
         (getHeads() ? headsComment(*getHeads()) + " of " : "") +
         std::to_string(getChannels()) + " channels";
}

TaskKind ActivationOp::getTaskKind() { return TaskKind::Activation; }
std::string ActivationOp::getComment() {
  return "activation of " + std::to_string(getChannels()) + " channels";
}

OpOperand *RopeOp::getPositionOperand() { return &getPastMutable(); }

TaskKind RopeOp::getTaskKind() { return TaskKind::Rope; }
std::string RopeOp::getComment() {
  return "rotary embedding of " + headsComment(getHeads());
}

OpOperand *KVAppendOp::getPositionOperand() { return &getPastMutable(); }

TaskKind KVAppendOp::getTaskKind() { return TaskKind::KVAppend; }
std::string KVAppendOp::getComment() {
  return "append " + headsComment(getHeads()) + " to the cache";
}

TaskKind ScoresOp::getTaskKind() { return TaskKind::Scores; }
std::string ScoresOp::getComment() {
  return "scores of " + headsComment(getHeads()) + " with " +
         std::to_string(getKvHeads()) + " KV heads";
}

OpOperand *SoftmaxOp::getPositionOperand() { return &getPastMutable(); }

TaskKind SoftmaxOp::getTaskKind() { return TaskKind::Softmax; }
std::string SoftmaxOp::getComment() {
  return (getMask() == MaskKind::Never ? "softmax of " : "causal softmax of ") +
         headsComment(getHeads());
}

TaskKind ValuesOp::getTaskKind() { return TaskKind::Values; }
std::string ValuesOp::getComment() {
  return "values of " + headsComment(getHeads()) + " with " +
         std::to_string(getKvHeads()) + " KV heads";
}

TaskKind ElementwiseOp::getTaskKind() { return TaskKind::Elementwise; }
std::string ElementwiseOp::getComment() {
  switch (getKind()) {
  case BinaryKind::Add:
    return "element-wise sum";
  case BinaryKind::Mul:
    return "element-wise product";
  case BinaryKind::Sub:
    return "element-wise difference";
  }
  llvm_unreachable("not a kind of combination");
}
