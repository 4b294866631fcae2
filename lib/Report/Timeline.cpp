//===- Timeline.cpp - A call as a timeline --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Report/Report.h"
#include "DLAVM/Run/Program.h"

#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

namespace {

/// A start of a program, with the writes of its registers in order.
struct Start {
  int32_t layer = -1;
  std::string name;
  llvm::SmallVector<std::pair<uint32_t, uint32_t>, 32> writes;
};

/// What a program starts.
class StartList : public EventSink {
public:
  void task(int32_t layer, StringRef name) override {
    current.layer = layer;
    current.name = name.str();
  }
  void write(uint32_t reg, uint32_t value) override {
    current.writes.push_back({reg, value});
  }
  void poll(uint32_t, uint32_t) override {
    starts.push_back(current);
    current.writes.clear();
  }
  uint32_t read(uint32_t) override { return 0; }

  std::vector<Start> starts;

private:
  Start current;
};

/// Prints a slice for each start, one for each layer around those of it, and
/// one for each instruction block.
class TimelineSink : public EventSink {
public:
  /// \p estimator is null where nobody knows how long a start takes.
  TimelineSink(json::OStream &out, CallEstimator *estimator)
      : out(out), estimator(estimator) {}

  void task(int32_t newLayer, StringRef newName) override {
    endStart();
    if (newLayer != layer)
      endLayer();
    if (newLayer >= 0 && newLayer != layer)
      layerBegin = getTime();
    layer = newLayer;
    name = newName.str();
    begin = getTime();
    accessesBefore = accesses;
    isOpen = true;
    if (estimator)
      estimator->task(layer, name);
  }
  void write(uint32_t reg, uint32_t value) override {
    ++accesses;
    if (estimator)
      estimator->write(reg, value);
  }
  void poll(uint32_t reg, uint32_t value) override {
    ++accesses;
    if (estimator)
      estimator->poll(reg, value);
  }
  uint32_t read(uint32_t reg) override {
    ++accesses;
    return estimator ? estimator->read(reg) : 0;
  }
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override {
    ++accesses;
    if (estimator)
      estimator->dmaWrite(address, bytes);
  }

  /// What follows is done by the host for the block \p newName, but for
  /// blockTask.
  void beginBlock(StringRef newName) {
    endStart();
    block = newName.str();
    blockBegin = getTime();
    if (estimator)
      estimator->task(-1, block);
  }
  void blockWrite() {
    ++accesses;
    if (estimator)
      estimator->countWrite();
  }
  void blockTask(const Start &start) {
    task(start.layer, start.name);
    if (estimator)
      for (auto [reg, value] : start.writes)
        estimator->start(reg, value);
    endStart();
    if (estimator)
      estimator->task(-1, block);
  }
  void endBlock() { slice(block, 3, blockBegin); }

  void end() {
    endStart();
    endLayer();
  }

private:
  /// In whole nanoseconds, so that no gap is between two slices.
  int64_t getTime() const {
    return estimator ? std::llround(1e9 * estimator->getElapsed())
                     : 1000 * accesses;
  }
  void slice(StringRef what, int64_t row, int64_t from) {
    out.object([&] {
      out.attribute("name", what);
      out.attribute("ph", "X");
      out.attribute("ts", from / 1e3);
      out.attribute("dur", (getTime() - from) / 1e3);
      out.attribute("pid", 1);
      out.attribute("tid", row);
      if (row == 2)
        out.attributeObject("args", [&] {
          out.attribute("start", starts);
          out.attribute("layer", layer);
          out.attribute("accesses", accesses - accessesBefore);
        });
    });
  }
  void endStart() {
    if (!isOpen)
      return;
    ++starts;
    slice(name, 2, begin);
    isOpen = false;
  }
  void endLayer() {
    if (layer >= 0)
      slice("layer " + std::to_string(layer), 1, layerBegin);
    layer = -1;
  }

  json::OStream &out;
  CallEstimator *estimator;
  int64_t accesses = 0, accessesBefore = 0, begin = 0, layerBegin = 0,
          starts = 0;
  int32_t layer = -1;
  std::string name;
  bool isOpen = false;
  std::string block;
  int64_t blockBegin = 0;
};

/// Puts the starts of a program of single starts where the blocks of another,
/// which starts the same in the same order, run.
class BlockSink : public EventSink {
public:
  BlockSink(const InstructionBlocks &blocks, llvm::ArrayRef<Start> starts,
            TimelineSink &next)
      : table(blocks.registers), starts(starts), next(next) {}

  void task(int32_t newLayer, StringRef newName) override {
    layer = newLayer;
    name = newName.str();
    state = State::Begun;
  }
  void write(uint32_t reg, uint32_t value) override {
    const Register *found = table.lookup(reg);
    if (state == State::Direct || !found || !isWritten(found->role))
      return enterDirect(), next.write(reg, value);
    if (state == State::Begun)
      next.beginBlock(name);
    state = State::Block;
    next.blockWrite();
    if (found->role == RegisterRole::BlockTasks)
      count = value;
    if (found->role != RegisterRole::Opcode)
      return;
    for (const Start &start : starts.take_front(count))
      next.blockTask(start);
    starts = starts.drop_front(std::min<size_t>(count, starts.size()));
  }
  void poll(uint32_t reg, uint32_t value) override {
    if (state == State::Block) {
      next.poll(reg, value);
      return next.endBlock();
    }
    enterDirect();
    next.poll(reg, value);
    starts = starts.drop_front(std::min<size_t>(1, starts.size()));
  }
  uint32_t read(uint32_t reg) override { return next.read(reg); }
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override {
    next.dmaWrite(address, bytes);
  }

private:
  /// Tells by its first write whether the op starts a block.
  enum class State { Begun, Block, Direct };
  void enterDirect() {
    if (state == State::Begun)
      next.task(layer, name);
    state = State::Direct;
  }

  const RegisterTable &table;
  llvm::ArrayRef<Start> starts;
  TimelineSink &next;
  State state = State::Begun;
  int32_t layer = -1;
  std::string name;
  uint32_t count = 0;
};

} // namespace

LogicalResult dlavm::printTimeline(const Report &report, int64_t seq,
                                   int64_t past, llvm::raw_ostream &os) {
  ModuleOp csb = *report.levels.csb;
  const bool decodes = seq == 1 && getEntries(csb).size() > 1;
  FailureOr<Program> program = Program::create(csb, decodes ? "decode" : "run");
  if (failed(program))
    return failure();
  auto fail = [&](Program &failed) {
    return emitError(failed.getPlace(), "cannot run ")
           << seq << " tokens after " << past << ": " << failed.getMessage();
  };
  const bool hasBlocks = decodes && report.levels.unpacked;
  StartList single;
  if (hasBlocks) {
    FailureOr<Program> unpacked =
        Program::create(*report.levels.unpacked, "decode");
    if (failed(unpacked))
      return failure();
    if (failed(unpacked->run(seq, past, single)))
      return fail(*unpacked);
    // As in dlavm estimate, the token before may have sent words of this one.
    CountingSink before;
    if (past > 0 && failed(program->run(seq, past - 1, before)))
      return fail(*program);
  }
  std::optional<CallEstimator> estimator;
  if (report.device.getRates())
    estimator.emplace(report.device, report.times);
  json::OStream out(os);
  LogicalResult result = success();
  out.object([&] {
    out.attribute("displayTimeUnit", "ms");
    out.attributeObject("otherData", [&] {
      out.attribute("call", std::to_string(seq) + " tokens after " +
                                std::to_string(past));
      out.attribute("function", decodes ? "decode" : "run");
      out.attribute(
          "time", estimator ? "as dlavm estimate models it"
                            : "a microsecond is an access of the host; nobody "
                              "has said how fast the device is");
    });
    out.attributeArray("traceEvents", [&] {
      auto call = [&](StringRef what, int64_t row, StringRef value) {
        out.object([&] {
          out.attribute("name", what);
          out.attribute("ph", "M");
          out.attribute("pid", 1);
          out.attribute("tid", row);
          out.attributeObject("args", [&] { out.attribute("name", value); });
        });
      };
      call("process_name", 0, csb.getName().value_or("driver"));
      call("thread_name", 1, "layers");
      call("thread_name", 2, "starts");
      if (hasBlocks)
        call("thread_name", 3, "instruction blocks");
      TimelineSink sink(out, estimator ? &*estimator : nullptr);
      if (hasBlocks) {
        const InstructionBlocks blocks = *report.device.getInstructionBlocks();
        BlockSink packed(blocks, single.starts, sink);
        result = program->run(seq, past, packed);
      } else {
        result = program->run(seq, past, sink);
      }
      sink.end();
    });
  });
  os << "\n";
  return failed(result) ? fail(*program) : success();
}
