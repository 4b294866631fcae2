//===- Encode.cpp - From ohbm tasks to register values --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Encode.h"
#include "Encoders.h"

using namespace dlavm;
using namespace dlavm::ohbm;

Part ohbm::getPart(TaskWriter &writer, mlir::ValueRange part) {
  return {writer.getWord(part[0]), writer.getWord(part[1]),
          writer.getWord(part[2]), writer.getWord(part[3])};
}

void ohbm::addEncoding(DeviceInfo &device) {
  auto serve = [&](TaskKind kind, auto encode, auto verify, auto partition) {
    TaskSupport &support = device.addTask(kind);
    support.encode = encode;
    support.verify = verify;
    support.partition = partition;
  };
  serve(TaskKind::Linear, encodeLinear, verifyLinear, partitionLinear);
  serve(TaskKind::Conv2D, encodeConv2D, verifyConv2D, partitionConv2D);
  serve(TaskKind::Norm, encodeNorm, verifyNorm, partitionNorm);
  serve(TaskKind::Activation, encodeActivation, nullptr, partitionActivation);
  serve(TaskKind::Softmax, encodeSoftmax, nullptr, partitionSoftmax);
  serve(TaskKind::Rope, encodeRope, verifyHeads, partitionRope);
  serve(TaskKind::Scores, encodeScores, verifyAttention, partitionScores);
  serve(TaskKind::Values, encodeValues, verifyAttention, partitionValues);
  serve(TaskKind::KVAppend, encodeKVAppend, verifyHeads, nullptr);
  serve(TaskKind::Elementwise, encodeElementwise, nullptr,
        partitionElementwise);
  for (TaskKind kind :
       {TaskKind::Linear, TaskKind::Conv2D, TaskKind::Scores, TaskKind::Values})
    device.addTask(kind).needsPart = true;
}
