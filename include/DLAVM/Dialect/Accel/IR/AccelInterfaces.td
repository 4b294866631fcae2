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
        The operand that is the position of the first token, or null. A start
        that begins with a later token has a later position.
      }],
      "::mlir::OpOperand *", "getPositionOperand", (ins),
      [{}], [{ return nullptr; }]>,
    InterfaceMethod<[{
        The number of output channels that starts can share among them, or null
        where they cannot.
      }],
      "::mlir::OpFoldResult", "getSharedChannels", (ins),
      [{}], [{ return {}; }]>,
    InterfaceMethod<[{
        The number of KV heads, or of heads of a norm, that starts can share
        among them, or nothing where they cannot.
      }],
      "::std::optional<int64_t>", "getSharedHeads", (ins),
      [{}], [{ return std::nullopt; }]>,
    InterfaceMethod<"How a kernel moves over the input of the task, or null.",
      "::dlavm::llm::WindowAttr", "getWindow", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"True if this start computes a part of what starts share.",
      "bool", "isPart", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<[{
        Makes this start one that computes a part: of one KV head where the task
        has shared heads, so many channels from the first on. What it reuses, 0
        or 1, the start before it brought onto the chip. A task with a window
        gets the rows of the image that it reads and writes, and the rows of
        padding above them.
      }],
      "void", "setPart", (ins "::mlir::ValueRange":$part),
      [{}], [{ llvm_unreachable("the task has no shared channels"); }]>,
  ];
}

#endif // DLAVM_DIALECT_ACCEL_IR_ACCELINTERFACES_TD
