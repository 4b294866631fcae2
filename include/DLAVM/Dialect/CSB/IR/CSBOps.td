//===- CSBOps.td - Ops of the csb dialect ------------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_CSB_IR_CSBOPS_TD
#define DLAVM_DIALECT_CSB_IR_CSBOPS_TD

include "DLAVM/Dialect/CSB/IR/CSBDialect.td"
include "DLAVM/Dialect/LLM/IR/LLMDialect.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class CSB_Op<string mnemonic, list<Trait> traits = []>
    : Op<CSB_Dialect, mnemonic, traits>;

/// A register word or an address.
def CSB_Word : AnyTypeOf<[I32, I64], "i32 or i64">;
def CSB_NonNegative : ConfinedAttr<I64Attr, [IntNonNegative]>;
def CSB_Positive : ConfinedAttr<I64Attr, [IntPositive]>;

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

def CSB_RegisterTableOp : CSB_Op<"register_table", [Symbol, SymbolTable,
    NoTerminator, SingleBlock, IsolatedFromAbove]> {
  let summary = "the registers of one hardware task";
  let description = [{
    ```mlir
    csb.register_table @norm "layer norm and RMS norm" {
      csb.register @Width = 203
    }
    ```

    A table that `runs_blocks` starts tasks of others, whose registers then have
    other values than those that were written:

    ```mlir
    csb.register_table @blocks "instruction blocks" runs_blocks {
      csb.register @Address = 65
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$title,
    UnitAttr:$runs_blocks);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name $title (`runs_blocks` $runs_blocks^)? attr-dict-with-keyword $body
  }];
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
                                 "::llvm::StringRef":$title)>];
  let skipDefaultBuilders = 1;
}

def CSB_RegisterOp : CSB_Op<"register", [Symbol,
    HasParent<"RegisterTableOp">]> {
  let summary = "a register and the names of its values";
  let description = [{
    `values` are those that have a name. `fields` are the lowest bit and the
    number of bits of each number that a packed register holds. With
    `keeps_value`, what was written last is there until the next write, whatever
    tasks run; others are those that start tasks, and all of a device that
    promises nothing.

    ```mlir
    csb.register @Width = 3 keeps_value
    csb.register @Mode = 33 values {Plain = 287 : i64, ScaleBias = 799 : i64}
    csb.register @ScaleGroup = 22
      fields {Channels = array<i64: 0, 19>, Log2Channels = array<i64: 19, 13>}
    ```

    Constraints: fields lie within 32 bits and do not overlap.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, CSB_NonNegative:$number,
    OptionalAttr<DictionaryAttr>:$values, OptionalAttr<DictionaryAttr>:$fields,
    UnitAttr:$keeps_value);
  let assemblyFormat = [{
    $sym_name `=` $number (`values` $values^)? (`fields` $fields^)?
    (`keeps_value` $keeps_value^)? attr-dict
  }];
  let extraClassDeclaration = [{
    struct Field {
      ::llvm::StringRef name;
      int64_t low, bits;
    };
    /// The fields, the highest bits first.
    ::llvm::SmallVector<Field> getBitFields();
  }];
  let hasVerifier = 1;
}

def CSB_ConstantOp : CSB_Op<"constant", [Symbol]> {
  let summary = "a number that the driver source names";
  let description = [{
    ```mlir
    csb.constant @layer_stride_hbm = 3287552
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$value);
  let assemblyFormat = "$sym_name `=` $value attr-dict";
}

def CSB_TableOp : CSB_Op<"table", [Symbol]> {
  let summary = "numbers that the driver source looks up";
  let description = [{
    ```mlir
    csb.table @task_beats = [0, 1, 3, 4]
    ```

    Constraints: there is a number, and each fits 32 bits.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, DenseI64ArrayAttr:$values);
  let assemblyFormat = "$sym_name `=` $values attr-dict";
  let hasVerifier = 1;
}

def CSB_BufferOp : CSB_Op<"buffer", [Symbol]> {
  let summary = "a place for a feature map";
  let description = [{
    It lies in a memory of the device, at the same address in each port. `live`
    are the first and the last step of a run, in pairs, in which it holds
    something; step k is the k-th task of the program. With `slice`, it holds a
    slice of at most so many tokens, row after row.

    ```mlir
    csb.buffer @query "DDR" at 22306816 bytes 16777216 live [1, 2]
    ```

    Constraints: `live` holds pairs, each at least 0 and in order; the end fits
    64 bits.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$space,
    CSB_NonNegative:$address, CSB_Positive:$bytes, DenseI64ArrayAttr:$live,
    UnitAttr:$input, OptionalAttr<CSB_Positive>:$slice);
  let assemblyFormat = [{
    $sym_name $space `at` $address `bytes` $bytes `live` $live (`input` $input^)?
    (`slice` $slice^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The address behind its last byte.
    int64_t getEnd() { return getAddress() + getBytes(); }
  }];
}

def CSB_ParameterOp : CSB_Op<"parameter", [Symbol]> {
  let summary = "a parameter of the model, for all layers";
  let description = [{
    What an object is made of: all that `llm.parameter` says, with the same
    constraints.

    ```mlir
    csb.parameter @key from "layers.{layer}.query_key_value.weight" rows [4096]
      layers 28 : tensor<256x4096xi4>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    OptionalAttr<StrAttr>:$tensor,
    OptionalAttr<DenseI64ArrayAttr>:$rows,
    UnitAttr:$normalized,
    OptionalAttr<F64Attr>:$times,
    OptionalAttr<F64Attr>:$splat,
    OptionalAttr<CSB_Positive>:$layers,
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

def CSB_ObjectOp : CSB_Op<"object", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a parameter, a table or a KV cache, for all layers";
  let description = [{
    Kind, shape, `from` (the parameters that it is made of) and `with` (what a
    table holds) are those of `accel.object`.

    `at` is the address of the first layer, `stride` the distance between
    layers, `bytes` the size of one layer, `dma` the host's DMA address of
    address 0, for `ports` ports that lie `port_stride` apart. `file` is the
    name of the file with the content, `{layer}` and `{port}` standing for two
    digits; KV caches have none. Objects with a file are what
    `csb.load_parameters` loads.

    ```mlir
    csb.object @query_weight "weight" [4096, 4096] from [@parameters::@query] "HBM"
      at 0 bytes 270336 stride 3287552 layers 28
      dma 0 ports 32 port_stride 268435456 file "layer{layer}/query_weight.{port}.bin"
    ```

    The kind "instructions" is that of instruction blocks, which
    `csb-pack-instructions` makes: `with` says what is in them.

    Constraints: `from` names `csb.parameter`s; the end of the last layer in the
    last port fits 64 bits.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$kind,
    DenseI64ArrayAttr:$shape, OptionalAttr<SymbolRefArrayAttr>:$sources,
    OptionalAttr<DictionaryAttr>:$config, StrAttr:$space,
    CSB_NonNegative:$address, CSB_Positive:$bytes, CSB_NonNegative:$stride,
    OptionalAttr<CSB_Positive>:$layers, CSB_NonNegative:$dma_base,
    CSB_Positive:$ports, CSB_NonNegative:$port_stride,
    OptionalAttr<StrAttr>:$file);
  let assemblyFormat = [{
    $sym_name $kind $shape (`from` $sources^)? (`with` $config^)? $space
    `at` $address `bytes` $bytes `stride` $stride
    (`layers` $layers^)? `dma` $dma_base `ports` $ports `port_stride` $port_stride
    (`file` $file^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The address behind the last byte of the last layer.
    int64_t getEnd() {
      return getAddress() + (getLayers().value_or(1) - 1) * getStride() +
             getBytes();
    }
  }];
}

def CSB_AddressOfOp : CSB_Op<"address_of", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "the address of a buffer or object, or the value of a constant";
  let description = [{
    ```mlir
    %a = csb.address_of @query : i64
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$symbol);
  let results = (outs I64:$result);
  let assemblyFormat = "$symbol attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Register program
//===----------------------------------------------------------------------===//

def CSB_TaskOp : CSB_Op<"task", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "says which task the following writes belong to";
  let description = [{
    The text is a comment in the driver source. Outside the layers there is no
    layer. `to` is the buffer that the task writes, or the KV cache where its
    result is appended; a task that does nothing but append has none. A softmax is
    `unmasked` if its tokens see those behind them. A task with a `slice` runs once
    for every so many tokens of the call, with other tasks between. One that
    `merges` several ops has their results in its own, one after the other.

    ```mlir
    csb.task "query"[%layer] "linear 4096 -> 4096" to @query
    csb.task "probabilities"[%layer] "softmax of 32 heads" to @probabilities unmasked
    csb.task "query_key"[%layer] "linear 4096 -> 4352" to @query_key merges ["query", "key"]
    ```
  }];
  let arguments = (ins StrAttr:$name, Optional<I32>:$layer, StrAttr:$comment,
    OptionalAttr<FlatSymbolRefAttr>:$output, UnitAttr:$unmasked,
    OptionalAttr<CSB_Positive>:$slice, OptionalAttr<StrArrayAttr>:$merges);
  let assemblyFormat = [{
    $name (`[` $layer^ `]`)? $comment (`to` $output^)? (`unmasked` $unmasked^)?
    (`slice` $slice^)? (`merges` $merges^)? attr-dict
  }];
}

class CSB_RegisterUser<string mnemonic> : CSB_Op<mnemonic, [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;

def CSB_WriteOp : CSB_RegisterUser<"write"> {
  let summary = "write a register";
  let description = [{
    An i64 must fit 32 bits when it is written; the driver checks it.

    ```mlir
    csb.write @mvm::@InputWidth, %width : i32
    ```
  }];
  let arguments = (ins SymbolRefAttr:$reg, CSB_Word:$value);
  let assemblyFormat = "$reg `,` $value attr-dict `:` type($value)";
}

def CSB_PollOp : CSB_RegisterUser<"poll"> {
  let summary = "wait until a register has a value";
  let description = [{
    ```mlir
    csb.poll @mvm::@Status until 1
    ```
  }];
  let arguments = (ins SymbolRefAttr:$reg, CSB_NonNegative:$value);
  let assemblyFormat = "$reg `until` $value attr-dict";
}

def CSB_ReadOp : CSB_RegisterUser<"read"> {
  let summary = "read a register";
  let description = [{
    `of` is the buffer where the hardware writes the same word, if there is one.

    ```mlir
    %token = csb.read @mvm::@Argmax of @token : i32
    ```
  }];
  let arguments = (ins SymbolRefAttr:$reg,
    OptionalAttr<FlatSymbolRefAttr>:$buffer);
  let results = (outs I32:$value);
  let assemblyFormat = "$reg (`of` $buffer^)? attr-dict `:` type($value)";
}

//===----------------------------------------------------------------------===//
// Instruction blocks
//===----------------------------------------------------------------------===//

def CSB_LookupOp : CSB_Op<"lookup", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a number of a table";
  let description = [{
    The index counts from 0.

    ```mlir
    %beats = csb.lookup @task_beats[%task] : i32
    ```

    Constraints: the symbol is a `csb.table`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$table, I32:$index);
  let results = (outs I32:$value);
  let assemblyFormat = "$table `[` $index `]` attr-dict `:` type($value)";
}

def CSB_SetInstructionOp : CSB_Op<"set_instruction"> {
  let summary = "change a word of the host's copy of the instruction blocks";
  let description = [{
    Words of 32 bits, counted from 0. An i64 must fit; the driver checks it. The
    copy is what `csb.load_parameters` loaded; without one, the driver throws.

    ```mlir
    csb.set_instruction %word, %past : i32
    ```
  }];
  let arguments = (ins I32:$word, CSB_Word:$value);
  let assemblyFormat = "$word `,` $value attr-dict `:` type($value)";
}

def CSB_SendInstructionsOp : CSB_Op<"send_instructions",
    [AttrSizedOperandSegments]> {
  let summary = "write a part of the instruction blocks by DMA";
  let description = [{
    In one transfer: so many words of the host's copy, from `first` on. The
    address is the host's DMA address of word 0. Where the device has the blocks
    twice, the words are those of a call after `past` tokens, in the buffer 0 or
    1; `csb.sent_instructions` says so from then on.

    ```mlir
    csb.send_instructions %address from %c48 words 9600
    csb.send_instructions %address from %first words 9600 for %past in %buffer
    ```

    Constraints: `past` and `buffer` come together.
  }];
  let arguments = (ins I64:$address, I32:$first, CSB_Positive:$words,
    Optional<I32>:$past, Optional<I32>:$buffer);
  let assemblyFormat = [{
    $address `from` $first `words` $words (`for` $past^ `in` $buffer)? attr-dict
  }];
  let hasVerifier = 1;
}

def CSB_SentInstructionsOp : CSB_Op<"sent_instructions"> {
  let summary = "which call a buffer of the instruction blocks is for";
  let description = [{
    The `past` of the words that were sent to the buffer last; -1 where none
    have been sent since the blocks were loaded.

    ```mlir
    %sent = csb.sent_instructions %buffer : i32
    ```
  }];
  let arguments = (ins I32:$buffer);
  let results = (outs I32:$past);
  let assemblyFormat = "$buffer attr-dict `:` type($past)";
}

//===----------------------------------------------------------------------===//
// Host
//===----------------------------------------------------------------------===//

def CSB_CheckCallOp : CSB_Op<"check_call"> {
  let summary = "refuse a call that the driver was not compiled for";
  let description = [{
    Throws unless seq >= 1, past >= 0 and seq + past is at most the context.

    ```mlir
    csb.check_call %seq, %past, 2048
    ```
  }];
  let arguments = (ins I32:$seq, I32:$past, CSB_Positive:$max_tokens);
  let assemblyFormat = "$seq `,` $past `,` $max_tokens attr-dict";
}

def CSB_DMAWriteOp : CSB_Op<"dma_write"> {
  let summary = "block rows into a feature map and write it by DMA";
  let description = [{
    The address is the host's DMA address; `lanes` channels make a pixel. With
    `ports`, each has its share of every pixel, neighbouring channels, at the
    same address of its own; `stride` bytes lie between two ports.

    ```mlir
    csb.dma_write %rows, %address[%seq, 4096] lanes 32
    csb.dma_write %rows, %address[%seq, 4096] lanes 512 ports 32 stride 268435456
    ```

    With `patches`, the rows are the pixels of an image, of whose patches the map
    consists: a token has all channels of all pixels of one.

    ```mlir
    csb.dma_write %rows, %address[%c256, 588] lanes 32
      patches <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0>
    ```

    Constraints: `ports` and `stride` come together; the ports share the lanes
    evenly; patches do not overlap, and their pixels share the channels evenly.
  }];
  let arguments = (ins CSB_RowsType:$rows, I64:$address, I32:$tokens,
    CSB_Positive:$channels, CSB_Positive:$lanes,
    OptionalAttr<CSB_Positive>:$ports, OptionalAttr<CSB_Positive>:$port_stride,
    OptionalAttr<LLM_WindowAttr>:$patches);
  let assemblyFormat = [{
    $rows `,` $address `[` $tokens `,` $channels `]` `lanes` $lanes
    (`ports` $ports^ `stride` $port_stride)? (`patches` $patches^)? attr-dict
  }];
  let hasVerifier = 1;
}

def CSB_DMAReadOp : CSB_Op<"dma_read"> {
  let summary = "read a feature map by DMA and unblock it into rows";
  let description = [{
    ```mlir
    %logits = csb.dma_read %address[%one, 65024] lanes 32
    ```

    The rest is as in csb.dma_write.
  }];
  let arguments = (ins I64:$address, I32:$tokens, CSB_Positive:$channels,
    CSB_Positive:$lanes, OptionalAttr<CSB_Positive>:$ports,
    OptionalAttr<CSB_Positive>:$port_stride);
  let results = (outs CSB_RowsType:$rows);
  let assemblyFormat = [{
    $address `[` $tokens `,` $channels `]` `lanes` $lanes
    (`ports` $ports^ `stride` $port_stride)? attr-dict
  }];
  let hasVerifier = 1;
}

def CSB_DMAReadWordOp : CSB_Op<"dma_read_word"> {
  let summary = "read a number by DMA";
  let description = [{
    The address is the host's DMA address. The number has 16 or 32 bits and no
    sign; the result is negative where 31 bits do not hold it.

    ```mlir
    %token = csb.dma_read_word %address bits 16 : i32
    ```
  }];
  let arguments = (ins I64:$address,
    ConfinedAttr<I64Attr, [IntIsOneOf<[16, 32]>]>:$bits);
  let results = (outs I32:$value);
  let assemblyFormat = "$address `bits` $bits attr-dict `:` type($value)";
}

def CSB_LoadParametersOp : CSB_Op<"load_parameters", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "load the files of all objects";
  let description = [{
    By DMA, after a check that they have the fingerprint of the module. With
    `via`, files for other memories than that of the scratch buffer go there,
    from where the function copies them: (source, destination, bytes, port).
    `base` is the constant with the DMA address of the scratch buffer's memory.
    Of the object after `keep`, the host keeps a copy (csb.set_instruction).

    ```mlir
    csb.load_parameters %directory
    csb.load_parameters %directory via @copy_weights scratch @scratch base @ddr_base
    csb.load_parameters %directory keep @instructions
    ```

    Constraints: `via`, `scratch` and `base` come together; what follows `keep`
    is a `csb.object` with a file.
  }];
  let arguments = (ins CSB_DirectoryType:$directory,
    OptionalAttr<FlatSymbolRefAttr>:$copy,
    OptionalAttr<FlatSymbolRefAttr>:$scratch,
    OptionalAttr<FlatSymbolRefAttr>:$base,
    OptionalAttr<FlatSymbolRefAttr>:$kept);
  let assemblyFormat = [{
    $directory (`via` $copy^ `scratch` $scratch `base` $base)?
    (`keep` $kept^)? attr-dict
  }];
  let hasVerifier = 1;
}

def CSB_ClearOp : CSB_Op<"clear", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "fill an object with zeros";
  let description = [{
    By DMA, all layers in all ports: for KV caches of which tasks read more than
    was written.

    ```mlir
    csb.clear @values_cache
    ```

    Constraints: the symbol is a `csb.object`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$object);
  let assemblyFormat = "$object attr-dict";
}

def CSB_ReadEmbeddingsOp : CSB_Op<"read_embeddings", [
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "look up the embedding rows of tokens";
  let description = [{
    Reads rows of FP16 from a file that has one for each token of the
    vocabulary. It needs no device: a function that takes ids is one of the host
    alone.

    ```mlir
    %rows = csb.read_embeddings %directory, %ids
      from @parameters::@embedding [65024, 4096] file "embedding.bin"
    ```

    Constraints: `from` names a `csb.parameter`.
  }];
  let arguments = (ins CSB_DirectoryType:$directory, CSB_IdsType:$ids,
    SymbolRefAttr:$parameter, CSB_Positive:$vocabulary, CSB_Positive:$channels,
    StrAttr:$file);
  let results = (outs CSB_RowsType:$rows);
  let assemblyFormat = [{
    $directory `,` $ids `from` $parameter `[` $vocabulary `,` $channels `]`
    `file` $file attr-dict
  }];
}

def CSB_StepOp : CSB_Op<"step"> {
  let summary = "say that a task has ended";
  let description = [{
    ```mlir
    csb.step "query"[%layer]
    ```
  }];
  let arguments = (ins StrAttr:$name, Optional<I32>:$layer);
  let assemblyFormat = "$name (`[` $layer^ `]`)? attr-dict";
}

#endif // DLAVM_DIALECT_CSB_IR_CSBOPS_TD
