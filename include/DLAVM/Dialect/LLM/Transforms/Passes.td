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

#endif // DLAVM_DIALECT_LLM_TRANSFORMS_PASSES_TD
