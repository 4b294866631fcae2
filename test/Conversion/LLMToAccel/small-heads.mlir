// RUN: dlavm-opt %s --dlavm-compile=device=edgellm-20241128 | FileCheck %s
// RUN: not dlavm-opt %s --llm-interleave-rope --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 2>&1 | FileCheck %s --check-prefix=SINGLE
// RUN: dlavm-opt %s --dlavm-compile=device=edgellm-20241128 | not grep -E '^ *(%%[^ ]* = )?"?(llm|accel)\.'

// A model with smaller heads than the device's and another rotary style goes
// through the whole pipeline: heads are padded, the rows of queries and keys
// permuted, and scores keep the scale of the true heads. What the pipeline does
// before, the conversion alone does not.

// SINGLE: error: 'accel.rope' op has heads of 16 channels, but those of edgellm-20241128 have 128; pad the heads of the model to that size

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!keys = tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
!scores = tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>

// CHECK-LABEL: module @small
// CHECK: csb.parameter @embedding from "e" : tensor<40x64xf16>
// CHECK: csb.parameter @q from "q{layer}" layers 2 row_heads <4 x 16, interleaved 16, padded 128> : tensor<512x64xi4>
// CHECK: csb.parameter @k from "k{layer}" layers 2 row_heads <2 x 16, interleaved 16, padded 128> : tensor<256x64xi4>
// CHECK: csb.parameter @v from "v{layer}" layers 2 row_heads <2 x 16, padded 128> : tensor<256x64xi4>
// CHECK: csb.parameter @o from "o{layer}" layers 2 column_heads <4 x 16, padded 128> : tensor<64x512xi4>
// CHECK: csb.object @q_weight "weight" [512, 64]
// CHECK: csb.object @rope_table "rope_table" [] with {rotary = 16 : i64, style = "interleaved", theta = 1.000000e+04 : f64}
// CHECK: csb.object @o_weight "weight" [64, 512]
// CHECK: csb.object @head_scale_bias "scale_bias" [40] {{.*}}with {padding_bias = -6.550400e+04 : f64}
// CHECK: csb.task "q"{{.*}} "linear 64 -> 512"
// CHECK: csb.task "q_rope"
// CHECK: csb.task "scores"
// The bank step of heads of 128 channels, 28 << 20, and 0.25 in FP20, 0x3A000.
// CHECK: csb.write @trp_mvm::@BankStepAndScale, %c29597696_i32 : i32
// CHECK: csb.task "o"{{.*}} "linear 512 -> 64
module @small attributes {llm.max_tokens = 64 : i64, llm.embedding = @embedding} {
llm.parameter @embedding from "e" : tensor<40x64xf16>
llm.parameter @q from "q{layer}" layers 2 : tensor<64x64xi4>
llm.parameter @k from "k{layer}" layers 2 : tensor<32x64xi4>
llm.parameter @v from "v{layer}" layers 2 : tensor<32x64xi4>
llm.parameter @o from "o{layer}" layers 2 : tensor<64x64xi4>
llm.parameter @head from "h" : tensor<40x64xi4>
llm.parameter @s splat 1.0 : tensor<40xf16>
llm.parameter @b splat 0.0 : tensor<40xf16>
llm.kv_cache @keys layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
llm.kv_cache @values layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>

func.func private @layer(%layer: index, %x: !hidden) -> !hidden {
  %q = llm.linear %x, @q[%layer] : !hidden -> !hidden
  %qh = llm.split_heads %q : !hidden -> !heads
  %qr = llm.rope %qh half_split theta 1.0e4 rotary 16 : !heads
  %k = llm.linear %x, @k[%layer] : !hidden -> !keys
  %kh = llm.split_heads %k : !keys -> !kv_heads
  %kr = llm.rope %kh half_split theta 1.0e4 rotary 16 : !kv_heads
  %kt = llm.kv_append %kr, @keys[%layer] : !kv_heads
  %s = llm.attention_scores %qr, @keys[%layer] after %kt scale 0.25 : !heads
  %p = llm.softmax %s : !scores
  %v = llm.linear %x, @v[%layer] : !hidden -> !keys
  %vh = llm.split_heads %v : !keys -> !kv_heads
  %vt = llm.kv_append %vh, @values[%layer] : !kv_heads
  %a = llm.attention_values %p, @values[%layer] after %vt : !scores -> !heads
  %m = llm.merge_heads %a : !heads
  %y = llm.linear %m, @o[%layer] : !hidden -> !hidden
  return %y : !hidden
}

func.func @model(%x: !hidden) -> (tensor<1x1x40xf16>, tensor<1xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %y = scf.for %i = %c0 to %c2 step %c1 iter_args(%z = %x) -> !hidden {
    %0 = func.call @layer(%i, %z) : (index, !hidden) -> !hidden
    scf.yield %0 : !hidden
  }
  %l = llm.last_token %y : !hidden
  %h = llm.linear %l, @head scale @s bias @b : tensor<1x1x64xf16> -> tensor<1x1x40xf16>
  %t = llm.argmax %h : tensor<1x1x40xf16> -> tensor<1xi32>
  return %h, %t : tensor<1x1x40xf16>, tensor<1xi32>
}
}
