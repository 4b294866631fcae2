// RUN: dlavm-opt %s --accel-promote-onchip -split-input-file -verify-diagnostics

// expected-error@+1 {{cannot keep maps on the chip: edgellm-20241128 is not known to have a memory there; leave accel-promote-onchip out}}
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 64 : i64} {
}

// -----

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
func.func @decode() attributes {accel.decode} {
  // expected-error@+1 {{'accel.buffer' op has no address; run accel-plan-memory before}}
  %x = accel.buffer "x" : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}
}
