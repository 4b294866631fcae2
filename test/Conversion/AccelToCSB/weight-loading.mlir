// RUN: dlavm-opt %s --convert-accel-to-csb=weight-loading=wt2hbm --cse | grep -v arith.constant | FileCheck %s
// RUN: dlavm-opt %s --convert-accel-to-csb=weight-loading=dma | FileCheck %s --check-prefix=DMA
// RUN: not dlavm-opt %s --convert-accel-to-csb=weight-loading=usb 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// The device copies weights from a scratch buffer in DDR, which takes the
// largest file of one port, to HBM: the register document, 4.11.

// UNKNOWN: error: cannot load weights by 'usb'; choose dma or wt2hbm

// DMA-NOT: wt2hbm
// DMA-NOT: copy_weights
// DMA-NOT: @scratch
// DMA: csb.load_parameters %{{.*}}{{$}}

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// CHECK:      csb.register_table @wt2hbm "copy of packed weights from DDR to one HBM port" {
// CHECK-NEXT:   csb.register @Source = 68
// CHECK-NEXT:   csb.register @DestinationLow = 69
// CHECK-NEXT:   csb.register @DestinationHigh = 70
// CHECK-NEXT:   csb.register @LengthBits = 71
// CHECK-NEXT:   csb.register @Port = 72
// CHECK-NEXT:   csb.register @Opcode = 73 values {Start = 2 : i64}
// CHECK-NEXT:   csb.register @Status = 64
// CHECK-NEXT: }

// Behind all objects and buffers of DDR.
// CHECK-DAG: csb.buffer @scratch "DDR" at 17842176 bytes 903936 live [0, 0]
// CHECK-DAG: csb.constant @ddr_base = 8589934592
accel.object @small weight [4096, 4096] layers 28 in <HBM> at 0 bytes 270336 stride 1174528
accel.object @large weight [13696, 4096] layers 28 in <HBM> at 270336 bytes 903936 stride 1174528
accel.object @keys kv_cache [32] in <HBM> at 32886784 bytes 9999872 stride 0
accel.object @norm norm_weight [4096] in <DDR> at 0 bytes 16384 stride 0

func.func private @layer(%layer: index {accel.layer}) {
  return
}
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c28 = arith.constant 28 : index
  scf.for %i = %c0 to %c28 step %c1 {
    func.call @layer(%i) : (index) -> ()
  }
  %x = accel.buffer "x" at 1064960 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  return
}

// Slices of 65536 bytes; source and destination advance by the bytes copied so
// far. The destination counts over all ports: 33 bits in two registers.
// CHECK-LABEL: func.func @copy_weights(
// CHECK-SAME:    %[[SOURCE:.*]]: i64, %[[DEST:.*]]: i64, %[[BYTES:.*]]: i64, %[[PORT:.*]]: i32) {
// CHECK-NEXT:    scf.for %[[I:.*]] = %c0_i64 to %[[BYTES]] step %c65536_i64 : i64 {
// CHECK-NEXT:      csb.task "copy_weights" "copy of weights from DDR to one HBM port"
// CHECK-DAG:       %[[FROM:.*]] = arith.addi %[[SOURCE]], %[[I]] overflow<nsw> : i64
// CHECK-DAG:       %[[TO:.*]] = arith.addi %[[DEST]], %[[I]] overflow<nsw> : i64
// CHECK-DAG:       %[[LEFT:.*]] = arith.subi %[[BYTES]], %[[I]] overflow<nsw> : i64
// CHECK-DAG:       %[[N:.*]] = arith.minsi %[[LEFT]], %c65536_i64 : i64
// CHECK-DAG:       %[[LOW:.*]] = arith.remsi %[[TO]], %c4294967296_i64 : i64
// CHECK-DAG:       %[[HIGH:.*]] = arith.divsi %[[TO]], %c4294967296_i64 : i64
// CHECK-DAG:       %[[BITS:.*]] = arith.muli %c8_i64, %[[N]] overflow<nsw> : i64
// CHECK:           csb.write @wt2hbm::@Source, %[[FROM]] : i64
// CHECK-NEXT:      csb.write @wt2hbm::@DestinationLow, %[[LOW]] : i64
// CHECK-NEXT:      csb.write @wt2hbm::@DestinationHigh, %[[HIGH]] : i64
// CHECK-NEXT:      csb.write @wt2hbm::@LengthBits, %[[BITS]] : i64
// CHECK-NEXT:      csb.write @wt2hbm::@Port, %[[PORT]] : i32
// CHECK-NEXT:      csb.write @wt2hbm::@Opcode, %c2_i32 : i32
// CHECK-NEXT:      csb.poll @wt2hbm::@Status until 1
// CHECK-NEXT:    }

// CHECK-LABEL: func.func @load_parameters(
// CHECK-SAME:    %[[DIR:.*]]: !csb.directory) {
// CHECK-NEXT:    csb.load_parameters %[[DIR]] via @copy_weights scratch @scratch base @ddr_base
}
