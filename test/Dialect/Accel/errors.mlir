// RUN: dlavm-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{'accel.device' must be a string at the module}}
module attributes {accel.device = 5 : i64} {}

// -----

// expected-error@+1 {{'accel.device' must be a string at the module}}
func.func private @f() attributes {accel.device = "edgellm-20241128"}

// -----

// expected-error@+1 {{has an attribute "accel.version" that the accel dialect does not know; it knows 'accel.device', 'accel.limit', 'accel.decode', 'accel.slice', 'accel.keeps_weight_from' and 'accel.merges'}}
module attributes {accel.version = "edgellm-20241128"} {}

// -----

// expected-error@+1 {{'accel.decode' must be a unit attribute of a function}}
module attributes {accel.decode} {}

// -----

// expected-error@+1 {{'accel.merges' must be two strings or more at an accel.linear}}
module attributes {accel.merges = ["query"]} {}

// -----

// expected-error@+1 {{'accel.decode' must be a unit attribute of a function}}
func.func private @f() attributes {accel.decode = 1 : i64}

// -----

// Token counts.

func.func @f() {
  // expected-error@+1 {{'accel.tokens' op is one expression of seq and past}}
  %0 = "accel.tokens"() {map = affine_map<(d0) -> (d0)>} : () -> index
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.tokens' op is one expression of seq and past}}
  %0 = "accel.tokens"() {map = affine_map<(d0, d1) -> (d0, d1)>} : () -> index
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.tokens' op is one expression of seq and past}}
  %0 = "accel.tokens"() {map = affine_map<(d0, d1)[s0] -> (s0)>} : () -> index
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{use of undeclared identifier}}
  %0 = accel.tokens tokens
  return
}

// -----

// Buffers.

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op is the root of views, so it has an identity layout, found}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>, <2, seq, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op lies in a memory of the device (#accel.space<DDR>), found 'memref<2x?x32xf16>'}}
  %0 = accel.buffer "x" : memref<2x?x32xf16>, <2, seq, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op lies in a memory of the device (#accel.space<DDR>), found 'memref<2x?x32xf16, 1 : i32>'}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, 1 : i32>, <2, seq, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op has the shape of its dimensions #llm.dims<4, seq, 32>, found}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op has the shape of its dimensions #llm.dims<2, 32>, found}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{attribute 'address' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = accel.buffer "x" at -64 bytes 64 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{attribute 'bytes' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  %0 = accel.buffer "x" at 0 bytes 0 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

// Objects.

func.func @f() {
  // expected-error@+1 {{'accel.get_object' op names @w, which is no accel.object}}
  %0 = accel.get_object @w : !accel.object
  return
}

// -----

llm.parameter @w from "w" : tensor<64xf16>
func.func @f() {
  // expected-error@+1 {{'accel.get_object' op names @w, which is no accel.object}}
  %0 = accel.get_object @w : !accel.object
  return
}

// -----

// expected-note@+1 {{declared here}}
accel.object @w norm_weight [64] in <DDR>
func.func @f(%layer: index) {
  // expected-error@+1 {{'accel.get_object' op gives a layer, but @w has no layers}}
  %0 = accel.get_object @w[%layer] : !accel.object
  return
}

// -----

// expected-note@+1 {{declared here}}
accel.object @w norm_weight [64] layers 4 in <DDR>
func.func @f() {
  // expected-error@+1 {{'accel.get_object' op must give a layer: @w has layers}}
  %0 = accel.get_object @w : !accel.object
  return
}

// -----

// expected-error@+1 {{attribute 'layers' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
accel.object @w norm_weight [64] layers 0 in <DDR>

// -----

// Tasks.

func.func @f(%x: memref<2x5x32xf16, #accel.space<DDR>>, %w: !accel.object) {
  // expected-error@+1 {{'accel.linear' op needs scale and bias where it has a residual or an argmax}}
  accel.linear "l" ins(%x : memref<2x5x32xf16, #accel.space<DDR>>) weight(%w) add(%x : memref<2x5x32xf16, #accel.space<DDR>>) outs(%x : memref<2x5x32xf16, #accel.space<DDR>>) [64, 64]
  return
}

// -----

func.func @f(%x: memref<2x1x32xf16, #accel.space<DDR>>, %t: memref<1xi32>, %w: !accel.object) {
  // expected-error@+1 {{'accel.linear' op needs scale and bias where it has a residual or an argmax}}
  accel.linear "l" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) weight(%w) outs(%x : memref<2x1x32xf16, #accel.space<DDR>>) argmax(%t : memref<1xi32>) [64, 64]
  return
}

// -----

func.func @f(%x: memref<2x5x32xf16, #accel.space<DDR>>, %w: !accel.object) {
  // expected-error@+1 {{'accel.linear' op needs a residual and what to do with it together}}
  "accel.linear"(%x, %w, %w, %x, %x) {name = "l", input_channels = 64 : i64, output_channels = 64 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 0, 0>} : (memref<2x5x32xf16, #accel.space<DDR>>, !accel.object, !accel.object, memref<2x5x32xf16, #accel.space<DDR>>, memref<2x5x32xf16, #accel.space<DDR>>) -> ()
  return
}

// -----

func.func @f(%x: memref<2x5x32xf32, #accel.space<DDR>>, %w: !accel.object) {
  // expected-error@+1 {{'accel.norm' op operand #0 must be 3D memref of 16-bit float values}}
  accel.norm rms "n" ins(%x : memref<2x5x32xf32, #accel.space<DDR>>) weight(%w) outs(%x : memref<2x5x32xf32, #accel.space<DDR>>) [64]
  return
}

// -----

func.func @f(%x: memref<64xf16, #accel.space<DDR>>, %w: !accel.object) {
  // expected-error@+1 {{'accel.norm' op operand #0 must be 3D memref of 16-bit float values}}
  accel.norm rms "n" ins(%x : memref<64xf16, #accel.space<DDR>>) weight(%w) outs(%x : memref<64xf16, #accel.space<DDR>>) [64]
  return
}

// -----

// Attributes of a buffer that belong together.

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs 'role', 'host' and 'channels' together: the host moves rows of so many channels}}
  %0 = "accel.buffer"() <{name = "x", host = "input", dims = #llm.dims<2, 1, 32>}> : () -> memref<2x1x32xf16, #accel.space<DDR>>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs 'role', 'host' and 'channels' together}}
  %0 = "accel.buffer"() <{name = "x", role = #accel<host_role output>, channels = 64 : i64, dims = #llm.dims<2, 1, 32>}> : () -> memref<2x1x32xf16, #accel.space<DDR>>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op holds i32 if and only if the host reads a token, found 'token' of 'memref<2x1x32xf16, #accel.space<DDR>>'}}
  %0 = accel.buffer "x" host token "token" channels 1 : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs address, bytes and live together}}
  %0 = "accel.buffer"() <{name = "x", address = 64 : i64, live = array<i64: 0, 0>, dims = #llm.dims<2, 1, 32>}> : () -> memref<2x1x32xf16, #accel.space<DDR>>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs address, bytes and live together}}
  %0 = "accel.buffer"() <{name = "x", address = 64 : i64, bytes = 64 : i64, dims = #llm.dims<2, 1, 32>}> : () -> memref<2x1x32xf16, #accel.space<DDR>>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs address, bytes and live together}}
  %0 = "accel.buffer"() <{name = "x", bytes = 64 : i64, dims = #llm.dims<2, 1, 32>}> : () -> memref<2x1x32xf16, #accel.space<DDR>>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs pairs of first and last step in 'live', found 1 numbers}}
  %0 = accel.buffer "x" at 0 bytes 64 live [0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op needs pairs of first and last step in 'live', found 3 and 2}}
  %0 = accel.buffer "x" at 0 bytes 64 live [0, 0, 3, 2] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op ends beyond the addresses of 64 bits}}
  %0 = accel.buffer "x" at 9223372036854775807 bytes 64 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op holds f16 or, as the result of an argmax, i32, found 'memref<2x1x32xindex, #accel.space<DDR>>'}}
  %0 = accel.buffer "x" : memref<2x1x32xindex, #accel.space<DDR>>, <2, 1, 32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op lies in a memory of the device (#accel.space<DDR>), found 'memref<2x1x32xf16>'}}
  %0 = accel.buffer "x" : memref<2x1x32xf16>, <2, 1, 32>
  return
}

// -----

// A token that the device has in a register has no place.

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op lies in no memory, so it has no address}}
  %0 = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<1xi32>, <1>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op lies in a memory of the device (#accel.space<DDR>), found 'memref<1xi32, 1 : i32>'}}
  %0 = accel.buffer "x" : memref<1xi32, 1 : i32>, <1>
  return
}

// -----

func.func @f(%s: memref<4x5x32xf16, #accel.space<DDR>>, %n: index) {
  // expected-error@+1 {{expected one of [always, never] for which rows of a softmax are masked, got: automatic}}
  accel.softmax "p" ins(%s : memref<4x5x32xf16, #accel.space<DDR>>) keys(%n) at(%n) outs(%s : memref<4x5x32xf16, #accel.space<DDR>>) [1] mask automatic
  return
}

// -----

// expected-error@+1 {{'accel.object' op ends beyond the addresses of 64 bits}}
accel.object @w weight [64, 64] layers 3 in #accel.space<HBM> at 0 bytes 64 stride 4611686018427387904

// -----

func.func @f() {
  // expected-error@+1 {{'accel.tokens' op dimensions must fit 64 bits in every call and divide by positive numbers only, found seq ceildiv 0}}
  %0 = accel.tokens seq ceildiv 0
  return
}

// -----

// expected-error@+1 {{has the attribute "accel.device" at argument 0, which the accel dialect does not know; it knows only 'accel.layer'}}
func.func private @f(index {accel.device = "x"})

// -----

// expected-error@+1 {{has the attribute "accel.device" at result 0, but those of the accel dialect belong to ops}}
func.func private @f() -> (index {accel.device = "x"})

// -----

// expected-error@+1 {{'accel.layer' is a unit attribute of a function's argument of type index, found unit at argument 0}}
func.func private @f(%x: memref<2x5x32xf16> {accel.layer}) {
  return
}

// -----

// expected-error@+1 {{'accel.layer' is a unit attribute of a function's argument of type index, found 1 : i64 at argument 0}}
func.func private @f(%x: index {accel.layer = 1 : i64}) {
  return
}

// -----

// expected-error@+1 {{takes a second layer as argument 1; a function computes one}}
func.func private @f(%x: index {accel.layer}, %y: index {accel.layer}) {
  return
}

// -----

// expected-error@+1 {{'accel.limit' must be a string at an scf.for}}
func.func @f() attributes {accel.limit = "buffer"} {
  return
}

// -----

// expected-error@+1 {{'accel.object' op has the shape [72036854775807], more than 2^40 elements}}
accel.object @a kv_cache [72036854775807] layers 2 in <HBM>

// -----

// expected-error@+1 {{'accel.object' op has the shape [1048577, 1048577], more than 2^40 elements}}
accel.object @a weight [1048577, 1048577] in <HBM>

// -----

// expected-note@+1 {{declared here}}
accel.object @w norm_weight [64] layers 4 in <DDR>
func.func @f() {
  %layer = arith.constant 4 : index
  // expected-error@+1 {{'accel.get_object' op gives the layer 4, but @w has 0 to 3}}
  %0 = accel.get_object @w[%layer] : !accel.object
  return
}

// -----

// Maps of KV caches.

func.func @f(%cache: !accel.object) {
  // expected-error@+1 {{'accel.cache_map' op is a whole map, of a static shape with an identity layout in a memory of the device, found 'memref<8x?x32xf16, #accel.space<DDR>>'}}
  %0 = accel.cache_map %cache : memref<8x?x32xf16, #accel.space<DDR>>
  return
}

// -----

func.func @f(%cache: !accel.object) {
  // expected-error@+1 {{'accel.cache_map' op is a whole map}}
  %0 = accel.cache_map %cache : memref<8x2048x32xf16>
  return
}

// -----

func.func @f() {
  %x = accel.buffer "x" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  // expected-error@+1 {{'accel.keeps_weight_from' must be a positive i64 at an accel.linear}}
  accel.elementwise add "sum" ins(%x, %x : memref<1x?x32xf16, #accel.space<DDR>>, memref<1x?x32xf16, #accel.space<DDR>>) outs(%x : memref<1x?x32xf16, #accel.space<DDR>>) [32] {accel.keeps_weight_from = 1 : i64}
  return
}

// -----

func.func @f(%w: !accel.object) {
  %x = accel.buffer "x" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  // expected-error@+1 {{'accel.keeps_weight_from' must be a positive i64 at an accel.linear}}
  accel.linear "l" ins(%x : memref<1x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%x : memref<1x?x32xf16, #accel.space<DDR>>) [32, 32] {accel.keeps_weight_from = 129 : ui64}
  return
}

// -----

// expected-error@+1 {{'accel.slice' must be a positive i64 at a task}}
func.func @f() attributes {accel.slice = 128 : i64} {
  return
}

// -----

func.func @f() {
  %x = accel.buffer "x" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  // expected-error@+1 {{'accel.slice' must be a positive i64 at a task}}
  accel.elementwise add "sum" ins(%x, %x : memref<1x?x32xf16, #accel.space<DDR>>, memref<1x?x32xf16, #accel.space<DDR>>) outs(%x : memref<1x?x32xf16, #accel.space<DDR>>) [32] {accel.slice = 0 : i64}
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{holds slices of tokens, so it is a map that only tasks use}}
  %x = accel.buffer "x" host input "write_input" channels 32 slice 8 : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  return
}
