// RUN: dlavm-opt %s --csb-prepare-emission -split-input-file -verify-diagnostics

func.func @f(%condition: i1) {
  // expected-error@+1 {{'scf.while' op has no equivalent in driver source, which knows the csb dialect, scf.for and scf.if without results, func.call and signed integer arithmetic; lower it before}}
  scf.while : () -> () {
    scf.condition(%condition)
  } do {
    scf.yield
  }
  return
}

// -----

func.func @f(%condition: i1) {
  // expected-error@+1 {{'scf.if' op has a condition that is no arith.cmpi}}
  scf.if %condition {
  }
  return
}

// -----

func.func @f(%a: i32) -> i32 {
  %0 = arith.cmpi slt, %a, %a : i32
  // expected-error@+1 {{'scf.if' op has no equivalent in driver source}}
  %1 = scf.if %0 -> i32 {
    scf.yield %a : i32
  } else {
    scf.yield %a : i32
  }
  return %1 : i32
}

// -----

func.func @f(%a: i32) {
  // expected-error@+1 {{'arith.cmpi' op has no equivalent in driver source}}
  %0 = arith.cmpi ult, %a, %a : i32
  scf.if %0 {
  }
  return
}

// -----

// expected-error@+1 {{'func.func' op branches between blocks; driver source has scf.for, scf.if and func.call}}
func.func @f() {
  return
^bb1:
  return
}

// -----

func.func @f(%a: i32) -> i32 {
  // expected-error@+1 {{'scf.for' op has no equivalent in driver source}}
  %0 = scf.for %i = %a to %a step %a iter_args(%s = %a) -> i32 : i32 {
    scf.yield %s : i32
  }
  return %0 : i32
}

// -----

func.func @f(%a: i32) {
  scf.for %i = %a to %a step %a : i32 {
    // expected-error@+1 {{'arith.maxsi' op has no equivalent in driver source}}
    %0 = arith.maxsi %i, %a : i32
  }
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.tokens' op has no equivalent in driver source}}
  %0 = accel.tokens seq
  return
}

// -----

// Functions.

// expected-error@+1 {{'func.func' op has no body, but driver source consists of definitions; remove it or give it one}}
func.func private @declaration()

// -----

// expected-error@+1 {{'func.func' op returns 2 values; functions of driver source return one or none}}
func.func @f(%a: i32) -> (i32, i32) {
  return %a, %a : i32, i32
}

// -----

// expected-error@+1 {{'func.func' op takes 'i8'; driver source has i32, i64, !csb.rows, !csb.ids and !csb.directory}}
func.func @f(%a: i8) {
  return
}

// -----

// expected-error@+1 {{'func.func' op returns '!csb.directory'; driver source has i32, i64 and !csb.rows}}
func.func @f(%a: !csb.directory) -> !csb.directory {
  return %a : !csb.directory
}

// -----

func.func private @g() -> i32 {
  %c = arith.constant 5 : i32
  return %c : i32
}
func.func @run() -> i32 {
  // expected-error@+1 {{'func.call' op returns a value, which driver source cannot use; only functions that the host calls return one}}
  %0 = func.call @g() : () -> i32
  return %0 : i32
}

// -----

func.func @run() {
  func.call @g() : () -> ()
  return
}
func.func private @g() {
  // expected-error@+1 {{'func.call' op makes 'run' call itself, which no model and no driver does}}
  func.call @run() : () -> ()
  return
}

// -----

module attributes {csb.fingerprint = "0123456789abcdef"} {
csb.buffer @b "DDR" at 0 bytes 64 live [0, 0]
csb.constant @c = 0
func.func private @copy() {
  return
}
func.func @load(%d: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op copies with @copy, which is no func.func (i64, i64, i64, i32) -> ()}}
  csb.load_parameters %d via @copy scratch @b base @c
  return
}
}

// -----

func.func @load(%d: !csb.directory) {
  // expected-error@+1 {{'csb.load_parameters' op compares fingerprints, but the module has no attribute 'csb.fingerprint'}}
  csb.load_parameters %d
  return
}

// -----

// What works on the host alone.

csb.buffer @b "DDR" at 0 bytes 64 live [0, 0]
func.func @f(%directory: !csb.directory, %ids: !csb.ids) {
  // expected-error@+1 {{'csb.task' op needs the device, but functions that take ids have none: they only look up embeddings}}
  csb.task "a" "text"
  return
}

// -----

func.func @f(%ids: !csb.ids) {
  // expected-error@+1 {{'func.call' op needs the device, but functions that take ids have none: they only look up embeddings}}
  func.call @f(%ids) : (!csb.ids) -> ()
  return
}

// -----

csb.parameter @e from "e" : tensor<64x64xf16>
func.func @f(%directory: !csb.directory, %ids: !csb.ids) {
  // expected-error@+1 {{'csb.read_embeddings' op has vocabulary 2147483648, but driver source has at most 2147483647}}
  %0 = csb.read_embeddings %directory, %ids from @e [2147483648, 64] file "e"
  return
}

// -----

csb.parameter @e from "e" : tensor<64x64xf16>
func.func @f(%directory: !csb.directory, %ids: !csb.ids) {
  // expected-error@+1 {{'csb.read_embeddings' op has channels 2147483648, but driver source has at most 2147483647}}
  %0 = csb.read_embeddings %directory, %ids from @e [64, 2147483648] file "e"
  return
}

// -----

csb.parameter @e from "e" : tensor<64x64xf16>
func.func @f(%directory: !csb.directory, %ids: !csb.ids) {
  // expected-error@+1 {{'csb.read_embeddings' op has a file that driver source cannot hold}}
  %0 = csb.read_embeddings %directory, %ids from @e [64, 64] file "a\22b"
  return
}

// -----

csb.parameter @e from "e" : tensor<64x64xf16>
func.func @f(%device: i64, %directory: !csb.directory, %ids: !csb.ids) {
  %c1 = arith.constant 1 : i32
  %0 = csb.read_embeddings %directory, %ids from @e [64, 64] file "e"
  // expected-error@+1 {{'csb.dma_write' op uses rows in a way that driver source cannot express: what csb.dma_read or csb.read_embeddings reads is returned, and all else takes an argument of the function}}
  csb.dma_write %0, %device[%c1, 64] lanes 32
  return
}

// -----

// Values.

func.func @f() {
  // expected-error@+1 {{'arith.constant' op computes with 'f32'; driver source has i32 and i64}}
  %0 = arith.constant 5.0 : f32
  return
}

// -----

func.func @f(%a: index) {
  // expected-error@+1 {{'scf.for' op computes with 'index'; driver source has i32 and i64}}
  scf.for %i = %a to %a step %a {
  }
  return
}

// -----

func.func @f(%a: vector<4xi32>) {
  // expected-error@+1 {{'arith.addi' op computes with 'vector<4xi32>'; driver source has i32 and i64}}
  %0 = arith.addi %a, %a : vector<4xi32>
  return
}

// -----

func.func @f(%a: i8) -> i32 {
  // expected-error@+1 {{'arith.extsi' op computes with 'i8'; driver source has i32 and i64}}
  %0 = arith.extsi %a : i8 to i32
  return %0 : i32
}

// -----

func.func @f(%a: i32) -> i32 {
  %c0 = arith.constant 0 : i32
  // expected-error@+1 {{'arith.divsi' op divides by zero}}
  %0 = arith.divsi %a, %c0 : i32
  return %0 : i32
}

// -----

func.func @f(%a: !csb.rows) -> !csb.rows {
  // expected-error@+1 {{'func.return' op uses rows in a way that driver source cannot express: what csb.dma_read or csb.read_embeddings reads is returned, and all else takes an argument of the function}}
  return %a : !csb.rows
}

// -----

func.func @f(%x: i64, %tokens: i32) {
  %rows = csb.dma_read %x[%tokens, 64] lanes 32
  // expected-error@+1 {{'csb.dma_write' op uses rows in a way that driver source cannot express}}
  csb.dma_write %rows, %x[%tokens, 64] lanes 32
  return
}

// -----

// Names and texts.

// expected-error@+1 {{'csb.register_table' op has a title that driver source cannot hold: rename it without quotes, backslashes, line ends and characters that are not ASCII}}
csb.register_table @t "x\0Aint main() {}" {
}

// -----

csb.register_table @t "t" {
  // expected-error@+1 {{'csb.register' op has the name 'class', which is no identifier that C++ leaves to drivers}}
  csb.register @class = 3
}

// -----

csb.register_table @t "t" {
  // expected-error@+1 {{'csb.register' op has the name 'a b', which is no identifier that C++ leaves to drivers}}
  csb.register @R = 3 values {"a b" = 5 : i64}
}

// -----

// A value may be called as a register, but not as another value after both were
// told apart.
csb.register_table @t "t" {
  csb.register @A = 2 values {RA = 1 : i64}
  csb.register @Q = 4 values {A = 5 : i64}
  // expected-error@+1 {{'csb.register' op has the name 'RA', which another one of this table has, too}}
  csb.register @R = 3 values {A = 5 : i64}
}

// -----

csb.register_table @t "t" {
  // expected-error@+1 {{'csb.register' op has the name 'value', which another one of this table has, too}}
  csb.register @value = 1
}

// -----

csb.register_table @t "t" {
  // expected-error@+1 {{'csb.register' op has the field 'a\', which is no identifier of C++}}
  csb.register @R = 3 fields {"a\\" = array<i64: 0, 5>}
}

// -----

csb.register_table @t "t" {
  // expected-error@+1 {{'csb.register' op has number 4294967296, but driver source has at most 4294967295}}
  csb.register @R = 4294967296
}

// -----

func.func @f() {
  // expected-error@+1 {{'csb.task' op has a name that driver source cannot hold}}
  csb.task "a\22b" "text"
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'csb.task' op has a comment that driver source cannot hold}}
  csb.task "a" "ends with \\"
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'csb.step' op has a name that driver source cannot hold}}
  csb.step "größe"
  return
}

// -----

// expected-error@+1 {{'csb.object' op has a name that driver source cannot hold}}
csb.object @"a\22b" "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0

// -----

// expected-error@+1 {{'csb.object' op has a file that driver source cannot hold}}
csb.object @a "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0 file "a\\b"

// -----

// expected-error@+1 {{'csb.object' op has a memory that driver source cannot hold}}
csb.object @a "weight" [64, 64] "S\22RAM" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0
