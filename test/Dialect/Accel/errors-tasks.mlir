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

func.func @heads(%q: memref<16x?x32xf16>, %s: memref<?x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.scores' op needs a multiple of the 8 KV heads, found 4 heads}}
  accel.scores "s" ins(%q : memref<16x?x32xf16>) cache(%k) keys(%n) scale 1.0 outs(%s : memref<?x?x32xf16>) [4, 8, 128]
  return
}

// -----

func.func @slots(%q: memref<16x?x32xf16>, %s: memref<?x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.scores' op needs a slot for each of the 4 heads of a KV head, found 2}}
  accel.scores "s" ins(%q : memref<16x?x32xf16>) cache(%k) keys(%n) scale 1.0 outs(%s : memref<?x?x32xf16>) [8, 2, 128] slots 2
  return
}

// -----

func.func @empty_heads(%q: memref<16x?x32xf16>, %s: memref<?x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.values' op has 768 head channels, which need a map [channels / lanes, tokens, lanes], found 'memref<16x?x32xf16>'}}
  accel.values "v" ins(%s : memref<?x?x32xf16>) cache(%k) keys(%n) outs(%q : memref<16x?x32xf16>) [4, 2, 128] slots 3
  return
}

// -----

func.func @part_of_heads(%q: memref<16x?x32xf16>, %s: memref<?x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.scores' op needs five numbers in 'part': KV head, first channel, channels, whether it reuses the cache, and the input; found 4}}
  accel.scores "s" ins(%q : memref<16x?x32xf16>) cache(%k) keys(%n) scale 1.0 outs(%s : memref<?x?x32xf16>) part(%n, %n, %n, %n) [4, 2, 128]
  return
}

// -----

func.func @difference(%x: memref<2x?x32xf16>, %w: !accel.object) {
  // expected-error@+1 {{'accel.linear' op adds a residual or multiplies with it, found sub}}
  "accel.linear"(%x, %w, %w, %x, %x) <{input_channels = 64 : i64, name = "y", operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>, output_channels = 64 : i64, residual_kind = #accel<binary_kind sub>}> : (memref<2x?x32xf16>, !accel.object, !accel.object, memref<2x?x32xf16>, memref<2x?x32xf16>) -> ()
  return
}

// -----

func.func @part(%x: memref<2x?x32xf16>, %w: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.linear' op needs four numbers in 'part': first channel, channels, whether it reuses the weight, and the input; found 2}}
  accel.linear "y" ins(%x : memref<2x?x32xf16>) weight(%w) outs(%x : memref<2x?x32xf16>) part(%n, %n) [64, 64]
  return
}

// -----

func.func @head_channels(%q: memref<16x?x32xf16>, %t: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.norm' op has 384 head channels, which need a map [channels / lanes, tokens, lanes], found 'memref<16x?x32xf16>'}}
  accel.norm rms "r" ins(%q : memref<16x?x32xf16>) weight(%t) outs(%q : memref<16x?x32xf16>) [128] heads 3
  return
}

// -----

func.func @heads_of_rope(%q: memref<16x?x32xf16>, %t: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.rope' op has 384 head channels, which need a map [channels / lanes, tokens, lanes], found 'memref<16x?x32xf16>'}}
  accel.rope "r" ins(%q : memref<16x?x32xf16>) table(%t) at(%n) outs(%q : memref<16x?x32xf16>) [3, 128]
  return
}

// -----

func.func @many_channels(%q: memref<16x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.kv_append' op has 4611686018427387904 heads of 4 channels, more than 64 bits can count}}
  accel.kv_append keys "k" ins(%q : memref<16x?x32xf16>) at(%n) outs(%k) [4611686018427387904, 4]
  return
}

// -----

func.func @columns(%s: memref<16x?x32xf16>, %n: index) {
  // expected-error@+1 {{'accel.softmax' op needs surfaces for each of the 3 heads, found 'memref<16x?x32xf16>'}}
  accel.softmax "p" ins(%s : memref<16x?x32xf16>) keys(%n) at(%n) outs(%s : memref<16x?x32xf16>) [3]
  return
}

// -----

func.func @columns_of_scores(%q: memref<16x?x32xf16>, %s: memref<18x?x32xf16>, %k: !accel.object, %n: index) {
  // expected-error@+1 {{'accel.values' op needs surfaces for each of the 4 heads, found 'memref<18x?x32xf16>'}}
  accel.values "v" ins(%s : memref<18x?x32xf16>) cache(%k) keys(%n) outs(%q : memref<16x?x32xf16>) [4, 2, 128]
  return
}

// -----

func.func @shapes(%x: memref<2x?x32xf16>, %y: memref<3x?x32xf16>) {
  // expected-error@+1 {{'accel.elementwise' op needs maps of one shape, found 'memref<2x?x32xf16>' and 'memref<3x?x32xf16>'}}
  accel.elementwise add "y" ins(%x, %y : memref<2x?x32xf16>, memref<3x?x32xf16>) outs(%x : memref<2x?x32xf16>) [64]
  return
}

// -----

// expected-error@+1 {{'accel.object' op of kind weight has a shape of 2 positive sizes, found [64]}}
accel.object @w weight [64] in <HBM>

// -----

// expected-error@+1 {{'accel.object' op needs address, bytes and stride together}}
"accel.object"() <{sym_name = "w", kind = #accel<kind weight>, shape = array<i64: 64, 64>, space = #accel.space<HBM>, address = 0 : i64}> : () -> ()
