//===- Passes.td - Passes of the llm dialect ---------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_TD
#define DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseScaleBias : Pass<"llm-fuse-scale-bias", "::mlir::ModuleOp"> {
  let summary = "move scales and biases into the linear layer before them";
  let description = [{
    Turns a product or a sum with one value per channel into the scale or the
    bias of the linear layer that it follows, where that layer has no other use,
    no residual and no scale and bias yet. What is missing of the pair becomes a
    parameter `splat 1.0` or `splat 0.0`.

    ```mlir
    %y = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
      -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
    %b = llm.get_parameter @b : tensor<32xf16>
    %z = llm.add %y, %b : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>, tensor<32xf16>
    ```

    becomes

    ```mlir
    %z = llm.linear %x, @w scale @w_ones bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
      -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
    ```
  }];
  let statistics = [
    Statistic<"numScales", "num-scales", "Scales moved into a linear layer">,
    Statistic<"numBiases", "num-biases", "Biases moved into a linear layer">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

def FuseResidual : Pass<"llm-fuse-residual", "::mlir::ModuleOp"> {
  let summary = "let linear layers add or multiply their residual";
  let description = [{
    Turns a sum or a product of a linear layer's result with another map into
    the residual of that layer, where the layer has scale and bias, no residual
    yet and no other use. The layer moves to the place of the sum, so that the
    residual is computed before it.

    ```mlir
    %y = llm.linear %x, @w scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
      -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    %z = llm.add %y, %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    ```

    becomes

    ```mlir
    %z = llm.linear %x, @w scale @s bias @b add %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
      -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    ```
  }];
  let statistics = [
    Statistic<"numSums", "num-sums", "Sums moved into a linear layer">,
    Statistic<"numProducts", "num-products", "Products moved into a linear layer">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

def FuseReLU : Pass<"llm-fuse-relu", "::mlir::ModuleOp"> {
  let summary = "let linear layers and convolutions compute relu";
  let description = [{
    Turns a relu of a linear layer's or a convolution's result into that of the
    layer, where it has no residual and no other use. For devices whose tasks can do
    it (`Traits::fusesRelu`); others look it up in a table.

    ```mlir
    %y = llm.linear %x, @w scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
      -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    %z = llm.activation relu %y : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    ```

    becomes

    ```mlir
    %z = llm.linear %x, @w scale @s bias @b relu : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
      -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    ```
  }];
  let statistics = [
    Statistic<"numFused", "num-fused", "Activations moved into a layer">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

def PadHeads : Pass<"llm-pad-heads", "::mlir::ModuleOp"> {
  let summary = "give heads the number of channels that the device's have";
  let description = [{
    Pads the heads of queries, keys and values with channels that are 0. The
    linear layers before `llm.split_heads` get zero rows (weight, scale and
    bias), those after `llm.merge_heads` zero columns, and the KV caches and all
    maps in between more channels. Scores keep their scale, as sums over zeros
    change nothing; rotary embeddings keep their pairs. An `llm.rms_norm` before
    or behind `llm.split_heads` has a smaller mean then: of n channels that become
    N, its weight is multiplied with sqrt(n / N) and its epsilon with n / N. A
    parameter that another op uses as it is gets a copy.

    Refuses, at the op, larger heads than the device's, and heads that anything
    but the ops of attention makes or uses. Then nothing is changed.

    ```mlir
    llm.parameter @q from "q" : tensor<128x128xi4>
    llm.parameter @o from "o" : tensor<128x128xi4>
    %q = llm.linear %x, @q : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
      -> tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
    %h = llm.split_heads %q : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
      -> tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
    ...
    %m = llm.merge_heads %v : tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
    %y = llm.linear %m, @o : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
      -> tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
    ```

    becomes, with `head-channels=128`,

    ```mlir
    llm.parameter @q from "q" row_heads <8 x 16, padded 128> : tensor<1024x128xi4>
    llm.parameter @o from "o" column_heads <8 x 16, padded 128> : tensor<128x1024xi4>
    %q = llm.linear %x, @q : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
      -> tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
    %h = llm.split_heads %q : tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
      -> tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
    ...
    %m = llm.merge_heads %v : tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
    %y = llm.linear %m, @o : tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
      -> tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
    ```
  }];
  let options = [
    Option<"headChannels", "head-channels", "int64_t", /*default=*/"0",
      "The channels of the device's heads">
  ];
  let statistics = [
    Statistic<"numLinear", "num-linear", "Linear layers with padded channels">,
    Statistic<"numCaches", "num-caches", "KV caches with padded channels">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

def PadGroups : Pass<"llm-pad-groups", "::mlir::ModuleOp"> {
  let summary = "let the queries of each KV head fill whole rows";
  let description = [{
    Some devices work on one KV head at a time, and take its queries as rows of
    so many heads. Where the queries of a KV head fill no whole rows, empty heads
    follow them: the linear layer that makes them gets rows that are 0, and the
    one that takes the results of attention columns that are 0. With 4 heads in
    a row, 28 queries of 4 KV heads become 4 times 8:

    ```mlir
    llm.parameter @q from "q" : tensor<3584x3584xi4>
    %q = llm.linear %x, @q : tensor<1x?x3584xf16, #llm.dims<1, seq, 3584>>
      -> tensor<1x?x3584xf16, #llm.dims<1, seq, 3584>>
    %h = llm.split_heads %q : tensor<1x?x3584xf16, #llm.dims<1, seq, 3584>>
      -> tensor<28x?x128xf16, #llm.dims<28, seq, 128>>
    %s = llm.attention_scores %h, @keys after %t scale 0.088
      : tensor<28x?x128xf16, #llm.dims<28, seq, 128>>
    ```

    becomes

    ```mlir
    llm.parameter @q from "q" row_heads <28 x 128, groups 4 empty 1> : tensor<4096x3584xi4>
    %q = llm.linear %x, @q : tensor<1x?x3584xf16, #llm.dims<1, seq, 3584>>
      -> tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    %h = llm.split_heads %q : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
      -> tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    %s = llm.attention_scores %h, @keys after %t scale 0.088 heads 28
      : tensor<32x?x128xf16, #llm.dims<32, seq, 128>>
    ```

    An `llm.rms_norm` over the channels of all heads gets a smaller weight and
    epsilon, as in `llm-pad-heads`.

    The two layers then take that much more time and memory; `report.txt` says
    how much. What else uses these heads is refused, and nothing is changed then.
  }];
  let options = [
    Option<"headsPerRow", "heads-per-row", "int64_t", /*default=*/"1",
      "The heads of a row; with 1 no heads are added">
  ];
  let statistics = [
    Statistic<"numLinear", "num-linear", "Linear layers with empty heads">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

def EmbedPatches : Pass<"llm-embed-patches", "::mlir::ModuleOp"> {
  let summary = "make convolutions linear layers over patches that the host cuts";
  let description = [{
    A convolution whose kernel is as large as its strides, and divides the image,
    is a linear layer over the patches of the image. Where the device has no
    convolution, or cannot have as many rows of the image on the chip as the
    kernel, it becomes that, if the image is an input that the model needs for
    nothing else: only the host can cut patches. Blocks of the weights then have
    scales of their own. Other convolutions stay.

    ```mlir
    llm.parameter @w from "patch_embed" kernel [14, 14] : tensor<1792x588xi4>
    func.func @model(%x: tensor<1x50176x3xf16>) -> tensor<1x256x1792xf16> {
      %y = llm.conv2d %x, @w scale @s bias @b
        window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0>
        : tensor<1x50176x3xf16> -> tensor<1x256x1792xf16>
    ```

    becomes

    ```mlir
    llm.parameter @w from "patch_embed" kernel [14, 14] : tensor<1792x588xi4>
    func.func @model(%x: tensor<1x50176x3xf16>) -> tensor<1x256x1792xf16> {
      %p = llm.cut_patches %x window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0>
        : tensor<1x50176x3xf16> -> tensor<1x256x588xf16>
      %y = llm.linear %p, @w scale @s bias @b
        : tensor<1x256x588xf16> -> tensor<1x256x1792xf16>
    ```
  }];
  let options = [
    Option<"device", "device", "std::string", /*default=*/"",
      "The device that is asked">
  ];
  let statistics = [
    Statistic<"numConvolutions", "num-convolutions", "Convolutions turned into linear layers">
  ];
}

def InterleaveRope : Pass<"llm-interleave-rope", "::mlir::ModuleOp"> {
  let summary = "let rotary embeddings pair neighbouring channels";
  let description = [{
    Turns `half_split` rotary embeddings into `interleaved` ones by permuting the
    rows (weight, scale and bias) of the linear layers that make their heads, and
    the weights of `llm.rms_norm` in between. A
    parameter that another op uses as it is gets a copy. Devices that can rotate
    halves of a head themselves keep those whose `rotary` is all of a head: the
    option `half-split` is the channels of that head.

    That is right because scores do not change when queries and keys are
    permuted alike. So the result of such an op may only reach
    `llm.attention_scores` and `llm.kv_append`, and all queries and keys of the
    cache must be permuted alike, and no `llm.attention_values` read it. Heads
    that are not rotated, as some layers have them, are permuted with the others.
    All else is refused, at the rotary embedding; then nothing is changed.

    ```mlir
    llm.parameter @q from "q" : tensor<1024x1024xi4>
    %q = llm.linear %x, @q : tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
      -> tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
    %h = llm.split_heads %q : tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
      -> tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
    %r = llm.rope %h half_split theta 10000.0 rotary 128
      : tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
    ```

    becomes

    ```mlir
    llm.parameter @q from "q" row_heads <8 x 128, interleaved 128> : tensor<1024x1024xi4>
    %q = llm.linear %x, @q : tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
      -> tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
    %h = llm.split_heads %q : tensor<1x?x1024xf16, #llm.dims<1, seq, 1024>>
      -> tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
    %r = llm.rope %h interleaved theta 10000.0 rotary 128
      : tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
    ```
  }];
  let options = [
    Option<"halfSplit", "half-split", "int64_t", /*default=*/"0",
      "Rotary embeddings of so many channels stay half_split">,
    Option<"needsHalfSplit", "needs-half-split", "bool", /*default=*/"false",
      "Refuse a rotary embedding that cannot stay or is not half_split">
  ];
  let statistics = [
    Statistic<"numRopes", "num-ropes", "Rotary embeddings turned into interleaved ones">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

def NameTasks : Pass<"llm-name-tasks", "::mlir::ModuleOp"> {
  let summary = "name the hardware tasks that ops become";
  let description = [{
    Gives every op that becomes a hardware task the attribute `llm.task`: a name
    of letters, digits and underscores that no other op of the module has. The
    driver, the plan, traces and comparisons call the task so. It comes from the
    op's parameter or KV cache, or from the map that it works on. Names that are
    there stay.

    ```mlir
    %q = llm.linear %x, @query : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
      -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
    %h = llm.split_heads %q : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
      -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
    %r = llm.rope %h interleaved theta 10000.0 rotary 64
      : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
    ```

    becomes

    ```mlir
    %q = llm.linear %x, @query {llm.task = "query"} : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
      -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
    %h = llm.split_heads %q : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
      -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
    %r = llm.rope %h interleaved theta 10000.0 rotary 64 {llm.task = "query_rope"}
      : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
    ```
  }];
  let statistics = [
    Statistic<"numTasks", "num-tasks", "Tasks that got a name">
  ];
  let dependentDialects = ["::dlavm::llm::LLMDialect"];
}

#endif // DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_TD
