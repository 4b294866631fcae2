//===- AccelEnums.td - Enumerations of the accel dialect ---*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_IR_ACCELENUMS_TD
#define DLAVM_DIALECT_ACCEL_IR_ACCELENUMS_TD

include "mlir/IR/EnumAttr.td"

class Accel_I32Enum<string name, string enumSummary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, enumSummary, cases> {
  let cppNamespace = "::dlavm::accel";
  let genSpecializedAttr = 0;
}

def Accel_ObjectKind : Accel_I32Enum<"Kind", "what an object holds", [
    I32EnumAttrCase<"Weight", 0, "weight">,
    I32EnumAttrCase<"ScaleBias", 1, "scale_bias">,
    I32EnumAttrCase<"NormWeight", 2, "norm_weight">,
    I32EnumAttrCase<"RopeTable", 3, "rope_table">,
    I32EnumAttrCase<"ActivationTable", 4, "activation_table">,
    I32EnumAttrCase<"KVCache", 5, "kv_cache">,
    I32EnumAttrCase<"ConvWeight", 6, "conv_weight">]>;

def Accel_HostRole : Accel_I32Enum<"HostRole", "what the host does with a map", [
    I32EnumAttrCase<"Input", 0, "input">, I32EnumAttrCase<"Output", 1, "output">,
    I32EnumAttrCase<"Token", 2, "token">]>;

def Accel_NormKind : Accel_I32Enum<"NormKind", "which norm", [
    I32EnumAttrCase<"RMS", 0, "rms">, I32EnumAttrCase<"Layer", 1, "layer">]>;

def Accel_CacheSide : Accel_I32Enum<"CacheSide", "what a KV cache holds", [
    I32EnumAttrCase<"Keys", 0, "keys">, I32EnumAttrCase<"Values", 1, "values">]>;

def Accel_MaskKind : Accel_I32Enum<"MaskKind", "which rows of a softmax are masked", [
    I32EnumAttrCase<"Always", 0, "always">, I32EnumAttrCase<"Never", 1, "never">]>;

def Accel_BinaryKind : Accel_I32Enum<"BinaryKind", "which combination", [
    I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Mul", 1, "mul">,
    I32EnumAttrCase<"Sub", 2, "sub">]>;

#endif // DLAVM_DIALECT_ACCEL_IR_ACCELENUMS_TD
