//===- AccelDialect.cpp - The accel dialect -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

#include "DLAVM/Dialect/Accel/IR/AccelDialect.cpp.inc"

#include "DLAVM/Dialect/Accel/IR/AccelEnums.cpp.inc"

static ParseResult parseMemory(AsmParser &parser, std::string &memory) {
  return parser.parseKeywordOrString(&memory);
}

static void printMemory(AsmPrinter &printer, StringRef memory) {
  printer.printKeywordOrString(memory);
}

#define GET_ATTRDEF_CLASSES
#include "DLAVM/Dialect/Accel/IR/AccelAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "DLAVM/Dialect/Accel/IR/AccelTypes.cpp.inc"

#include "DLAVM/Dialect/Accel/IR/AccelInterfaces.cpp.inc"

void AccelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "DLAVM/Dialect/Accel/IR/AccelAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "DLAVM/Dialect/Accel/IR/AccelTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "DLAVM/Dialect/Accel/IR/AccelOps.cpp.inc"
      >();
}

Operation *AccelDialect::materializeConstant(OpBuilder &builder,
                                             Attribute value, Type type,
                                             Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

static bool isPositive(Attribute value) {
  auto number = dyn_cast<IntegerAttr>(value);
  return number && number.getType().isSignlessInteger(64) &&
         number.getInt() > 0;
}

LogicalResult AccelDialect::verifyOperationAttribute(Operation *op,
                                                     NamedAttribute attribute) {
  if (attribute.getName() == getLimitAttrName()) {
    if (isa<scf::ForOp>(op) && isa<StringAttr>(attribute.getValue()))
      return success();
    return op->emitError("'accel.limit' must be a string at an scf.for");
  }
  if (attribute.getName() == getDecodeAttrName()) {
    if (isa<FunctionOpInterface>(op) && isa<UnitAttr>(attribute.getValue()))
      return success();
    return op->emitError("'accel.decode' must be a unit attribute of a "
                         "function");
  }
  if (attribute.getName() == getSliceAttrName()) {
    if (isa<TaskOpInterface>(op) && isPositive(attribute.getValue()))
      return success();
    return op->emitError("'accel.slice' must be a positive i64 at a task");
  }
  if (attribute.getName() == getKeepsWeightFromAttrName()) {
    if (isa<LinearOp>(op) && isPositive(attribute.getValue()))
      return success();
    return op->emitError("'accel.keeps_weight_from' must be a positive i64 at "
                         "an accel.linear");
  }
  if (attribute.getName() == getMergesAttrName()) {
    auto names = dyn_cast<ArrayAttr>(attribute.getValue());
    if (isa<LinearOp>(op) && names && names.size() > 1 &&
        llvm::all_of(names, llvm::IsaPred<StringAttr>))
      return success();
    return op->emitError("'accel.merges' must be two strings or more at an "
                         "accel.linear");
  }
  if (attribute.getName() != getDeviceAttrName())
    return op->emitError() << "has an attribute " << attribute.getName()
                           << " that the accel dialect does not know; it knows "
                              "'accel.device', 'accel.limit', "
                              "'accel.decode', 'accel.slice', "
                              "'accel.keeps_weight_from' and "
                              "'accel.merges'";
  if (!isa<ModuleOp>(op) || !isa<StringAttr>(attribute.getValue()))
    return op->emitError("'accel.device' must be a string at the module");
  return success();
}

LogicalResult AccelDialect::verifyRegionArgAttribute(Operation *op,
                                                     unsigned region,
                                                     unsigned argument,
                                                     NamedAttribute attribute) {
  if (attribute.getName() != getLayerAttrName())
    return op->emitError() << "has the attribute " << attribute.getName()
                           << " at argument " << argument
                           << ", which the accel dialect does not know; it "
                              "knows only 'accel.layer'";
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || !isa<UnitAttr>(attribute.getValue()) ||
      !function.getArgumentTypes()[argument].isIndex())
    return op->emitError() << "'accel.layer' is a unit attribute of a "
                              "function's argument of type index, found "
                           << attribute.getValue() << " at argument "
                           << argument;
  for (unsigned i = 0; i < argument; ++i)
    if (function.getArgAttr(i, getLayerAttrName()))
      return op->emitError() << "takes a second layer as argument " << argument
                             << "; a function computes one";
  return success();
}

LogicalResult AccelDialect::verifyRegionResultAttribute(
    Operation *op, unsigned, unsigned result, NamedAttribute attribute) {
  return op->emitError() << "has the attribute " << attribute.getName()
                         << " at result " << result
                         << ", but those of the accel dialect belong to ops";
}

bool accel::isLayer(BlockArgument argument) {
  auto function =
      dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
  return function && function.getArgAttr(argument.getArgNumber(),
                                         AccelDialect::getLayerAttrName());
}

const DeviceInfo *accel::lookupDevice(Location loc, StringRef name) {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  const DeviceInfo *device = registry.lookup(name);
  if (!device)
    emitError(loc) << registry.explainMissing(name);
  return device;
}

FailureOr<int64_t> accel::getMaxTokens(ModuleOp module) {
  if (std::optional<int64_t> maxTokens = llm::getMaxTokens(module))
    return *maxTokens;
  return module.emitError("does not state its largest context; give the "
                          "module the attribute llm.max_tokens = N : i64");
}

const DeviceInfo *accel::getDevice(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  auto name =
      module->getAttrOfType<StringAttr>(AccelDialect::getDeviceAttrName());
  if (name)
    return lookupDevice(module.getLoc(), name);
  module.emitError("names no device; give the module the attribute "
                   "accel.device = \"NAME\", or run convert-llm-to-accel "
                   "first (known devices: ")
      << DeviceRegistry::instance().getNames() << ")";
  return nullptr;
}

FailureOr<llm::TokenRange> accel::getSizeRange(Operation *op, AffineExpr dim,
                                               int64_t maxTokens) {
  std::optional<llm::TokenRange> range = llm::getRange(dim, maxTokens);
  if (range && range->min >= 0)
    return *range;
  InFlightDiagnostic diagnostic = op->emitOpError("has a dimension of ")
                                  << llm::stringifyTokens(dim)
                                  << ", which in a context of " << maxTokens
                                  << " tokens ";
  if (range)
    diagnostic << "may be " << range->min << ", less than 0";
  else
    diagnostic << "needs more than 64 bits";
  return diagnostic;
}

/// What \p map is a view of.
static Value getSource(Value map) {
  // Outside functions, ops may use their own results.
  llvm::SmallPtrSet<Operation *, 4> seen;
  for (auto view = map.getDefiningOp<ViewLikeOpInterface>();
       view && seen.insert(view).second;
       view = map.getDefiningOp<ViewLikeOpInterface>())
    map = view.getViewSource();
  return map;
}

BufferOp accel::getRoot(Value map) {
  return getSource(map).getDefiningOp<BufferOp>();
}

bool accel::haveEqualStrides(Value a, Value b) {
  BufferOp rootA = getRoot(a), rootB = getRoot(b);
  if (!rootA || !rootB)
    return true;
  auto getTokens = [](BufferOp buffer) {
    return ArrayRef(buffer.getDims().getMap().getResults())
        .drop_front()
        .drop_back();
  };
  return getTokens(rootA) == getTokens(rootB) &&
         rootA.getSlice() == rootB.getSlice();
}

GetObjectOp accel::getCache(Value map) {
  auto cache = getSource(map).getDefiningOp<CacheMapOp>();
  return cache ? cache.getCache().getDefiningOp<GetObjectOp>() : GetObjectOp();
}

std::optional<int64_t> accel::getSlice(Operation *task) {
  auto slice =
      task->getAttrOfType<IntegerAttr>(AccelDialect::getSliceAttrName());
  return slice ? std::optional(slice.getInt()) : std::nullopt;
}

bool accel::isOnChip(Value map, const DeviceInfo &device) {
  auto type = dyn_cast<MemRefType>(map.getType());
  auto space =
      type ? dyn_cast_or_null<SpaceAttr>(type.getMemorySpace()) : SpaceAttr();
  const Memory *memory = space ? device.getMemory(space.getMemory()) : nullptr;
  return memory && memory->isOnChip;
}

std::optional<unsigned> accel::getOnChipFlag(OpOperand &operand,
                                             const DeviceInfo &device) {
  auto task = dyn_cast<TaskOpInterface>(operand.getOwner());
  const TaskSupport *support =
      task ? device.getTask(task.getTaskKind()) : nullptr;
  if (!support || !support->onChip || !isa<MemRefType>(operand.get().getType()))
    return std::nullopt;
  const OnChipFlags flags = support->onChip(device);
  auto destination = dyn_cast<DestinationStyleOpInterface>(*task);
  if (destination && destination.getNumDpsInits() > 1)
    return std::nullopt;
  for (OpOperand &other : task->getOpOperands()) {
    if (!isa<MemRefType>(other.get().getType()))
      continue;
    const bool isOutput = destination && destination.isDpsInit(&other);
    if (&other == &operand)
      return isOutput ? flags.output : flags.input;
    if (!isOutput)
      return destination && destination.isDpsInit(&operand) ? flags.output
                                                            : flags.secondInput;
  }
  return std::nullopt;
}

LogicalResult accel::verifyOnChip(TaskOpInterface task,
                                  const DeviceInfo &device) {
  for (OpOperand &operand : task->getOpOperands()) {
    if (!isOnChip(operand.get(), device))
      continue;
    const std::optional<unsigned> flag = getOnChipFlag(operand, device);
    if (!flag)
      return task.emitOpError("has operand #")
             << operand.getOperandNumber() << " on the chip, where "
             << device.getName()
             << " cannot have it; give it a place in memory";
    if (cast<MemRefType>(operand.get().getType()).getDimSize(1) != 1)
      return task.emitOpError("has several tokens on the chip, but ")
             << device.getName() << " keeps maps of one token there";
    for (OpOperand &other : task->getOpOperands())
      if (getOnChipFlag(other, device) == flag &&
          !isOnChip(other.get(), device))
        return task.emitOpError("has operand #")
               << operand.getOperandNumber() << " on the chip and operand #"
               << other.getOperandNumber() << " not, but " << device.getName()
               << " has one flag for both; they must lie together";
  }
  return success();
}

ObjectKind accel::getObjectKind(Kind kind) {
  switch (kind) {
  case Kind::Weight:
    return ObjectKind::Weight;
  case Kind::ConvWeight:
    return ObjectKind::ConvWeight;
  case Kind::ScaleBias:
    return ObjectKind::ScaleBias;
  case Kind::NormWeight:
    return ObjectKind::NormWeight;
  case Kind::RopeTable:
    return ObjectKind::RopeTable;
  case Kind::ActivationTable:
    return ObjectKind::ActivationTable;
  case Kind::KVCache:
    return ObjectKind::KVCache;
  }
  llvm_unreachable("unknown object kind");
}
