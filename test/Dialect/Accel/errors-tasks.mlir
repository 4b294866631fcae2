// RUN: dlavm-opt %s -split-input-file -verify-diagnostics

func.func @channels(%x: memref<2x?x32xf16>, %w: !accel.object) {
  // expected-error@+1 {{'accel.linear' op has 96 input channels, which need a map [channels / lanes, tokens, lanes], found 'memref<2x?x32xf16>'}}
  accel.linear "y" ins(%x : memref<2x?x32xf16>) weight(%w) outs(%x : memref<2x?x32xf16>) [96, 64]
  return
}

// -----

func.func @tokens(%x: memref<2x?x32xf16>, %y: memref<2x1x32xf16>, %w: !accel.object) {
  // expected-error@+1 {{'accel.linear' op needs maps with the same tokens, found 'memref<2x?x32xf16>' and 'memref<2x1x32xf16>'}}
  accel.linear "y" ins(%x : memref<2x?x32xf16>) weight(%w) outs(%y : memref<2x1x32xf16>) [64, 64]
  return
}

// -----

func.func @heads(%q: memref<4x4x?x32xf16>, %s: memref<4x?x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.scores' op needs [heads, ...] with a multiple of the 8 KV heads, found 'memref<4x4x?x32xf16>'}}
  accel.scores "s" ins(%q : memref<4x4x?x32xf16>) cache(%k) keys(%n) scale 1.0 outs(%s : memref<4x?x?x32xf16>) [8]
  return
}

// -----

func.func @shapes(%x: memref<2x?x32xf16>, %y: memref<3x?x32xf16>) {
  // expected-error@+1 {{'accel.elementwise' op needs maps of one shape, found 'memref<2x?x32xf16>' and 'memref<3x?x32xf16>'}}
  accel.elementwise add "y" ins(%x, %y : memref<2x?x32xf16>, memref<3x?x32xf16>) outs(%x : memref<2x?x32xf16>)
  return
}

// -----

// expected-error@+1 {{'accel.object' op of kind weight has a shape of 2 positive sizes, found [64]}}
accel.object @w weight [64] in <HBM>

// -----

// expected-error@+1 {{'accel.object' op needs address, bytes and stride together}}
"accel.object"() <{sym_name = "w", kind = #accel<kind weight>, shape = array<i64: 64, 64>, space = #accel.space<HBM>, address = 0 : i64}> : () -> ()
