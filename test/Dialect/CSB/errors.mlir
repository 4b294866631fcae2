// RUN: dlavm-opt %s -split-input-file -verify-diagnostics

// Registers.

// expected-error@+1 {{'csb.register' op expects parent op 'csb.register_table'}}
csb.register @Mode = 33

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{attribute 'number' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  csb.register @Mode = -1
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has fields of a lowest bit and a number of bits, within 32, as array<i64: 8, 4>; found "A" = 5 : i64}}
  csb.register @Packed = 33 fields {A = 5 : i64}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has fields of a lowest bit and a number of bits, within 32, as array<i64: 8, 4>; found "A" = array<i64: 5>}}
  csb.register @Packed = 33 fields {A = array<i64: 5>}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has fields of a lowest bit and a number of bits, within 32, as array<i64: 8, 4>; found "A" = array<i64: -1, 4>}}
  csb.register @Packed = 33 fields {A = array<i64: -1, 4>}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has fields of a lowest bit and a number of bits, within 32, as array<i64: 8, 4>; found "A" = array<i64: 4, 0>}}
  csb.register @Packed = 33 fields {A = array<i64: 4, 0>}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has fields of a lowest bit and a number of bits, within 32, as array<i64: 8, 4>; found "A" = array<i64: 20, 13>}}
  csb.register @Packed = 33 fields {A = array<i64: 20, 13>}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has fields of a lowest bit and a number of bits, within 32, as array<i64: 8, 4>; found "A" = array<i64: 1, 9223372036854775807>}}
  csb.register @Packed = 33 fields {A = array<i64: 1, 9223372036854775807>}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op has the fields 'A' and 'B', which overlap}}
  csb.register @Packed = 33 fields {A = array<i64: 0, 8>, B = array<i64: 7, 2>}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op names values that are i64, found "Plain" = 287 : i32}}
  csb.register @Mode = 33 values {Plain = 287 : i32}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-error@+1 {{'csb.register' op names values that are i64, found "Plain" = "287"}}
  csb.register @Mode = 33 values {Plain = "287"}
}

// -----

csb.register_table @mvm "mvm" {
  // expected-note@+1 {{see existing symbol definition here}}
  csb.register @Mode = 33
  // expected-error@+1 {{redefinition of symbol named 'Mode'}}
  csb.register @Mode = 34
}

// -----

csb.register_table @mvm "mvm" {
  csb.register @Mode = 33
}
func.func @f(%value: i32) {
  // expected-error@+1 {{'csb.write' op names @mvm::@Width, which is no csb.register}}
  csb.write @mvm::@Width, %value : i32
  return
}

// -----

csb.register_table @mvm "mvm" {
  csb.register @Mode = 33
}
func.func @f(%value: i32) {
  // expected-error@+1 {{'csb.write' op names @mvm, which is no csb.register}}
  csb.write @mvm, %value : i32
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'csb.poll' op names @mvm::@Status, which is no csb.register}}
  csb.poll @mvm::@Status until 1
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'csb.read' op names @mvm::@Status, which is no csb.register}}
  %0 = csb.read @mvm::@Status : i32
  return
}

// -----

csb.register_table @mvm "mvm" {
  csb.register @Argmax = 40
}
func.func @f() {
  // expected-error@+1 {{'csb.read' op is of @token, which is no csb.buffer}}
  %0 = csb.read @mvm::@Argmax of @token : i32
  return
}

// -----

csb.constant @base = 4
func.func @f() {
  // expected-error@+1 {{'csb.clear' op names @base, which is no csb.object}}
  csb.clear @base
  return
}

// -----

// A parameter has the constraints of llm.parameter.

// expected-error@+1 {{'csb.parameter' op needs exactly one of 'from' (the tensor of the checkpoint) and 'splat' (the value of all elements)}}
csb.parameter @p : tensor<64xf16>

// -----

// expected-error@+1 {{'csb.parameter' op has 'column_heads', but only one dimension}}
csb.parameter @p from "p" column_heads <2 x 32> : tensor<64xf16>

// -----

llm.parameter @p from "p" : tensor<64xf16>
// expected-error@+1 {{'csb.object' op names @p, which is no csb.parameter}}
csb.object @norm "norm_weight" [64] from [@p] "DDR" at 0 bytes 256 stride 0 dma 0 ports 1 port_stride 0 file "norm.bin"

// -----

csb.register_table @mvm "mvm" {
  csb.register @Mode = 33
}
func.func @f(%value: i16) {
  // expected-error@+1 {{'csb.write' op operand #0 must be i32 or i64, but got 'i16'}}
  csb.write @mvm::@Mode, %value : i16
  return
}

// -----

// Addresses.

func.func @f() {
  // expected-error@+1 {{'csb.address_of' op names @query, which is no csb.buffer, csb.object or csb.constant}}
  %0 = csb.address_of @query : i64
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'csb.address_of' op names @f, which is no csb.buffer, csb.object or csb.constant}}
  %0 = csb.address_of @f : i64
  return
}

// -----

// expected-error@+1 {{'csb.buffer' op needs pairs of first and last step in 'live', found 3 numbers}}
csb.buffer @query "DDR" at 0 bytes 64 live [0, 1, 2]

// -----

// expected-error@+1 {{'csb.buffer' op needs pairs of first and last step in 'live', found 0 numbers}}
csb.buffer @query "DDR" at 0 bytes 64 live []

// -----

// expected-error@+1 {{attribute 'address' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
csb.buffer @query "DDR" at -64 bytes 64 live [0, 1]

// -----

// expected-error@+1 {{attribute 'bytes' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
csb.buffer @query "DDR" at 0 bytes 0 live [0, 1]

// -----

// expected-error@+1 {{attribute 'ports' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
csb.object @weight "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 dma 0 ports 0 port_stride 0

// -----

// The host.

func.func @f(%seq: i32) {
  // expected-error@+1 {{attribute 'max_tokens' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive}}
  csb.check_call %seq, %seq, 0
  return
}

// -----

csb.buffer @scratch "DDR" at 0 bytes 64 live [0, 0]
csb.constant @ddr_base = 0
func.func @f(%directory: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op names @copy, which is no function}}
  csb.load_parameters %directory via @copy scratch @scratch base @ddr_base
  return
}

// -----

func.func private @copy()
func.func @f(%directory: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op takes 'via', 'scratch' and 'base' together, found only 'via'}}
  "csb.load_parameters"(%directory) {copy = @copy} : (!csb.directory) -> ()
  return
}

// -----

func.func @f(%directory: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op takes 'via', 'scratch' and 'base' together, found only 'scratch' 'base'}}
  "csb.load_parameters"(%directory) {scratch = @scratch, base = @ddr_base} : (!csb.directory) -> ()
  return
}

// -----

csb.constant @ddr_base = 0
func.func @f(%directory: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op names @ddr_base, which is no csb.buffer}}
  csb.load_parameters %directory via @f scratch @ddr_base base @ddr_base
  return
}

// -----

csb.buffer @scratch "DDR" at 0 bytes 64 live [0, 0]
func.func @f(%directory: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op names @scratch, which is no csb.constant}}
  csb.load_parameters %directory via @f scratch @scratch base @scratch
  return
}

// -----

func.func @f(%directory: !csb.directory, %ids: !csb.ids) {
  // expected-error@+1 {{'csb.read_embeddings' op names @embedding, which is no csb.parameter}}
  %0 = csb.read_embeddings %directory, %ids from @embedding [64, 64] file "embedding.bin"
  return
}

// -----

// What objects are made of, and what tasks write.

module @parameters {
  csb.parameter @query from "q" : tensor<64x64xi4>
}
// expected-error@+1 {{'csb.object' op names @parameters::@key, which is no csb.parameter}}
csb.object @weight "weight" [64, 64] from [@parameters::@query, @parameters::@key] "HBM" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0

// -----

csb.object @query "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0
func.func @f() {
  // expected-error@+1 {{'csb.task' op writes @key, which is no csb.buffer and no csb.object}}
  csb.task "query" "linear" to @key
  return
}

// -----

// Fingerprints.

// expected-error@+1 {{'csb.fingerprint' must be a text of 16 hexadecimal digits at a module, found "0123456789ABCDEF"}}
module attributes {csb.fingerprint = "0123456789ABCDEF"} {
}

// -----

// expected-error@+1 {{'csb.fingerprint' must be a text of 16 hexadecimal digits at a module, found "0123"}}
module attributes {csb.fingerprint = "0123"} {
}

// -----

// expected-error@+1 {{'csb.fingerprint' must be a text of 16 hexadecimal digits at a module, found 7 : i64}}
module attributes {csb.fingerprint = 7} {
}

// -----

// expected-error@+1 {{'csb.fingerprint' must be a text of 16 hexadecimal digits at a module, found "0123456789abcdef"}}
func.func private @f() attributes {csb.fingerprint = "0123456789abcdef"}

// -----

// Names of the driver source.

// expected-error@+1 {{'csb.name' must be an identifier that C++ leaves to drivers, found 1 : i64}}
func.func private @f() attributes {csb.name = 1 : i64}

// -----

// expected-error@+1 {{'csb.name' must be an identifier that C++ leaves to drivers, found "a b"}}
func.func private @f() attributes {csb.name = "a b"}

// -----

// expected-error@+1 {{'csb.name' must be an identifier that C++ leaves to drivers, found "while"}}
func.func private @f() attributes {csb.name = "while"}

// -----

// expected-error@+1 {{'csb.arg_names' must be identifiers that C++ leaves to drivers, one for each argument of a function, found ["seq", 1]}}
func.func private @f(i32, i32) attributes {csb.arg_names = ["seq", 1]}

// -----

// expected-error@+1 {{'csb.arg_names' must be identifiers that C++ leaves to drivers, one for each argument of a function, found "seq"}}
func.func private @f(i32) attributes {csb.arg_names = "seq"}

// -----

// expected-error@+1 {{'csb.arg_names' must be identifiers that C++ leaves to drivers, one for each argument of a function, found ["seq"]}}
csb.constant @c = 1 {csb.arg_names = ["seq"]}

// -----

// expected-error@+1 {{has an attribute "csb.names" that the csb dialect does not know; it knows 'csb.device', 'csb.fingerprint', 'csb.limit', 'csb.name' and 'csb.arg_names'}}
func.func private @f() attributes {csb.names = "f"}

// -----

// expected-error@+1 {{has the attribute "csb.name" at argument 0, but those of the csb dialect belong to ops}}
func.func private @f(i32 {csb.name = "seq"})

// -----

// expected-error@+1 {{has the attribute "csb.name" at result 0, but those of the csb dialect belong to ops}}
func.func private @f() -> (i32 {csb.name = "seq"})

// -----

// Places.

// expected-error@+1 {{'csb.buffer' op needs pairs of first and last step in 'live', found -1 and 0}}
csb.buffer @b "DDR" at 0 bytes 64 live [-1, 0]

// -----

// expected-error@+1 {{'csb.buffer' op needs pairs of first and last step in 'live', found 1 and 0}}
csb.buffer @b "DDR" at 0 bytes 64 live [1, 0]

// -----

// expected-error@+1 {{'csb.buffer' op ends beyond the addresses of 64 bits}}
csb.buffer @b "DDR" at 9223372036854775807 bytes 1 live [0, 0]

// -----

// expected-error@+1 {{'csb.object' op ends beyond the addresses of 64 bits}}
csb.object @w "weight" [64, 64] "HBM" at 0 bytes 64 stride 4611686018427387904 layers 3 dma 0 ports 1 port_stride 0

// -----

// expected-error@+1 {{'csb.object' op ends beyond the addresses of 64 bits}}
csb.object @w "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 dma 4611686018427387904 ports 3 port_stride 4611686018427387904

// -----

// expected-error@+1 {{'csb.device' must be a string at the module}}
module attributes {csb.device = 1 : i64} {}

// -----

func.func @f(%n: i32) {
  // expected-error@+1 {{'csb.limit' must be a string at an scf.for}}
  scf.for %i = %n to %n step %n : i32 {
  } {csb.limit = 5 : i64}
  return
}

// -----

// expected-error@+1 {{'csb.limit' must be a string at an scf.for}}
csb.constant @a = 5 {csb.limit = "buffer"}

// -----

// Maps in ports.

func.func @f(%rows: !csb.rows, %address: i64, %seq: i32) {
  // expected-error@+1 {{'csb.dma_write' op has 30 lanes, which 4 ports cannot share evenly}}
  csb.dma_write %rows, %address[%seq, 64] lanes 30 ports 4 stride 1024
  return
}

// -----

func.func @f(%address: i64, %seq: i32) -> !csb.rows {
  // expected-error@+1 {{'csb.dma_read' op needs ports and stride together}}
  %0 = "csb.dma_read"(%address, %seq) <{channels = 64 : i64, lanes = 32 : i64, ports = 4 : i64}> : (i64, i32) -> !csb.rows
  return %0 : !csb.rows
}

// -----

// expected-error@+1 {{'csb.object' op has 65537 layers, more than the 65536 that a model may have}}
csb.object @w "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 layers 65537 dma 0 ports 1 port_stride 0

// -----

func.func @f(%address: i64) -> i32 {
  // expected-error@+1 {{'csb.dma_read_word' op attribute 'bits' failed to satisfy constraint: 64-bit signless integer attribute whose value is one of {16, 32}}}
  %0 = csb.dma_read_word %address bits 8 : i32
  return %0 : i32
}
