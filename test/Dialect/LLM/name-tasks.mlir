// RUN: dlavm-opt %s --llm-name-tasks -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --llm-name-tasks --llm-name-tasks -split-input-file | FileCheck %s

!hidden = tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
!heads = tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
!scores = tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>

// Names come from parameters and caches, or from the map that an op works on,
// seen through views. Other characters become underscores.

// CHECK-LABEL: module @kinds
module @kinds attributes {llm.max_tokens = 64 : i64} {
llm.parameter @"q.proj" from "q" : tensor<256x256xi4>
llm.parameter @norm from "n" : tensor<256xf16>
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
llm.kv_cache @values : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
// CHECK: func.func @model
func.func @model(%x: !hidden) -> !hidden {
  // CHECK: llm.rms_norm {{.*}} {llm.task = "norm"}
  %0 = llm.rms_norm %x, @norm epsilon 1.0e-5 : !hidden
  // CHECK: llm.layer_norm {{.*}} {llm.task = "norm_2"}
  %1 = llm.layer_norm %0, @norm bias @norm epsilon 1.0e-5 : !hidden
  // CHECK: llm.linear {{.*}} {llm.task = "q_proj"}
  %2 = llm.linear %1, @"q.proj" : !hidden -> !hidden
  // CHECK: llm.split_heads %{{[0-9]+}} : 
  %3 = llm.split_heads %2 : !hidden -> !heads
  // CHECK: llm.rope {{.*}} {llm.task = "q_proj_rope"}
  %4 = llm.rope %3 interleaved theta 1.0e4 rotary 128 : !heads
  // CHECK: llm.kv_append {{.*}} {llm.task = "keys_append"}
  %5 = llm.kv_append %4, @keys : !heads
  // CHECK: llm.kv_append {{.*}} {llm.task = "values_append"}
  %6 = llm.kv_append %3, @values : !heads
  // CHECK: llm.attention_scores {{.*}} {llm.task = "scores"}
  %7 = llm.attention_scores %4, @keys after %5 scale 0.25 : !heads
  // CHECK: llm.softmax {{.*}} {llm.task = "probabilities"}
  %8 = llm.softmax %7 : !scores
  // CHECK: llm.attention_values {{.*}} {llm.task = "attention"}
  %9 = llm.attention_values %8, @values after %6 : !scores -> !heads
  // CHECK: llm.merge_heads %{{[0-9]+}} :
  %10 = llm.merge_heads %9 : !heads
  // CHECK: llm.activation {{.*}} {llm.task = "attention_silu"}
  %11 = llm.activation silu %10 : !hidden
  // CHECK: llm.add {{.*}} {llm.task = "attention_silu_add"}
  %12 = llm.add %11, %x : !hidden
  // CHECK: llm.mul {{.*}} {llm.task = "input_mul"}
  %13 = llm.mul %x, %12 : !hidden
  // CHECK: llm.linear {{.*}} {llm.task = "q_proj_2"}
  %14 = llm.linear %13, @"q.proj" : !hidden -> !hidden
  // CHECK: llm.last_token %{{[0-9]+}} :
  %15 = llm.last_token %14 : !hidden
  // CHECK: llm.activation {{.*}} {llm.task = "q_proj_2_gelu"}
  %16 = llm.activation gelu %15 : tensor<1x1x256xf16>
  // CHECK: llm.activation {{.*}} {llm.task = "input_tanh"}
  %17 = llm.activation tanh %x : !hidden
  return %17 : !hidden
}
}

// -----

!hidden = tensor<1x?x256xf16, #llm.dims<1, seq, 256>>

// Arguments of other functions are called hidden, with numbers if there are
// several maps; what a loop or a call yields is just a map. Names are unique in
// the module, and those that are there stay.

// CHECK-LABEL: module @functions
module @functions attributes {llm.max_tokens = 64 : i64} {
// CHECK: func.func private @two(
func.func private @two(%layer: index, %x: !hidden, %y: !hidden) -> !hidden {
  // CHECK: llm.activation {{.*}} {llm.task = "hidden0_silu"}
  %0 = llm.activation silu %x : !hidden
  // CHECK: llm.activation {{.*}} {llm.task = "hidden1_silu"}
  %1 = llm.activation silu %y : !hidden
  // CHECK: llm.activation {{.*}} {llm.task = "hidden1_silu_2"}
  %2 = llm.activation silu %y : !hidden
  return %1 : !hidden
}
// CHECK: func.func private @one(
func.func private @one(%layer: index, %x: !hidden) -> !hidden {
  // CHECK: llm.activation {{.*}} {llm.task = "hidden_silu_2"}
  %0 = llm.activation silu %x : !hidden
  // CHECK: llm.activation {{.*}} {llm.task = "mine"}
  %1 = llm.activation silu %x {llm.task = "mine"} : !hidden
  // CHECK: llm.activation {{.*}} {llm.task = "mine_silu"}
  %2 = llm.activation silu %1 : !hidden
  return %2 : !hidden
}
// CHECK: func.func @model(
func.func @model(%x: !hidden) -> !hidden {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %c1 step %c1 iter_args(%z = %x) -> !hidden {
    // CHECK: llm.activation {{.*}} {llm.task = "map_silu"}
    %0 = llm.activation silu %z : !hidden
    %1 = func.call @one(%i, %0) : (index, !hidden) -> !hidden
    scf.yield %1 : !hidden
  }
  // CHECK: llm.activation {{.*}} {llm.task = "map_silu_2"}
  %2 = llm.activation silu %y : !hidden
  // CHECK: llm.activation {{.*}} {llm.task = "hidden_silu"}
  %3 = llm.activation silu %y {llm.task = "hidden_silu"} : !hidden
  return %3 : !hidden
}
}
