// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 | FileCheck %s

!q = tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
!s = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>

module attributes {llm.max_tokens = 64 : i64} {
llm.kv_cache @keys : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>
// CHECK: accel.softmax "probabilities" {{.*}} [1]{{$}}
// CHECK: accel.softmax "probabilities_2" {{.*}} [1] mask never{{$}}
func.func @model(%q: !q) {
  %t = llm.kv_append %q, @keys : !q
  %s = llm.attention_scores %q, @keys after %t scale 0.125 : !q
  %p = llm.softmax %s : !s
  %u = llm.softmax %s unmasked : !s
  return
}
}
