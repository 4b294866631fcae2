// Result types are inferred before operands are verified.

// RUN: dlavm-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<4xf16>) {
  // expected-error@+1 {{'llm.merge_heads' op needs a map of f16 with three dimensions, found 'tensor<4xf16>'}}
  %0 = llm.merge_heads %x : tensor<4xf16>
  return
}

// -----

func.func @f(%x: tensor<f16>) {
  // expected-error@+1 {{'llm.last_token' op needs a map of f16 with three dimensions, found 'tensor<f16>'}}
  %0 = llm.last_token %x : tensor<f16>
  return
}

// -----

func.func @f(%x: tensor<2x3xf16>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_scores' op needs a map of f16 with three dimensions, found 'tensor<2x3xf16>'}}
  %0 = llm.attention_scores %x, @keys after %t scale 1.0 : tensor<2x3xf16>
  return
}

// -----

func.func @f(%x: tensor<1x4x64xi8>) {
  // expected-error@+1 {{'llm.last_token' op needs a map of f16 with three dimensions, found 'tensor<1x4x64xi8>'}}
  %0 = llm.last_token %x : tensor<1x4x64xi8>
  return
}

// -----

func.func @f(%x: tensor<2x?x64xf16>) {
  // expected-error@+1 {{'llm.merge_heads' op needs a map whose type says how many tokens it has, by an encoding like #llm.dims<1, seq, 64>, found 'tensor<2x?x64xf16>'}}
  %0 = llm.merge_heads %x : tensor<2x?x64xf16>
  return
}

// -----

func.func @f(%x: tensor<?x4x?xf16, #llm.dims<seq, 4, seq>>) {
  // expected-error@+1 {{'llm.merge_heads' op yields no map: dimensions must be affine in seq and past}}
  %0 = llm.merge_heads %x : tensor<?x4x?xf16, #llm.dims<seq, 4, seq>>
  return
}

// -----

func.func @f(%x: tensor<4611686018427387904x4x4xf16>) {
  // expected-error@+1 {{'llm.merge_heads' op yields no map: dimensions must fit 64 bits in every call}}
  %0 = llm.merge_heads %x : tensor<4611686018427387904x4x4xf16>
  return
}
