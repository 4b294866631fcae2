// RUN: split-file %s %t
// RUN: dlavm-translate --csb-to-plan %t/tables.mlir | FileCheck %s
// RUN: not dlavm-translate --csb-to-plan %t/with.mlir 2>&1 | FileCheck %s --check-prefix=WITH
// RUN: not dlavm-translate --csb-to-plan %t/fingerprint.mlir 2>&1 | FileCheck %s --check-prefix=FINGERPRINT

// What tables hold, and what parameters are.

// CHECK:      "driver": "tables.h",
// CHECK-NEXT: "namespace": "tables",
// CHECK-NEXT: "device": "toy",
// CHECK-NEXT: "max_tokens": 128,
// CHECK-NEXT: "accesses": 0,
// CHECK-NEXT: "fingerprint": "0123456789abcdef",
// CHECK-NEXT: "model": "tables.llm.mlir",
// CHECK-NEXT: "embedding": "",
// CHECK-NEXT: "functions": [],
// CHECK-NEXT: "tasks": [],
// CHECK-NEXT: "buffers": [],
// CHECK:      "from": [
// CHECK-NEXT:   "scale",
// CHECK-NEXT:   "bias"
// CHECK-NEXT: ],
// CHECK:      "with": {
// CHECK-NEXT:   "divisors": [
// CHECK-NEXT:     1,
// CHECK-NEXT:     2.1428571428571428
// CHECK-NEXT:   ],
// CHECK-NEXT:   "scaling": {
// CHECK-NEXT:     "factor": 8,
// CHECK-NEXT:     "original_context": 8192
// CHECK-NEXT:   },
// CHECK-NEXT:   "style": "half_split",
// CHECK-NEXT:   "theta": 500000
// CHECK-NEXT: },
// CHECK:      "parameters": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "name": "scale",
// CHECK-NEXT:     "splat": 0.5,
// CHECK-NEXT:     "layers": 2,
// CHECK-NEXT:     "shape": [
// CHECK-NEXT:       64
// CHECK-NEXT:     ]
// CHECK-NEXT:   },
// CHECK-NEXT:   {
// CHECK-NEXT:     "name": "bias",
// CHECK-NEXT:     "tensor": "b{layer}",
// CHECK-NEXT:     "rows": {
// CHECK-NEXT:       "first": 3,
// CHECK-NEXT:       "run": 0,
// CHECK-NEXT:       "stride": 0
// CHECK-NEXT:     },
// CHECK-NEXT:     "layers": 2,
// CHECK-NEXT:     "shape": [
// CHECK-NEXT:       64
// CHECK-NEXT:     ],
// CHECK-NEXT:     "row_heads": {
// CHECK-NEXT:       "heads": 2,
// CHECK-NEXT:       "channels": 16,
// CHECK-NEXT:       "interleaved": 8,
// CHECK-NEXT:       "padded_channels": 32,
// CHECK-NEXT:       "groups": 1,
// CHECK-NEXT:       "empty_heads": 0
// CHECK-NEXT:     }
// CHECK-NEXT:   },
// CHECK-NEXT:   {
// CHECK-NEXT:     "name": "other",
// CHECK:          "column_heads": {

//--- tables.mlir
module @tables attributes {csb.device = "toy", csb.fingerprint = "0123456789abcdef", llm.max_tokens = 128 : i64} {
  module @parameters {
    csb.parameter @scale splat 0.5 layers 2 : tensor<64xf16>
    csb.parameter @bias from "b{layer}" rows [3] layers 2 row_heads <2 x 16, interleaved 8, padded 32> : tensor<64xf16>
    csb.parameter @other from "o" column_heads <2 x 32> : tensor<64x64xi4>
  }
  csb.object @bias "scale_bias" [64] from [@parameters::@scale, @parameters::@bias] "DDR" at 0 bytes 256 stride 256 layers 2 dma 0 ports 1 port_stride 0 file "layer{layer}/bias.bin"
  csb.object @rope "rope_table" [] with {style = "half_split", theta = 5.0e5 : f64, divisors = [1.0, 2.1428571428571428], scaling = {factor = 8.0 : f64, original_context = 8192 : i64}} "DDR" at 1024 bytes 64 stride 0 dma 0 ports 1 port_stride 0 file "rope.bin"
}

//--- with.mlir
module @tables attributes {csb.device = "edgellm-20241128", csb.fingerprint = "0123456789abcdef", llm.max_tokens = 128 : i64} {
  // WITH: with.mlir:3:3: error: 'csb.object' op has a 'with' that a plan cannot hold: numbers, texts, lists and dictionaries can be in it, found {style = {name = i8}}
  csb.object @rope "rope_table" [] with {style = {name = i8}} "DDR" at 1024 bytes 64 stride 0 dma 0 ports 1 port_stride 0 file "rope.bin"
}

//--- fingerprint.mlir
// FINGERPRINT: error: has no attribute 'csb.fingerprint'; compile it with --dlavm-compile before
module @tables attributes {csb.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
}
