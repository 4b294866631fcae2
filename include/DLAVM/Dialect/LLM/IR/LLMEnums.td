//===- LLMEnums.td - Enumerations of the llm dialect -------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_IR_LLMENUMS_TD
#define DLAVM_DIALECT_LLM_IR_LLMENUMS_TD

include "mlir/IR/EnumAttr.td"

class LLM_I32Enum<string name, string enumSummary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, enumSummary, cases> {
  let cppNamespace = "::dlavm::llm";
  let genSpecializedAttr = 0;
}

def LLM_ActivationKind : LLM_I32Enum<"ActivationKind", "activation function", [
      I32EnumAttrCase<"SiLU", 0, "silu">, I32EnumAttrCase<"GELU", 1, "gelu">,
      I32EnumAttrCase<"Tanh", 2, "tanh">,
      I32EnumAttrCase<"Sigmoid", 3, "sigmoid">,
      I32EnumAttrCase<"ReLU", 4, "relu">]>;

def LLM_ResidualKind : LLM_I32Enum<"ResidualKind", "how a linear layer combines its result with a residual", [
      I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Mul", 1, "mul">]>;

def LLM_RopeStyle : LLM_I32Enum<"RopeStyle", "which channels of a head a rotary embedding pairs", [
      I32EnumAttrCase<"HalfSplit", 0, "half_split">,
      I32EnumAttrCase<"Interleaved", 1, "interleaved">]>;

#endif // DLAVM_DIALECT_LLM_IR_LLMENUMS_TD
