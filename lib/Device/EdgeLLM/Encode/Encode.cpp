//===- Encode.cpp - From edgellm tasks to register values -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Encode.h"
#include "Encoders.h"

using namespace dlavm;
using namespace dlavm::edgellm;

void edgellm::addEncoding(DeviceInfo &device) {
  auto serve = [&](TaskKind kind, auto encode, auto verify) -> TaskSupport & {
    TaskSupport &support = device.addTask(kind);
    support.encode = encode;
    support.verify = verify;
    return support;
  };
  serve(TaskKind::Linear, encodeLinear, verifyLinear).partition =
      partitionLinear;
  serve(TaskKind::Norm, encodeNorm, verifyNorm);
  serve(TaskKind::Activation, encodeActivation, nullptr);
  serve(TaskKind::Softmax, encodeSoftmax, verifyHeads);
  serve(TaskKind::Rope, encodeRope, verifyHeads);
  serve(TaskKind::Scores, encodeScores, verifyHeads).partition =
      partitionScores;
  serve(TaskKind::Values, encodeValues, verifyHeads).partition =
      partitionValues;
  serve(TaskKind::KVAppend, encodeKVAppend, verifyHeads);
  serve(TaskKind::Elementwise, encodeElementwise, verifyElementwise);
  device.encodeWeightCopy = encodeWeightCopy;
}
