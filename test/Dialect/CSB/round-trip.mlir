// RUN: dlavm-opt %s --verify-roundtrip | FileCheck %s
// RUN: dlavm-opt %s -mlir-print-op-generic | dlavm-opt | FileCheck %s

// CHECK:      csb.register_table @mvm "matrix-vector multiply" {
// CHECK-NEXT:   csb.register @InputWidth = 3 keeps_value
// CHECK-NEXT:   csb.register @Mode = 33 values {Plain = 287 : i64, ScaleBias = 799 : i64}
// CHECK-NEXT:   csb.register @ScaleGroup = 22 fields {Channels = array<i64: 0, 19>, Log2Channels = array<i64: 19, 13>}
// CHECK-NEXT:   csb.register @Status = 1
// CHECK-NEXT: }
csb.register_table @mvm "matrix-vector multiply" {
  csb.register @InputWidth = 3 keeps_value
  csb.register @Mode = 33 values {Plain = 287 : i64, ScaleBias = 799 : i64}
  csb.register @ScaleGroup = 22 fields {Log2Channels = array<i64: 19, 13>, Channels = array<i64: 0, 19>}
  csb.register @Status = 1
}
// Tables have registers of their own, so that names may repeat.
// CHECK:      csb.register_table @norm "norm" attributes {note = "x"} {
// CHECK-NEXT:   csb.register @Status = 193
csb.register_table @norm "norm" attributes {note = "x"} {
  csb.register @Status = 193
}
// CHECK: csb.constant @layer_stride = 3287552
csb.constant @layer_stride = 3287552
// CHECK: csb.constant @ddr_base = 8589934592
csb.constant @ddr_base = 8589934592
// CHECK: csb.buffer @query "DDR" at 22306816 bytes 16777216 live [1, 2]
csb.buffer @query "DDR" at 22306816 bytes 16777216 live [1, 2]
// CHECK: csb.buffer @scores "DDR" at 64 bytes 64 live [0, 2] slice 128
csb.buffer @scores "DDR" at 64 bytes 64 live [0, 2] slice 128
// CHECK: csb.buffer @input "DDR" at 0 bytes 64 live [0, 0, 3, 4] input
csb.buffer @input "DDR" at 0 bytes 64 live [0, 0, 3, 4] input
// What objects and embeddings are made of has names of its own.
// CHECK:      module @parameters {
// CHECK-NEXT:   csb.parameter @query from "q{layer}"
// CHECK:      }
module @parameters {
  csb.parameter @query from "q{layer}" layers 28 : tensor<4096x4096xi4>
  csb.parameter @embedding from "e" : tensor<65024x4096xf16>
}
// CHECK: csb.object @weight "weight" [4096, 4096] from [@parameters::@query] "HBM" at 0 bytes 270336 stride 3287552 layers 28 dma 0 ports 32 port_stride 268435456 file "layer{layer}/weight.{port}.bin"
csb.object @weight "weight" [4096, 4096] from [@parameters::@query] "HBM" at 0 bytes 270336 stride 3287552 layers 28 dma 0 ports 32 port_stride 268435456 file "layer{layer}/weight.{port}.bin"
// CHECK: csb.object @rope "rope_table" [] with {theta = 1.000000e+04 : f64} "DDR" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0 file "rope.bin"
csb.object @rope "rope_table" [] with {theta = 1.0e4 : f64} "DDR" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0 file "rope.bin"
// CHECK: csb.object @cache "kv_cache" [2] "HBM" at 270336 bytes 32768 stride 0 dma 0 ports 32 port_stride 268435456
csb.object @cache "kv_cache" [2] "HBM" at 270336 bytes 32768 stride 0 dma 0 ports 32 port_stride 268435456

// CHECK-LABEL: func.func @run(
// CHECK-SAME: %[[LAYER:.*]]: i32, %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32)
func.func @run(%layer: i32, %seq: i32, %past: i32) {
  // CHECK: csb.check_call %[[SEQ]], %[[PAST]], 2048
  csb.check_call %seq, %past, 2048
  // CHECK: %query = csb.address_of @query : i64
  %0 = csb.address_of @query : i64
  // CHECK: csb.address_of @weight : i64
  %1 = csb.address_of @weight : i64
  // CHECK: csb.address_of @layer_stride : i64
  %2 = csb.address_of @layer_stride : i64
  // CHECK: csb.task "query"[%[[LAYER]]] "linear 4096 -> 4096" to @query
  csb.task "query"[%layer] "linear 4096 -> 4096" to @query
  // CHECK: csb.write @mvm::@InputWidth, %[[SEQ]] : i32
  csb.write @mvm::@InputWidth, %seq : i32
  // CHECK: csb.write @mvm::@Mode, %query : i64
  csb.write @mvm::@Mode, %0 : i64
  // CHECK: csb.poll @mvm::@Status until 1
  csb.poll @mvm::@Status until 1
  // CHECK: csb.step "query"[%[[LAYER]]]
  csb.step "query"[%layer]
  // CHECK: csb.task "softmax"[%[[LAYER]]] "softmax of 2 heads" to @query unmasked slice 128
  csb.task "softmax"[%layer] "softmax of 2 heads" to @query unmasked slice 128
  // CHECK: csb.task "norm" "RMS norm"{{$}}
  csb.task "norm" "RMS norm"
  // CHECK: csb.poll @norm::@Status until 0
  csb.poll @norm::@Status until 0
  // CHECK: csb.step "norm"
  csb.step "norm"
  return
}

// CHECK-LABEL: func.func @host(
// CHECK-SAME: %[[ROWS:.*]]: !csb.rows, %[[DIR:.*]]: !csb.directory, %[[SEQ:.*]]: i32) -> (!csb.rows, i32)
func.func @host(%rows: !csb.rows, %directory: !csb.directory, %seq: i32) -> (!csb.rows, i32) {
  %0 = csb.address_of @query : i64
  // CHECK: csb.dma_write %[[ROWS]], %query[%[[SEQ]], 4096] lanes 32
  csb.dma_write %rows, %0[%seq, 4096] lanes 32
  // CHECK: %[[R:.*]] = csb.dma_read %query[%[[SEQ]], 65024] lanes 32
  %1 = csb.dma_read %0[%seq, 65024] lanes 32
  // CHECK: csb.dma_write %[[ROWS]], %query[%[[SEQ]], 4096] lanes 512 ports 32 stride 1024
  csb.dma_write %rows, %0[%seq, 4096] lanes 512 ports 32 stride 1024
  // CHECK: csb.dma_read %query[%[[SEQ]], 4096] lanes 512 ports 32 stride 1024
  %3 = csb.dma_read %0[%seq, 4096] lanes 512 ports 32 stride 1024
  // CHECK: csb.dma_read_word %query bits 16 : i32
  %4 = csb.dma_read_word %0 bits 16 : i32
  // CHECK: %[[T:.*]] = csb.read @mvm::@Status : i32
  %2 = csb.read @mvm::@Status : i32
  // CHECK: csb.load_parameters %[[DIR]]{{$}}
  csb.load_parameters %directory
  // CHECK: csb.clear @weight{{$}}
  csb.clear @weight
  // CHECK: csb.load_parameters %[[DIR]] via @copy scratch @query base @ddr_base
  csb.load_parameters %directory via @copy scratch @query base @ddr_base
  // CHECK: return %[[R]], %[[T]]
  return %1, %2 : !csb.rows, i32
}

// CHECK-LABEL: func.func @embeddings(
// CHECK-SAME: %[[DIR:.*]]: !csb.directory, %[[IDS:.*]]: !csb.ids) -> !csb.rows
func.func @embeddings(%directory: !csb.directory, %ids: !csb.ids) -> !csb.rows {
  // CHECK: csb.read_embeddings %[[DIR]], %[[IDS]] from @parameters::@embedding[65024, 4096] file "embedding.bin"
  %0 = csb.read_embeddings %directory, %ids from @parameters::@embedding [65024, 4096] file "embedding.bin"
  return %0 : !csb.rows
}

func.func private @copy(%source: i64, %destination: i64, %bytes: i64, %port: i32) {
  return
}
