// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file | FileCheck %s

// What the host calls besides run. DMA addresses count from the base of DDR.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @head weight [65024, 4096] in <HBM> at 0 bytes 4291584 stride 0
accel.object @bias scale_bias [65024] in <DDR> at 0 bytes 260096 stride 0

// CHECK: csb.constant @ddr_base = 8589934592
// CHECK: func.func @run(

// CHECK-LABEL: func.func @load_parameters(
// CHECK-SAME:    %[[DIR:.*]]: !csb.directory) {
// CHECK-NEXT:    csb.load_parameters %[[DIR]]{{$}}
// CHECK-NEXT:    return

// CHECK-LABEL: func.func @write_input(
// CHECK-SAME:    %[[ROWS:.*]]: !csb.rows, %[[SEQ:.*]]: i32) {
// CHECK:         csb.check_call %[[SEQ]], %c0_i32, 2048
// CHECK:         %[[BASE:.*]] = csb.address_of @ddr_base : i64
// CHECK:         %[[A:.*]] = csb.address_of @x : i64
// CHECK:         %[[SUM:.*]] = arith.addi %[[BASE]], %[[A]] overflow<nsw> : i64
// CHECK:         csb.dma_write %[[ROWS]], %[[SUM]][%[[SEQ]], 4096] lanes 32
// CHECK-NEXT:    return

// One row of logits.
// CHECK-LABEL: func.func @read_logits() -> !csb.rows {
// CHECK:         %[[BASE:.*]] = csb.address_of @ddr_base : i64
// CHECK:         %[[A:.*]] = csb.address_of @y : i64
// CHECK:         %[[SUM:.*]] = arith.addi %[[BASE]], %[[A]] overflow<nsw> : i64
// CHECK:         %[[R:.*]] = csb.dma_read %[[SUM]][%c1_i32, 65024] lanes 32
// CHECK:         return %[[R]]

// The token comes from the register, not from memory.
// CHECK-LABEL: func.func @read_token() -> i32 {
// CHECK-NEXT:    %[[T:.*]] = csb.read @mvm::@Argmax of @t : i32
// CHECK-NEXT:    return %[[T]]
func.func @model() {
  %x = accel.buffer "x" at 1048576 bytes 8192 live [0, 0] host input "input" channels 4096 : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %l = accel.buffer "l" at 17825792 bytes 8192 live [0, 0] : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %y = accel.buffer "y" at 18874368 bytes 130048 live [0, 0] host output "logits" channels 65024 : memref<2032x1x32xf16, #accel.space<DDR>>, <2032, 1, 32>
  %t = accel.buffer "t" at 19922944 bytes 64 live [0, 0] host token "token" channels 1 : memref<1xi32, #accel.space<DDR>>, <1>
  %w = accel.get_object @head : !accel.object
  %b = accel.get_object @bias : !accel.object
  accel.linear "head" ins(%l : memref<128x1x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) outs(%y : memref<2032x1x32xf16, #accel.space<DDR>>) argmax(%t : memref<1xi32, #accel.space<DDR>>) [4096, 65024]
  return
}
}

// -----

// Outputs of all tokens are read with their number.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// CHECK-LABEL: func.func @write_input0(
// CHECK:         csb.dma_write %{{.*}}, %{{.*}}[%{{.*}}, 60] lanes 32
// CHECK-LABEL: func.func @write_input1(
// CHECK:         csb.dma_write %{{.*}}, %{{.*}}[%{{.*}}, 32] lanes 32
// CHECK-LABEL: func.func @read_output(
// CHECK-SAME:    %[[SEQ:.*]]: i32) -> !csb.rows {
// CHECK:         csb.dma_read %{{.*}}[%[[SEQ]], 60] lanes 32
func.func @model() {
  %x = accel.buffer "x" at 0 bytes 262144 live [0, 0] host input "input0" channels 60 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" at 262144 bytes 131072 live [0, 0] host input "input1" channels 32 : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %z = accel.buffer "z" at 393216 bytes 262144 live [0, 0] host output "output" channels 60 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  return
}
}

// -----

// Embedding rows come from a file; the module names the embedding no longer.

// CHECK-LABEL: module @embedding attributes
// CHECK-NOT:     llm.embedding
// CHECK-SAME:    {{$}}
module @embedding attributes {accel.device = "edgellm-20241128", llm.embedding = @e, llm.max_tokens = 2048 : i64} {
llm.parameter @e from "embed" : tensor<100x64xf16>
// CHECK-LABEL: func.func @read_embeddings(
// CHECK-SAME:    %[[DIR:.*]]: !csb.directory, %[[IDS:.*]]: !csb.ids) -> !csb.rows {
// CHECK-NEXT:    %[[ROWS:.*]] = csb.read_embeddings %[[DIR]], %[[IDS]] from @parameters::@e[100, 64] file "embedding.bin"
// CHECK-NEXT:    return %[[ROWS]]
func.func @model() {
  return
}
}
