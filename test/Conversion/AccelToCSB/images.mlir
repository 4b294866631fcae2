// RUN: dlavm-opt %s --convert-accel-to-csb | FileCheck %s
// RUN: dlavm-opt %s --convert-accel-to-csb --csb-prepare-emission | dlavm-translate --csb-to-cpp | FileCheck %s --check-prefix=CPP

// The host moves a row for each pixel, whatever the call; of patches, it has the image.

module @images attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %0 = accel.buffer "a" at 0 bytes 800 live [0, 0] host input "input0" channels 3 : memref<1x25x512xf16, #accel.space<HBM>>, <1, 25, 512>
  %1 = accel.buffer "b" at 1024 bytes 128 live [0, 0] host input "input1" channels 18 patches <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : memref<1x4x512xf16, #accel.space<HBM>>, <1, 4, 512>
  %2 = accel.buffer "c" at 2048 bytes 800 live [0, 0] host output "output" channels 100 : memref<1x25x512xf16, #accel.space<HBM>>, <1, 25, 512>
  return
}
}

// CHECK-LABEL: func.func @write_input0(
// CHECK-SAME: %[[ROWS:.*]]: !csb.rows)
// CHECK-NOT: csb.check_call
// CHECK: %[[TOKENS:.*]] = arith.constant 25 : i32
// CHECK: csb.dma_write %[[ROWS]], %{{.*}}[%[[TOKENS]], 3] lanes 512 ports 32 stride 268435456
// CHECK-LABEL: func.func @write_input1(
// CHECK-SAME: %[[ROWS:.*]]: !csb.rows)
// CHECK: %[[TOKENS:.*]] = arith.constant 4 : i32
// CHECK: csb.dma_write %[[ROWS]], %{{.*}}[%[[TOKENS]], 18] lanes 512 ports 32 stride 268435456 patches <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
// CHECK-LABEL: func.func @read_output() -> !csb.rows
// CHECK: csb.dma_read %{{.*}}[%{{.*}}, 100] lanes 512 ports 32 stride 268435456

// CPP: write_input0(dlavm::Device &device, const uint16_t *rows) {
// CPP: dlavm::write_map(device, kHbmBase + kA, rows, 25, 3, 512, 32,
// CPP: write_input1(dlavm::Device &device, const uint16_t *rows) {
// CPP: dlavm::cut_patches(rows, 4, 6, 2, 3, 3).data()
// CPP: read_output(dlavm::Device &device) {
