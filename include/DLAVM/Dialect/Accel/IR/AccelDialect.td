//===- AccelDialect.td - The accel dialect -----------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_IR_ACCELDIALECT_TD
#define DLAVM_DIALECT_ACCEL_IR_ACCELDIALECT_TD

include "DLAVM/Dialect/LLM/IR/LLMDialect.td"
include "DLAVM/Dialect/Accel/IR/AccelEnums.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Accel_Dialect : Dialect {
  let name = "accel";
  let cppNamespace = "::dlavm::accel";
  let summary = "Where and when an accelerator computes";
  let description = [{
    Device buffers, hardware tasks and the loops around them.

    A feature map is a `memref` in a memory of the device, such as
    `#accel.space<DDR>`, rooted at an `accel.buffer`. Its shape is the device's
    own blocked layout, [surfaces, tokens, lanes], so that `memref.subview`
    selects tokens. The channels of all heads lie one after the other; scores and
    probabilities, whose channels are tokens, begin a surface for every head.
    Heads are no dimension: a task that works on heads says how many.

    What the hardware addresses as a whole (weights, KV caches, tables) is an
    `accel.object`, a symbol; ops use an opaque `!accel.object` whose layout
    belongs to the device.

    A task is one destination-passing op: one op, one start of the hardware,
    once it stands inside the loops that cut it to what fits on the chip.

    The module names its device: `accel.device = "edgellm-20241128"`. A function
    that computes one layer of many takes the layer, an index with the attribute
    `accel.layer`. In a function with the attribute `accel.decode`, `seq` is 1; such
    functions call each other only. A loop over the starts of a task says what on
    the chip holds no more: `accel.limit = "activation buffer of 524288 values"`. A
    task that runs with others over slices of tokens says how many a slice has at
    most: `accel.slice = 128`. A linear layer that several became names them, in the
    order of their results: `accel.merges = ["query", "key", "value"]`.

    ```mlir
    %seq = accel.tokens seq
    %n = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, #llm.dims<128, seq, 32>
    %q = accel.buffer "query" : memref<128x?x32xf16, #accel.space<DDR>>, #llm.dims<128, seq, 32>
    %w = accel.get_object @query[%layer] : !accel.object
    scf.for %token = %c0 to %seq step %c128 {
      %left = arith.subi %seq, %token : index
      %width = arith.minsi %left, %c128 : index
      %in = memref.subview %n[0, %token, 0] [128, %width, 32] [1, 1, 1] : ...
      %out = memref.subview %q[0, %token, 0] [128, %width, 32] [1, 1, 1] : ...
      accel.linear "query" ins(%in : ...) weight(%w) outs(%out : ...) [4096, 4096]
    }
    ```
  }];
  let dependentDialects = ["::dlavm::llm::LLMDialect",
    "::mlir::arith::ArithDialect"];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// The module attribute that names the device, a string.
    static constexpr ::llvm::StringLiteral getDeviceAttrName() {
      return "accel.device";
    }
    /// The attribute of a loop over starts: a string that says what on the chip
    /// holds no more.
    static constexpr ::llvm::StringLiteral getLimitAttrName() {
      return "accel.limit";
    }
    /// The attribute of a function that serves calls of one token.
    static constexpr ::llvm::StringLiteral getDecodeAttrName() {
      return "accel.decode";
    }
    /// The attribute of a task that runs with others over slices of tokens: a
    /// positive i64, the tokens of a slice.
    static constexpr ::llvm::StringLiteral getSliceAttrName() {
      return "accel.slice";
    }
    /// The attribute of a linear layer whose starts share tokens and output
    /// channels: a positive i64, the fewest tokens with which they keep the
    /// weight on the chip, with the loop over tokens innermost; with fewer, the
    /// input.
    static constexpr ::llvm::StringLiteral getKeepsWeightFromAttrName() {
      return "accel.keeps_weight_from";
    }
    /// The attribute of a linear layer that several became: strings, the names
    /// of their tasks in the order of their results.
    static constexpr ::llvm::StringLiteral getMergesAttrName() {
      return "accel.merges";
    }
    /// The attribute of the argument of a function that is the layer.
    static constexpr ::llvm::StringLiteral getLayerAttrName() {
      return "accel.layer";
    }
  }];
}

def Accel_SpaceAttr : AttrDef<Accel_Dialect, "Space"> {
  let mnemonic = "space";
  let summary = "a memory of the device, by its name";
  let description = [{
    ```mlir
    memref<128x?x32xf16, #accel.space<DDR>>
    ```

    Constraints: the name is an identifier.
  }];
  let parameters = (ins StringRefParameter<"name of the memory">:$memory);
  let assemblyFormat = "`<` custom<Memory>($memory) `>`";
}

def Accel_ObjectKindAttr : EnumAttr<Accel_Dialect, Accel_ObjectKind, "kind">;

def Accel_HostRoleAttr : EnumAttr<Accel_Dialect, Accel_HostRole, "host_role">;

def Accel_NormKindAttr : EnumAttr<Accel_Dialect, Accel_NormKind, "norm_kind">;

def Accel_CacheSideAttr : EnumAttr<Accel_Dialect, Accel_CacheSide, "cache_side">;

def Accel_BinaryKindAttr : EnumAttr<Accel_Dialect, Accel_BinaryKind, "binary_kind">;

def Accel_MaskKindAttr : EnumAttr<Accel_Dialect, Accel_MaskKind, "mask_kind">;

def Accel_ObjectType : TypeDef<Accel_Dialect, "Object"> {
  let mnemonic = "object";
  let summary = "something in a memory of the device that only the device can read";
}

#endif // DLAVM_DIALECT_ACCEL_IR_ACCELDIALECT_TD
