//===- ShowProgress.cpp - What takes long, shown --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShowProgress.h"
#include "DLAVM/Support/ProgressLine.h"

#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

static std::string getMegabytes(int64_t bytes) {
  return formatv("{0:F1} MB", static_cast<double>(bytes) / 1e6);
}

std::function<void(int64_t, int64_t)> dlavm::showPacking() {
  // The total is known with the first call.
  return [line = std::make_shared<std::unique_ptr<ProgressLine>>()](
             int64_t done, int64_t total) {
    if (!*line)
      *line =
          std::make_unique<ProgressLine>("packing", total, getMegabytes(total));
    (*line)->update(done);
  };
}

namespace {

/// Counts the bytes that the host writes.
class LoadingSink : public InterposedSink<> {
public:
  LoadingSink(EventSink &next, int64_t total)
      : InterposedSink(next),
        line("loading parameters", total, getMegabytes(total)) {}
  void dmaWrite(uint64_t address, ArrayRef<uint8_t> bytes) override {
    next->dmaWrite(address, bytes);
    line.update(done += static_cast<int64_t>(bytes.size()));
  }

private:
  ProgressLine line;
  int64_t done = 0;
};

} // namespace

llvm::Error dlavm::loadParameters(DriverLibrary &library,
                                  const DriverPlan &plan, StringRef directory,
                                  EventSink &sink) {
  int64_t bytes = 0;
  for (const PlanObject &object : plan.objects)
    if (object.kind != ObjectKind::KVCache)
      bytes +=
          std::max<int64_t>(object.layers, 1) * object.ports * object.bytes;
  LoadingSink loading(sink, bytes);
  return library.loadParameters(directory, loading);
}
