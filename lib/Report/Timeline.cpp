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

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

namespace {

/// Prints a slice for each start, and one for each layer around those of it.
class TimelineSink : public EventSink {
public:
  explicit TimelineSink(json::OStream &out) : out(out) {}

  void task(int32_t newLayer, StringRef newName) override {
    endStart();
    if (newLayer != layer)
      endLayer();
    if (newLayer >= 0 && newLayer != layer)
      layerBegin = time;
    layer = newLayer;
    name = newName.str();
    begin = time;
    isOpen = true;
  }
  void write(uint32_t, uint32_t) override { ++time; }
  void poll(uint32_t, uint32_t) override { ++time; }
  uint32_t read(uint32_t) override {
    ++time;
    return 0;
  }

  void end() {
    endStart();
    endLayer();
  }

private:
  void slice(StringRef what, int64_t row, int64_t from) {
    out.object([&] {
      out.attribute("name", what);
      out.attribute("ph", "X");
      out.attribute("ts", from);
      out.attribute("dur", time - from);
      out.attribute("pid", 1);
      out.attribute("tid", row);
      if (row == 2)
        out.attributeObject("args", [&] {
          out.attribute("start", starts);
          out.attribute("layer", layer);
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
  int64_t time = 0, begin = 0, layerBegin = 0, starts = 0;
  int32_t layer = -1;
  std::string name;
  bool isOpen = false;
};

} // namespace

LogicalResult dlavm::printTimeline(ModuleOp csb, int64_t seq, int64_t past,
                                   llvm::raw_ostream &os) {
  FailureOr<Program> program = Program::create(csb);
  if (failed(program))
    return failure();
  json::OStream out(os);
  LogicalResult result = success();
  out.object([&] {
    out.attribute("displayTimeUnit", "ms");
    out.attributeObject("otherData", [&] {
      out.attribute("call", std::to_string(seq) + " tokens after " +
                                std::to_string(past));
      out.attribute("time", "a microsecond is a register access; how long a "
                            "task takes is not known here");
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
      TimelineSink sink(out);
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
