// RUN: dlavm-opt %s --csb-eliminate-redundant-writes | FileCheck %s
// Nothing is left to do.
// RUN: dlavm-opt %s --csb-eliminate-redundant-writes -o %t.once
// RUN: dlavm-opt %t.once --csb-eliminate-redundant-writes -o %t.twice
// RUN: cmp %t.once %t.twice

csb.register_table @mvm "mvm" {
  csb.register @Width = 3 keeps_value
  csb.register @Address = 4 keeps_value
  csb.register @Mode = 33
  csb.register @Status = 1
}
csb.register_table @norm "norm" {
  csb.register @Width = 194 keeps_value
  csb.register @Opcode = 209
  csb.register @Status = 193
}
// It shares a bank with @norm.
csb.register_table @rope "rope" {
  csb.register @Past = 194 keeps_value
  csb.register @Opcode = 209
  csb.register @Status = 193
}
csb.buffer @x "DDR" at 1024 bytes 64 live [0, 0]
csb.buffer @y "DDR" at 2048 bytes 64 live [0, 0]
csb.object @w "weight" [32, 32] "DDR" at 1024 bytes 64 stride 0 dma 0 ports 1 port_stride 0

// The same constant, whatever its bits; not another, and not what starts a task.
// CHECK-LABEL: func.func @constants(
// CHECK-NEXT:    %[[C7:.*]] = arith.constant 7 : i32
// CHECK-NEXT:    %[[C8:.*]] = arith.constant 8 : i32
// CHECK-NEXT:    csb.write @mvm::@Width, %[[C7]]
// CHECK-NEXT:    csb.write @mvm::@Mode, %[[C7]]
// CHECK-NEXT:    csb.poll
// CHECK-NEXT:    csb.write @mvm::@Mode, %[[C7]]
// CHECK-NEXT:    csb.poll
// CHECK-NEXT:    csb.write @mvm::@Width, %[[C8]]
// CHECK-NEXT:    csb.write @mvm::@Width, %[[C7]]
// CHECK-NEXT:    return
func.func @constants() {
  %c7 = arith.constant 7 : i32
  %c8 = arith.constant 8 : i32
  csb.write @mvm::@Width, %c7 : i32
  csb.write @mvm::@Mode, %c7 : i32
  csb.poll @mvm::@Status until 1
  %wide = arith.constant 7 : i64
  csb.write @mvm::@Width, %wide : i64
  csb.write @mvm::@Mode, %c7 : i32
  csb.poll @mvm::@Status until 1
  csb.write @mvm::@Width, %c8 : i32
  csb.write @mvm::@Width, %c7 : i32
  return
}

// A register is its number, under whichever name. What is written first, nobody
// wrote before: another call may have left anything.
// CHECK-LABEL: func.func @numbers(
// CHECK-SAME:    %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK-NEXT:    csb.write @norm::@Width, %[[A]]
// CHECK-NEXT:    csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    csb.write @rope::@Past, %[[B]]
// CHECK-NEXT:    csb.write @norm::@Width, %[[A]]
// CHECK-NEXT:    return
func.func @numbers(%a: i32, %b: i32) {
  csb.write @norm::@Width, %a : i32
  csb.write @rope::@Past, %a : i32
  csb.write @mvm::@Width, %a : i32
  csb.write @rope::@Past, %b : i32
  csb.write @norm::@Width, %a : i32
  return
}

// Addresses are what they are, and sums are the same if their parts are.
// CHECK-LABEL: func.func @expressions(
// CHECK-SAME:    %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK:         %[[SUM:.*]] = arith.addi %[[A]], %[[B]]
// CHECK-NEXT:    csb.write @mvm::@Width, %[[SUM]]
// CHECK-NEXT:    %[[PRODUCT:.*]] = arith.muli %[[A]], %[[B]]
// CHECK-NEXT:    csb.write @mvm::@Width, %[[PRODUCT]]
// CHECK-NEXT:    %[[X:.*]] = csb.address_of @x
// CHECK-NEXT:    csb.write @mvm::@Address, %[[X]]
// CHECK-NEXT:    %[[Y:.*]] = csb.address_of @y
// CHECK-NEXT:    csb.write @mvm::@Address, %[[Y]]
// CHECK-NEXT:    return
func.func @expressions(%a: i32, %b: i32) {
  %0 = arith.addi %a, %b overflow<nsw> : i32
  csb.write @mvm::@Width, %0 : i32
  %1 = arith.addi %a, %b overflow<nsw> : i32
  %2 = arith.extsi %1 : i32 to i64
  csb.write @mvm::@Width, %2 : i64
  %3 = arith.muli %a, %b overflow<nsw> : i32
  csb.write @mvm::@Width, %3 : i32
  %x = csb.address_of @x : i64
  csb.write @mvm::@Address, %x : i64
  // At the same place.
  %w = csb.address_of @w : i64
  csb.write @mvm::@Address, %w : i64
  %c1024 = arith.constant 1024 : i64
  csb.write @mvm::@Address, %c1024 : i64
  %y = csb.address_of @y : i64
  csb.write @mvm::@Address, %y : i64
  return
}

// What holds on both ways holds behind them.
// CHECK-LABEL: func.func @branches(
// CHECK-SAME:    %[[IF:.*]]: i1, %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK-NEXT:    csb.write @norm::@Width, %[[A]]
// CHECK-NEXT:    scf.if %[[IF]] {
// CHECK-NEXT:      csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:      csb.write @mvm::@Address, %[[A]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:      csb.write @mvm::@Address, %[[B]]
// CHECK-NEXT:    }
// CHECK-NEXT:    csb.write @mvm::@Address, %[[A]]
// CHECK-NEXT:    scf.if %[[IF]] {
// CHECK-NEXT:      csb.write @mvm::@Width, %[[B]]
// CHECK-NEXT:    }
// CHECK-NEXT:    csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    return
func.func @branches(%if: i1, %a: i32, %b: i32) {
  csb.write @norm::@Width, %a : i32
  scf.if %if {
    csb.write @mvm::@Width, %a : i32
    csb.write @mvm::@Address, %a : i32
    csb.write @norm::@Width, %a : i32
  } else {
    csb.write @mvm::@Width, %a : i32
    csb.write @mvm::@Address, %b : i32
  }
  csb.write @mvm::@Width, %a : i32
  csb.write @mvm::@Address, %a : i32
  csb.write @norm::@Width, %a : i32
  scf.if %if {
    csb.write @mvm::@Width, %b : i32
  }
  csb.write @mvm::@Width, %a : i32
  return
}

// Slices: what is the same for all of them is written before. The number of an
// iteration is another one in the next.
// CHECK-LABEL: func.func @slices(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32)
// CHECK:         csb.write @mvm::@Width, %[[SEQ]]
// CHECK-NEXT:    scf.for %[[TOKEN:.*]] = %{{.*}} to %[[SEQ]]
// CHECK-NEXT:      csb.write @mvm::@Address, %[[TOKEN]]
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:    }
// CHECK-NEXT:    csb.write @mvm::@Address, %[[SEQ]]
// CHECK-NEXT:    return
func.func @slices(%seq: i32, %past: i32) {
  csb.check_call %seq, %past, 2048
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  scf.for %token = %c0 to %seq step %c1 : i32 {
    csb.write @mvm::@Width, %seq : i32
    csb.write @mvm::@Address, %token : i32
    csb.write @mvm::@Address, %token : i32
    csb.write @mvm::@Mode, %c1 : i32
    csb.poll @mvm::@Status until 1
  }
  csb.write @mvm::@Width, %seq : i32
  csb.write @mvm::@Address, %seq : i32
  return
}

// A loop that may have no iteration writes nothing before it, and behind it
// holds what held before and in it.
// CHECK-LABEL: func.func @no_iteration(
// CHECK-SAME:    %[[N:.*]]: i32, %[[A:.*]]: i32)
// CHECK:         csb.write @mvm::@Address, %[[A]]
// CHECK-NEXT:    scf.for
// CHECK-NEXT:      csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:    }
// CHECK-NEXT:    csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    return
func.func @no_iteration(%n: i32, %a: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  csb.write @mvm::@Address, %a : i32
  scf.for %token = %c0 to %n step %c1 : i32 {
    csb.write @mvm::@Width, %a : i32
    csb.write @mvm::@Address, %a : i32
    csb.write @mvm::@Mode, %c1 : i32
    csb.poll @mvm::@Status until 1
  }
  csb.write @mvm::@Width, %a : i32
  csb.write @mvm::@Address, %a : i32
  return
}

// What the last iteration left, the next one finds: written before the first
// where both are the same.
// CHECK-LABEL: func.func @ends_as_it_begins(
// CHECK-SAME:    %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK:         csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    scf.for
// CHECK-NEXT:      csb.write @mvm::@Address, %[[A]]
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:      csb.write @mvm::@Width, %[[B]]
// CHECK-NEXT:      csb.write @mvm::@Address, %[[B]]
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:      csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @ends_as_it_begins(%a: i32, %b: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c28 = arith.constant 28 : i32
  scf.for %layer = %c0 to %c28 step %c1 : i32 {
    csb.write @mvm::@Width, %a : i32
    csb.write @mvm::@Address, %a : i32
    csb.write @mvm::@Mode, %c1 : i32
    csb.poll @mvm::@Status until 1
    csb.write @mvm::@Width, %b : i32
    csb.write @mvm::@Address, %b : i32
    csb.write @mvm::@Mode, %c1 : i32
    csb.poll @mvm::@Status until 1
    csb.write @mvm::@Width, %a : i32
    csb.write @mvm::@Mode, %c1 : i32
    csb.poll @mvm::@Status until 1
  }
  return
}

// A start before the write may need what was there before the loop; one of
// another table does not have the register.
// CHECK-LABEL: func.func @started_before(
// CHECK-SAME:    %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK:         csb.write @norm::@Width, %[[B]]
// CHECK-NEXT:    csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    scf.for
// CHECK-NEXT:      csb.write @norm::@Opcode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:      csb.write @norm::@Width, %[[A]]
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @started_before(%a: i32, %b: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  csb.write @norm::@Width, %b : i32
  scf.for %layer = %c0 to %c2 step %c1 : i32 {
    csb.write @norm::@Opcode, %c1 : i32
    csb.poll @norm::@Status until 1
    csb.write @mvm::@Width, %a : i32
    csb.write @norm::@Width, %a : i32
    csb.write @mvm::@Mode, %c1 : i32
    csb.poll @mvm::@Status until 1
  }
  return
}

// Nothing is written while a task may run.
// CHECK-LABEL: func.func @running(
// CHECK:         scf.for
// CHECK-NEXT:      csb.poll
// CHECK-NEXT:      csb.write @mvm::@Width
// CHECK-NEXT:      csb.write @mvm::@Mode
// CHECK-NEXT:    }
func.func @running(%a: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  csb.write @mvm::@Mode, %c1 : i32
  scf.for %layer = %c0 to %c2 step %c1 : i32 {
    csb.poll @mvm::@Status until 1
    csb.write @mvm::@Width, %a : i32
    csb.write @mvm::@Mode, %c1 : i32
  }
  csb.poll @mvm::@Status until 1
  return
}

// A function of layers: it begins as it ends, and its caller computes what it
// writes before the first one.
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[LAYER:.*]]: i32, %[[LENGTH:.*]]: i32)
// CHECK:         csb.write @mvm::@Address, %[[LAYER]]
// CHECK-NEXT:    csb.write @mvm::@Mode
// CHECK-NEXT:    csb.poll
// CHECK-NEXT:    return
func.func private @layer(%layer: i32, %length: i32) {
  %c1 = arith.constant 1 : i32
  %c64 = arith.constant 64 : i32
  %stride = arith.muli %c64, %length overflow<nsw> : i32
  csb.write @mvm::@Width, %stride : i32
  csb.write @mvm::@Address, %layer : i32
  csb.write @mvm::@Mode, %c1 : i32
  csb.poll @mvm::@Status until 1
  return
}
// CHECK-LABEL: func.func @layers(
// CHECK-SAME:    %[[SEQ:.*]]: i32)
// CHECK:         %[[C64:.*]] = arith.constant 64 : i32
// CHECK:         %[[STRIDE:.*]] = arith.muli %[[C64]], %[[SEQ]]
// CHECK-NEXT:    csb.write @mvm::@Width, %[[STRIDE]]
// CHECK-NEXT:    scf.for %[[I:.*]] =
// CHECK-NEXT:      func.call @layer(%[[I]], %[[SEQ]])
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @layers(%seq: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c28 = arith.constant 28 : i32
  scf.for %layer = %c0 to %c28 step %c1 : i32 {
    func.call @layer(%layer, %seq) : (i32, i32) -> ()
  }
  return
}

// A write that one of the calls needs stays.
// CHECK-LABEL: func.func private @called_twice(
// CHECK-SAME:    %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK-NEXT:    csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    return
func.func private @called_twice(%a: i32, %b: i32) {
  csb.write @mvm::@Width, %a : i32
  csb.write @mvm::@Address, %b : i32
  return
}
// CHECK-LABEL: func.func @calls(
// CHECK-SAME:    %[[A:.*]]: i32, %[[B:.*]]: i32)
// CHECK-NEXT:    csb.write @mvm::@Width, %[[A]]
// CHECK-NEXT:    csb.write @mvm::@Address, %[[B]]
// CHECK-NEXT:    call @called_twice(%[[A]], %[[B]])
// CHECK-NEXT:    call @called_twice(%[[B]], %[[B]])
// CHECK-NEXT:    return
func.func @calls(%a: i32, %b: i32) {
  csb.write @mvm::@Width, %a : i32
  csb.write @mvm::@Address, %b : i32
  call @called_twice(%a, %b) : (i32, i32) -> ()
  call @called_twice(%b, %b) : (i32, i32) -> ()
  csb.write @mvm::@Width, %b : i32
  return
}

// Both nests of starts that share a function write before them what is the same
// in all.
// CHECK-LABEL: func.func private @start(
// CHECK-SAME:    %[[TOKEN:.*]]: i32, %{{.*}}: i32)
// CHECK-NOT:     csb.write @mvm::@Width
// CHECK:         csb.write @mvm::@Address, %[[TOKEN]]
func.func private @start(%token: i32, %width: i32) {
  %c1 = arith.constant 1 : i32
  csb.write @mvm::@Width, %width : i32
  csb.write @mvm::@Address, %token : i32
  csb.write @mvm::@Mode, %c1 : i32
  csb.poll @mvm::@Status until 1
  return
}
// CHECK-LABEL: func.func @nests(
// CHECK-SAME:    %{{.*}}: i1, %[[WIDTH:.*]]: i32)
// CHECK:         scf.if
// CHECK-NEXT:      csb.write @mvm::@Width, %[[WIDTH]]
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        func.call @start
// CHECK-NEXT:      }
// CHECK-NEXT:    } else {
// CHECK-NEXT:      csb.write @mvm::@Width, %[[WIDTH]]
// CHECK-NEXT:      scf.for
// CHECK-NEXT:        scf.for
// CHECK-NEXT:          func.call @start
func.func @nests(%if: i1, %width: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c4 = arith.constant 4 : i32
  scf.if %if {
    scf.for %i = %c0 to %c4 step %c1 : i32 {
      func.call @start(%i, %width) : (i32, i32) -> ()
    }
  } else {
    scf.for %i = %c0 to %c4 step %c1 : i32 {
      scf.for %j = %c0 to %c4 step %c1 : i32 {
        func.call @start(%j, %width) : (i32, i32) -> ()
      }
    }
  }
  return
}

// Where the host's function runs, anything may be written.
// CHECK-LABEL: func.func @loads(
// CHECK-COUNT-2: csb.write
// CHECK-NOT:     csb.write
// CHECK:         return
csb.buffer @scratch "DDR" at 0 bytes 64 live [0, 0]
csb.constant @base = 0
func.func private @copy(%source: i64, %destination: i64, %bytes: i64, %port: i64) {
  csb.write @mvm::@Address, %source : i64
  return
}
func.func @loads(%directory: !csb.directory, %a: i32) {
  csb.write @mvm::@Address, %a : i32
  csb.load_parameters %directory via @copy scratch @scratch base @base
  csb.write @mvm::@Address, %a : i32
  csb.write @mvm::@Address, %a : i32
  return
}
