//===- LLMOps.td - Ops of the llm dialect ------------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_IR_LLMOPS_TD
#define DLAVM_DIALECT_LLM_IR_LLMOPS_TD

include "DLAVM/Dialect/LLM/IR/LLMDialect.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class LLM_Op<string mnemonic, list<Trait> traits = []>
    : Op<LLM_Dialect, mnemonic, traits>;

/// Hidden states, [1, tokens, channels], or heads, [heads, tokens, channels].
def LLM_Map : 3DTensorOf<[F16]>;
/// The token ids that argmax yields, [tokens].
def LLM_Ids : 1DTensorOf<[I32]>;

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

def LLM_ParameterOp : LLM_Op<"parameter", [Symbol]> {
  let summary = "a parameter of the model, for all layers";
  let description = [{
    Declares a parameter by the tensor of the checkpoint that holds it, with
    `{layer}` in place of the layer number, or by one value that all elements
    have. `rows [N]` says that it is a slice of the named tensor that starts at
    row N, `rows [N, R, S]` that it has the first R of every S rows from there
    on. `normalized` divides each row of the tensor by its Euclidean length, and
    `times` multiplies all elements, thereafter. With `layers`, ops name it
    together with a layer. `row_heads` and `column_heads` say how the rows and
    columns of the tensor, or of its slice, lie in the parameter where that
    differs (`#llm.heads`). A padded channel is 0 with `splat`, too.

    ```mlir
    llm.parameter @key from "layers.{layer}.query_key_value.weight" rows [4096]
      layers 28 : tensor<256x4096xi4>
    llm.parameter @key_scale splat 1.0 layers 28 : tensor<256xf16>
    llm.parameter @final_norm from "norm.weight" : tensor<4096xf16>
    llm.parameter @embedding from "embed_tokens.weight" times 12.0 : tensor<49155x4096xf16>
    llm.parameter @lm_head from "lm_head.weight" normalized : tensor<125696x4096xi4>
    llm.parameter @grouped_key from "layers.{layer}.wqkv.weight" rows [512, 128, 768]
      layers 32 : tensor<1024x4096xi4>
    llm.parameter @query from "layers.{layer}.q_proj.weight" layers 2
      row_heads <8 x 16, padded 128> : tensor<1024x128xi4>
    ```

    With `kernel [rows, columns]`, the tensor has the weights of a convolution,
    [output channels, input channels, rows, columns], and a row of the parameter
    is [rows, columns, input channels]:

    ```mlir
    llm.parameter @patch from "patch_embed.weight" kernel [14, 14]
      : tensor<1792x588xi4>
    ```

    Constraints: a static shape of rank 1 (f16) or 2 (i4, [output channels,
    input channels], or f16, the rows of an embedding); exactly one of `from`
    and `splat`, which is finite; `rows`, `normalized` and `times` only with
    `from`; 1 <= R <= S; a finite factor that is not 0; `normalized` only with
    rank 2 and no `kernel`; `{layer}` in the tensor's name if and
    only if there are `layers`; a dimension with heads has heads * padded
    channels; `column_heads` only with rank 2; `kernel` only with rank 2, `from`
    and no `column_heads`, and the second dimension a multiple of its product;
    at most 65536 layers.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    OptionalAttr<StrAttr>:$tensor,
    OptionalAttr<DenseI64ArrayAttr>:$rows,
    UnitAttr:$normalized,
    OptionalAttr<F64Attr>:$times,
    OptionalAttr<F64Attr>:$splat,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$layers,
    OptionalAttr<LLM_HeadsAttr>:$row_heads,
    OptionalAttr<LLM_HeadsAttr>:$column_heads,
    OptionalAttr<DenseI64ArrayAttr>:$kernel,
    TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = [{
    $sym_name (`from` $tensor^)? (`rows` `` $rows^)? (`normalized` $normalized^)?
    (`times` $times^)? (`splat` $splat^)? (`layers` $layers^)?
    (`row_heads` $row_heads^)?
    (`column_heads` $column_heads^)?
    (`kernel` $kernel^)? attr-dict `:` $type
  }];
  let hasVerifier = 1;
}

def LLM_KVCacheOp : LLM_Op<"kv_cache", [Symbol]> {
  let summary = "the keys or the values of all tokens, for all layers";
  let description = [{
    Declares state that outlives a call: for each layer a tensor [KV heads,
    tokens, channels per head]. Its token dimension is that of the whole
    context, `seq + past`.

    ```mlir
    llm.kv_cache @keys layers 28
      : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$layers,
    TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$sym_name (`layers` $layers^)? attr-dict `:` $type";
  let hasVerifier = 1;
}

def LLM_GetParameterOp : LLM_Op<"get_parameter", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a parameter of rank 1";
  let description = [{
    Makes a per-channel parameter an operand of `llm.add` or `llm.mul`. The
    pass `llm-fuse-scale-bias` moves such ops into the linear layer before them.

    ```mlir
    %b = llm.get_parameter @bias[%layer] : tensor<4096xf16>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$parameter, Optional<Index>:$layer);
  let results = (outs 1DTensorOf<[F16]>:$result);
  let assemblyFormat = [{
    $parameter (`[` $layer^ `]`)? attr-dict `:` type($result)
  }];
}

//===----------------------------------------------------------------------===//
// Linear and norms
//===----------------------------------------------------------------------===//

def LLM_LinearOp : LLM_Op<"linear", [Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "linear layer with INT4 weights";
  let description = [{
    `y[t][o] = (sum_c x[t][c] * w[o][c]) * scale[o] + bias[o]`, then plus or
    times the residual `r[t][o]`; or, with `relu`, 0 where that is negative. The
    weights are INT4 with one scale per output channel and group of 128 input
    channels.

    ```mlir
    %q = llm.linear %x, @query[%layer] : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
      -> tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    %y = llm.linear %u, @down[%layer] scale @down_scale bias @down_bias add %x
      : tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>
     -> tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    %r = llm.linear %x, @up[%layer] scale @up_scale bias @up_bias relu
      : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
     -> tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>
    ```

    Constraints: the weight is a parameter [output channels, input channels] of
    i4 that fits input and result; scale and bias are parameters [output
    channels] of f16 and come together; the residual has the result's type, and
    there is none with `relu`; the layer is given if and only if the weight has layers, and serves all
    parameters of the op.
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$weight,
    Optional<Index>:$layer, OptionalAttr<FlatSymbolRefAttr>:$scale,
    OptionalAttr<FlatSymbolRefAttr>:$bias, Optional<LLM_Map>:$residual,
    OptionalAttr<LLM_ResidualKindAttr>:$residual_kind, UnitAttr:$relu);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input `,` $weight (`[` $layer^ `]`)? (`scale` $scale^ `bias` $bias)?
    (custom<Residual>($residual_kind, $residual)^)? (`relu` $relu^)? attr-dict
    `:` type($input) `->`
    custom<LinearResult>(type($result), type($residual), ref($residual))
  }];
  let hasVerifier = 1;
}

def LLM_Conv2DOp : LLM_Op<"conv2d", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "two-dimensional convolution with INT4 weights";
  let description = [{
    An image is a map whose tokens are its pixels, row after row: the step from a
    convolution to a transformer is none.

    `y[i][j][o] = (sum_k,l,c x[i*S+k-P][j*S+l-P][c] * w[o][k][l][c]) * scale[o]
    + bias[o]`, with the strides S and the paddings P of the window, whose rows
    and columns have their own; pixels outside the image are 0. The weights are
    INT4 with one scale per output channel. With `relu`, what is below 0 becomes
    0.

    ```mlir
    %y = llm.conv2d %x, @conv scale @conv_scale bias @conv_bias relu
      window <224 x 224, kernel 3 x 3, strides 2 x 2, padding 1 x 1>
      : tensor<1x50176x64xf16> -> tensor<1x12544x128xf16>
    ```

    Constraints: input and result have the pixels of the window, and one map
    each; the weight is a parameter [output channels, kernel rows * kernel
    columns * input channels] of i4, of the window's kernel where it says one;
    scale and bias are parameters [output channels] of f16; the layer as in
    `llm.linear`.
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$weight,
    Optional<Index>:$layer, FlatSymbolRefAttr:$scale, FlatSymbolRefAttr:$bias,
    UnitAttr:$relu, LLM_WindowAttr:$window);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input `,` $weight (`[` $layer^ `]`)? `scale` $scale `bias` $bias
    (`relu` $relu^)? `window` $window attr-dict
    `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def LLM_CutPatchesOp : LLM_Op<"cut_patches", [Pure]> {
  let summary = "the patches of an image as tokens";
  let description = [{
    Each place of the kernel becomes a token with the channels of all its
    pixels, [kernel rows, kernel columns, channels]: the input of a linear layer
    that a convolution without overlap is. Only the host can do this, with an
    image that it writes.

    ```mlir
    %p = llm.cut_patches %x window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0>
      : tensor<1x50176x3xf16> -> tensor<1x256x588xf16>
    ```

    Constraints: the kernel is as large as the strides and divides the image;
    there is no padding.
  }];
  let arguments = (ins LLM_Map:$input, LLM_WindowAttr:$window);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input `window` $window attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

class LLM_NormOp<string mnemonic> : LLM_Op<mnemonic, [Pure,
    AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let results = (outs LLM_Map:$result);
}

def LLM_RMSNormOp : LLM_NormOp<"rms_norm"> {
  let summary = "root mean square norm over the channels of each token";
  let description = [{
    `y = x / sqrt(mean(x^2) + epsilon) * weight`.

    ```mlir
    %n = llm.rms_norm %x, @norm[%layer] epsilon 1.0e-5 : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    ```

    Constraints: the weight is a parameter [channels] of f16.
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$weight,
    Optional<Index>:$layer, F64Attr:$epsilon);
  let assemblyFormat = [{
    $input `,` $weight (`[` $layer^ `]`)? `epsilon` $epsilon attr-dict
    `:` type($result)
  }];
}

def LLM_LayerNormOp : LLM_NormOp<"layer_norm"> {
  let summary = "layer norm over the channels of each token";
  let description = [{
    `y = (x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias`.

    ```mlir
    %n = llm.layer_norm %x, @norm[%layer] bias @norm_bias epsilon 1.0e-5
      : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    ```

    Constraints: weight and bias are parameters [channels] of f16.
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$weight,
    Optional<Index>:$layer, FlatSymbolRefAttr:$bias, F64Attr:$epsilon);
  let assemblyFormat = [{
    $input `,` $weight (`[` $layer^ `]`)? `bias` $bias `epsilon` $epsilon
    attr-dict `:` type($result)
  }];
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def LLM_SplitHeadsOp : LLM_Op<"split_heads", [Pure]> {
  let summary = "channels into heads";
  let description = [{
    Views [1, tokens, heads * channels] as [heads, tokens, channels].

    ```mlir
    %h = llm.split_heads %q : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
      -> tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```
  }];
  let arguments = (ins LLM_Map:$input);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def LLM_MergeHeadsOp : LLM_Op<"merge_heads", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "heads into channels";
  let description = [{
    Views [heads, tokens, channels] as [1, tokens, heads * channels].

    ```mlir
    %m = llm.merge_heads %h : tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```
  }];
  let arguments = (ins LLM_Map:$input);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasFolder = 1;
}

def LLM_RopeOp : LLM_Op<"rope", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates pairs of channels of each head by the angle
    `position * theta^(-2i/rotary)` of pair i, for the positions past, past + 1,
    and so on. `half_split` pairs channels i and i + rotary/2, `interleaved`
    channels 2i and 2i + 1. Channels from `rotary` on are left as they are.

    Where a model's context was made longer than the one of its first training,
    pairs turn more slowly: `divisors` has a number for each pair, by which its
    angle is divided. `attention_factor` multiplies cosines and sines.

    ```mlir
    %r = llm.rope %q half_split theta 10000.0 rotary 128
      : tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    %s = llm.rope %q half_split theta 500000.0 rotary 6
      divisors [1.0, 2.5, 8.0] attention_factor 1.19
      : tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```

    Constraints: `rotary` is even, positive and at most the channels of a head;
    there are half as many divisors, which are positive and finite, as is the
    factor.
  }];
  let arguments = (ins LLM_Map:$input, LLM_RopeStyleAttr:$style,
    F64Attr:$theta, ConfinedAttr<I64Attr, [IntPositive]>:$rotary,
    OptionalAttr<F64ArrayAttr>:$divisors,
    OptionalAttr<F64Attr>:$attention_factor);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input custom<Enum>($style) `theta` $theta `rotary` $rotary
    (`divisors` $divisors^)? (`attention_factor` $attention_factor^)?
    attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def LLM_KVAppendOp : LLM_Op<"kv_append", [MemoryEffects<[MemWrite]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "append the tokens of this call to a KV cache";
  let description = [{
    Writes [KV heads, seq, channels] at the positions past, past + 1, and so on.
    The token that it yields orders the ops that read the cache.

    ```mlir
    %t = llm.kv_append %k, @keys[%layer] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
    ```

    Constraints: heads and channels are those of the cache; the tokens are `seq`.
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$cache,
    Optional<Index>:$layer);
  let results = (outs LLM_TokenType:$token);
  let assemblyFormat = [{
    $input `,` $cache (`[` $layer^ `]`)? attr-dict `:` type($input)
  }];
}

def LLM_AttentionScoresOp : LLM_Op<"attention_scores", [
    MemoryEffects<[MemRead]>, InferTypeOpAdaptor,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "scores of queries with the keys of a cache";
  let description = [{
    `s[h][t][j] = scale * sum_c q[h][t][c] * K[h / group][j][c]` for all tokens
    j of the cache; group is the number of query heads per KV head.

    ```mlir
    %s = llm.attention_scores %q, @keys[%layer] after %t scale 0.08838834764831845
      : tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```

    With `heads N`, only so many heads of the input are queries: those of a KV
    head are followed by empty ones, as `llm-pad-groups` puts them there. Here
    each of 4 KV heads has 7 queries in 8 heads:

    ```mlir
    %s = llm.attention_scores %q, @keys[%layer] after %t scale 0.08838834764831845 heads 28
      : tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```

    Constraints: channels are those of the cache, and the heads of the input and
    the query heads multiples of the KV heads; not more query heads than the
    input has. The result is [query heads, seq, seq + past].
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$cache,
    Optional<Index>:$layer, LLM_TokenType:$token, F64Attr:$scale,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$heads);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input `,` $cache (`[` $layer^ `]`)? `after` $token `scale` $scale
    (`heads` $heads^)? attr-dict `:` type($input)
  }];
}

def LLM_SoftmaxOp : LLM_Op<"softmax", [Pure,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "softmax over the tokens of the cache";
  let description = [{
    Softmax of each row; row t sees the columns 0 .. past + t, the others become
    0. With `unmasked` all rows see all columns.

    ```mlir
    %p = llm.softmax %s : tensor<32x?x?xf16, #llm.dims<32, seq, seq + past>>
    %q = llm.softmax %s unmasked : tensor<32x?x?xf16, #llm.dims<32, seq, seq + past>>
    ```
  }];
  let arguments = (ins LLM_Map:$input, UnitAttr:$unmasked);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input (`unmasked` $unmasked^)? attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
}

def LLM_AttentionValuesOp : LLM_Op<"attention_values", [
    MemoryEffects<[MemRead]>, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "values of a cache weighted with probabilities";
  let description = [{
    `o[h][t][c] = sum_j p[h][t][j] * V[h / group][j][c]`.

    ```mlir
    %o = llm.attention_values %p, @values[%layer] after %t
      : tensor<32x?x?xf16, #llm.dims<32, seq, seq + past>>
     -> tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```

    The result may have more heads than the input: those of a KV head are then
    followed by empty ones, which are 0.

    Constraints: heads as in `llm.attention_scores`, with the result's in place
    of the input's there; the last dimension of the input is `seq + past`, the
    result's that of the cache.
  }];
  let arguments = (ins LLM_Map:$input, FlatSymbolRefAttr:$cache,
    Optional<Index>:$layer, LLM_TokenType:$token);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $input `,` $cache (`[` $layer^ `]`)? `after` $token attr-dict
    `:` type($input) `->` type($result)
  }];
}

//===----------------------------------------------------------------------===//
// Element-wise and selection
//===----------------------------------------------------------------------===//

def LLM_ActivationOp : LLM_Op<"activation", [Pure, Elementwise,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "activation function";
  let description = [{
    ```mlir
    %a = llm.activation silu %g : tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>
    ```

    Devices look functions up in tables of straight lines, which `relu` is
    exactly. Where a linear layer computes it, `llm-fuse-relu` puts it there.
  }];
  let arguments = (ins LLM_ActivationKindAttr:$kind, LLM_Map:$input);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = "custom<Enum>($kind) $input attr-dict `:` type($result)";
}

class LLM_BinaryOp<string mnemonic, list<Trait> traits = [Commutative]>
    : LLM_Op<mnemonic, traits # [Pure, AllTypesMatch<["lhs", "result"]>]> {
  let arguments = (ins LLM_Map:$lhs, AnyRankedTensor:$rhs);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` custom<BinaryTypes>(type($lhs), type($rhs))
  }];
  let hasVerifier = 1;
}

def LLM_AddOp : LLM_BinaryOp<"add"> {
  let summary = "sum of two maps, or of a map and a value per channel";
  let description = [{
    ```mlir
    %y = llm.add %a, %b : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    %z = llm.add %a, %bias : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>, tensor<4096xf16>
    ```

    Constraints: the second operand has the type of the first, or is [channels].
  }];
}

def LLM_SubOp : LLM_BinaryOp<"sub", []> {
  let summary = "difference of two maps, or of a map and a value per channel";
  let description = [{
    ```mlir
    %y = llm.sub %a, %b : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    ```

    Constraints: as for `llm.add`.
  }];
}

def LLM_MulOp : LLM_BinaryOp<"mul"> {
  let summary = "product of two maps, or of a map and a value per channel";
  let description = [{
    ```mlir
    %y = llm.mul %a, %b : tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>
    ```

    Constraints: as for `llm.add`.
  }];
}

def LLM_LastTokenOp : LLM_Op<"last_token", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "the last token of a map";
  let description = [{
    ```mlir
    %l = llm.last_token %x : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    ```

    The result is [1, 1, channels]. Folds where there is one token.
  }];
  let arguments = (ins LLM_Map:$input);
  let results = (outs LLM_Map:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasFolder = 1;
}

def LLM_ArgmaxOp : LLM_Op<"argmax", [Pure]> {
  let summary = "the index of the largest channel";
  let description = [{
    The id of the next token, given logits. The lowest index wins a tie.

    ```mlir
    %id = llm.argmax %logits : tensor<1x1x65024xf16> -> tensor<1xi32>
    ```

    Constraints: one token. Of several, no device is known to tell whose index
    it yields; take the `llm.last_token` before the linear layer.
  }];
  let arguments = (ins LLM_Map:$input);
  let results = (outs LLM_Ids:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

#endif // DLAVM_DIALECT_LLM_IR_LLMOPS_TD
