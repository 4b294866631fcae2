//===- HostFunctions.cpp - What the host calls besides run --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostFunctions.h"

#include "DLAVM/Encoding/TaskWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlavm;

/// The host moves a row for each token of the call, or always as many: those of
/// the last token, or the pixels of an image.
LogicalResult HostFunctions::collect(accel::BufferOp buffer) {
  const bool hasRegister =
      device.getTask(TaskKind::Linear) &&
      device.getTask(TaskKind::Linear)->registers.lookup(RegisterRole::Result);
  FlatSymbolRefAttr symbol;
  if (!buffer.isInRegister() || !hasRegister) {
    symbol = symbols.getBuffer(buffer);
    if (!symbol)
      return failure();
  }
  if (!buffer.getHost())
    return success();
  // accel-outline-starts gives each function a buffer of its own for one place.
  if (llvm::any_of(buffers, [&](const HostBuffer &other) {
        return other.symbol == symbol && other.name == *buffer.getHost();
      }))
    return success();
  const llm::DimsAttr dims = buffer.getDims();
  MLIRContext *context = buffer.getContext();
  const AffineExpr one = getAffineConstantExpr(1, context);
  const AffineExpr tokens =
      dims.getRank() < 3 ? one : dims.getDim(dims.getRank() - 2);
  std::optional<int64_t> rows;
  if (auto constant = dyn_cast<AffineConstantExpr>(tokens))
    rows = constant.getValue();
  if (!rows && tokens != llm::DimsAttr::getSeq(context))
    return buffer.emitOpError("has ")
           << llm::stringifyTokens(tokens) << " tokens, but the host "
           << (buffer.isInput() ? "writes" : "reads")
           << " those of the call, which are seq, or always as many";
  buffers.push_back({buffer.getHost()->str(), *buffer.getRole(), symbol,
                     static_cast<int64_t>(buffer.getChannels().value_or(1)),
                     rows, buffer.getPatchesAttr()});
  return success();
}

LogicalResult HostFunctions::collect(ModuleOp module, bool copyWeights) {
  WalkResult result = module.walk(
      [&](accel::BufferOp buffer) { return WalkResult(collect(buffer)); });
  if (result.wasInterrupted())
    return failure();
  if (auto name = module->getAttrOfType<FlatSymbolRefAttr>(
          llm::LLMDialect::getEmbeddingAttrName())) {
    embedding = symbols.getParameter(name);
    module->removeAttr(llm::LLMDialect::getEmbeddingAttrName());
  }
  return copyWeights ? placeScratch(module) : success();
}

/// The scratch buffer takes the largest file of one port.
LogicalResult HostFunctions::placeScratch(ModuleOp module) {
  if (!device.encodeWeightCopy)
    return module.emitError("cannot load weights by wt2hbm: ")
           << device.getName() << " has no task that copies weights";
  const Memory &memory = device.getMapMemory();
  int64_t bytes = 0, end = 0;
  for (auto object : module.getOps<csb::ObjectOp>()) {
    if (object.getSpace() == memory.name)
      end = std::max(end, object.getEnd());
    else if (object.getFile())
      bytes = std::max<int64_t>(bytes, object.getBytes());
  }
  for (auto buffer : module.getOps<csb::BufferOp>())
    end = std::max(end, buffer.getEnd());
  const int64_t address = llvm::alignTo(end, memory.alignment);
  if (address + bytes > memory.capacity)
    return module.emitError("needs ")
           << bytes << " bytes of " << memory.name << " to copy weights from, "
           << address + bytes - memory.capacity
           << " more than are left; use --weight-loading=dma";
  // It is used before any run, so no step of a run counts.
  scratch = symbols.addBuffer("scratch", memory, address,
                              std::max<int64_t>(bytes, 1), {0, 0},
                              /*isInput=*/false);
  return success();
}

void HostFunctions::create(ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  if (scratch)
    createCopyWeights(builder);
  createLoadParameters(builder, module);
  for (const HostBuffer &buffer : buffers) {
    switch (buffer.role) {
    case accel::HostRole::Input:
      createWrite(builder, buffer);
      break;
    case accel::HostRole::Output:
      createRead(builder, buffer);
      break;
    case accel::HostRole::Token:
      createReadToken(builder, buffer);
      break;
    }
  }
  if (embedding)
    createReadEmbeddings(builder);
}

Block *HostFunctions::createFunction(OpBuilder &builder, StringRef name,
                                     ArrayRef<Type> arguments,
                                     ArrayRef<StringRef> names,
                                     TypeRange results) {
  auto function = func::FuncOp::create(
      builder, builder.getUnknownLoc(), name,
      FunctionType::get(builder.getContext(), arguments, results));
  Block *entry = function.addEntryBlock();
  for (auto [argument, text] : llvm::zip_equal(entry->getArguments(), names))
    argument.setLoc(NameLoc::get(builder.getStringAttr(text)));
  builder.setInsertionPointToStart(entry);
  return entry;
}

namespace {
/// Closes a function and goes on behind it.
void finish(OpBuilder &builder, ValueRange results = {}) {
  auto ret = func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  builder.setInsertionPointAfter(ret->getParentOp());
}

/// An encoder of a copy has no operands to read.
class NoOperands : public OperandReader {
  MapOperand getMap(Value) override { llvm_unreachable("no maps here"); }
  Word getObject(Value) override { llvm_unreachable("no objects here"); }
  Word getWord(Value) override { llvm_unreachable("no counts here"); }
};
} // namespace

void HostFunctions::createCopyWeights(OpBuilder &builder) {
  Location loc = builder.getUnknownLoc();
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  Block *entry = createFunction(builder, "copy_weights", {i64, i64, i64, i32},
                                {"source", "destination", "bytes", "port"}, {});
  const Memory &source = device.getMapMemory();
  const Memory &destination = device.getMemory(RegisterRole::TransferOut);
  const int64_t slice = device.weightCopyBytes;
  auto constant = [&](int64_t value) {
    return Word(value).materialize(builder, loc, i64);
  };
  auto loop = scf::ForOp::create(builder, loc, constant(0),
                                 entry->getArgument(2), constant(slice));
  builder.setInsertionPointToStart(loop.getBody());
  Value variable = loop.getInductionVar();
  variable.setLoc(NameLoc::get(builder.getStringAttr("offset")));
  auto argument = [&](unsigned i, int64_t max) {
    return Word(builder, entry->getArgument(i), 0, max);
  };
  csb::TaskOp::create(builder, loc, "copy_weights", Value(),
                      "copy of weights from " + source.name + " to one " +
                          destination.name + " port",
                      /*output=*/FlatSymbolRefAttr(), /*unmasked=*/false,
                      /*slice=*/IntegerAttr(), /*merges=*/ArrayAttr());
  const Word offset(builder, variable, 0, destination.capacity - 1);
  const Word bytes = argument(2, destination.capacity);
  // The hardware's address is that of the host without the base.
  const int64_t base = destination.dmaBase;
  const Word target(builder, entry->getArgument(1), base,
                    base + destination.portStride * destination.ports - 1);
  const WeightCopy copy = {argument(0, source.capacity - 1) + offset,
                           (target - base + offset).named("address"),
                           min(bytes - offset, slice),
                           argument(3, destination.ports - 1)};
  const TaskSupport *support = device.getTask(TaskKind::WeightCopy);
  NoOperands reader;
  TaskWriter writer(device, support->registers, reader);
  device.encodeWeightCopy(copy, writer);
  writer.finish(builder, loc);
  builder.setInsertionPointAfter(loop);
  finish(builder);
}

void HostFunctions::createLoadParameters(OpBuilder &builder, ModuleOp module) {
  Block *entry = createFunction(builder, "load_parameters",
                                {csb::DirectoryType::get(builder.getContext())},
                                {"directory"}, {});
  FlatSymbolRefAttr copy, buffer, base;
  if (scratch) {
    copy = FlatSymbolRefAttr::get(builder.getContext(), "copy_weights");
    buffer = FlatSymbolRefAttr::get(scratch);
    base = getMapBase();
  }
  csb::LoadParametersOp::create(builder, builder.getUnknownLoc(),
                                entry->getArgument(0), copy, buffer, base,
                                /*kept=*/FlatSymbolRefAttr());
  if (device.getTraits().readsUnwrittenCache)
    for (auto object : module.getOps<csb::ObjectOp>())
      if (!object.getFile())
        csb::ClearOp::create(builder, builder.getUnknownLoc(),
                             object.getSymName());
  finish(builder);
}

/// A map of more tokens than the context has would leave its buffer.
void HostFunctions::createCheck(OpBuilder &builder, Value seq) {
  Location loc = builder.getUnknownLoc();
  csb::CheckCallOp::create(builder, loc, seq, Word(0).materialize(builder, loc),
                           maxTokens);
}

FlatSymbolRefAttr HostFunctions::getMapBase() {
  const Memory &memory = device.getMapMemory();
  return symbols.getConstant(StringRef(memory.name).lower() + "_base",
                             memory.dmaBase);
}

/// The host's DMA address of a buffer.
Value HostFunctions::getDMAAddress(OpBuilder &builder,
                                   FlatSymbolRefAttr symbol) {
  Location loc = builder.getUnknownLoc();
  Type i64 = builder.getI64Type();
  Value baseAddress = csb::AddressOfOp::create(builder, loc, i64, getMapBase());
  Value address = csb::AddressOfOp::create(builder, loc, i64, symbol);
  return arith::AddIOp::create(builder, loc, baseAddress, address,
                               arith::IntegerOverflowFlags::nsw);
}

/// Maps lie in all ports of their memory.
template <typename Op> void HostFunctions::setPorts(Op transfer) {
  const Memory &memory = device.getMapMemory();
  if (memory.ports == 1)
    return;
  transfer.setPorts(memory.ports);
  transfer.setPortStride(memory.portStride);
}

void HostFunctions::createWrite(OpBuilder &builder, const HostBuffer &buffer) {
  SmallVector<Type> arguments = {csb::RowsType::get(builder.getContext())};
  SmallVector<StringRef> names = {"rows"};
  if (!buffer.rows) {
    arguments.push_back(builder.getI32Type());
    names.push_back("seq");
  }
  Block *entry =
      createFunction(builder, "write_" + buffer.name, arguments, names, {});
  if (!buffer.rows)
    createCheck(builder, entry->getArgument(1));
  Location loc = builder.getUnknownLoc();
  Value address = getDMAAddress(builder, buffer.symbol);
  Value tokens = buffer.rows ? Word(*buffer.rows).materialize(builder, loc)
                             : Value(entry->getArgument(1));
  auto write = csb::DMAWriteOp::create(
      builder, loc, entry->getArgument(0), address, tokens, buffer.channels,
      device.getTraits().lanes, {}, {}, buffer.patches);
  setPorts(write);
  finish(builder);
}

void HostFunctions::createRead(OpBuilder &builder, const HostBuffer &buffer) {
  Type rows = csb::RowsType::get(builder.getContext());
  SmallVector<Type> arguments;
  SmallVector<StringRef> names;
  if (!buffer.rows) {
    arguments.push_back(builder.getI32Type());
    names.push_back("seq");
  }
  Block *entry =
      createFunction(builder, "read_" + buffer.name, arguments, names, rows);
  if (!buffer.rows)
    createCheck(builder, entry->getArgument(0));
  Location loc = builder.getUnknownLoc();
  Value address = getDMAAddress(builder, buffer.symbol);
  Value tokens = buffer.rows ? Word(*buffer.rows).materialize(builder, loc)
                             : Value(entry->getArgument(0));
  auto read =
      csb::DMAReadOp::create(builder, loc, rows, address, tokens,
                             buffer.channels, device.getTraits().lanes, {}, {});
  setPorts(read);
  finish(builder, read.getRows());
}

void HostFunctions::createReadToken(OpBuilder &builder,
                                    const HostBuffer &buffer) {
  Type i32 = builder.getI32Type();
  createFunction(builder, "read_" + buffer.name, {}, {}, i32);
  MLIRContext *context = builder.getContext();
  const RegisterTable &table = device.getTask(TaskKind::Linear)->registers;
  const Register *result = table.lookup(RegisterRole::Result);
  if (!result) {
    auto word = csb::DMAReadWordOp::create(
        builder, NameLoc::get(builder.getStringAttr("id")), i32,
        getDMAAddress(builder, buffer.symbol), device.getTraits().argmaxBits);
    return finish(builder, word.getResult());
  }
  auto reg = SymbolRefAttr::get(context, table.getName(),
                                FlatSymbolRefAttr::get(context, result->name));
  Value token = csb::ReadOp::create(builder, builder.getUnknownLoc(), i32, reg,
                                    buffer.symbol);
  finish(builder, token);
}

void HostFunctions::createReadEmbeddings(OpBuilder &builder) {
  MLIRContext *context = builder.getContext();
  auto parameter = cast<csb::ParameterOp>(
      SymbolTable::lookupSymbolIn(symbols.getTable().getOp(), embedding));
  auto shape = cast<RankedTensorType>(parameter.getType()).getShape();
  Type rows = csb::RowsType::get(context);
  Block *entry = createFunction(
      builder, "read_embeddings",
      {csb::DirectoryType::get(context), csb::IdsType::get(context)},
      {"directory", "ids"}, rows);
  Value result = csb::ReadEmbeddingsOp::create(
      builder, builder.getUnknownLoc(), rows, entry->getArgument(0),
      entry->getArgument(1), embedding, shape[0], shape[1], "embedding.bin");
  finish(builder, result);
}
