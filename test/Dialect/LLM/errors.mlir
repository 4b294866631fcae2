// RUN: dlavm-opt %s -split-input-file -verify-diagnostics

// The module's attributes.

// expected-error@+1 {{'llm.max_tokens' must be an i64 from 1 to 2^31 - 1, found 0 : i64}}
module attributes {llm.max_tokens = 0 : i64} {}

// -----

// expected-error@+1 {{'llm.max_tokens' must be an i64 from 1 to 2^31 - 1, found -1 : i64}}
module attributes {llm.max_tokens = -1 : i64} {}

// -----

// expected-error@+1 {{'llm.max_tokens' must be an i64 from 1 to 2^31 - 1, found 2147483648 : i64}}
module attributes {llm.max_tokens = 2147483648 : i64} {}

// -----

module attributes {llm.max_tokens = 2147483647 : i64} {}

// -----

// expected-error@+1 {{'llm.max_tokens' must be an i64 from 1 to 2^31 - 1, found 2048 : i32}}
module attributes {llm.max_tokens = 2048 : i32} {}

// -----

// expected-error@+1 {{'llm.max_tokens' must be an i64 from 1 to 2^31 - 1, found "2048"}}
module attributes {llm.max_tokens = "2048"} {}

// -----

// expected-error@+1 {{has an attribute "llm.tokens" that the llm dialect does not know; it knows 'llm.max_tokens', 'llm.embedding', 'llm.model_layers', 'llm.task' and 'llm.layer_loop'}}
module attributes {llm.tokens = 2048 : i64} {}

// -----

// expected-error@+1 {{'llm.max_tokens' belongs to the module, which states the largest context once}}
func.func private @f() attributes {llm.max_tokens = 2048 : i64}

// -----

// expected-error@+1 {{'llm.embedding' must name an llm.parameter [vocabulary, channels] of f16 without layers; @e is none}}
module attributes {llm.embedding = @e} {}

// -----

// expected-error@+1 {{'llm.embedding' must name an llm.parameter [vocabulary, channels] of f16 without layers; @e is none}}
module attributes {llm.embedding = @e} {
  // expected-note@+1 {{declared here}}
  llm.parameter @e from "e" : tensor<64x64xi4>
}

// -----

// expected-error@+1 {{'llm.embedding' must name an llm.parameter}}
module attributes {llm.embedding = @e} {
  // expected-note@+1 {{declared here}}
  llm.parameter @e from "e" : tensor<64xf16>
}

// -----

// expected-error@+1 {{'llm.embedding' must name an llm.parameter}}
module attributes {llm.embedding = @e} {
  // expected-note@+1 {{declared here}}
  llm.parameter @e from "e{layer}" layers 2 : tensor<64x64xf16>
}

// -----

// expected-error@+1 {{'llm.embedding' must name an llm.parameter}}
module attributes {llm.embedding = @e} {
  // expected-note@+1 {{declared here}}
  func.func private @e()
}

// -----

// expected-error@+1 {{'llm.embedding' must be the name of a parameter, like @embedding, found "e"}}
module attributes {llm.embedding = "e"} {}

// -----

// expected-error@+1 {{'llm.embedding' belongs to the module, which names its embedding once}}
func.func private @f() attributes {llm.embedding = @e}

// -----

func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.task' must be letters, digits and underscores, found "a b"}}
  %0 = llm.activation silu %x {llm.task = "a b"} : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.task' must be letters, digits and underscores, found ""}}
  %0 = llm.activation silu %x {llm.task = ""} : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.task' is the name of the hardware task that an op of the llm dialect becomes, found 1 : i64 at llm.activation}}
  %0 = llm.activation silu %x {llm.task = 1} : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

// expected-error@+1 {{'llm.task' is the name of the hardware task that an op of the llm dialect becomes, found "f" at func.func}}
func.func private @f() attributes {llm.task = "f"}

// -----

// Heads in parameters.

// expected-error@+1 {{needs a positive number of heads and of channels, found 0 x 16}}
llm.parameter @w from "w" row_heads <0 x 16> : tensor<128x64xi4>

// -----

// expected-error@+1 {{interleaves an even number of channels, at most the 16 of a head, found 3}}
llm.parameter @w from "w" row_heads <8 x 16, interleaved 3> : tensor<128x64xi4>

// -----

// expected-error@+1 {{interleaves an even number of channels, at most the 16 of a head, found 18}}
llm.parameter @w from "w" row_heads <8 x 16, interleaved 18> : tensor<128x64xi4>

// -----

// expected-error@+1 {{pads heads to at least their 16 channels, found 8}}
llm.parameter @w from "w" row_heads <8 x 16, padded 8> : tensor<64x64xi4>

// -----

// expected-error@+1 {{expected 'groups', 'interleaved' or 'padded'}}
llm.parameter @w from "w" row_heads <8 x 16, interleaved 16, to 8> : tensor<64x64xi4>

// -----

// expected-error@+1 {{needs groups of as many of the 8 heads each, found 3 groups}}
llm.parameter @w from "w" row_heads <8 x 16, groups 3 empty 1> : tensor<176x64xi4>

// -----

// expected-error@+1 {{cannot have -1 empty heads behind each group}}
llm.parameter @w from "w" row_heads <8 x 16, groups 2 empty -1> : tensor<96x64xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has 'row_heads' of 10 heads with 16 channels, but dimension 0 of 'tensor<128x64xi4>' has 128}}
llm.parameter @w from "w" row_heads <8 x 16, groups 2 empty 1> : tensor<128x64xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has 'row_heads' of 8 heads with 16 channels, but dimension 0 of 'tensor<130x64xi4>' has 130}}
llm.parameter @w from "w" row_heads <8 x 16> : tensor<130x64xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has 'column_heads' of 8 heads with 128 channels, but dimension 1 of 'tensor<128x64xi4>' has 64}}
llm.parameter @w from "w" column_heads <8 x 16, padded 128> : tensor<128x64xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has 'column_heads', but only one dimension}}
llm.parameter @w splat 1.0 column_heads <8 x 16> : tensor<128xf16>

// -----

// Scaled rotary embeddings.

func.func @f(%x: tensor<1x?x8xf16, #llm.dims<1, seq, 8>>) {
  // expected-error@+1 {{'llm.rope' op needs a positive divisor for each of 4 pairs, found [1.000000e+00, 2.000000e+00, 4.000000e+00]}}
  %0 = llm.rope %x half_split theta 1.0e4 rotary 8 divisors [1.0, 2.0, 4.0] : tensor<1x?x8xf16, #llm.dims<1, seq, 8>>
  return
}

// -----

func.func @f(%x: tensor<1x?x8xf16, #llm.dims<1, seq, 8>>) {
  // expected-error@+1 {{'llm.rope' op needs a positive divisor for each of 4 pairs, found [1.000000e+00, 2.000000e+00, 4.000000e+00, 0.000000e+00]}}
  %0 = llm.rope %x half_split theta 1.0e4 rotary 8 divisors [1.0, 2.0, 4.0, 0.0] : tensor<1x?x8xf16, #llm.dims<1, seq, 8>>
  return
}

// -----

func.func @f(%x: tensor<1x?x8xf16, #llm.dims<1, seq, 8>>) {
  // expected-error@+1 {{'llm.rope' op needs a positive divisor for each of 4 pairs, found [1.000000e+00, 2.000000e+00, 4.000000e+00, 0x7FF0000000000000 : f64]}}
  %0 = llm.rope %x half_split theta 1.0e4 rotary 8 divisors [1.0, 2.0, 4.0, 0x7FF0000000000000 : f64] : tensor<1x?x8xf16, #llm.dims<1, seq, 8>>
  return
}

// -----

func.func @f(%x: tensor<1x?x8xf16, #llm.dims<1, seq, 8>>) {
  // expected-error@+1 {{'llm.rope' op needs a positive attention_factor, found 0.000000e+00 : f64}}
  %0 = llm.rope %x half_split theta 1.0e4 rotary 8 attention_factor 0.0 : tensor<1x?x8xf16, #llm.dims<1, seq, 8>>
  return
}

// -----

func.func @f(%x: tensor<1x?x8xf16, #llm.dims<1, seq, 8>>) {
  // expected-error@+1 {{'llm.rope' op needs a positive attention_factor, found -1.000000e+00 : f64}}
  %0 = llm.rope %x half_split theta 1.0e4 rotary 8 divisors [1.0, 2.0, 4.0, 8.0] attention_factor -1.0 : tensor<1x?x8xf16, #llm.dims<1, seq, 8>>
  return
}

// -----

// Dimensions.

// expected-error@+1 {{the encoding gives 2 dimensions for a tensor of rank 3}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, seq>>)

// -----

// expected-error@+1 {{dimension 1 is 5 in the shape, but seq in the encoding}}
func.func private @f(tensor<1x5x64xf16, #llm.dims<1, seq, 64>>)

// -----

// expected-error@+1 {{dimension 1 is ? in the shape, but 5 in the encoding}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, 5, 64>>)

// -----

// expected-error@+1 {{dimension 2 is 64 in the shape, but 32 in the encoding}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, seq, 32>>)

// -----

// expected-error@+1 {{non-affine expression}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, seq * past, 64>>)

// -----

// expected-error@+1 {{use of undeclared identifier}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, tokens, 64>>)

// -----

// Parameters and caches.

// expected-error@+1 {{'llm.parameter' op must be a static tensor of f16 with one dimension, or of i4 or f16 with two, not empty, found 'tensor<64x64xf32>'}}
llm.parameter @w from "w" : tensor<64x64xf32>

// -----

// expected-error@+1 {{'llm.parameter' op must be a static tensor of f16 with one dimension, or of i4 or f16 with two, not empty, found 'tensor<64xi4>'}}
llm.parameter @w from "w" : tensor<64xi4>

// -----

// expected-error@+1 {{'llm.parameter' op must be a static tensor of f16 with one dimension, or of i4 or f16 with two, not empty, found 'tensor<?xf16>'}}
llm.parameter @w from "w" : tensor<?xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs exactly one of 'from' (the tensor of the checkpoint) and 'splat' (the value of all elements)}}
llm.parameter @w : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs exactly one of 'from' (the tensor of the checkpoint) and 'splat' (the value of all elements)}}
llm.parameter @w from "w" splat 1.0 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op has 'rows', 'normalized' or 'times', which say what of a tensor of the checkpoint it is, but names none}}
llm.parameter @w rows [4] splat 1.0 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op has 'rows', 'normalized' or 'times', which say what of a tensor of the checkpoint it is, but names none}}
llm.parameter @w times 2.0 splat 1.0 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs the first row in 'rows', or the first, how many, and from how many on, all up to 2147483647, found [-1]}}
llm.parameter @w from "w" rows [-1] : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs the first row in 'rows', or the first, how many, and from how many on, all up to 2147483647, found [1, 2]}}
llm.parameter @w from "w" rows [1, 2] : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs 1 or more 'rows' of at least as many, found 5 of 4}}
llm.parameter @w from "w" rows [0, 5, 4] : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op is 'normalized' row by row, so it must be a matrix without 'kernel'}}
llm.parameter @w from "w" normalized : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs a finite factor 'times' that is not 0, found 0.000000e+00 : f64}}
llm.parameter @w from "w" times 0.0 : tensor<64xf16>

// -----

// expected-error@+1 {{attribute 'layers' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
llm.parameter @w from "w{layer}" layers 0 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op must have '{layer}' in the name of its tensor if and only if it has layers, found "w"}}
llm.parameter @w from "w" layers 4 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op must have '{layer}' in the name of its tensor if and only if it has layers, found "w{layer}"}}
llm.parameter @w from "w{layer}" : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.kv_cache' op must be [KV heads, seq + past, channels] of f16, found 'tensor<2x5xf16>'}}
llm.kv_cache @keys : tensor<2x5xf16>

// -----

// expected-error@+1 {{'llm.kv_cache' op must be [KV heads, seq + past, channels] of f16, found}}
llm.kv_cache @keys : tensor<2x?x128xf32, #llm.dims<2, seq + past, 128>>

// -----

// expected-error@+1 {{'llm.kv_cache' op must be [KV heads, seq + past, channels], found}}
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>

// -----

// expected-error@+1 {{'llm.kv_cache' op must be [KV heads, seq + past, channels], found}}
llm.kv_cache @keys : tensor<?x?x128xf16, #llm.dims<past, seq + past, 128>>

// -----

// Symbols that ops name.

func.func @f() {
  // expected-error@+1 {{'llm.get_parameter' op names @b as its parameter, which is no llm.parameter}}
  %0 = llm.get_parameter @b : tensor<64xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f() {
  // expected-error@+1 {{'llm.get_parameter' op names @keys as its parameter, which is no llm.parameter}}
  %0 = llm.get_parameter @keys : tensor<64xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @b from "b" : tensor<64xf16>
func.func @f(%layer: index) {
  // expected-error@+1 {{'llm.get_parameter' op gives a layer, but @b has no layers}}
  %0 = llm.get_parameter @b[%layer] : tensor<64xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @b from "b{layer}" layers 4 : tensor<64xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.rms_norm' op must give a layer: @b has layers}}
  %0 = llm.rms_norm %x, @b epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @b from "b" : tensor<64xf16>
func.func @f(%k: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) {
  // expected-error@+1 {{'llm.kv_append' op names @b as its cache, which is no llm.kv_cache}}
  %0 = llm.kv_append %k, @b : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return
}

// -----

// Shapes of parameters.

// expected-note@+1 {{declared here}}
llm.parameter @b from "b" : tensor<32xf16>
func.func @f() {
  // expected-error@+1 {{'llm.get_parameter' op needs a parameter of type 'tensor<64xf16>', found 'tensor<32xf16>'}}
  %0 = llm.get_parameter @b : tensor<64xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @w from "w" : tensor<64x32xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op needs a weight of type 'tensor<32x64xi4>', found 'tensor<64x32xi4>'}}
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return
}

// -----

llm.parameter @w from "w" : tensor<32x64xi4>
// expected-note@+1 {{declared here}}
llm.parameter @s splat 1.0 : tensor<64xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op needs a scale of type 'tensor<32xf16>', found 'tensor<64xf16>'}}
  %0 = llm.linear %x, @w scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return
}

// -----

llm.parameter @w from "w" : tensor<32x64xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
// expected-note@+1 {{declared here}}
llm.parameter @b splat 0.0 : tensor<64xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op needs a bias of type 'tensor<32xf16>', found 'tensor<64xf16>'}}
  %0 = llm.linear %x, @w scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return
}

// -----

llm.parameter @w from "w{layer}" layers 4 : tensor<32x64xi4>
// expected-note@+1 {{declared here}}
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 layers 4 : tensor<32xf16>
func.func @f(%layer: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op gives a layer, but @s has no layers}}
  %0 = llm.linear %x, @w[%layer] scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @n from "n" : tensor<32xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.layer_norm' op needs a weight of type 'tensor<64xf16>', found 'tensor<32xf16>'}}
  %0 = llm.layer_norm %x, @n bias @n epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

llm.parameter @n from "n" : tensor<64xf16>
// expected-note@+1 {{declared here}}
llm.parameter @b from "b" : tensor<32xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.layer_norm' op needs a bias of type 'tensor<64xf16>', found 'tensor<32xf16>'}}
  %0 = llm.layer_norm %x, @n bias @b epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

// Linear layers.

llm.parameter @w from "w" : tensor<64x64xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op keeps dimension 1, which is seq in the input, but seq + past in the result}}
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq + past, 64>>
  return
}

// -----

llm.parameter @w from "w" : tensor<64x64xi4>
func.func @f(%x: tensor<1x?x?xf16, #llm.dims<1, seq, seq>>) {
  // expected-error@+1 {{'llm.linear' op needs a static number of input channels (dimension 2), found}}
  %0 = llm.linear %x, @w : tensor<1x?x?xf16, #llm.dims<1, seq, seq>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// -----

llm.parameter @w from "w" : tensor<64x64xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op needs a static number of output channels (dimension 2), found}}
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x?xf16, #llm.dims<1, seq, past>>
  return
}

// -----

llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s splat 1.0 : tensor<64xf16>
func.func @f(%x: tensor<1x5x64xf16>) {
  // expected-error@+1 {{'llm.linear' op needs scale and bias together; a parameter can be 'splat 1.0' or 'splat 0.0'}}
  %0 = "llm.linear"(%x) {weight = @w, scale = @s, operandSegmentSizes = array<i32: 1, 0, 0>} : (tensor<1x5x64xf16>) -> tensor<1x5x64xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s from "s" : tensor<64xf16>
func.func @f(%x: tensor<1x5x64xf16>) {
  // expected-error@+1 {{'llm.linear' op takes a residual or relu, not both; put an llm.activation relu behind it}}
  %0 = llm.linear %x, @w scale @s bias @s add %x relu : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<64x64xi4>
func.func @f(%x: tensor<1x5x64xf16>) {
  // expected-error@+1 {{'llm.linear' op needs a residual and what to do with it together}}
  %0 = "llm.linear"(%x, %x) {weight = @w, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<1x5x64xf16>, tensor<1x5x64xf16>) -> tensor<1x5x64xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<32x64xi4>
func.func @f(%x: tensor<1x5x64xf16>) {
  // expected-error@+1 {{'llm.linear' op needs a residual of the type of the result, 'tensor<1x5x32xf16>', found 'tensor<1x5x64xf16>'}}
  %0 = "llm.linear"(%x, %x) {weight = @w, residual_kind = #llm<residual_kind add>, operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<1x5x64xf16>, tensor<1x5x64xf16>) -> tensor<1x5x32xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<64x64xi4>
func.func @f(%x: tensor<1x5x64xf32>) {
  // expected-error@+1 {{operand #0 must be 3D tensor of 16-bit float values, but got 'tensor<1x5x64xf32>'}}
  %0 = llm.linear %x, @w : tensor<1x5x64xf32> -> tensor<1x5x64xf16>
  return
}

// -----

// Attention.

func.func @f(%x: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>) {
  // expected-error@+1 {{'llm.split_heads' op turns [1, tokens, heads * channels] into [heads, tokens, channels], found}}
  %0 = llm.split_heads %x : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<3x?x128xf16, #llm.dims<3, seq, 128>>
  return
}

// -----

func.func @f(%x: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>) {
  // expected-error@+1 {{'llm.split_heads' op turns [1, tokens, heads * channels] into [heads, tokens, channels], found}}
  %0 = llm.split_heads %x : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, past, 128>>
  return
}

// -----

func.func @f(%x: tensor<2x5x128xf16>) {
  // expected-error@+2 {{'llm.merge_heads' op failed to infer returned types}}
  // expected-error@+1 {{'llm.merge_heads' op inferred type(s) 'tensor<1x5x256xf16>' are incompatible with return type(s) of operation 'tensor<1x5x128xf16>'}}
  %0 = "llm.merge_heads"(%x) : (tensor<2x5x128xf16>) -> tensor<1x5x128xf16>
  return
}

// -----

func.func @f(%x: tensor<2x5x128xf16>) {
  // expected-error@+1 {{'llm.rope' op rotates an even number of channels, at most those of a head (128), found 63}}
  %0 = llm.rope %x half_split theta 10000.0 rotary 63 : tensor<2x5x128xf16>
  return
}

// -----

func.func @f(%x: tensor<2x5x128xf16>) {
  // expected-error@+1 {{'llm.rope' op rotates an even number of channels, at most those of a head (128), found 130}}
  %0 = llm.rope %x half_split theta 10000.0 rotary 130 : tensor<2x5x128xf16>
  return
}

// -----

func.func @f(%x: tensor<2x5x128xf16>) {
  // expected-error@+1 {{attribute 'rotary' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = llm.rope %x half_split theta 10000.0 rotary 0 : tensor<2x5x128xf16>
  return
}

// -----

llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%k: tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>) {
  // expected-error@+1 {{'llm.kv_append' op appends the tokens of the call, so dimension 1 must be seq, found}}
  %0 = llm.kv_append %k, @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%k: tensor<4x?x128xf16, #llm.dims<4, seq, 128>>) {
  // expected-error-re@+1 {{'llm.kv_append' op has 4 heads, which must be {{ ?}}the 2 heads of the cache}}
  %0 = llm.kv_append %k, @keys : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%k: tensor<2x?x64xf16, #llm.dims<2, seq, 64>>) {
  // expected-error@+1 {{'llm.kv_append' op has heads of 64 channels, but those of the cache have 128}}
  %0 = llm.kv_append %k, @keys : tensor<2x?x64xf16, #llm.dims<2, seq, 64>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%q: tensor<5x?x128xf16, #llm.dims<5, seq, 128>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_scores' op has 5 heads, which must be a multiple of the 2 heads of the cache}}
  %0 = llm.attention_scores %q, @keys after %t scale 0.125 : tensor<5x?x128xf16, #llm.dims<5, seq, 128>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%q: tensor<4x?x128xf16, #llm.dims<4, seq, 128>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_scores' op has 3 heads, which must be a multiple of the 2 heads of the cache}}
  %0 = llm.attention_scores %q, @keys after %t scale 0.125 heads 3 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  return
}

// -----

llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%q: tensor<4x?x128xf16, #llm.dims<4, seq, 128>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_scores' op has 6 query heads, which need as many heads or more in 'tensor<4x?x128xf16, #llm.dims<4, seq, 128>>'}}
  %0 = llm.attention_scores %q, @keys after %t scale 0.125 heads 6 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @keys layers 4 : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%q: tensor<4x?x128xf16, #llm.dims<4, seq, 128>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_scores' op must give a layer: @keys has layers}}
  %0 = llm.attention_scores %q, @keys after %t scale 0.125 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  return
}

// -----

func.func @f(%s: tensor<4x?x?xf16, #llm.dims<4, seq, seq>>) {
  // expected-error@+1 {{'llm.softmax' op needs the columns (dimension 2) to be the tokens of the cache, seq + past, found}}
  %0 = llm.softmax %s : tensor<4x?x?xf16, #llm.dims<4, seq, seq>>
  return
}

// -----

llm.kv_cache @values : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%p: tensor<4x?x?xf16, #llm.dims<4, seq, past>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_values' op needs the columns (dimension 2) to be the tokens of the cache, seq + past, found}}
  %0 = llm.attention_values %p, @values after %t : tensor<4x?x?xf16, #llm.dims<4, seq, past>> -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  return
}

// -----

llm.kv_cache @values : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%p: tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_values' op has 4 query heads, which need as many heads or more in 'tensor<2x?x128xf16, #llm.dims<2, seq, 128>>'}}
  %0 = llm.attention_values %p, @values after %t : tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.kv_cache @values : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @f(%p: tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_values' op has heads of 64 channels, but those of the cache have 128}}
  %0 = llm.attention_values %p, @values after %t : tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>> -> tensor<4x?x64xf16, #llm.dims<4, seq, 64>>
  return
}

// -----

// Sums, products and the selection of tokens.

func.func @f(%x: tensor<1x5x64xf16>, %y: tensor<1x5x32xf16>) {
  // expected-error@+1 {{'llm.add' op needs a second operand of the type of the first or of one value per channel, found 'tensor<1x5x64xf16>' and 'tensor<1x5x32xf16>'}}
  %0 = llm.add %x, %y : tensor<1x5x64xf16>, tensor<1x5x32xf16>
  return
}

// -----

func.func @f(%x: tensor<1x5x64xf16>, %y: tensor<5xf16>) {
  // expected-error@+1 {{'llm.mul' op needs a second operand of the type of the first or of one value per channel, found 'tensor<1x5x64xf16>' and 'tensor<5xf16>'}}
  %0 = llm.mul %x, %y : tensor<1x5x64xf16>, tensor<5xf16>
  return
}

// -----

func.func @f(%x: tensor<1x5x64xf16>, %y: tensor<64xf32>) {
  // expected-error@+1 {{'llm.mul' op needs a second operand of the type of the first or of one value per channel, found 'tensor<1x5x64xf16>' and 'tensor<64xf32>'}}
  %0 = llm.mul %x, %y : tensor<1x5x64xf16>, tensor<64xf32>
  return
}

// -----

func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.argmax' op takes the logits of one token, [1, 1, vocabulary], as no device is known to tell the index of each of several; found}}
  %0 = llm.argmax %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1xi32>
  return
}

// -----

func.func @f(%x: tensor<1x1x64xf16>) {
  // expected-error@+1 {{'llm.argmax' op yields one index, tensor<1xi32>, found 'tensor<2xi32>'}}
  %0 = llm.argmax %x : tensor<1x1x64xf16> -> tensor<2xi32>
  return
}

// -----

// Dimensions that cannot be computed.

// expected-error@+1 {{dimensions must fit 64 bits in every call and divide by positive numbers only, found seq * 9223372036854775807}}
func.func private @f(tensor<?xf16, #llm.dims<seq * 9223372036854775807>>)

// -----

// expected-error@+1 {{dimensions must fit 64 bits in every call and divide by positive numbers only, found seq floordiv 0}}
func.func private @f(tensor<?xf16, #llm.dims<seq floordiv 0>>)

// -----

// expected-error@+1 {{dimensions must fit 64 bits in every call and divide by positive numbers only, found seq mod -2}}
func.func private @f(tensor<?xf16, #llm.dims<seq mod -2>>)

// -----

// What stands for a dynamic dimension is no dimension.
// expected-error@+1 {{dimension 0 is ? in the shape, but -9223372036854775808 in the encoding}}
func.func private @f(tensor<?xf16, #llm.dims<-9223372036854775807 - 1>>)

// -----

// The module's attributes are verified before what they name.

// expected-error@+1 {{'llm.embedding' must name an llm.parameter [vocabulary, channels] of f16 without layers; @e is none}}
module attributes {llm.embedding = @e} {
  // expected-note@+1 {{declared here}}
  "llm.parameter"() <{sym_name = "e", tensor = "t"}> : () -> ()
}

// -----

// expected-error@+1 {{'llm.parameter' op needs a finite 'splat', found 0x7FF0000000000000 : f64}}
llm.parameter @p splat 0x7FF0000000000000 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.parameter' op needs a 'splat' that FP16 can hold, found 7.000000e+04 : f64}}
llm.parameter @p splat 70000.0 : tensor<64xf16>

// -----

// expected-error@+1 {{has the attribute "llm.task" at argument 0, but those of the llm dialect belong to ops}}
func.func private @f(tensor<1x1x64xf16> {llm.task = "x"})

// -----

// expected-error@+1 {{has the attribute "llm.task" at result 0, but those of the llm dialect belong to ops}}
func.func private @f() -> (tensor<1x1x64xf16> {llm.task = "x"})

// -----

func.func @f(%i: index) {
  // expected-error@+1 {{'llm.layer_loop' is a unit attribute of an scf.for over the layers of a model, found unit at func.call}}
  func.call @f(%i) {llm.layer_loop} : (index) -> ()
  return
}

// -----

func.func @f(%i: index) {
  // expected-error@+1 {{'llm.layer_loop' is a unit attribute of an scf.for over the layers of a model, found true at scf.for}}
  scf.for %j = %i to %i step %i {
  } {llm.layer_loop = true}
  return
}

// -----

func.func @f(%i: index) {
  // expected-note@+1 {{the other loop}}
  scf.for %j = %i to %i step %i {
    scf.for %token = %i to %i step %i {
      // expected-error@+1 {{is a loop over layers inside another one; a layer has no layers}}
      scf.for %k = %i to %i step %i {
      } {llm.layer_loop}
    }
  } {llm.layer_loop}
  return
}

// -----

// expected-error@+1 {{dimensions must fit 64 bits in every call and divide by positive numbers only, found seq floordiv 0}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, seq floordiv 0, 64>>)

// -----

// expected-error@+1 {{dimensions must fit 64 bits in every call and divide by positive numbers only, found seq + past mod -1}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, seq + past mod -1, 64>>)

// -----

// expected-error@+1 {{'llm.parameter' op has 4611686018427387904 layers, more than the 65536 that a model may have}}
llm.parameter @p splat 1.0 layers 4611686018427387904 : tensor<64xf16>

// -----

// expected-error@+1 {{'llm.kv_cache' op has 65537 layers, more than the 65536 that a model may have}}
llm.kv_cache @keys layers 65537 : tensor<2x?x64xf16, #llm.dims<2, seq + past, 64>>

// -----

// expected-error@+1 {{dimensions must be at least 0 in every call, but seq - 5 is -4 for one token without history}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, seq - 5, 64>>)

// -----

// expected-error@+1 {{dimensions must be at least 0 in every call, but past - 1 is -1 for one token without history}}
func.func private @f(tensor<1x?x64xf16, #llm.dims<1, past - 1, 64>>)

// -----

llm.kv_cache @keys layers 2 : tensor<2x?x64xf16, #llm.dims<2, seq + past, 64>>
func.func @f(%step: index) {
  %c255 = arith.constant 255 : index
  %c2 = arith.constant 2 : index
  // expected-error@+1 {{'scf.for' op goes over the layers from 255 to 2, excluding the last, but the model has 2: 0 to 2}}
  scf.for %layer = %c255 to %c2 step %step {
  } {llm.layer_loop}
  return
}

// -----

llm.parameter @p from "layers.{layer}.p" layers 2 : tensor<64xf16>
func.func @f(%step: index) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  // expected-error@+1 {{'scf.for' op goes over the layers from 0 to 3, excluding the last, but the model has 2: 0 to 2}}
  scf.for %layer = %c0 to %c3 step %step {
  } {llm.layer_loop}
  return
}

// -----

// Where 32 bits are kept of the number, it is layer 0.
// expected-note@+1 {{declared here}}
llm.parameter @b from "b{layer}" layers 4 : tensor<64xf16>
func.func @f() {
  %layer = arith.constant 4294967296 : index
  // expected-error@+1 {{'llm.get_parameter' op gives the layer 4294967296, but @b has 0 to 3}}
  %0 = llm.get_parameter @b[%layer] : tensor<64xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @b from "b{layer}" layers 4 : tensor<64xf16>
func.func @f() {
  %layer = arith.constant -1 : index
  // expected-error@+1 {{'llm.get_parameter' op gives the layer -1, but @b has 0 to 3}}
  %0 = llm.get_parameter @b[%layer] : tensor<64xf16>
  return
}
