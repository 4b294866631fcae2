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

/// Prints a slice for each start, and one for each layer around those of it.
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
};

} // namespace

LogicalResult dlavm::printTimeline(const Report &report, int64_t seq,
                                   int64_t past, llvm::raw_ostream &os) {
  ModuleOp csb = *report.levels.csb;
  const bool decodes = seq == 1 && getEntries(csb, report.plan).size() > 1;
  FailureOr<Program> program = Program::create(csb, decodes ? "decode" : "run");
  if (failed(program))
    return failure();
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
      out.attribute("time", estimator
                                ? "as dlavm estimate models it"
                                : "a microsecond is a register access; nobody "
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
      TimelineSink sink(out, estimator ? &*estimator : nullptr);
      result = program->run(seq, past, sink);
      sink.end();
    });
  });
  os << "\n";
  if (failed(result))
    return emitError(program->getPlace(), "cannot run ")
           << seq << " tokens after " << past << ": " << program->getMessage();
  return success();
}
