// RUN: dlavm-opt %s --dlavm-compile=device=edgellm-20241128 | FileCheck %s

// The place that the layers hand around holds their result until the last task
// has read it.

// CHECK: csb.buffer @hidden "DDR" at [[ADDRESS:[0-9]+]] bytes {{[0-9]+}} live [0, 0, 2, 2]
// CHECK: csb.buffer @w "DDR" at [[ADDRESS]] bytes {{[0-9]+}} live [1, 1]
// CHECK: csb.buffer @n "DDR" at {{[0-9]+}} bytes {{[0-9]+}} live [2, 2]
module @model attributes {llm.max_tokens = 256 : i64} {
llm.parameter @w from "layers.{layer}.w" layers 2 : tensor<512x512xi4>
llm.parameter @n from "n" : tensor<512xf16>
func.func private @layer(%layer: index, %x: tensor<1x?x512xf16, #llm.dims<1, seq, 512>>) -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>> {
  %0 = llm.add %x, %x : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
  %1 = llm.linear %0, @w[%layer] : tensor<1x?x512xf16, #llm.dims<1, seq, 512>> -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
  return %1 : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
}
func.func @model(%x: tensor<1x?x512xf16, #llm.dims<1, seq, 512>>) -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %x) -> (tensor<1x?x512xf16, #llm.dims<1, seq, 512>>) {
    %1 = func.call @layer(%i, %h) : (index, tensor<1x?x512xf16, #llm.dims<1, seq, 512>>) -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
    scf.yield %1 : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
  } {llm.layer_loop}
  %y = llm.rms_norm %0, @n epsilon 1.0e-5 : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
  return %y : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
}
}
