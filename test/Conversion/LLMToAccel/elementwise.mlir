// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 | FileCheck %s

// Activations read a table, one for each function. Sums and products that no
// linear layer took are element-wise tasks.

module attributes {llm.max_tokens = 2048 : i64} {
// CHECK: accel.object @silu_table activation_table [] with {function = "silu"} in <DDR>
// CHECK: accel.object @gelu_table activation_table [] with {function = "gelu"} in <DDR>
// CHECK-NOT: accel.object

// CHECK-LABEL: func.func @model()
// CHECK: %[[X:.*]] = accel.buffer "input"
// CHECK: %[[A:.*]] = accel.buffer "input_silu" : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
// CHECK: %[[T:.*]] = accel.get_object @silu_table : !accel.object
// CHECK: accel.activation "input_silu" ins(%[[X]] : {{.*}}) table(%[[T]]) outs(%[[A]] : {{.*}}) [100]
// CHECK: %[[B:.*]] = accel.buffer "input_silu_gelu"
// CHECK: accel.activation "input_silu_gelu" ins(%[[A]] : {{.*}}) table(%{{.*}}) outs(%[[B]] : {{.*}}) [100]
// CHECK: %[[C:.*]] = accel.buffer "input_silu_gelu_add"
// CHECK: accel.elementwise add "input_silu_gelu_add" ins(%[[B]], %[[X]] : {{.*}}, {{.*}}) outs(%[[C]] :
// CHECK: %[[D:.*]] = accel.buffer "input_silu_gelu_add_mul"
// CHECK: accel.elementwise mul "input_silu_gelu_add_mul" ins(%[[C]], %[[A]] : {{.*}}, {{.*}}) outs(%[[D]] :
// CHECK: %[[E:.*]] = accel.buffer "input_silu_gelu_add_mul_silu" host output "output" channels 100
func.func @model(%x: tensor<1x?x100xf16, #llm.dims<1, seq, 100>>) -> tensor<1x?x100xf16, #llm.dims<1, seq, 100>> {
  %a = llm.activation silu %x : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
  %b = llm.activation gelu %a : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
  %c = llm.add %b, %x : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
  %d = llm.mul %c, %a : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
  %e = llm.activation silu %d : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
  return %e : tensor<1x?x100xf16, #llm.dims<1, seq, 100>>
}
}
