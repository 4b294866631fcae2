// RUN: dlavm-opt %s --csb-prepare-emission --mlir-print-debuginfo | dlavm-translate --csb-to-cpp | FileCheck %s

module @model attributes {csb.device = "edgellm-20241128", llm.max_tokens = 64 : i64} {
csb.object @keys "kv_cache" [2] "HBM"
  at 4096 bytes 32768 stride 65536 layers 28 dma 0 ports 32 port_stride 268435456
func.func @run(%seq: i32 loc("seq"), %past: i32 loc("past")) {
  return
}

// CHECK-LABEL: inline void clear_caches(dlavm::Device &device) {
// CHECK-NEXT:    dlavm::clear(device, {"keys", "", "HBM", 0x1000, 0x10000, 28, 32, 0x10000000,
// CHECK-NEXT:                 32768});
// CHECK-NEXT:  }
func.func @clear_caches() {
  csb.clear @keys
  return
}
}
