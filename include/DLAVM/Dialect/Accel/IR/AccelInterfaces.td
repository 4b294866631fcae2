//===- AccelInterfaces.td - Hardware tasks -----------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_IR_ACCELINTERFACES_TD
#define DLAVM_DIALECT_ACCEL_IR_ACCELINTERFACES_TD

include "mlir/IR/OpBase.td"

def Accel_TaskOpInterface : OpInterface<"TaskOpInterface"> {
  let description = [{
    An op that is one start of the hardware. Its maps are operands of memref
    type: those it writes come with MemWrite effects, those it reads with
    MemRead effects.
  }];
  let cppNamespace = "::dlavm::accel";
  let methods = [
    InterfaceMethod<"Which hardware task it is.",
      "::dlavm::TaskKind", "getTaskKind">,
    InterfaceMethod<"The name that the driver source and reports show.",
      "::llvm::StringRef", "getTaskName", (ins),
      [{}], [{ return $_op.getName(); }]>,
    InterfaceMethod<"One line that says what is computed, of which shape.",
      "::std::string", "getComment">,
    InterfaceMethod<[{
        The operands that advance together when the task is cut into slices of
        tokens; empty where it cannot be cut. The token dimension is the last
        but one.
      }],
      "::llvm::SmallVector<::mlir::OpOperand *>", "getSlicedOperands", (ins),
      [{}], [{ return {}; }]>,
  ];
}

#endif // DLAVM_DIALECT_ACCEL_IR_ACCELINTERFACES_TD
