// RUN: dlavm-opt %s --accel-place-objects -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-place-objects --accel-place-objects -split-input-file | FileCheck %s

// Sizes are those of the register document, 3.2 to 3.5 and 3.7.

// CHECK-LABEL: module @weights
module @weights attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @a weight [4096, 4096] in <hbm> at 0 bytes 270336 stride 0
accel.object @a weight [4096, 4096] in <hbm>
// CHECK-NEXT: @b weight [256, 4096] in <hbm> at 270336 bytes 16896 stride 0
accel.object @b weight [256, 4096] in <hbm>
// CHECK-NEXT: @c weight [13696, 4096] in <hbm> at 287232 bytes 903936 stride 0
accel.object @c weight [13696, 4096] in <hbm>
// 903936 bytes end at no multiple of 512.
// CHECK-NEXT: @d weight [4096, 13696] in <hbm> at 1191424 bytes 905216 stride 0
accel.object @d weight [4096, 13696] in <hbm>
// CHECK-NEXT: @e weight [4096, 11008] in <hbm> at 2096640 bytes 729088 stride 0
accel.object @e weight [4096, 11008] in <hbm>
// CHECK-NEXT: @f weight [3584, 18944] in <hbm> at 2825728 bytes 1096704 stride 0
accel.object @f weight [3584, 18944] in <hbm>
// CHECK-NEXT: @g weight [152064, 3584] in <hbm> at 3922432 bytes 8819712 stride 0
accel.object @g weight [152064, 3584] in <hbm>
// CHECK-NEXT: @h weight [32, 128] in <hbm> at 12742144 bytes 96 stride 0
accel.object @h weight [32, 128] in <hbm>
// Channels are padded: outputs to 32, inputs to 128.
// CHECK-NEXT: @i weight [33, 129] in <hbm> at 12742656 bytes 320 stride 0
accel.object @i weight [33, 129] in <hbm>
}

// -----

// CHECK-LABEL: module @tables
module @tables attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @a rope_table [] in <ddr> at 0 bytes 524288 stride 0
accel.object @a rope_table [] in <ddr>
// CHECK-NEXT: @b activation_table [] in <ddr> at 524288 bytes 8192 stride 0
accel.object @b activation_table [] in <ddr>
// CHECK-NEXT: @c norm_weight [4096] in <ddr> at 532480 bytes 16384 stride 0
accel.object @c norm_weight [4096] in <ddr>
// CHECK-NEXT: @d scale_bias [13696] in <ddr> at 548864 bytes 54784 stride 0
accel.object @d scale_bias [13696] in <ddr>
// CHECK-NEXT: @e scale_bias [33] in <ddr> at 604160 bytes 256 stride 0
accel.object @e scale_bias [33] in <ddr>
// CHECK-NEXT: @f norm_weight [3584] in <ddr> at 605184 bytes 14336 stride 0
accel.object @f norm_weight [3584] in <ddr>
}

// -----

// CHECK-LABEL: module @caches
module @caches attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @a kv_cache [2] in <hbm> at 0 bytes 32768 stride 0
accel.object @a kv_cache [2] in <hbm>
// CHECK-NEXT: @b kv_cache [4] in <hbm> at 32768 bytes 65536 stride 0
accel.object @b kv_cache [4] in <hbm>
// CHECK-NEXT: @c kv_cache [32] in <hbm> at 98304 bytes 524288 stride 0
accel.object @c kv_cache [32] in <hbm>
}

// -----

// Whatever the order of the declarations: in HBM first what has layers, last the
// caches; in DDR first what all layers share. What one layer needs lies
// together, so that one distance serves all.

// CHECK-LABEL: module @layers
module @layers attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @keys kv_cache [2] layers 28 in <hbm> at 58233344 bytes 32768 stride 65536
accel.object @keys kv_cache [2] layers 28 in <hbm>
// CHECK-NEXT: @norm norm_weight [4096] layers 28 in <ddr> at 550912 bytes 16384 stride 71680
accel.object @norm norm_weight [4096] layers 28 in <ddr>
// CHECK-NEXT: @head weight [32, 128] in <hbm> at 58232832 bytes 96 stride 0
accel.object @head weight [32, 128] in <hbm>
// CHECK-NEXT: @query weight [4096, 4096] layers 28 in <hbm> at 0 bytes 270336 stride 2079744
accel.object @query weight [4096, 4096] layers 28 in <hbm>
// CHECK-NEXT: @rope rope_table [] in <ddr> at 0 bytes 524288 stride 0
accel.object @rope rope_table [] in <ddr>
// CHECK-NEXT: @silu activation_table [] in <ddr> at 524288 bytes 8192 stride 0
accel.object @silu activation_table [] in <ddr>
// CHECK-NEXT: @down weight [4096, 13696] layers 28 in <hbm> at 270336 bytes 905216 stride 2079744
accel.object @down weight [4096, 13696] layers 28 in <hbm>
// CHECK-NEXT: @up weight [13696, 4096] layers 28 in <hbm> at 1175552 bytes 903936 stride 2079744
accel.object @up weight [13696, 4096] layers 28 in <hbm>
// CHECK-NEXT: @up_bias scale_bias [13696] layers 28 in <ddr> at 567296 bytes 54784 stride 71680
accel.object @up_bias scale_bias [13696] layers 28 in <ddr>
// CHECK-NEXT: @final norm_weight [4096] in <ddr> at 532480 bytes 16384 stride 0
accel.object @final norm_weight [4096] in <ddr>
// A group of other layers has a distance of its own.
// CHECK-NEXT: @special norm_weight [32] layers 2 in <ddr> at 548864 bytes 128 stride 1024
accel.object @special norm_weight [32] layers 2 in <ddr>
// CHECK-NEXT: @values kv_cache [2] layers 28 in <hbm> at 58266112 bytes 32768 stride 65536
accel.object @values kv_cache [2] layers 28 in <hbm>
}

// -----

// A memory can be filled to its last byte.

// CHECK-LABEL: module @full
module @full attributes {accel.device = "edgellm-20241128"} {
// CHECK-NEXT: @keys kv_cache [2] layers 8192 in <hbm> at 0 bytes 32768 stride 32768
accel.object @keys kv_cache [2] layers 8192 in <hbm>
// CHECK-NEXT: @norm norm_weight [256] layers 4194304 in <ddr> at 0 bytes 1024 stride 1024
accel.object @norm norm_weight [256] layers 4194304 in <ddr>
}

// -----

// CHECK-LABEL: module @empty
module @empty attributes {accel.device = "edgellm-20241128"} {}
