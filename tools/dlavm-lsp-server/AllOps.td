//===- AllOps.td - The ops that modules of DLAVM have ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "DLAVM/Dialect/Accel/IR/AccelOps.td"
include "DLAVM/Dialect/CSB/IR/CSBOps.td"
include "DLAVM/Dialect/LLM/IR/LLMOps.td"
include "mlir/Dialect/Arith/IR/ArithOps.td"
include "mlir/Dialect/Func/IR/FuncOps.td"
include "mlir/Dialect/MemRef/IR/MemRefOps.td"
include "mlir/Dialect/SCF/IR/SCFOps.td"
