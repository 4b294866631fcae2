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

    A module that was made from a configuration says in `llm.model_layers` how
    many layers the model has, of which it may compute the first only. A
    checkpoint is one of this model only if its configuration makes the same
    module.

    The host looks up the embedding rows of tokens; no op does. The module's
    attribute `llm.embedding` names the parameter that has them, [vocabulary,
    channels] of f16. The pass `llm-name-tasks` gives ops the attribute
    `llm.task`, the name of their hardware task.

    An `scf.for` with the attribute `llm.layer_loop` goes over the layers of the
    model: its variable is the layer of the ops and calls inside, and iterations
    differ in nothing but that number. The interpreter and the driver say by it
    which layer a task belongs to, and `csb-verify-placement` looks at the first,
    second and last iteration only. It stays at the loop down to the csb program.
    A loop without it is like any other, whatever takes its variable.

    Where layers have several forms, each is a function of its own, and the loop
    has the step with which they repeat. Its body calls them with the variable
    and constants added to it; layers that are left over are called behind it.

    ```mlir
    %0 = scf.for %l = %c0 to %c36 step %c2 iter_args(%y = %x) -> (!hidden) {
      %a = func.call @layer(%l, %y) : (index, !hidden) -> !hidden
      %m = arith.addi %l, %c1 : index
      %b = func.call @layer_without_rope(%m, %a) : (index, !hidden) -> !hidden
      scf.yield %b : !hidden
    } {llm.layer_loop}
    %1 = func.call @layer(%c36, %0) : (index, !hidden) -> !hidden
    ```

    ```mlir
    module attributes {llm.max_tokens = 2048 : i64, llm.embedding = @embedding} {
      llm.parameter @embedding from "model.embed_tokens.weight" : tensor<32000x4096xf16>
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
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    /// The module attribute that states the largest context, an i64.
    static constexpr ::llvm::StringLiteral getMaxTokensAttrName() {
      return "llm.max_tokens";
    }
    /// The module attribute that names the parameter with the embedding rows.
    static constexpr ::llvm::StringLiteral getEmbeddingAttrName() {
      return "llm.embedding";
    }
    /// The module attribute of an imported model: all of its layers, an i64.
    static constexpr ::llvm::StringLiteral getModelLayersAttrName() {
      return "llm.model_layers";
    }
    /// The attribute of an op that says what its hardware task is called.
    static constexpr ::llvm::StringLiteral getTaskAttrName() {
      return "llm.task";
    }
    /// The unit attribute of a loop over layers.
    static constexpr ::llvm::StringLiteral getLayerLoopAttrName() {
      return "llm.layer_loop";
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

def LLM_HeadsAttr : LLM_Attr<"Heads", "heads"> {
  let summary = "how the channels of heads lie along a dimension of a parameter";
  let description = [{
    Says that a dimension of a parameter has `heads x channels` of the
    checkpoint's tensor, but that they lie in another way:

    - `padded N`: each head has N channels, and those from `channels` on are 0;
      without it, N is `channels`.
    - `interleaved R`: the first R channels of each head are the checkpoint's in
      the order 0, R/2, 1, R/2 + 1, and so on, which turns the pairs of a rotary
      embedding of the style `half_split` into those of `interleaved`; without
      it, R is 0.
    - `groups G empty E`: the heads are in G groups, and behind each lie E heads
      that are 0.

    ```mlir
    #llm.heads<8 x 16>
    #llm.heads<8 x 16, interleaved 16, padded 128>
    #llm.heads<28 x 128, groups 4 empty 1>
    ```

    Constraints: all positive; `interleaved` even and at most `channels`;
    `padded` at least `channels`; `heads` a multiple of `groups`.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$channels,
    "int64_t":$interleaved, "int64_t":$padded, "int64_t":$groups,
    "int64_t":$empty);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::dlavm::HeadLayout getLayout() const {
      return {getHeads(),  getChannels(), getInterleaved(),
              getPadded(), getGroups(),   getEmpty()};
    }
    static HeadsAttr get(::mlir::MLIRContext *context,
                         const ::dlavm::HeadLayout &layout) {
      return get(context, layout.heads, layout.channels, layout.interleaved,
                 layout.paddedChannels, layout.groups, layout.emptyHeads);
    }
  }];
}

def LLM_WindowAttr : LLM_Attr<"Window", "window"> {
  let summary = "how a kernel moves over an image";
  let description = [{
    An image of `rows x columns` pixels, a kernel of so many, the distance from
    one place of the kernel to the next, and how many rows above and below, and
    columns on the left and right, count as pixels of zeros. The numbers of the
    rows come first.

    ```mlir
    #llm.window<224 x 224, kernel 3 x 3, strides 2 x 2, padding 1 x 1>
    ```

    Constraints: all positive and at most 65536, but the padding may be 0; the
    padding is less than the kernel, and the kernel not larger than the padded
    image.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns,
    "int64_t":$kernelRows, "int64_t":$kernelColumns, "int64_t":$rowStride,
    "int64_t":$columnStride, "int64_t":$rowPadding, "int64_t":$columnPadding);
  let assemblyFormat = [{
    `<` $rows `x` $columns `,` `kernel` $kernelRows `x` $kernelColumns `,`
    `strides` $rowStride `x` $columnStride `,`
    `padding` $rowPadding `x` $columnPadding `>`
  }];
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getPixels() const { return getRows() * getColumns(); }
    int64_t getKernelPixels() const {
      return getKernelRows() * getKernelColumns();
    }
    /// The places of the kernel.
    int64_t getOutputRows() const {
      return (getRows() + 2 * getRowPadding() - getKernelRows()) /
                 getRowStride() + 1;
    }
    int64_t getOutputColumns() const {
      return (getColumns() + 2 * getColumnPadding() - getKernelColumns()) /
                 getColumnStride() + 1;
    }
    /// True if the kernel cuts the image to patches, none of whose pixels is in
    /// two of them or in none.
    bool isCut() const {
      return getKernelRows() == getRowStride() &&
             getKernelColumns() == getColumnStride() &&
             getRowPadding() == 0 && getColumnPadding() == 0 &&
             getRows() % getKernelRows() == 0 &&
             getColumns() % getKernelColumns() == 0;
    }
    int64_t getOutputPixels() const {
      return getOutputRows() * getOutputColumns();
    }
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
