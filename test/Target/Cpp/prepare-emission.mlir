// RUN: dlavm-opt %s --csb-prepare-emission -split-input-file -mlir-print-debuginfo -mlir-print-local-scope | FileCheck %s

// Symbols.

// CHECK: csb.register_table @mvm "mvm" attributes {csb.name = "mvm"} {
// CHECK-NEXT: csb.register @R = 3 loc
csb.register_table @mvm "mvm" {
  csb.register @R = 3
}
// CHECK: csb.buffer @query_rope {{.*}} {csb.name = "kQueryRope"}
csb.buffer @query_rope "DDR" at 0 bytes 64 live [0, 0]
// Another symbol that would be called the same.
// CHECK: csb.buffer @queryRope {{.*}} {csb.name = "kQueryRope2"}
csb.buffer @queryRope "DDR" at 0 bytes 64 live [0, 0]
// CHECK: csb.constant @layer_stride.0 = 5 {csb.name = "kLayerStride0"}
csb.constant @layer_stride.0 = 5
// CHECK: csb.object @"a weight" {{.*}} {csb.name = "kAWeight"}
csb.object @"a weight" "weight" [64, 64] "HBM" at 0 bytes 64 stride 0 dma 0 ports 1 port_stride 0
// What C++ or the driver's own frame use.
// CHECK: csb.register_table @class "class" attributes {csb.name = "class2"}
csb.register_table @class "class" {
  csb.register @R = 3
}
// CHECK: csb.register_table @device "device" attributes {csb.name = "device2"}
csb.register_table @device "device" {
  csb.register @R = 3
}

// What the frame defines.
// CHECK: csb.constant @max_tokens = 5 {csb.name = "kMaxTokens2"}
csb.constant @max_tokens = 5
// CHECK: csb.constant @parameter_files = 5 {csb.name = "kParameterFiles2"}
csb.constant @parameter_files = 5

// CHECK: func.func @run() attributes {csb.arg_names = [], csb.name = "run"}
func.func @run() {
  return
}
// A function is called as a table.
// CHECK: func.func @mvm_0() attributes {csb.arg_names = [], csb.name = "mvm_0"}
func.func @mvm_0() {
  return
}
// Two underscores belong to C++.
// CHECK: func.func @a__b() attributes {csb.arg_names = [], csb.name = "a_b"}
func.func @a__b() {
  return
}
// CHECK: func.func @"1.x"() attributes {csb.arg_names = [], csb.name = "v1_x"}
func.func @"1.x"() {
  return
}

// -----

// Arguments have the names of their locations; two never the same, none that of
// a table, a function or a keyword.

csb.register_table @mvm "mvm" {
  csb.register @R = 3
}

// CHECK-LABEL: func.func @arguments(
// CHECK: csb.arg_names = ["seq", "seq2", "int2", "device2", "mvm2", "arguments2", "argument", "argument2"]
func.func @arguments(%0: i32 loc("seq"), %1: i32 loc("seq"), %2: i32 loc("int"), %3: i32 loc("device"),
                     %4: i32 loc("mvm"), %5: i32 loc("arguments"), %6: i32, %7: i32) {
  return
}

// The names of one function are free in the next.
// CHECK-LABEL: func.func @next(
// CHECK: csb.arg_names = ["seq"]
func.func @next(%0: i32 loc("seq")) {
  return
}

// -----

// Loop variables.

csb.register_table @mvm "mvm" {
  csb.register @R = 3
}

// The name of a loop is free again after it; the one of a loop inside is
// another.
// CHECK-LABEL: func.func @loops(
// CHECK-SAME: csb.arg_names = ["seq", "i"]
// CHECK: scf.for
// CHECK:   scf.for
// CHECK:   } {csb.name = "token2"}
// CHECK: } {csb.name = "token"}
// CHECK: scf.for
// CHECK: } {csb.name = "token"}
// A variable without a name of its own is i, or what is left of that.
// CHECK: scf.for
// CHECK: } {csb.name = "i2"}
func.func @loops(%seq: i32 loc("seq"), %i: i32 loc("i")) {
  %c1 = arith.constant 1 : i32
  "scf.for"(%c1, %seq, %c1) ({
  ^bb0(%t: i32 loc("token")):
    "scf.for"(%c1, %seq, %c1) ({
    ^bb0(%u: i32 loc("token")):
      csb.write @mvm::@R, %u : i32
      scf.yield
    }) : (i32, i32, i32) -> ()
    scf.yield
  }) : (i32, i32, i32) -> ()
  "scf.for"(%c1, %seq, %c1) ({
  ^bb0(%t: i32 loc("token")):
    csb.write @mvm::@R, %t : i32
    scf.yield
  }) : (i32, i32, i32) -> ()
  scf.for %j = %c1 to %i step %c1 : i32 {
    csb.write @mvm::@R, %j : i32
  }
  return
}

// -----

// Which values get a name.

csb.register_table @mvm "mvm" {
  csb.register @R = 3
}
csb.buffer @b "DDR" at 0 bytes 64 live [0, 0]

// CHECK-LABEL: func.func @values(
func.func @values(%seq: i32 loc("seq"), %past: i32 loc("past")) {
  // Constants and addresses have none, however often they are used.
  // CHECK: arith.constant 64 : i32 loc
  %c64 = arith.constant 64 : i32
  // CHECK: csb.address_of @b : i64 loc
  %b = csb.address_of @b : i64

  // Used once here: printed there.
  // CHECK: %[[ONCE:.*]] = arith.muli %{{.*}}, %{{.*}} : i32 loc
  %once = arith.muli %seq, %c64 : i32 loc("once")
  // CHECK: csb.write @mvm::@R, %[[ONCE]]
  csb.write @mvm::@R, %once : i32

  // Used twice: named.
  // CHECK: arith.muli {{.*}} {csb.name = "line_stride"} : i32
  %twice = arith.muli %seq, %c64 : i32 loc("line_stride")
  csb.write @mvm::@R, %twice : i32
  csb.write @mvm::@R, %twice : i32

  // Widened once for two uses is used twice.
  // CHECK: arith.muli {{.*}} {csb.name = "narrow"} : i32
  %narrow = arith.muli %past, %c64 : i32 loc("narrow")
  // CHECK: arith.extsi %{{.*}} : i32 to i64 loc
  %wide = arith.extsi %narrow : i32 to i64
  %sum = arith.addi %b, %wide : i64
  csb.write @mvm::@R, %sum : i64
  %sum2 = arith.addi %wide, %b : i64
  csb.write @mvm::@R, %sum2 : i64

  // Used once, but in a loop: computed once before it.
  // CHECK: arith.muli {{.*}} {csb.name = "before"} : i32
  %before = arith.muli %past, %c64 : i32 loc("before")
  scf.for %i = %c64 to %seq step %c64 : i32 {
    csb.write @mvm::@R, %before : i32
    // What is named inside a loop does not reserve the name outside.
    // CHECK: arith.addi {{.*}} {csb.name = "inner"} : i32
    %inner = arith.addi %i, %c64 : i32 loc("inner")
    csb.write @mvm::@R, %inner : i32
    csb.write @mvm::@R, %inner : i32
  }
  // CHECK: arith.addi {{.*}} {csb.name = "inner"} : i32
  %inner = arith.addi %seq, %c64 : i32 loc("inner")
  csb.write @mvm::@R, %inner : i32
  csb.write @mvm::@R, %inner : i32

  // A value without a name of its own.
  // CHECK: arith.addi {{.*}} {csb.name = "value"} : i32
  %a = arith.addi %seq, %past : i32
  csb.write @mvm::@R, %a : i32
  csb.write @mvm::@R, %a : i32
  return
}

// What is read from the device keeps its place among the other accesses.
// CHECK-LABEL: func.func @read(
// CHECK: csb.read @mvm::@R {csb.name = "first"} : i32
// CHECK: csb.read @mvm::@R {csb.name = "second"} : i32
func.func @read() -> i32 {
  %0 = csb.read @mvm::@R : i32 loc("first")
  %1 = csb.read @mvm::@R : i32 loc("second")
  %2 = arith.addi %1, %0 : i32
  return %2 : i32
}

// A read does not move over a write on its way to the return.
// CHECK-LABEL: func.func @read_then_write(
// CHECK: csb.read @mvm::@R {csb.name = "first"} : i32
func.func @read_then_write(%value: i32) -> i32 {
  %0 = csb.read @mvm::@R : i32 loc("first")
  csb.write @mvm::@R, %value : i32
  return %0 : i32
}

// What nothing uses is erased.
// CHECK-LABEL: func.func @unused(
// CHECK-NEXT: return
func.func @unused(%a: i32) {
  %0 = arith.addi %a, %a : i32
  %1 = arith.muli %0, %0 : i32
  return
}

// What only the return needs is printed there.
// CHECK-LABEL: func.func @read_and_return(
// CHECK: csb.read @mvm::@R : i32
func.func @read_and_return() -> i32 {
  %0 = csb.read @mvm::@R : i32 loc("first")
  return %0 : i32
}

// -----

// A value, a loop and an argument keep the names that they have, unless
// something else has them; what is printed where it is used has none.

// CHECK-LABEL: func.func @named(
// CHECK-SAME: csb.arg_names = ["length", "length2"]
// CHECK: scf.for
// CHECK:   arith.addi {{.*}} {csb.name = "length3"} : i32
// CHECK:   arith.muli {{[^{]*}} : i32 loc
// CHECK: } {csb.name = "token"}
func.func @named(%a: i32 loc("seq"), %b: i32) attributes {csb.arg_names = ["length", "length"]} {
  scf.for %i = %a to %b step %a : i32 {
    %0 = arith.addi %i, %b {csb.name = "length"} : i32
    %1 = arith.muli %0, %0 {csb.name = "square"} : i32
    csb.check_call %1, %0, 4
  } {csb.name = "token"}
  return
}
