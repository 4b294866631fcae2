// RUN: rm -rf %t && mkdir %t && cp %runtime/dlavm_runtime.h %t
// RUN: dlavm-opt --csb-prepare-emission %s | dlavm-translate --csb-to-cpp > %t/memories.h
// RUN: FileCheck %s < %t/memories.h
// RUN: %cxx -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ %t/memories.h
// RUN: dlavm-opt --csb-prepare-emission %s | dlavm-translate --csb-to-plan | FileCheck %s --check-prefix=PLAN

// Memories have the names of the device's record, which may be any.

// CHECK:      // Weights, tables and KV caches: the address of the first layer.
// CHECK-NEXT: inline constexpr int64_t kNorm = {{.*}}; // SRAM, 256 bytes
// CHECK:      // Bytes from one layer to the next, and where DMA finds SRAM.
// CHECK-NEXT: inline constexpr int64_t kSramBase =
// CHECK:      // Feature maps in SRAM. Those that are never live together share their place.
// CHECK:      "SRAM",

// PLAN: "space": "SRAM"

module @memories attributes {csb.device = "toy", csb.fingerprint = "0123456789abcdef", llm.max_tokens = 16 : i64} {
  module @parameters {
    csb.parameter @norm from "norm" : tensor<64xf16>
  }
  csb.object @norm "norm_weight" [64] from [@parameters::@norm] "SRAM" at 0 bytes 256 stride 0 dma 4096 ports 1 port_stride 0 file "norm.bin"
  csb.constant @sram_base = 4096
  csb.buffer @map "SRAM" at 256 bytes 2048 live [0, 0] input
  func.func @write_input(%rows: !csb.rows, %seq: i32) {
    %base = csb.address_of @sram_base : i64
    %map = csb.address_of @map : i64
    %address = arith.addi %base, %map : i64
    csb.dma_write %rows, %address[%seq, 64] lanes 32
    return
  }
  func.func @run(%seq: i32, %past: i32) {
    csb.check_call %seq, %past, 16
    return
  }
  func.func @load_parameters(%directory: !csb.directory) {
    csb.load_parameters %directory
    return
  }
}
