//===- PartitionImage.cpp - Cut a convolution to what fits ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sizes of images are constants. The first start has padding above its rows
// and the last has what is left, so that a loop goes over those in between.
//
//===----------------------------------------------------------------------===//

#include "PartitionImage.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

namespace {

class ImagePartition {
public:
  ImagePartition(TaskOpInterface task, ArrayRef<PartitionLoop> loops)
      : task(task), window(task.getWindow()), loops(loops), builder(task),
        loc(task.getLoc()),
        channels(*getConstantIntValue(task.getSharedChannels())),
        mostInputRows(llvm::find_if(loops, [](const PartitionLoop &loop) {
                        return loop.dimension == TaskDimension::ImageRows;
                      })->mostInputRows) {}

  /// True if there are several starts.
  bool run();

private:
  /// What a start takes.
  struct Start {
    Word firstChannel = 0, channels = 0;
    /// Of the output.
    Word firstRow = 0;
    int64_t rows = 0;
    bool isLast = false;
    Word reusesWeight = 0, reusesInput = 0;
  };

  void createNest(ArrayRef<PartitionLoop> rest, Start start);
  void createChannels(ArrayRef<PartitionLoop> rest, Start start);
  void createRows(ArrayRef<PartitionLoop> rest, Start start);
  void createStart(const Start &start);
  /// The loop of a dimension goes from \p begin to \p end; calls \p create
  /// with its variable, inside of it.
  void createLoop(StringRef name, const PartitionLoop &loop, int64_t begin,
                  int64_t end, llvm::function_ref<void(Word)> create);
  Value createSlice(Value map, const Word &firstPixel, const Word &pixels);

  Value toIndex(const Word &word) {
    return word.materialize(builder, loc, builder.getIndexType());
  }
  OpFoldResult toFoldResult(const Word &word) {
    if (word.isConstant())
      return builder.getIndexAttr(word.getConstant());
    return toIndex(word);
  }

  TaskOpInterface task;
  const llm::WindowAttr window;
  const ArrayRef<PartitionLoop> loops;
  OpBuilder builder;
  const Location loc;
  const int64_t channels;
  const int64_t mostInputRows;
  unsigned numStarts = 0;
};

} // namespace

bool ImagePartition::run() {
  createNest(loops, Start());
  task.erase();
  return numStarts > 1;
}

void ImagePartition::createNest(ArrayRef<PartitionLoop> rest, Start start) {
  if (rest.empty())
    createStart(start);
  else if (rest.front().dimension == TaskDimension::OutputChannels)
    createChannels(rest, start);
  else
    createRows(rest, start);
}

void ImagePartition::createLoop(StringRef name, const PartitionLoop &loop,
                                int64_t begin, int64_t end,
                                llvm::function_ref<void(Word)> create) {
  auto forOp = scf::ForOp::create(builder, loc, toIndex(begin), toIndex(end),
                                  toIndex(loop.step));
  forOp->setAttr(AccelDialect::getLimitAttrName(),
                 builder.getStringAttr(loop.limit));
  Value variable = forOp.getInductionVar();
  variable.setLoc(NameLoc::get(builder.getStringAttr(name), loc));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forOp.getBody());
  ++numStarts;
  create(Word(builder, variable, begin, end - 1));
}

void ImagePartition::createChannels(ArrayRef<PartitionLoop> rest, Start start) {
  const int64_t step = rest.front().step.getConstant();
  if (step >= channels) {
    start.channels = channels;
    return createNest(rest.drop_front(), start);
  }
  createLoop("channel", rest.front(), 0, channels, [&](Word first) {
    Start part = start;
    part.firstChannel = first;
    part.channels = min(step, channels - first).named("channels");
    // The innermost loop leaves on the chip what it does not cut.
    if (rest.size() == 1)
      part.reusesInput = min(first, 1).named("reuses_input");
    createNest(rest.drop_front(), part);
  });
}

void ImagePartition::createRows(ArrayRef<PartitionLoop> rest, Start start) {
  const PartitionLoop &loop = rest.front();
  const int64_t step = loop.step.getConstant(), total = window.getOutputRows();
  start.rows = std::min(loop.firstRows, total);
  start.isLast = start.rows == total;
  createNest(rest.drop_front(), start);
  if (start.isLast)
    return;
  const int64_t first = start.rows;
  const int64_t last = first + (total - first - 1) / step * step;
  if (rest.size() == 1)
    start.reusesWeight = 1;
  start.rows = step;
  auto createMiddle = [&](Word row) {
    Start part = start;
    part.firstRow = row;
    createNest(rest.drop_front(), part);
  };
  if (last - first == step)
    createMiddle(first);
  else if (last > first)
    createLoop("row", loop, first, last, createMiddle);
  start.firstRow = last;
  start.rows = total - last;
  start.isLast = true;
  createNest(rest.drop_front(), start);
}

Value ImagePartition::createSlice(Value map, const Word &firstPixel,
                                  const Word &pixels) {
  auto type = cast<MemRefType>(map.getType());
  if (firstPixel.isConstant() && firstPixel.getConstant() == 0 &&
      pixels.isConstant() && pixels.getConstant() == type.getDimSize(1))
    return map;
  SmallVector<OpFoldResult> offsets(3, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = {builder.getIndexAttr(type.getDimSize(0)),
                                     toFoldResult(pixels),
                                     builder.getIndexAttr(type.getDimSize(2))};
  offsets[1] = toFoldResult(firstPixel);
  return memref::SubViewOp::create(builder, loc, map, offsets, sizes, strides);
}

void ImagePartition::createStart(const Start &start) {
  ++numStarts;
  const bool isFirst = start.firstRow.getMax() == 0;
  const int64_t padding = isFirst ? window.getRowPadding() : 0;
  const Word firstInput =
      isFirst ? Word(0)
              : start.firstRow * window.getRowStride() - window.getRowPadding();
  const Word left = window.getRows() - firstInput;
  // The last start has the rows that no kernel reaches, too.
  const Word inputRows = start.isLast
                             ? min(mostInputRows, left)
                             : min((start.rows - 1) * window.getRowStride() +
                                       window.getKernelRows() - padding,
                                   left)
                                   .named("input_rows");

  auto destination = cast<DestinationStyleOpInterface>(*task);
  OpOperand &output = destination.getDpsInitsMutable()[0];
  SmallVector<std::pair<unsigned, Value>> maps;
  for (OpOperand &operand : task->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    const bool isOutput = &operand == &output;
    const int64_t columns =
        isOutput ? window.getOutputColumns() : window.getColumns();
    maps.push_back(
        {operand.getOperandNumber(),
         createSlice(operand.get(),
                     columns * (isOutput ? start.firstRow : firstInput),
                     columns * (isOutput ? Word(start.rows) : inputRows))});
  }
  SmallVector<Value> part;
  for (const Word &word :
       {start.firstChannel, start.channels, start.reusesWeight,
        start.reusesInput, inputRows, Word(start.rows), Word(padding)})
    part.push_back(toIndex(word));
  auto copy = cast<TaskOpInterface>(builder.clone(*task));
  for (auto [number, map] : maps)
    copy->setOperand(number, map);
  copy.setPart(part);
}

bool accel::partitionImage(TaskOpInterface task, const Partition &partition) {
  return ImagePartition(task, partition.loops).run();
}
