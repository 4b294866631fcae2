//===- AccelOps.td - Ops of the accel dialect --------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_IR_ACCELOPS_TD
#define DLAVM_DIALECT_ACCEL_IR_ACCELOPS_TD

include "DLAVM/Dialect/Accel/IR/AccelDialect.td"
include "DLAVM/Dialect/Accel/IR/AccelInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferIntRangeInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Accel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Accel_Dialect, mnemonic, traits>;

/// A feature map: [surfaces, tokens, lanes].
def Accel_Map : StridedMemRefRankOf<[F16], [3]>;
def Accel_Positive : ConfinedAttr<I64Attr, [IntPositive]>;
def Accel_MapIn : Arg<Accel_Map, "", [MemRead]>;
def Accel_MapOut : Arg<Accel_Map, "", [MemWrite]>;

//===----------------------------------------------------------------------===//
// Token counts, buffers and objects
//===----------------------------------------------------------------------===//

def Accel_TokensOp : Accel_Op<"tokens", [Pure,
    DeclareOpInterfaceMethods<InferIntRangeInterface, ["inferResultRanges"]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a token count of this call";
  let description = [{
    An affine expression of `seq` and `past`. Its range is that over the calls
    with seq >= 1, past >= 0 and seq + past <= N, where N is `llm.max_tokens`.

    ```mlir
    %seq = accel.tokens seq
    %total = accel.tokens seq + past
    ```
  }];
  // A map (seq, past) -> (count).
  let arguments = (ins AffineMapAttr:$map);
  let results = (outs Index:$count);
  let assemblyFormat = "custom<TokenExpr>($map) attr-dict";
  let hasFolder = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::AffineExpr":$expr)>];
  let extraClassDeclaration = [{
    ::mlir::AffineExpr getExpr() { return getMap().getResult(0); }
  }];
}

def Accel_BufferOp : Accel_Op<"buffer", [
    MemoryEffects<[MemAlloc]>, 
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a feature map in device memory";
  let description = [{
    Carries the dimensions that a memref type cannot. `at` is the address that
    the placement gave it, in bytes, and `bytes` the most that it takes over all
    calls; `live` are the first and the last step of a run in which it holds
    something. A buffer with `host` is one that the host writes before a run
    (`input`) or reads after it (`output`), as rows of `channels` channels, or
    the word with the id of a `token`. A device may have the token in a register
    only; then its buffer lies in no memory, and has no place. The text is what
    the host calls it: `write_input`, `read_logits`. With `patches`, what it
    writes is an image, of which the buffer has the patches. With `slice`, the
    second dimension counts what tasks run through in slices of at most so many
    tokens, and the buffer holds one of them: it has the smaller of both.

    ```mlir
    %n = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, #llm.dims<128, seq, 32>
    %p = accel.buffer "norm" at 16384 bytes 16777216 live [0, 3]
      : memref<128x?x32xf16, #accel.space<DDR>>, #llm.dims<128, seq, 32>
    %s = accel.buffer "scores" slice 128 : memref<?x?x32xf16, #accel.space<DDR>>,
      #llm.dims<32 * ((seq + past) ceildiv 32), seq, 32>
    %t = accel.buffer "token" host token "token" channels 1 : memref<1xi32>, #llm.dims<1>
    ```

    Constraints: an identity layout and the shape of the dimensions; elements of
    f16, or i32 for a token; address, bytes and live come together, as role, host and channels do;
    `live` holds pairs, each at least 0 and in order; only an input has patches, as
    many as its window; only a map that the host does not move holds slices.
  }];
  let arguments = (ins StrAttr:$name,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$address,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$bytes,
    OptionalAttr<DenseI64ArrayAttr>:$live,
    OptionalAttr<Accel_HostRoleAttr>:$role, OptionalAttr<StrAttr>:$host,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$channels,
    OptionalAttr<LLM_WindowAttr>:$patches,
    OptionalAttr<Accel_Positive>:$slice,
    LLM_DimsAttr:$dims);
  let results = (outs AnyMemRef:$buffer);
  let assemblyFormat = [{
    $name (`at` $address^ `bytes` $bytes `live` $live)?
    (`host` $role^ $host `channels` $channels)? (`patches` $patches^)?
    (`slice` $slice^)? attr-dict `:` type($buffer) `,` $dims
  }];
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
    "::mlir::MemRefType":$type, "llm::DimsAttr":$dims)>];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// True if the host writes it before a run.
    bool isInput() { return getRole() == HostRole::Input; }
    /// What is as large as the buffer: its dimensions, or those of a slice.
    ::llvm::SmallVector<::mlir::AffineExpr> getLargestDims();
    /// True for a token that no memory has.
    bool isInRegister() {
      return !::llvm::cast<::mlir::MemRefType>(getBuffer().getType()).getMemorySpace();
    }
  }];
}

def Accel_ObjectOp : Accel_Op<"object", [Symbol]> {
  let summary = "weights, a table or a KV cache, for all layers";
  let description = [{
    `from` are the parameters that it is made of, in the order that its kind
    gives: the weight; scale and bias, and the weight where that is one of a
    convolution, because its scales are multiplied into the scale. A weight can
    be made of several, whose rows follow each other, and a scale and bias of as
    many pairs. `with` says what a table holds. The placement adds the address of the first layer, the
    bytes of one layer and the distance between layers; in HBM they count for
    every port.

    ```mlir
    accel.object @query weight [4096, 4096] from [@query] layers 28 in #accel.space<HBM>
    accel.object @query_key weight [4352, 4096] from [@query, @key] layers 28 in #accel.space<HBM>
    accel.object @keys kv_cache [2] layers 28 in #accel.space<HBM> at 96343040 bytes 32768 stride 65536
    ```

    Constraints: the shape of a weight is [output channels, input channels], of
    one of a convolution [output channels, kernel rows, kernel columns, input
    channels],
    that of scales, biases and norms [channels], of a cache [KV heads], of a
    table []; at most 2^40 elements; address, bytes and stride come together.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Accel_ObjectKindAttr:$kind,
    DenseI64ArrayAttr:$shape, OptionalAttr<FlatSymbolRefArrayAttr>:$sources,
    OptionalAttr<DictionaryAttr>:$config,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$layers,
    Accel_SpaceAttr:$space,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$address,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$bytes,
    OptionalAttr<ConfinedAttr<I64Attr, [IntNonNegative]>>:$stride);
  let assemblyFormat = [{
    $sym_name custom<Enum>($kind) $shape (`from` $sources^)? (`with` $config^)? (`layers` $layers^)? `in` $space
    (`at` $address^ `bytes` $bytes `stride` $stride)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_GetObjectOp : Accel_Op<"get_object", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "one layer's object";
  let description = [{
    ```mlir
    %w = accel.get_object @query[%layer] : !accel.object
    ```

    Constraints: the layer is given if and only if the object has layers.
  }];
  let arguments = (ins FlatSymbolRefAttr:$object, Optional<Index>:$layer);
  let results = (outs Accel_ObjectType:$result);
  let assemblyFormat = [{
    $object (`[` $layer^ `]`)? attr-dict `:` type($result)
  }];
}

def Accel_CacheMapOp : Accel_Op<"cache_map", [Pure]> {
  let summary = "the map that a KV cache is";
  let description = [{
    On a device whose KV caches are maps of its largest context. A task writes
    the tokens of the call into it through a `memref.subview` that begins at the
    position of the first one.

    ```mlir
    %k = accel.get_object @keys[%layer] : !accel.object
    %map = accel.cache_map %k : memref<8x2048x32xf16, #accel.space<DDR>>
    %new = memref.subview %map[0, %past, 0] [8, %seq, 32] [1, 1, 1] : ...
    ```

    Constraints: a static shape and an identity layout, in a memory of the
    device.
  }];
  let arguments = (ins Accel_ObjectType:$cache);
  let results = (outs Accel_Map:$map);
  let assemblyFormat = "$cache attr-dict `:` type($map)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

class Accel_TaskOp<string mnemonic, list<string> methods = [],
                   list<Trait> traits = []>
    : Accel_Op<mnemonic, traits # [
        DeclareOpInterfaceMethods<Accel_TaskOpInterface, methods>]>;

/// A task that writes a map.
class Accel_MapTaskOp<string mnemonic, list<string> methods = [],
                      list<Trait> traits = []>
    : Accel_TaskOp<mnemonic, methods, traits # [DestinationStyleOpInterface]> {
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputMutable();
    }
  }];
}

def Accel_LinearOp : Accel_MapTaskOp<"linear",
    ["getSharedChannels", "isPart", "setPart"], [AttrSizedOperandSegments]> {
  let summary = "linear layer with INT4 weights";
  let description = [{
    The numbers are input and output channels.

    ```mlir
    accel.linear "down" ins(%u : memref<428x?x32xf16, #accel.space<DDR>>) weight(%w)
      scale_bias(%b) add(%x : memref<128x?x32xf16, #accel.space<DDR>>)
      outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [13696, 4096]
    ```

    With `relu`, what is negative in the end becomes 0. An `argmax` is that of
    one token: devices take several, but what they yield then is not known, and
    `dlavm check` reports it.

    Where starts share the output channels, each has a `part`: the first of its
    channels, their number, and whether it reuses (1) or loads (0) the weight
    and the input. Its maps still are those of all channels.

    ```mlir
    accel.linear "query" ins(%n : memref<8x?x512xf16, #accel.space<HBM>>) weight(%w)
      outs(%q : memref<8x?x512xf16, #accel.space<HBM>>) part(%channel, %channels, %c0, %reuses) [4096, 4096]
    ```

    Constraints: input, output and residual have the same tokens; a residual or
    an argmax needs scale and bias; a part is four numbers.
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input,
    Accel_ObjectType:$weight, Optional<Accel_ObjectType>:$scale_bias,
    Arg<Optional<Accel_Map>, "", [MemRead]>:$residual,
    OptionalAttr<Accel_BinaryKindAttr>:$residual_kind,
    Accel_MapOut:$output,
    Arg<Optional<MemRefRankOf<[I32], [1]>>, "", [MemWrite]>:$argmax,
    Variadic<Index>:$part, Accel_Positive:$input_channels,
    Accel_Positive:$output_channels, UnitAttr:$relu);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `weight` `(` $weight `)`
    (`scale_bias` `(` $scale_bias^ `)`)?
    (custom<BinaryKind>($residual_kind)^ `(` $residual `:` type($residual) `)`)?
    (`relu` $relu^)?
    `outs` `(` $output `:` type($output) `)`
    (`argmax` `(` $argmax^ `:` type($argmax) `)`)?
    (`part` `(` $part^ `)`)?
    `[` $input_channels `,` $output_channels `]` attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return ::mlir::MutableOperandRange(
          getOperation(), getOutputMutable().getOperandNumber(),
          getArgmax() ? 2 : 1);
    }
  }];
}

def Accel_Conv2DOp : Accel_MapTaskOp<"conv2d",
    ["getSharedChannels", "isPart", "setPart"]> {
  let summary = "two-dimensional convolution with INT4 weights";
  let description = [{
    The tokens of the maps are the pixels of the images, row after row. The
    numbers are input and output channels.

    ```mlir
    accel.conv2d "conv" ins(%x : memref<1x50176x512xf16, #accel.space<HBM>>) weight(%w)
      scale_bias(%b) outs(%y : memref<1x12544x512xf16, #accel.space<HBM>>)
      [64, 128] relu window <224 x 224, kernel 3 x 3, strides 2 x 2, padding 1 x 1>
    ```

    A start has a `part`: the first of its output channels, their number,
    whether it reuses (1) or loads (0) the weight and the input, and the rows of
    the image that it reads, those that it writes, and the rows of padding above
    the former. Its maps are these rows, with all channels.

    ```mlir
    accel.conv2d "conv" ins(%rows : memref<1x672x512xf16, strided<[?, 512, 1], offset: ?>, #accel.space<HBM>>)
      weight(%w) scale_bias(%b) outs(%out : memref<1x112x512xf16, strided<[?, 512, 1], offset: ?>, #accel.space<HBM>>)
      part(%c0, %c128, %c1, %c0, %c3, %c1, %c0) [64, 128]
      window <224 x 224, kernel 3 x 3, strides 2 x 2, padding 1 x 1>
    ```

    Constraints: the maps have the pixels of the window where there is no part;
    a part is seven numbers.
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input,
    Accel_ObjectType:$weight, Accel_ObjectType:$scale_bias,
    Accel_MapOut:$output, Variadic<Index>:$part,
    Accel_Positive:$input_channels, Accel_Positive:$output_channels,
    UnitAttr:$relu, LLM_WindowAttr:$window);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `weight` `(` $weight `)`
    `scale_bias` `(` $scale_bias `)` `outs` `(` $output `:` type($output) `)`
    (`part` `(` $part^ `)`)? `[` $input_channels `,` $output_channels `]`
    (`relu` $relu^)? `window` $window attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_NormOp : Accel_MapTaskOp<"norm", ["getSharedHeads"]> {
  let summary = "layer norm or RMS norm";
  let description = [{
    Over all channels of a token, or with `heads` over those of each head. A
    start that has a part of the heads has a view of their surfaces.

    ```mlir
    accel.norm rms "norm" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w)
      outs(%n : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
    accel.norm rms "query_norm" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) weight(%v)
      outs(%m : memref<128x?x32xf16, #accel.space<DDR>>) [128] heads 32
    ```
  }];
  let arguments = (ins Accel_NormKindAttr:$kind, StrAttr:$name,
    Accel_MapIn:$input, Accel_ObjectType:$weight, Accel_MapOut:$output,
    Accel_Positive:$channels, OptionalAttr<Accel_Positive>:$heads);
  let assemblyFormat = [{
    custom<Enum>($kind) $name `ins` `(` $input `:` type($input) `)` `weight` `(` $weight `)`
    `outs` `(` $output `:` type($output) `)` `[` $channels `]` (`heads` $heads^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_ActivationOp : Accel_MapTaskOp<"activation"> {
  let summary = "piecewise-linear activation function";
  let description = [{
    ```mlir
    accel.activation "gate_silu" ins(%g : memref<428x?x32xf16, #accel.space<DDR>>)
      table(%t) outs(%a : memref<428x?x32xf16, #accel.space<DDR>>) [13696]
    ```
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input,
    Accel_ObjectType:$table, Accel_MapOut:$output, Accel_Positive:$channels);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `table` `(` $table `)`
    `outs` `(` $output `:` type($output) `)` `[` $channels `]` attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_RopeOp : Accel_MapTaskOp<"rope", ["getPositionOperand"]> {
  let summary = "rotary position embedding";
  let description = [{
    `at` is the position of the first token. The numbers are heads and channels
    of a head. Neighbouring channels are pairs, or, with `halves`, channels i and
    i + half a head.

    ```mlir
    accel.rope "query_rope" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) table(%t)
      at(%past) outs(%r : memref<128x?x32xf16, #accel.space<DDR>>) [32, 128]
    ```
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input,
    Accel_ObjectType:$table, Index:$past, Accel_MapOut:$output,
    Accel_Positive:$heads, Accel_Positive:$head_channels, UnitAttr:$halves);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `table` `(` $table `)`
    `at` `(` $past `)` `outs` `(` $output `:` type($output) `)`
    `[` $heads `,` $head_channels `]` (`halves` $halves^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_KVAppendOp : Accel_TaskOp<"kv_append", ["getPositionOperand"]> {
  let summary = "append tokens to a KV cache";
  let description = [{
    `at` is the position of the first token. The numbers are KV heads and
    channels of a head.

    ```mlir
    accel.kv_append keys "keys" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>)
      at(%past) outs(%cache) [2, 128]
    ```
  }];
  let arguments = (ins Accel_CacheSideAttr:$side, StrAttr:$name,
    Accel_MapIn:$input, Index:$past,
    Arg<Accel_ObjectType, "", [MemWrite]>:$cache,
    Accel_Positive:$heads, Accel_Positive:$head_channels);
  let assemblyFormat = [{
    custom<Enum>($side) $name `ins` `(` $input `:` type($input) `)` `at` `(` $past `)`
    `outs` `(` $cache `)` `[` $heads `,` $head_channels `]` attr-dict
  }];
  let hasVerifier = 1;
}

class Accel_AttentionOp<string mnemonic> : Accel_MapTaskOp<mnemonic,
    ["getSharedChannels", "getSharedHeads", "isPart", "setPart"]> {
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputMutable();
    }
    /// The places that the queries of a KV head have.
    int64_t getSlotsPerKVHead() {
      return getSlots().value_or(getHeads() / getKvHeads());
    }
  }];
}

def Accel_ScoresOp : Accel_AttentionOp<"scores"> {
  let summary = "attention scores, Q x K^T";
  let description = [{
    `keys` is the number of tokens in the cache, those of this call included.

    ```mlir
    accel.scores "scores" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k)
      keys(%total) scale 0.088 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
    ```

    The numbers are heads, KV heads and channels of a head. With `slots N` the
    queries of each KV head lie in N places, of which the last ones are empty.

    Where starts share the KV heads and keys, each has a `part`: its KV head,
    the first of its keys, their number, and whether it reuses (1) or loads (0)
    the cache and the input. Its maps still are those of all heads and keys.

    ```mlir
    accel.scores "scores" ins(%q : memref<8x?x512xf16, #accel.space<HBM>>) cache(%k)
      keys(%total) scale 0.088 outs(%s : memref<?x?x512xf16, #accel.space<HBM>>)
      part(%head, %channel, %channels, %c0, %reuses) [28, 4, 128] slots 8
    ```

    Constraints: as many heads for every KV head, and as many slots or more; the
    surfaces of the scores are a multiple of the heads, because each head begins
    a surface; a part is five numbers.
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input,
    Arg<Accel_ObjectType, "", [MemRead]>:$cache, Index:$keys, F64Attr:$scale,
    Accel_MapOut:$output, Variadic<Index>:$part, Accel_Positive:$heads,
    Accel_Positive:$kv_heads, Accel_Positive:$head_channels,
    OptionalAttr<Accel_Positive>:$slots);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `cache` `(` $cache `)`
    `keys` `(` $keys `)` `scale` $scale
    `outs` `(` $output `:` type($output) `)` (`part` `(` $part^ `)`)?
    `[` $heads `,` $kv_heads `,` $head_channels `]` (`slots` $slots^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_SoftmaxOp : Accel_MapTaskOp<"softmax", ["getPositionOperand"]> {
  let summary = "softmax over the tokens of the cache";
  let description = [{
    `at` is the position of the first token. The number is that of the heads.
    A call of several tokens masks what comes after each; one of a single token
    needs no mask. `mask always` has one all the same, and with `mask never` all
    tokens see all columns.

    ```mlir
    accel.softmax "probabilities" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>)
      keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32]
    accel.softmax "probabilities" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>)
      keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32] mask never
    ```
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input, Index:$keys,
    Index:$past, Accel_MapOut:$output, Accel_Positive:$heads,
    OptionalAttr<Accel_MaskKindAttr>:$mask);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `keys` `(` $keys `)`
    `at` `(` $past `)` `outs` `(` $output `:` type($output) `)`
    `[` $heads `]` (`mask` custom<Enum>($mask)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_ValuesOp : Accel_AttentionOp<"values"> {
  let summary = "attention values, P x V";
  let description = [{
    ```mlir
    accel.values "attention" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%v)
      keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
    ```

    Numbers, `slots` and `part` are as in accel.scores: the results of a KV head
    lie in the slots, of which the last ones become 0, and starts share the KV
    heads and the channels of a head.
  }];
  let arguments = (ins StrAttr:$name, Accel_MapIn:$input,
    Arg<Accel_ObjectType, "", [MemRead]>:$cache, Index:$keys,
    Accel_MapOut:$output, Variadic<Index>:$part, Accel_Positive:$heads,
    Accel_Positive:$kv_heads, Accel_Positive:$head_channels,
    OptionalAttr<Accel_Positive>:$slots);
  let assemblyFormat = [{
    $name `ins` `(` $input `:` type($input) `)` `cache` `(` $cache `)`
    `keys` `(` $keys `)` `outs` `(` $output `:` type($output) `)`
    (`part` `(` $part^ `)`)? `[` $heads `,` $kv_heads `,` $head_channels `]`
    (`slots` $slots^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Accel_ElementwiseOp : Accel_MapTaskOp<"elementwise"> {
  let summary = "element-wise sum, product or difference";
  let description = [{
    ```mlir
    accel.elementwise add "sum" ins(%a, %b : memref<128x?x32xf16, #accel.space<DDR>>,
      memref<128x?x32xf16, #accel.space<DDR>>) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
    ```
  }];
  let arguments = (ins Accel_BinaryKindAttr:$kind, StrAttr:$name,
    Accel_MapIn:$lhs, Accel_MapIn:$rhs, Accel_MapOut:$output,
    Accel_Positive:$channels);
  let assemblyFormat = [{
    custom<Enum>($kind) $name `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)`
    `outs` `(` $output `:` type($output) `)` `[` $channels `]` attr-dict
  }];
  let hasVerifier = 1;
}

#endif // DLAVM_DIALECT_ACCEL_IR_ACCELOPS_TD
