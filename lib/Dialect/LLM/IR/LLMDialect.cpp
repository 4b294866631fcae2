//===- LLMDialect.cpp - The llm dialect: attributes and types -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::llm;

#include "DLAVM/Dialect/LLM/IR/LLMDialect.cpp.inc"

#include "DLAVM/Dialect/LLM/IR/LLMEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "DLAVM/Dialect/LLM/IR/LLMAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "DLAVM/Dialect/LLM/IR/LLMTypes.cpp.inc"

void LLMDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "DLAVM/Dialect/LLM/IR/LLMAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "DLAVM/Dialect/LLM/IR/LLMTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "DLAVM/Dialect/LLM/IR/LLMOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Expressions of seq and past
//===----------------------------------------------------------------------===//

namespace {
/// Prints an affine expression with as few parentheses as it can.
struct TokenExprPrinter {
  raw_ostream &os;

  void print(AffineExpr expr, int precedence) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      os << constant.getValue();
      return;
    }
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      os << (dim.getPosition() == 0 ? "seq" : "past");
      return;
    }
    auto binary = cast<AffineBinaryOpExpr>(expr);
    const bool isSum = expr.getKind() == AffineExprKind::Add;
    const int own = isSum ? 0 : 1;
    if (own < precedence)
      os << "(";
    print(binary.getLHS(), own);
    AffineExpr rhs = binary.getRHS();
    auto constant = dyn_cast<AffineConstantExpr>(rhs);
    if (isSum && constant && constant.getValue() < 0 &&
        constant.getValue() != std::numeric_limits<int64_t>::min()) {
      os << " - " << -constant.getValue();
    } else {
      os << spelling(expr.getKind());
      print(rhs, own + (isSum ? 0 : 1));
    }
    if (own < precedence)
      os << ")";
  }

  static StringRef spelling(AffineExprKind kind) {
    switch (kind) {
    case AffineExprKind::Add:
      return " + ";
    case AffineExprKind::Mul:
      return " * ";
    case AffineExprKind::FloorDiv:
      return " floordiv ";
    case AffineExprKind::CeilDiv:
      return " ceildiv ";
    case AffineExprKind::Mod:
      return " mod ";
    default:
      llvm_unreachable("not a binary expression");
    }
  }
};
} // namespace

std::string dlavm::llm::stringifyTokens(AffineExpr expr) {
  std::string text;
  llvm::raw_string_ostream os(text);
  TokenExprPrinter{os}.print(expr, 0);
  return text;
}

ParseResult dlavm::llm::parseTokenExpr(AsmParser &parser, AffineExpr &expr) {
  MLIRContext *context = parser.getContext();
  return parser.parseAffineExpr({{"seq", DimsAttr::getSeq(context)},
                                 {"past", DimsAttr::getPast(context)}},
                                expr);
}

AffineExpr DimsAttr::getSeq(MLIRContext *context) {
  return getAffineDimExpr(0, context);
}

AffineExpr DimsAttr::getPast(MLIRContext *context) {
  return getAffineDimExpr(1, context);
}

AffineExpr DimsAttr::getTotal(MLIRContext *context) {
  return getSeq(context) + getPast(context);
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(getMap().getResults(), printer, [&](AffineExpr expr) {
    printer << stringifyTokens(expr);
  });
  printer << ">";
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<AffineExpr> dims;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, [&] {
        return parseTokenExpr(parser, dims.emplace_back());
      }))
    return {};
  return parser.getChecked<DimsAttr>(
      loc, parser.getContext(),
      AffineMap::get(2, 0, dims, parser.getContext()));
}

namespace {
/// What an expression yields, and all that it is computed from, at most.
struct Bounds {
  int64_t min, max;
};
} // namespace

/// The bounds of \p expr over all calls of the largest context that a module
/// can have, or nothing where 64 bits do not hold them or it divides by less
/// than 1. Factors and divisors of pure affine expressions are constants.
static std::optional<Bounds> getBounds(AffineExpr expr) {
  constexpr int64_t maxTokens = std::numeric_limits<int32_t>::max();
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Bounds{constant.getValue(), constant.getValue()};
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return Bounds{dim.getPosition() == 0 ? 1 : 0, maxTokens};
  auto binary = cast<AffineBinaryOpExpr>(expr);
  const std::optional<Bounds> lhs = getBounds(binary.getLHS());
  const std::optional<Bounds> rhs = getBounds(binary.getRHS());
  if (!lhs || !rhs)
    return std::nullopt;
  std::optional<int64_t> a, b;
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    a = llvm::checkedAdd(lhs->min, rhs->min);
    b = llvm::checkedAdd(lhs->max, rhs->max);
    break;
  case AffineExprKind::Mul:
    a = llvm::checkedMul(lhs->min, rhs->min);
    b = llvm::checkedMul(lhs->max, rhs->max);
    break;
  default:
    // Quotients and remainders lie between what is divided, 0 and the divisor.
    if (rhs->min >= 1)
      return Bounds{std::min<int64_t>(lhs->min, 0),
                    std::max(lhs->max, rhs->max)};
    break;
  }
  if (!a || !b)
    return std::nullopt;
  return Bounds{std::min(*a, *b), std::max(*a, *b)};
}

LogicalResult
dlavm::llm::verifyTokens(function_ref<InFlightDiagnostic()> emitError,
                         AffineMap map) {
  if (map.getNumDims() != 2 || map.getNumSymbols() != 0)
    return emitError() << "dimensions must be expressions of seq and past";
  for (AffineExpr expr : map.getResults()) {
    if (!expr.isPureAffine())
      return emitError() << "dimensions must be affine in seq and past";
    if (!getBounds(expr))
      return emitError() << "dimensions must fit 64 bits in every call and "
                            "divide by positive numbers only, found "
                         << stringifyTokens(expr);
  }
  return success();
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               AffineMap map) {
  if (failed(verifyTokens(emitError, map)))
    return failure();
  // Every module has this call; what else there is depends on its context.
  MLIRContext *context = map.getContext();
  const AffineExpr call[] = {getAffineConstantExpr(1, context),
                             getAffineConstantExpr(0, context)};
  for (AffineExpr expr : map.getResults()) {
    auto size = dyn_cast<AffineConstantExpr>(expr.replaceDims(call));
    if (size && size.getValue() < 0 && !isa<AffineConstantExpr>(expr))
      return emitError() << "dimensions must be at least 0 in every call, but "
                         << stringifyTokens(expr) << " is " << size.getValue()
                         << " for one token without history";
  }
  return success();
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getRank())
    return emitError() << "the encoding gives " << getRank()
                       << " dimensions for a tensor of rank " << shape.size();
  SmallVector<int64_t> expected = getShape();
  for (auto [i, size] : llvm::enumerate(shape)) {
    const bool isConstant = isa<AffineConstantExpr>(getDim(i));
    if (size == expected[i] && ShapedType::isDynamic(size) != isConstant)
      continue;
    return emitError() << "dimension " << i << " is "
                       << (ShapedType::isDynamic(size) ? std::string("?")
                                                       : std::to_string(size))
                       << " in the shape, but " << stringifyTokens(getDim(i))
                       << " in the encoding";
  }
  return success();
}

SmallVector<int64_t> DimsAttr::getShape() const {
  return llvm::map_to_vector(getMap().getResults(), [](AffineExpr expr) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    return constant ? constant.getValue() : ShapedType::kDynamic;
  });
}

DimsAttr dlavm::llm::getDims(RankedTensorType type) {
  if (auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding()))
    return dims;
  MLIRContext *context = type.getContext();
  SmallVector<AffineExpr> exprs =
      llvm::map_to_vector(type.getShape(), [&](int64_t size) {
        return getAffineConstantExpr(size, context);
      });
  return DimsAttr::get(AffineMap::get(2, 0, exprs, context));
}

RankedTensorType dlavm::llm::getTensorType(ArrayRef<AffineExpr> dims,
                                           Type elementType) {
  MLIRContext *context = elementType.getContext();
  auto attr = DimsAttr::get(AffineMap::get(2, 0, dims, context));
  SmallVector<int64_t> shape = attr.getShape();
  const bool isDynamic = llvm::any_of(shape, ShapedType::isDynamic);
  return RankedTensorType::get(shape, elementType,
                               isDynamic ? Attribute(attr) : Attribute());
}

std::optional<int64_t> dlavm::llm::getModelLayers(ModuleOp module) {
  auto attr =
      module->getAttrOfType<IntegerAttr>(LLMDialect::getModelLayersAttrName());
  return attr ? std::optional(attr.getInt()) : std::nullopt;
}

std::optional<int64_t> dlavm::llm::getMaxTokens(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  if (!module)
    return std::nullopt;
  auto attr =
      module->getAttrOfType<IntegerAttr>(LLMDialect::getMaxTokensAttrName());
  if (!attr)
    return std::nullopt;
  return attr.getInt();
}
