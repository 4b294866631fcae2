//===- InitAll.h - Registration of everything -------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_INITALL_H
#define DLAVM_INITALL_H

#include "DLAVM/Conversion/Passes.h"
#include "DLAVM/Device/Devices.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/CSB/Transforms/Passes.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"
#include "DLAVM/Pipelines/Pipelines.h"
#include "DLAVM/Run/Passes.h"
#include "DLAVM/Target/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/Passes.h"

namespace dlavm {

/// The dialects that the compiler works with.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<llm::LLMDialect, accel::AccelDialect, csb::CSBDialect,
                  mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect>();
}

/// The passes of the project, upstream's that go with them, and the pipeline.
inline void registerAllPasses() {
  llm::registerLLMTransformsPasses();
  accel::registerAccelTransformsPasses();
  csb::registerCSBTransformsPasses();
  registerConversionPasses();
  registerRunPasses();
  registerTargetPasses();
  mlir::registerTransformsPasses();
  registerPipelines();
}

} // namespace dlavm

#endif // DLAVM_INITALL_H
