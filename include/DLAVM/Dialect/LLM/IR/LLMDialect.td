//===- LLMDialect.td - The llm dialect ---------------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_IR_LLMDIALECT_TD
#define DLAVM_DIALECT_LLM_IR_LLMDIALECT_TD

include "DLAVM/Dialect/LLM/IR/LLMEnums.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def LLM_Dialect : Dialect {
  let name = "llm";
  let cppNamespace = "::dlavm::llm";
  let summary = "What a decoder-only transformer computes";
  let description = [{
    One op per mathematical operation of a decoder-only transformer, named as
    the field names it. Nothing here knows of a device, a memory or a loop over
    tokens.

    Token counts are symbolic. Two values rule a call of the model: `seq`, the
    tokens of this call, and `past`, the tokens that the KV cache already holds.
    Every dynamic dimension of a tensor says in its type which affine
    expression of the two it is:

    ```mlir
    tensor<32x?x?xf16, #llm.dims<32, seq, seq + past>>
    ```

    A module with such types states in the attribute `llm.max_tokens` the
    largest context N: `seq >= 1`, `past >= 0` and `seq + past <= N`.

    Parameters (`llm.parameter`) and KV caches (`llm.kv_cache`) are symbols. One
    symbol serves all layers; an op inside a layer function names the symbol and
    the layer, as in `@query[%layer]`.

    ```mlir
    module attributes {llm.max_tokens = 2048 : i64} {
      llm.parameter @query from "model.layers.{layer}.self_attn.q_proj.weight"
        layers 28 : tensor<4096x4096xi4>
      func.func private @layer(%layer: index,
          %x: tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>)
          -> tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>> {
        %q = llm.linear %x, @query[%layer]
          : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
         -> tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
        return %q : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
      }
    }
    ```
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    /// The module attribute that states the largest context, an i64.
    static constexpr ::llvm::StringLiteral getMaxTokensAttrName() {
      return "llm.max_tokens";
    }
  }];
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class LLM_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<LLM_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def LLM_DimsAttr : LLM_Attr<"Dims", "dims",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "the dimensions of a shape as affine expressions of seq and past";
  let description = [{
    Gives every dimension of a shape as an affine expression of `seq` (the
    tokens of this call) and `past` (the tokens in the KV cache before it). As
    the encoding of a ranked tensor it must have one expression per dimension;
    a static dimension must be the same constant, a dynamic one must not be
    constant. `floordiv`, `ceildiv` and `mod` by constants are allowed.

    ```mlir
    #llm.dims<1, seq, 4096>
    #llm.dims<32, seq, seq + past>
    ```
  }];
  // A map (seq, past) -> (dimensions).
  let parameters = (ins "::mlir::AffineMap":$map);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::AffineMap":$map), [{
      return $_get(map.getContext(), map);
    }]>
  ];
  let extraClassDeclaration = [{
    /// `seq` and `past` as affine expressions.
    static ::mlir::AffineExpr getSeq(::mlir::MLIRContext *context);
    static ::mlir::AffineExpr getPast(::mlir::MLIRContext *context);
    /// `seq + past`, the tokens in the KV cache after the call.
    static ::mlir::AffineExpr getTotal(::mlir::MLIRContext *context);

    unsigned getRank() const { return getMap().getNumResults(); }
    ::mlir::AffineExpr getDim(unsigned i) const { return getMap().getResult(i); }
    /// The dimensions, dynamic where they depend on a token count.
    ::llvm::SmallVector<int64_t> getShape() const;
  }];
}

def LLM_ActivationKindAttr
    : EnumAttr<LLM_Dialect, LLM_ActivationKind, "activation_kind">;

def LLM_ResidualKindAttr
    : EnumAttr<LLM_Dialect, LLM_ResidualKind, "residual_kind">;

def LLM_RopeStyleAttr : EnumAttr<LLM_Dialect, LLM_RopeStyle, "rope_style">;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def LLM_TokenType : TypeDef<LLM_Dialect, "Token"> {
  let mnemonic = "token";
  let summary = "orders the ops that read a KV cache after those that append";
  let description = [{
    The result of `llm.kv_append`; an op that takes it runs after the append.
  }];
}

#endif // DLAVM_DIALECT_LLM_IR_LLMDIALECT_TD
