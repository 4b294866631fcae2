//===- CheckQuantization.cpp - Quantized checkpoints ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckQuantization.h"

#include "DLAVM/Checkpoint/Quantization.h"

using namespace mlir;
using namespace dlavm;

static constexpr StringLiteral kKey("quantization_config");

LogicalResult dlavm::checkQuantization(const ConfigReader &reader) {
  const llvm::json::Value *value = reader.find(kKey);
  if (!value)
    return success();
  llvm::Expected<Quantization> quantization =
      parseQuantization(*value, reader.getPath());
  if (!quantization)
    return emitError(UnknownLoc::get(reader.getContext()))
           << llvm::toString(quantization.takeError());
  reader.emitWarning() << "'" << kKey << "' is " << ConfigReader::print(*value)
                       << "; there are no tensors, and the model is that of "
                          "floating point";
  return success();
}
