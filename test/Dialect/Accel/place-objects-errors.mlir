// RUN: dlavm-opt %s --accel-place-objects -split-input-file -verify-diagnostics

// expected-error@+1 {{needs 452608000 bytes of HBM per port for its parameters and KV caches, 184172544 more than the 268435456 of edgellm-20241128}}
module attributes {accel.device = "edgellm-20241128"} {
  // expected-note@+1 {{'w' takes 452608000 bytes}}
  accel.object @w weight [4096, 13696] layers 500 in <HBM>
}

// -----

// The largest three, counting all layers.

// expected-error@+1 {{needs 321836032 bytes of HBM per port for its parameters and KV caches, 53400576 more than the 268435456 of edgellm-20241128}}
module attributes {accel.device = "edgellm-20241128"} {
  // expected-note@+1 {{'a' takes 96 bytes}}
  accel.object @a weight [32, 128] in <HBM>
  // expected-note@+1 {{'b' takes 270336000 bytes}}
  accel.object @b weight [4096, 4096] layers 1000 in <HBM>
  // expected-note@+1 {{'c' takes 51499008 bytes}}
  accel.object @c weight [65024, 49152] in <HBM>
  accel.object @d weight [32, 128] in <HBM>
}

// -----

// A smaller context does not help, and the message does not say that it does.

// expected-error@+2 {{needs 268468224 bytes of HBM per port for its parameters and KV caches, 32768 more than the 268435456 of edgellm-20241128}}
// expected-note@+1 {{KV caches take 268468224 bytes of it whatever --max-tokens says: their strides are those of the device's largest context}}
module attributes {accel.device = "edgellm-20241128"} {
  // expected-note@+1 {{'k' takes 268468224 bytes}}
  accel.object @k kv_cache [2] layers 8193 in <HBM>
}

// -----

// expected-error@+1 {{needs 5529600000 bytes of DDR for its parameters, 1234632704 more than the 4294967296 of edgellm-20241128}}
module attributes {accel.device = "edgellm-20241128"} {
  // expected-note@+1 {{'b' takes 5478400000 bytes}}
  accel.object @b scale_bias [13696] layers 100000 in <DDR>
}

// -----

// expected-error@+1 {{names no device}}
module {
  accel.object @w weight [64, 64] in <HBM>
}
