// RUN: dlavm-opt %s --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

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
// expected-error@+1 {{'func.func' op is called by the host, so its arguments are maps, found 'index'}}
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
  // expected-error@+1 {{'scf.if' op cannot be turned into hardware tasks; the ops of the llm dialect, arith, scf.for and func.call can}}
  %0 = scf.if %true -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
    scf.yield %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  } else {
    scf.yield %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  }
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}
