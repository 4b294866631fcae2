// RUN: dlavm-opt %s --accel-place-objects -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-place-objects --accel-place-objects -split-input-file | FileCheck %s

// Sizes are those of the register document, 3.2 to 3.5 and 3.7.

// CHECK-LABEL: module @weights
module @weights attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @a weight [4096, 4096] in <HBM> at 0 bytes 270336 stride 0
accel.object @a weight [4096, 4096] in <HBM>
// CHECK-NEXT: @b weight [256, 4096] in <HBM> at 270336 bytes 16896 stride 0
accel.object @b weight [256, 4096] in <HBM>
// CHECK-NEXT: @c weight [13696, 4096] in <HBM> at 287232 bytes 903936 stride 0
accel.object @c weight [13696, 4096] in <HBM>
// 903936 bytes end at no multiple of 512.
// CHECK-NEXT: @d weight [4096, 13696] in <HBM> at 1191424 bytes 905216 stride 0
accel.object @d weight [4096, 13696] in <HBM>
// CHECK-NEXT: @e weight [4096, 11008] in <HBM> at 2096640 bytes 729088 stride 0
accel.object @e weight [4096, 11008] in <HBM>
// CHECK-NEXT: @f weight [3584, 18944] in <HBM> at 2825728 bytes 1096704 stride 0
accel.object @f weight [3584, 18944] in <HBM>
// CHECK-NEXT: @g weight [152064, 3584] in <HBM> at 3922432 bytes 8819712 stride 0
accel.object @g weight [152064, 3584] in <HBM>
// CHECK-NEXT: @h weight [32, 128] in <HBM> at 12742144 bytes 96 stride 0
accel.object @h weight [32, 128] in <HBM>
// Channels are padded: outputs to 32, inputs to 128.
// CHECK-NEXT: @i weight [33, 129] in <HBM> at 12742656 bytes 320 stride 0
accel.object @i weight [33, 129] in <HBM>
}

// -----

// CHECK-LABEL: module @tables
module @tables attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @a rope_table [] in <DDR> at 0 bytes 524288 stride 0
accel.object @a rope_table [] in <DDR>
// CHECK-NEXT: @b activation_table [] in <DDR> at 524288 bytes 8192 stride 0
accel.object @b activation_table [] in <DDR>
// CHECK-NEXT: @c norm_weight [4096] in <DDR> at 532480 bytes 16384 stride 0
accel.object @c norm_weight [4096] in <DDR>
// CHECK-NEXT: @d scale_bias [13696] in <DDR> at 548864 bytes 54784 stride 0
accel.object @d scale_bias [13696] in <DDR>
// CHECK-NEXT: @e scale_bias [33] in <DDR> at 604160 bytes 256 stride 0
accel.object @e scale_bias [33] in <DDR>
// CHECK-NEXT: @f norm_weight [3584] in <DDR> at 605184 bytes 14336 stride 0
accel.object @f norm_weight [3584] in <DDR>
}

// -----

// CHECK-LABEL: module @caches
module @caches attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @a kv_cache [2] in <HBM> at 0 bytes 32768 stride 0
accel.object @a kv_cache [2] in <HBM>
// CHECK-NEXT: @b kv_cache [4] in <HBM> at 32768 bytes 65536 stride 0
accel.object @b kv_cache [4] in <HBM>
// CHECK-NEXT: @c kv_cache [32] in <HBM> at 98304 bytes 524288 stride 0
accel.object @c kv_cache [32] in <HBM>
}

// -----

// Whatever the order of the declarations: in HBM first what has layers, last the
// caches; in DDR first what all layers share. What one layer needs lies
// together, so that one distance serves all.

// CHECK-LABEL: module @layers
module @layers attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @keys kv_cache [2] layers 28 in <HBM> at 58233344 bytes 32768 stride 65536
accel.object @keys kv_cache [2] layers 28 in <HBM>
// CHECK-NEXT: @norm norm_weight [4096] layers 28 in <DDR> at 550912 bytes 16384 stride 71680
accel.object @norm norm_weight [4096] layers 28 in <DDR>
// CHECK-NEXT: @head weight [32, 128] in <HBM> at 58232832 bytes 96 stride 0
accel.object @head weight [32, 128] in <HBM>
// CHECK-NEXT: @query weight [4096, 4096] layers 28 in <HBM> at 0 bytes 270336 stride 2079744
accel.object @query weight [4096, 4096] layers 28 in <HBM>
// CHECK-NEXT: @rope rope_table [] in <DDR> at 0 bytes 524288 stride 0
accel.object @rope rope_table [] in <DDR>
// CHECK-NEXT: @silu activation_table [] in <DDR> at 524288 bytes 8192 stride 0
accel.object @silu activation_table [] in <DDR>
// CHECK-NEXT: @down weight [4096, 13696] layers 28 in <HBM> at 270336 bytes 905216 stride 2079744
accel.object @down weight [4096, 13696] layers 28 in <HBM>
// CHECK-NEXT: @up weight [13696, 4096] layers 28 in <HBM> at 1175552 bytes 903936 stride 2079744
accel.object @up weight [13696, 4096] layers 28 in <HBM>
// CHECK-NEXT: @up_bias scale_bias [13696] layers 28 in <DDR> at 567296 bytes 54784 stride 71680
accel.object @up_bias scale_bias [13696] layers 28 in <DDR>
// CHECK-NEXT: @final norm_weight [4096] in <DDR> at 532480 bytes 16384 stride 0
accel.object @final norm_weight [4096] in <DDR>
// A group of other layers has a distance of its own.
// CHECK-NEXT: @special norm_weight [32] layers 2 in <DDR> at 548864 bytes 128 stride 1024
accel.object @special norm_weight [32] layers 2 in <DDR>
// CHECK-NEXT: @values kv_cache [2] layers 28 in <HBM> at 58266112 bytes 32768 stride 65536
accel.object @values kv_cache [2] layers 28 in <HBM>
}

// -----

// A memory can be filled to its last byte.

// CHECK-LABEL: module @full
module @full attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @keys kv_cache [2] layers 8192 in <HBM> at 0 bytes 32768 stride 32768
accel.object @keys kv_cache [2] layers 8192 in <HBM>
// CHECK-NEXT: @norm norm_weight [256] layers 4194304 in <DDR> at 0 bytes 1024 stride 1024
accel.object @norm norm_weight [256] layers 4194304 in <DDR>
}

// -----

// CHECK-LABEL: module @empty
module @empty attributes {accel.device = "edgellm-20241128"} {}
