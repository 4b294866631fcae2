// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

// Values per channel exist only in linear layers.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @b from "b" : tensor<64xf16>
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %b = llm.get_parameter @b : tensor<64xf16>
  // expected-error@+1 {{'llm.add' op combines a map with a value per channel, which only a linear layer can; run llm-fuse-scale-bias before, and see that a linear layer precedes it}}
  %0 = llm.add %x, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @b from "b" : tensor<64xf16>
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %b = llm.get_parameter @b : tensor<64xf16>
  // expected-error@+1 {{'llm.mul' op combines a map with a value per channel, which only a linear layer can}}
  %0 = llm.mul %x, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  // expected-error@+1 {{'accel.elementwise' op is a difference; edgellm-20241128 computes sums and products}}
  %0 = llm.sub %x, %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

!head = tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
!scores = tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
module attributes {llm.max_tokens = 2048 : i64} {
llm.kv_cache @keys : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>
func.func @model(%q: !head) -> !scores {
  %t = llm.kv_append %q, @keys : !head
  %s = llm.attention_scores %q, @keys after %t scale 0.125 : !head
  // expected-error@+1 {{'llm.add' op combines maps whose channels are tokens, which no task does, found 'tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>'}}
  %0 = llm.add %s, %s : !scores
  return %0 : !scores
}
}
