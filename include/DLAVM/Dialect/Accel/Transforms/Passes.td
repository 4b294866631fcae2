//===- Passes.td - Passes of the accel dialect -------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD
#define DLAVM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def WriteCaches : Pass<"accel-write-caches", "::mlir::ModuleOp"> {
  let summary = "let the tasks that compute keys and values write KV caches";
  let description = [{
    Where the KV caches of the device are maps, no task appends to them: the task
    whose result is appended writes it into the cache, at the position of the
    first token. On other devices nothing changes. Not an optimization: hardware
    without a task that appends cannot do without.

    ```mlir
    %k = accel.buffer "key_rope" : memref<8x?x32xf16, #accel.space<DDR>>, #llm.dims<8, seq, 32>
    accel.rope "key_rope" ins(%x : ...) table(%t) at(%past) outs(%k : ...) [2, 128]
    accel.kv_append keys "keys_append" ins(%k : ...) at(%past) outs(%keys) [2, 128]
    ```

    becomes

    ```mlir
    %map = accel.cache_map %keys : memref<8x2048x32xf16, #accel.space<DDR>>
    %new = memref.subview %map[0, %past, 0] [8, %seq, 32] [1, 1, 1] : ...
    accel.rope "key_rope" ins(%x : ...) table(%t) at(%past) outs(%new : ...) [2, 128]
    ```

    Refused is a map that something else reads besides, and one that no task of
    the same block computes.
  }];
  let statistics = [
    Statistic<"numWritten", "num-written", "KV caches that a task writes as it computes">
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def GroupAppends : Pass<"accel-group-appends", "::mlir::ModuleOp"> {
  let summary = "append keys and values one after the other";
  let description = [{
    Two tasks that append to KV caches have most registers in common. Where
    others stand between them that use the same registers, the second one moves
    behind the first, and what computes its operand with it, so that
    `csb-eliminate-redundant-writes` finds these registers as the first one left
    them. The order of tasks that need each other stays. Nothing changes where
    registers do not keep their values (Traits::registersKeepValues).

    ```mlir
    accel.kv_append keys "keys_append" ins(%k : ...) at(%past) outs(%keys) [2, 128]
    accel.scores "scores" ins(%q : ...) cache(%keys) ...
    accel.softmax "probabilities" ...
    accel.linear "value" ins(%x : ...) weight(%w) outs(%v : ...) [4096, 256]
    accel.kv_append values "values_append" ins(%v : ...) at(%past) outs(%values) [2, 128]
    accel.values "attention" ... cache(%values) ...
    ```

    becomes

    ```mlir
    accel.kv_append keys "keys_append" ins(%k : ...) at(%past) outs(%keys) [2, 128]
    accel.linear "value" ins(%x : ...) weight(%w) outs(%v : ...) [4096, 256]
    accel.kv_append values "values_append" ins(%v : ...) at(%past) outs(%values) [2, 128]
    accel.scores "scores" ins(%q : ...) cache(%keys) ...
    accel.softmax "probabilities" ...
    accel.values "attention" ... cache(%values) ...
    ```
  }];
  let statistics = [Statistic<"numMoved", "num-moved", "Appends that moved">];
}

def StreamAttention : Pass<"accel-stream-attention", "::mlir::ModuleOp"> {
  let summary = "run scores, softmax and values over slices of query tokens";
  let description = [{
    The scores and probabilities of a layer have a row for each token of the call
    and each head, as long as the context: most of what a long prompt takes. Here
    scores, softmax and values run over slices of the tokens together, so that the
    buffers hold a slice. Tasks between them that depend on none of them, as those
    that compute the values, come before. Slices change no number: a row depends
    on no other.

    ```mlir
    accel.scores "scores" ins(%q : ...) cache(%k) keys(%total) scale 0.088 outs(%s : ...) [32, 2, 128]
    accel.softmax "probabilities" ins(%s : ...) keys(%total) at(%past) outs(%p : ...) [32]
    accel.linear "value" ...
    accel.kv_append values "values_append" ...
    accel.values "attention" ins(%p : ...) cache(%v) keys(%total) outs(%o : ...) [32, 2, 128]
    ```

    becomes

    ```mlir
    accel.linear "value" ...
    accel.kv_append values "values_append" ...
    scf.for %slice = %c0 to %seq step %c128 {
      %left = arith.subi %seq, %slice overflow<nsw> : index
      %width = arith.minsi %c128, %left : index
      %s = accel.buffer "scores" slice 128 : ...
      %p = accel.buffer "probabilities" slice 128 : ...
      %queries = memref.subview %q[0, %slice, 0] [128, %width, 32] [1, 1, 1] : ...
      %rows = memref.subview %s[0, 0, 0] [%surfaces, %width, 32] [1, 1, 1] : ...
      accel.scores "scores" ins(%queries : ...) cache(%k) keys(%total) scale 0.088 outs(%rows : ...)
        [32, 2, 128] {accel.slice = 128 : i64}
      %position = arith.addi %past, %slice overflow<nsw> : index
      accel.softmax "probabilities" ins(%rows : ...) keys(%total) at(%position) outs(%weights : ...)
        [32] {accel.slice = 128 : i64}
      accel.values "attention" ...
    } {accel.limit = "memory of 33554432 bytes for a slice"}
    ```

    accel-partition-tasks cuts the slices to the chip. A slice is a multiple of
    what it cuts anyway, the smallest with which starts and reads cost at most a
    sixteenth more than the cheapest, under a limit of bytes. A call of no more
    tokens than a slice has goes through the loop once, with the starts and the
    registers that it has without.

    Runs where the device says that softmax takes slices; where that follows from
    the meaning of its registers alone (`SoftmaxSlices::Untested`), with the option
    `untested`.
  }];
  let options = [
    Option<"sliceBytes", "slice-bytes", "int64_t", "0",
           "The most bytes (of a port) of the maps of a slice; 0 is an eighth of the memory">,
    Option<"untested", "untested", "bool", "false",
           "Also where no known program starts softmax on a slice">
  ];
  let statistics = [
    Statistic<"numStreamed", "num-streamed", "Attentions that run over slices">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def StreamFFN : Pass<"accel-stream-ffn", "::mlir::ModuleOp"> {
  let summary = "run feed-forward networks over slices of tokens";
  let description = [{
    Linear layers, activations, sums and products of which only the next one uses
    the result run over slices of tokens together, as in accel-stream-attention:
    gate, its activation, up and down, with the residual. The weights are read for
    each slice; the choice of its tokens counts that.

    ```mlir
    accel.linear "gate" ins(%n : ...) weight(%w0) outs(%g : ...) [4096, 13696]
    accel.activation "gate_silu" ins(%g : ...) table(%t) outs(%a : ...) [13696]
    accel.linear "up" ins(%n : ...) weight(%w1) scale_bias(%b) mul(%a : ...) outs(%u : ...) [4096, 13696]
    accel.linear "down" ins(%u : ...) weight(%w2) scale_bias(%c) add(%x : ...) outs(%y : ...) [13696, 4096]
    ```

    becomes

    ```mlir
    scf.for %slice = %c0 to %seq step %c256 {
      %left = arith.subi %seq, %slice overflow<nsw> : index
      %width = arith.minsi %c256, %left : index
      %g = accel.buffer "gate" slice 256 : ...
      %rows = memref.subview %n[0, %slice, 0] [128, %width, 32] [1, 1, 1] : ...
      %gates = memref.subview %g[0, 0, 0] [428, %width, 32] [1, 1, 1] : ...
      accel.linear "gate" ins(%rows : ...) weight(%w0) outs(%gates : ...) [4096, 13696] {accel.slice = 256 : i64}
      ...
    } {accel.limit = "memory of 21037056 bytes for a slice"}
    ```

    An argmax, a convolution and what the host moves are left as they are.
  }];
  let options = [
    Option<"sliceBytes", "slice-bytes", "int64_t", "0",
           "The most bytes (of a port) of the maps of a slice; 0 is an eighth of the memory">
  ];
  let statistics = [
    Statistic<"numStreamed", "num-streamed", "Networks that run over slices">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def MergeLinears : Pass<"accel-merge-linears", "::mlir::ModuleOp"> {
  let summary = "make one linear layer of several with the same input";
  let description = [{
    Linear layers that read the same map, as those of queries, keys and values,
    become one: its weight is an object made of their parameters, whose rows follow
    each other, its scale and bias likewise, and what read their results reads views
    of its own. One start in place of several, and an input that is read once.

    ```mlir
    accel.object @query_weight weight [4096, 4096] from [@query] layers 28 in #accel.space<HBM>
    accel.object @key_weight weight [256, 4096] from [@key] layers 28 in #accel.space<HBM>
    accel.linear "query" ins(%n : ...) weight(%w0) outs(%q : ...) [4096, 4096]
    accel.rope "query_rope" ins(%q : ...) ...
    accel.linear "key" ins(%n : ...) weight(%w1) outs(%k : ...) [4096, 256]
    accel.rope "key_rope" ins(%k : ...) ...
    ```

    becomes

    ```mlir
    accel.object @query_key_weight weight [4352, 4096] from [@query, @key] layers 28 in #accel.space<HBM>
    accel.linear "query_key" ins(%n : ...) weight(%w) outs(%qk : ...) [4096, 4352] {accel.merges = ["query", "key"]}
    %q = memref.subview %qk[0, 0, 0] [128, %seq, 32] [1, 1, 1] : ...
    %k = memref.subview %qk[128, 0, 0] [8, %seq, 32] [1, 1, 1] : ...
    accel.rope "query_rope" ins(%q : ...) ...
    accel.rope "key_rope" ins(%k : ...) ...
    ```

    A result begins a surface, so that one that does not fill its last surface is the
    last of a merged layer. Left alone are layers with a residual, relu or an
    argmax, those whose result the host or another function takes or that lies in a
    KV cache, slices, and weights that other layers use as well. All scale and add a
    bias, or none does. The llm module stays as it is: no number changes. What
    appends a part of the result to a cache comes as early as it can, as the
    result keeps its memory until all of its parts were read.

    Left alone are layers that the model of costs says cost as much when they are
    one, too: where starts take a part of the output channels anyway, nothing is
    saved.
  }];
  let options = [
    Option<"always", "always", "bool", "false",
      "Merge layers where the model of costs says that it does not pay, too">
  ];
  let statistics = [
    Statistic<"numMerged", "num-merged", "Linear layers that became part of another">,
    Statistic<"numMade", "num-made", "Linear layers made of several">
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def OrderLoops : Pass<"accel-order-loops", "::mlir::ModuleOp"> {
  let summary = "let starts keep on the chip what takes longest to read again";
  let description = [{
    Where starts share the tokens and the output channels of a linear layer, two
    loops stand around it, and the inner one leaves on the chip what it does not
    cut: over tokens the weight, so that the input is read again for each part of
    the channels; over output channels the input, so that the weight is read
    again for each part of the tokens. Both are right. The record has the order
    of the known programs, which estimate for themselves; here the model of times
    decides with which the memory delivers sooner (docs/Estimate.md). The
    attribute says from how many tokens on the weight stays, and
    accel-partition-tasks makes the loops so:

    ```mlir
    accel.linear "q" ins(%x : ...) weight(%w) outs(%y : ...) [4096, 4096]
    ```

    becomes

    ```mlir
    accel.linear "q" ins(%x : ...) weight(%w) outs(%y : ...) [4096, 4096]
      {accel.keeps_weight_from = 129 : i64}
    ```

    One more than the tokens that there can be says that the input stays always.
    Products with KV caches keep the order of the record, which asks how many
    tokens are cached. Nothing changes on devices of which nobody said how fast
    they are.
  }];
  let statistics = [
    Statistic<"numOrdered", "num-ordered", "Linear layers with two loops">
  ];
}

def PartitionTasks : Pass<"accel-partition-tasks", "::mlir::ModuleOp"> {
  let summary = "cut tasks to what fits on the chip";
  let description = [{
    Puts each task that is too large for one start into loops over parts of its
    tokens and output channels, unless the largest context fits one start. The
    device says how much fits; the number may depend on the tokens in the KV
    cache. Maps become `memref.subview`s of the tokens; where starts share
    channels, each gets a `part`. Not an optimization: hardware cannot do
    without.

    ```mlir
    accel.linear "q" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w)
      outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096, 4096]
    ```

    becomes

    ```mlir
    scf.for %token = %c0 to %seq step %c128 {
      %left = arith.subi %seq, %token overflow<nsw> : index
      %width = arith.minsi %c128, %left : index
      %in = memref.subview %x[0, %token, 0] [128, %width, 32] [1, 1, 1] : ...
      %out = memref.subview %y[0, %token, 0] [128, %width, 32] [1, 1, 1] : ...
      accel.linear "q" ins(%in : ...) weight(%w) outs(%out : ...) [4096, 4096]
    } {accel.limit = "activation buffer of 524288 values"}
    ```

    Two loops stand in the order of the record, or as accel-order-loops says.
    Where that depends on the call, an `scf.if` chooses between both orders, and
    each start says what of the one before it reuses:

    ```mlir
    %less = arith.cmpi slt, %keeps_weight, %keeps_input : index
    scf.if %less {
      scf.for %channel = %c0 to %c4096 step %c1024 {
        scf.for %token = %c0 to %seq step %c128 {
          ...
          %reuses = arith.minsi %token, %c1 : index
          accel.linear "q" ... part(%channel, %channels, %reuses, %c0) [4096, 4096]
        }
      }
    } else {
      scf.for %token = %c0 to %seq step %c128 {
        scf.for %channel = %c0 to %c4096 step %c1024 {
          ...
          %reuses = arith.minsi %channel, %c1 : index
          accel.linear "q" ... part(%channel, %channels, %c0, %reuses) [4096, 4096]
        }
      }
    }
    ```
  }];
  let statistics = [
    Statistic<"numCut", "num-cut", "Tasks put into loops over parts">,
    Statistic<"numWhole", "num-whole", "Tasks whose largest context fits one start">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def PlaceObjects : Pass<"accel-place-objects", "::mlir::ModuleOp"> {
  let summary = "give weights, tables and KV caches their addresses";
  let description = [{
    Lays out all objects of a memory one after the other, at multiples of the
    memory's alignment: in DDR what has no layers first, in HBM what has; KV
    caches last. The objects of one layer lie together, so all objects with the
    same number of layers have the same stride. Refuses what exceeds a memory.

    The device says how large an object is. KV caches of `edgellm` always have
    room for the device's largest context: the register document fixes the
    strides inside them by it, and leaves open whether others work.

    ```mlir
    accel.object @q weight [4096, 4096] layers 28 in <HBM>
    ```

    becomes

    ```mlir
    accel.object @q weight [4096, 4096] layers 28 in <HBM> at 0 bytes 270336 stride 270336
    ```
  }];
  let statistics = [
    Statistic<"numBytes", "num-bytes", "Bytes of every port of a memory, of all memories">
  ];
}

def PlanMemory : Pass<"accel-plan-memory", "::mlir::ModuleOp"> {
  let summary = "give feature maps their addresses";
  let description = [{
    Places all buffers of a run behind the objects in the memory of feature maps, at
    multiples of its alignment, in as few bytes as the planner can (docs/MemoryPlan.md).
    Buffers that hold something at the
    same time do not overlap, and those that a task reads and those that it writes hold
    something at the same time: no device's record says that a task may write what it
    reads. A buffer is as large as the call that needs most makes it: seq >= 1,
    past >= 0, seq + past <= N.

    What is handed to and from functions, loops and branches is one place: a
    layer's result lies where its argument lies. What a caller keeps across a call
    counts as live all through it. With places fixed, functions and loops hand
    no maps around any more; each function roots them in its own `accel.buffer`.

    ```mlir
    func.func private @layer(%x: memref<1x?x32xf16, #accel.space<DDR>>)
        -> memref<1x?x32xf16, #accel.space<DDR>> {
      %n = accel.buffer "norm" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
      accel.norm "norm" rms ins(%x, @weight) outs(%n) : ...
      %y = accel.buffer "mlp" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
      accel.linear "mlp" ins(%n, @mlp) outs(%y) : ...
      return %y : memref<1x?x32xf16, #accel.space<DDR>>
    }
    ```

    becomes

    ```mlir
    func.func private @layer() {
      %x = accel.buffer "hidden" at 1024 bytes 131072 live [0, 0] : ...
      %n = accel.buffer "norm" at 132096 bytes 131072 live [0, 1] : ...
      accel.norm "norm" rms ins(%x, @weight) outs(%n) : ...
      %y = accel.buffer "hidden" at 1024 bytes 131072 live [1, 1] : ...
      accel.linear "mlp" ins(%n, @mlp) outs(%y) : ...
      return
    }
    ```
  }];
  let options = [
    Option<"maxNodes", "max-nodes", "uint64_t", /*default=*/"65536",
           "How many steps the planner's search may take">
  ];
  let statistics = [
    Statistic<"numBuffers", "num-buffers", "Buffers placed">,
    Statistic<"arenaBytes", "arena-bytes", "Bytes of the arena">,
    Statistic<"lowerBound", "lower-bound", "Bytes live at once, at most">,
    Statistic<"numSteps", "num-steps", "Steps of the search">
  ];
}

def OutlineStarts : Pass<"accel-outline-starts", "::mlir::ModuleOp"> {
  let summary = "let both orders of loops call one function";
  let description = [{
    Where an `scf.if` chooses between two nests of loops around one task
    (accel-partition-tasks), the task becomes a function of the numbers that its
    starts differ in, so that the driver has its register writes once. Buffers
    are placed before, as a function has buffers of its own.

    ```mlir
    scf.if %less {
      scf.for %channel = %c0 to %c4096 step %c1024 {
        scf.for %token = %c0 to %seq step %c128 {
          accel.linear "q" ... part(%channel, %channels, %reuses, %c0) [4096, 4096]
        }
      }
    } else {
      ...
    }
    ```

    becomes

    ```mlir
    scf.if %less {
      scf.for %channel = %c0 to %c4096 step %c1024 {
        scf.for %token = %c0 to %seq step %c128 {
          func.call @layer_q(%layer, %token, %width, %channel, %channels, %reuses, %c0) : ...
        }
      }
    } else {
      ...
    }
    ```
  }];
  let statistics = [
    Statistic<"numOutlined", "num-outlined", "Functions made of two starts">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def SpecializeDecode : Pass<"accel-specialize-decode", "::mlir::ModuleOp"> {
  let summary = "give the program a copy for calls of one token";
  let description = [{
    Copies the function that the host calls, and those that it calls, for `seq` =
    1: token counts are constants, loops over tokens are their bodies, and a
    choice that one token decides is gone. Loops over layers, KV heads and output
    channels stay. The copies carry the attribute `accel.decode`, and the driver
    calls the first one `decode(device, past)`: what it writes is what
    `run(device, 1, past)` writes, which takes the host more time to find out.

    Tasks are cut and buffers placed before, so both have the same starts and
    addresses. Nothing happens where no count depends on `seq`.

    ```mlir
    func.func @model() {
      %seq = accel.tokens seq
      %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
      scf.for %token = %c0 to %seq step %c128 {
        %left = arith.subi %seq, %token overflow<nsw> : index
        %width = arith.minsi %left, %c128 : index
        %in = memref.subview %x[0, %token, 0] [1, %width, 32] [1, 1, 1] : ...
        accel.activation "silu" ins(%in : ...) table(%silu) outs(%out : ...) [32]
      }
      return
    }
    ```

    is joined by

    ```mlir
    func.func @decode() attributes {accel.decode} {
      %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<1x1x32xf16, #accel.space<DDR>>, <1, 1, 32>
      accel.activation "silu" ins(%x : ...) table(%silu) outs(%y : ...) [32]
      return
    }
    ```
  }];
  let statistics = [
    Statistic<"numLoops", "num-loops", "Loops over tokens that became their bodies">,
    Statistic<"numBranches", "num-branches", "Choices that one token decides">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"];
}

def PromoteOnChip : Pass<"accel-promote-onchip", "::mlir::ModuleOp"> {
  let summary = "leave maps of one token on the chip for the next task";
  let description = [{
    Where the device has a memory on the chip for it (`Memory::isOnChip`), a task of
    a call of one token can leave its result there, and others take it from there,
    so that it does not go through the memory of maps. In the functions with the
    attribute `accel.decode`, each map that one task writes whole and others in the
    same block read moves there, if all of them can have it there
    (`TaskSupport::onChip`) and it fits beside those that hold something at the same
    time. Maps whose places one flag of a task tells move together: a residual and
    the input, or the output, as the record says. Those that tasks move most bytes of
    come first.

    What the host moves, what functions hand around (a layer's input and result), KV
    caches, and what a task takes that can take nothing from the chip stay where they
    are. Scores have the size of the largest context.

    ```mlir
    func.func private @decode_layer(%layer: index {accel.layer}) attributes {accel.decode} {
      %g = accel.buffer "gate" at 2048 bytes 27392 live [4, 5] : memref<428x1x32xf16, #accel.space<DDR>>, <428, 1, 32>
      %a = accel.buffer "silu" at 30720 bytes 27392 live [5, 6] : memref<428x1x32xf16, #accel.space<DDR>>, <428, 1, 32>
      accel.linear "gate" ... outs(%g : ...) [4096, 13696]
      accel.activation "silu" ins(%g : ...) table(%t) outs(%a : ...) [13696]
      ...
    }
    ```

    becomes

    ```mlir
    func.func private @decode_layer(%layer: index {accel.layer}) attributes {accel.decode} {
      %g = accel.buffer "gate" at 0 bytes 27392 live [4, 5] : memref<428x1x32xf16, #accel.space<CHIP>>, <428, 1, 32>
      %a = accel.buffer "silu" at 27392 bytes 27392 live [5, 6] : memref<428x1x32xf16, #accel.space<CHIP>>, <428, 1, 32>
      ...
    }
    ```

    No board is known to have run it, so it runs by its name only, whatever the level
    is. A device without such a memory is refused. Nothing happens without a function
    for one token, which accel-specialize-decode makes.
  }];
  let statistics = [
    Statistic<"numPromoted", "num-promoted", "Maps that lie on the chip">,
    Statistic<"numLeft", "num-left", "Maps that could, but had no room there">,
    Statistic<"chipBytes", "chip-bytes", "Bytes on the chip">
  ];
}

#endif // DLAVM_DIALECT_ACCEL_TRANSFORMS_PASSES_TD
