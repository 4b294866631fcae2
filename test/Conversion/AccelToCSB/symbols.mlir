// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file | FileCheck %s

// Objects keep their addresses. Files are named after them, one for each layer
// and port; KV caches have none. The parameters that they are made of lie in a
// module of their own. The dimensions of buffers are gone.

// CHECK-LABEL: module @objects attributes {csb.device = "edgellm-20241128", csb.fingerprint = "{{[0-9a-f]+}}", llm.max_tokens = 2048 : i64} {
module @objects attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
llm.parameter @q from "q{layer}" layers 28 : tensor<4096x4096xi4>
llm.parameter @b splat 0.0 layers 28 : tensor<4096xf16>
llm.parameter @s splat 1.0 layers 28 : tensor<4096xf16>
// CHECK-NEXT: module @parameters {
// CHECK-NEXT:   csb.parameter @q from "q{layer}" layers 28 : tensor<4096x4096xi4>
// CHECK-NEXT:   csb.parameter @b splat 0.000000e+00 layers 28 : tensor<4096xf16>
// CHECK-NEXT:   csb.parameter @s splat 1.000000e+00 layers 28 : tensor<4096xf16>
// CHECK-NEXT: }
// CHECK-NEXT: csb.constant @layer_stride_hbm = 3287552
// CHECK-NEXT: csb.object @query "weight" [4096, 4096] from [@parameters::@q] "HBM" at 512 bytes 270336 stride 3287552 layers 28 dma 0 ports 32 port_stride 268435456 file "layer{layer}/query.{port}.bin"
accel.object @query weight [4096, 4096] from [@q] layers 28 in <HBM> at 512 bytes 270336 stride 3287552
// CHECK-NEXT: csb.object @head "weight" [65024, 4096] "HBM" at 92051456 bytes 4291584 stride 0 dma 0 ports 32 port_stride 268435456 file "head.{port}.bin"
accel.object @head weight [65024, 4096] in <HBM> at 92051456 bytes 4291584 stride 0
// CHECK-NEXT: csb.constant @cache_stride = 65536
// CHECK-NEXT: csb.object @keys "kv_cache" [2] "HBM" at 96343040 bytes 32768 stride 65536 layers 28 dma 0 ports 32 port_stride 268435456{{$}}
accel.object @keys kv_cache [2] layers 28 in <HBM> at 96343040 bytes 32768 stride 65536
// CHECK-NEXT: csb.constant @layer_stride_ddr = 193536
// CHECK-NEXT: csb.object @norm "norm_weight" [4096] "DDR" at 532480 bytes 16384 stride 193536 layers 28 dma 8589934592 ports 1 port_stride 0 file "layer{layer}/norm.bin"
accel.object @norm norm_weight [4096] layers 28 in <DDR> at 532480 bytes 16384 stride 193536
// CHECK-NEXT: csb.object @bias "scale_bias" [4096] from [@parameters::@s, @parameters::@b] "DDR" at 548864 bytes 16384 stride 193536 layers 28 dma 8589934592 ports 1 port_stride 0 file "layer{layer}/bias.bin"
accel.object @bias scale_bias [4096] from [@s, @b] layers 28 in <DDR> at 548864 bytes 16384 stride 193536
// CHECK-NEXT: csb.object @rope "rope_table" [] with {rotary = 64 : i64} "DDR" at 0 bytes 524288 stride 0 dma 8589934592 ports 1 port_stride 0 file "rope.bin"
accel.object @rope rope_table [] with {rotary = 64 : i64} in <DDR> at 0 bytes 524288 stride 0
// CHECK-NEXT: csb.object @silu "activation_table" [] with {function = "silu"} "DDR" at 524288 bytes 8192 stride 0 dma 8589934592 ports 1 port_stride 0 file "silu.bin"
accel.object @silu activation_table [] with {function = "silu"} in <DDR> at 524288 bytes 8192 stride 0
// CHECK-NOT: csb.register_table
// CHECK: func.func @run
func.func @model() {
  return
}
}

// -----

// A buffer is one symbol, in whatever function it is rooted; another of its name
// elsewhere is another.

// CHECK-LABEL: module @buffers
module @buffers attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// CHECK-NEXT: csb.buffer @hidden "DDR" at 0 bytes 16777216 live [0, 0]
// CHECK-NEXT: csb.buffer @[[OTHER:.*]] "DDR" at 16777216 bytes 16777216 live [1, 1, 3, 4]
// CHECK-NEXT: csb.buffer @input "DDR" at 33554432 bytes 16777216 live [0, 2] input
// CHECK-NOT:  csb.buffer
func.func private @layer() {
  %0 = accel.buffer "hidden" at 0 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  return
}
func.func @model() {
  %0 = accel.buffer "hidden" at 0 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %1 = accel.buffer "hidden" at 16777216 bytes 16777216 live [1, 1, 3, 4] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %2 = accel.buffer "input" at 33554432 bytes 16777216 live [0, 2] host input "input" channels 4096 : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  return
}
}
