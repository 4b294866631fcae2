// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

// expected-error@+1 {{needs exactly one public function, which the host calls; make the others private}}
module attributes {llm.max_tokens = 2048 : i64} {
func.func @a() {
  return
}
func.func @b() {
  return
}
}

// -----

// expected-error@+1 {{needs exactly one public function, which the host calls; make the others private}}
module attributes {llm.max_tokens = 2048 : i64} {
func.func private @a() {
  return
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes 'index', but functions take maps (the host calls it), like tensor<1x?x64xf16, #llm.dims<1, seq, 64>>}}
func.func @model(%layer: index) {
  return
}
}

// -----

// The host reads what tasks of this function write, each place once.

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  // expected-error@+1 {{'func.return' op yields something that no task of the function writes for the host; the results must be maps that different ops of this function compute}}
  return %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>)
    -> (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  %0 = llm.activation silu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // expected-error@+1 {{'func.return' op yields something that no task of the function writes for the host}}
  return %0, %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

// A part of a map has another layout than what functions and loops hand around.

module attributes {llm.max_tokens = 2048 : i64} {
func.func private @last(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x1x64xf16> {
  %0 = llm.last_token %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // expected-error@+1 {{'func.return' op hands on a part of a map (the last token); hand on the whole map, or compute with the part first}}
  return %0 : tensor<1x1x64xf16>
}
func.func @model() {
  return
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
func.func private @head(%x: tensor<1x1x64xf16>) -> tensor<1x1x64xf16> {
  %0 = llm.activation silu %x : tensor<1x1x64xf16>
  return %0 : tensor<1x1x64xf16>
}
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x1x64xf16> {
  %0 = llm.last_token %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // expected-error@+1 {{'func.call' op hands on a part of a map (the last token)}}
  %1 = func.call @head(%0) : (tensor<1x1x64xf16>) -> tensor<1x1x64xf16>
  %2 = llm.activation silu %1 : tensor<1x1x64xf16>
  return %2 : tensor<1x1x64xf16>
}
}

// -----

// Ops that are no computation of a model.

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %true = arith.constant true
  // expected-error@+1 {{'scf.if' op cannot be turned into hardware tasks; the ops of the llm dialect, arith on integers, scf.for and func.call can}}
  %0 = scf.if %true -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
    scf.yield %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  } else {
    scf.yield %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  }
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

// What stands in a second block would be left out.

module attributes {llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op branches between blocks; models have scf.for and func.call}}
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  return %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
^bb1:
  return %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op has no body; define it or remove it}}
func.func private @layer(tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = func.call @layer(%x) : (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes 'tensor<5x64xf16>', but functions take maps}}
func.func @model(%x: tensor<5x64xf16>) {
  return
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op yields 'index', but functions yield maps}}
func.func private @layer(%layer: index) -> index {
  return %layer : index
}
func.func @model() {
  return
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> !llm.token {
  %0 = llm.kv_append %x, @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // expected-error@+1 {{'func.return' op yields '!llm.token', which the host cannot read}}
  return %0 : !llm.token
}
}

// -----

// A task works on one map; with heads it would compute the first only.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<128xf16>
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  // expected-error@+1 {{'llm.layer_norm' op works on maps without heads; merge the heads before with llm.merge_heads}}
  %0 = llm.layer_norm %x, @n bias @n epsilon 1.0e-5 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %0 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  // expected-error@+1 {{'arith.addf' op cannot be turned into hardware tasks; the ops of the llm dialect, arith on integers, scf.for and func.call can}}
  %0 = arith.addf %x, %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes several indices; the only one that a function can take is the layer}}
func.func private @layer(%layer: index, %other: index) {
  return
}
func.func @model() {
  return
}
}
