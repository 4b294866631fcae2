// RUN: dlavm-opt %s --accel-stream-attention="untested" --cse -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-stream-attention="untested" --accel-stream-attention="untested" --cse -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-stream-attention --cse -split-input-file | FileCheck %s --check-prefix=DOCUMENTED
// RUN: dlavm-opt %s --accel-stream-attention="untested slice-bytes=8388608" --cse -split-input-file | FileCheck %s --check-prefix=BYTES

// Scores, probabilities and values run over slices of 128 query tokens, which is
// what scores are cut to anyway. What computes the values comes before them. A
// second run finds nothing to do. Documents do not say whether this device can,
// so without the option nothing happens.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @w weight [256, 4096] in <HBM>
accel.object @k kv_cache [2] in <HBM>
accel.object @v kv_cache [2] in <HBM>

// CHECK-LABEL: func.func @attention()
// CHECK:         accel.linear "value"
// CHECK-NEXT:    accel.kv_append values "values_append"
// CHECK-NEXT:    %[[O:.*]] = accel.buffer "attention" :
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C128:.*]] = arith.constant 128 : index
// CHECK:         scf.for %[[T:.*]] = %[[C0]] to %seq step %[[C128]] {
// CHECK-NEXT:      %[[LEFT:.*]] = arith.subi %seq, %[[T]] overflow<nsw> : index
// CHECK-NEXT:      %[[N:.*]] = arith.minsi %[[C128]], %[[LEFT]] : index
// CHECK-NEXT:      %[[S:.*]] = accel.buffer "scores" slice 128 : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 32, seq, 32>
// CHECK-NEXT:      %[[P:.*]] = accel.buffer "probabilities" slice 128 :
// CHECK-NEXT:      %[[Q:.*]] = memref.subview %{{.*}}[0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK-NEXT:      %[[G:.*]] = accel.tokens (seq + past) ceildiv 32 * 32
// CHECK-NEXT:      %[[SV:.*]] = memref.subview %[[S]][0, 0, 0] [%[[G]], %[[N]], 32] [1, 1, 1]
// CHECK-NEXT:      accel.scores "scores" ins(%[[Q]] : {{.*}}) cache(%k) keys(%total) scale 1.250000e-01 outs(%[[SV]] : {{.*}}) [32, 2, 128] {accel.slice = 128 : i64}
// CHECK-NEXT:      %[[PV:.*]] = memref.subview %[[P]][0, 0, 0] [%[[G]], %[[N]], 32] [1, 1, 1]
// CHECK-NEXT:      %[[POSITION:.*]] = arith.addi %past, %[[T]] overflow<nsw> : index
// CHECK-NEXT:      accel.softmax "probabilities" ins(%[[SV]] : {{.*}}) keys(%total) at(%[[POSITION]]) outs(%[[PV]] : {{.*}}) [32] {accel.slice = 128 : i64}
// CHECK-NEXT:      %[[OV:.*]] = memref.subview %[[O]][0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK-NEXT:      accel.values "attention" ins(%[[PV]] : {{.*}}) cache(%v) keys(%total) outs(%[[OV]] : {{.*}}) [32, 2, 128] {accel.slice = 128 : i64}
// CHECK-NEXT:    } {accel.limit = "memory of 33554432 bytes for a slice"}
// CHECK-NEXT:    return

// DOCUMENTED-LABEL: func.func @attention()
// DOCUMENTED-NOT: scf.for
// DOCUMENTED: accel.scores
// DOCUMENTED: accel.linear "value"
// DOCUMENTED: return

// With a limit, slices have as many tokens as fit.
// BYTES-LABEL: func.func @attention()
// BYTES: scf.for %{{.*}} = %{{.*}} to %seq step %c32 {
// BYTES: accel.limit = "memory of 8388608 bytes for a slice"
func.func @attention() {
  %n = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %q = accel.buffer "q" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %w = accel.get_object @w : !accel.object
  %k = accel.get_object @k : !accel.object
  %v = accel.get_object @v : !accel.object
  %total = accel.tokens seq + past
  %past = accel.tokens past
  %s = accel.buffer "scores" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  accel.scores "scores" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  %p = accel.buffer "probabilities" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  accel.softmax "probabilities" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32]
  %x = accel.buffer "value" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  accel.linear "value" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%x : memref<8x?x32xf16, #accel.space<DDR>>) [4096, 256]
  accel.kv_append values "values_append" ins(%x : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%v) [2, 128]
  %o = accel.buffer "attention" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.values "attention" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%v) keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}

// What appends to the keys that scores have read cannot come before them.
// CHECK-LABEL: func.func @appends_keys()
// CHECK-NOT: scf.for
// CHECK: return
func.func @appends_keys() {
  %q = accel.buffer "q" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %x = accel.buffer "key" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %k = accel.get_object @k : !accel.object
  %v = accel.get_object @v : !accel.object
  %total = accel.tokens seq + past
  %past = accel.tokens past
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %o = accel.buffer "o" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.scores "s" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  accel.softmax "p" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32]
  accel.kv_append keys "append" ins(%x : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%k) [2, 128]
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%v) keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}

// Others that read the scores or the probabilities want all of them.
// CHECK-LABEL: func.func @read_besides()
// CHECK-NOT: scf.for
// CHECK: return
func.func @read_besides() {
  %q = accel.buffer "q" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %k = accel.get_object @k : !accel.object
  %v = accel.get_object @v : !accel.object
  %total = accel.tokens seq + past
  %past = accel.tokens past
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %o = accel.buffer "o" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %m = accel.buffer "m" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.scores "s" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  accel.softmax "p" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32]
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%v) keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  accel.values "m" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%m : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}

// The result lies where the argument lies, which later slices would read.
// CHECK-LABEL: func.func private @in_place(
// CHECK-NOT: scf.for
// CHECK: return
func.func private @in_place(%q: memref<128x?x32xf16, #accel.space<DDR>>) -> memref<128x?x32xf16, #accel.space<DDR>> {
  %k = accel.get_object @k : !accel.object
  %v = accel.get_object @v : !accel.object
  %total = accel.tokens seq + past
  %past = accel.tokens past
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %o = accel.buffer "o" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.scores "s" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  accel.softmax "p" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32]
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%v) keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return %o : memref<128x?x32xf16, #accel.space<DDR>>
}
}

// -----

// The documents of this device say that softmax takes slices. Without a mask as
// well; a map of fixed tokens becomes one of as many as a slice has.

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @k kv_cache [4] in <HBM>
accel.object @v kv_cache [4] in <HBM>

// CHECK-LABEL: func.func @unmasked()
// DOCUMENTED-LABEL: func.func @unmasked()
// DOCUMENTED: scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %[[C:c[0-9]+]] {
// DOCUMENTED: accel.buffer "s" slice [[N:[0-9]+]] :
// DOCUMENTED: accel.softmax "p" ins(%{{.*}}) keys(%total) at(%{{.*}}) outs(%{{.*}}) [28] mask never {accel.slice = [[N]] : i64}
func.func @unmasked() {
  %q = accel.buffer "q" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %k = accel.get_object @k : !accel.object
  %v = accel.get_object @v : !accel.object
  %total = accel.tokens seq + past
  %past = accel.tokens past
  %s = accel.buffer "s" : memref<?x?x512xf16, #accel.space<HBM>>, <((seq + past) ceildiv 512) * 28, seq, 512>
  %p = accel.buffer "p" : memref<?x?x512xf16, #accel.space<HBM>>, <((seq + past) ceildiv 512) * 28, seq, 512>
  %o = accel.buffer "o" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  accel.scores "s" ins(%q : memref<8x?x512xf16, #accel.space<HBM>>) cache(%k) keys(%total) scale 0.088 outs(%s : memref<?x?x512xf16, #accel.space<HBM>>) [28, 4, 128] slots 8
  accel.softmax "p" ins(%s : memref<?x?x512xf16, #accel.space<HBM>>) keys(%total) at(%past) outs(%p : memref<?x?x512xf16, #accel.space<HBM>>) [28] mask never
  accel.values "o" ins(%p : memref<?x?x512xf16, #accel.space<HBM>>) cache(%v) keys(%total) outs(%o : memref<8x?x512xf16, #accel.space<HBM>>) [28, 4, 128] slots 8
  return
}
}
