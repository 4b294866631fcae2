//===- StreamAttention.cpp - Attention over slices of query tokens --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "StreamTasks.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_STREAMATTENTION
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

namespace {

struct StreamAttention
    : dlavm::accel::impl::StreamAttentionBase<StreamAttention> {
  using StreamAttentionBase::StreamAttentionBase;

  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    const SoftmaxSlices slices = device->getTraits().softmaxSlices;
    if (slices == SoftmaxSlices::Never ||
        (slices == SoftmaxSlices::Untested && !untested))
      return;
    const StreamOptions options = {*device, *maxTokens, sliceBytes};
    SmallVector<SoftmaxOp> softmaxes;
    getOperation().walk([&](SoftmaxOp op) { softmaxes.push_back(op); });
    for (SoftmaxOp softmax : softmaxes) {
      BufferOp scores = getLink(softmax.getInput());
      BufferOp probabilities = getLink(softmax.getOutput());
      if (!scores || !probabilities ||
          !isa<ScoresOp>(getWriter(scores).getOperation()) ||
          !isa<ValuesOp>(getReader(probabilities).getOperation()))
        continue;
      numStreamed += streamTasks({getWriter(scores),
                                  cast<TaskOpInterface>(softmax.getOperation()),
                                  getReader(probabilities)},
                                 options);
    }
  }
};

} // namespace
